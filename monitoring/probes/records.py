"""The kinds of records of this room."""

from django.utils.translation import gettext_lazy as _

from contingency.org.roles import ADMINISTRATOR, AUDITOR, BUSINESS_OPS, COMMANDER, DIRECTOR, OPS_ENGINEER, TEAM_LEAD
from kernel.permissions import Grant
from kernel.records import RecordType, register
from monitoring.probes import selectors
from monitoring.probes.models import AllowedTarget, Probe

register(
    RecordType(
        kind="probe",
        collection="probes",
        title=_("Probe"),
        model=Probe,
        list_for=selectors.probe_list,
        output=selectors.probe_output,
        read={
            OPS_ENGINEER: Grant.OWN,
            TEAM_LEAD: Grant.OWN,
            COMMANDER: Grant.ALL,
            BUSINESS_OPS: Grant.OWN,
            DIRECTOR: Grant.ALL,
            AUDITOR: Grant.ALL,
        },
        filters=("state", "part"),
    )
)
register(
    RecordType(
        kind="allowed_target",
        collection="allowed-targets",
        title=_("Network that probes may reach"),
        model=AllowedTarget,
        list_for=selectors.allowed_target_list,
        output=selectors.allowed_target_output,
        read={OPS_ENGINEER: Grant.ALL, TEAM_LEAD: Grant.ALL, ADMINISTRATOR: Grant.ALL, AUDITOR: Grant.ALL},
        scope="probes:read",
    )
)
