"""What people can do with probes."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from contingency.catalog.models import Part, Side
from contingency.org.roles import ADMINISTRATOR, OPS_ENGINEER, TEAM_LEAD
from kernel.inputs import Choice, Identifier, Number, Text
from kernel.moves import Move, register
from kernel.permissions import Grant
from monitoring.alerts.models import Source
from monitoring.probes.models import Probe

_OPERATORS = {OPS_ENGINEER: Grant.OWN, TEAM_LEAD: Grant.OWN}
_SERVICES = "monitoring.probes.services"


def _parts() -> list[tuple[str, str]]:
    return [(str(part.public_id), part.name_en) for part in Part.objects.filter(retired_at=None)]


register(
    Move(
        id="monitoring.probe_create",
        record="probe",
        title=_("Set up a probe"),
        effect=_("The address is asked regularly; failing past the threshold raises an alert of the part."),
        service=f"{_SERVICES}.probe_create",
        creates=True,
        target="unknown",
        rule=_OPERATORS,
        inputs=(
            Text(name="name", label=pgettext_lazy("of a thing", "Name"), required=True, max_length=120),
            Identifier(name="part", label=_("Guarded part"), kind="part", options_for=_parts, required=True),
            Choice(name="side", label=_("Side"), choices=Side.Role.choices),
            Choice(name="kind", label=_("Kind"), choices=Probe.Kind.choices, required=True),
            Text(name="target", label=_("Address"), help=_("A URL, or host:port for a TCP connection."), required=True, max_length=500),
            Text(name="metric", label=_("Metric"), help=_("Only for a measure: its name, with labels in braces where needed."), max_length=200),
            Number(name="every_s", label=_("Every (seconds)"), minimum=1, maximum=86_400),
            Number(name="timeout_ms", label=_("Timeout (ms)"), minimum=50, maximum=60_000),
            Number(name="fail_after", label=_("Failures in a row before an alert"), minimum=1, maximum=100),
            Choice(name="severity", label=_("Severity"), choices=Source.Severity.choices),
        ),
        undo="monitoring.probe_pause",
        screen="probe",
        scope="probes:write",
        requirements=("MON-01",),
    ),
    Move(
        id="monitoring.probe_pause",
        record="probe",
        title=_("Pause probe"),
        effect=_("Nobody asks this address until the probe is resumed; its failure would not be noticed."),
        service=f"{_SERVICES}.probe_pause",
        method="pause",
        source=("unknown", "healthy", "failing"),
        target="paused",
        rule=_OPERATORS,
        reason_required=True,
        undo="monitoring.probe_resume",
        screen="probe",
        scope="probes:write",
        requirements=("MON-01",),
    ),
    Move(
        id="monitoring.probe_resume",
        record="probe",
        title=_("Resume probe"),
        effect=_("The address is asked again from now on."),
        service=f"{_SERVICES}.probe_resume",
        method="resume",
        source=("paused",),
        target="unknown",
        rule=_OPERATORS,
        undo="monitoring.probe_pause",
        screen="probe",
        scope="probes:write",
        requirements=("MON-01",),
    ),
    Move(
        id="monitoring.target_allow",
        record="allowed_target",
        title=_("Let probes reach a network"),
        effect=_("Probes may connect to these addresses and ports."),
        service=f"{_SERVICES}.target_allow",
        creates=True,
        rule={ADMINISTRATOR: Grant.SECOND},
        inputs=(
            Text(name="network", label=_("Network"), help="10.1.0.0/16", required=True, max_length=43),
            Number(name="port_from", label=_("First port"), required=True, minimum=1, maximum=65_535),
            Number(name="port_to", label=_("Last port"), required=True, minimum=1, maximum=65_535),
            Text(name="note", label=_("Note"), max_length=200),
        ),
        dangerous=True,
        undo=_("Remove the row."),
        screen="probe",
        scope="probes:write",
        requirements=("MON-01",),
    ),
)
