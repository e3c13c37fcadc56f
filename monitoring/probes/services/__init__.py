"""Use cases of the probes."""

from monitoring.probes.services.defining import probe_create, probe_define, probe_pause, probe_resume
from monitoring.probes.services.rules import target_allow
from monitoring.probes.services.running import probes_run
from monitoring.probes.services.series import samples_add

__all__ = ["probe_create", "probe_define", "probe_pause", "probe_resume", "probes_run", "samples_add", "target_allow"]
