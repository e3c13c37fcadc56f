"""Tables of the probes."""

from monitoring.probes.models.probes import AllowedTarget, Probe
from monitoring.probes.models.series import Sample, Series

__all__ = ["AllowedTarget", "Probe", "Sample", "Series"]
