"""The kinds of records of this room."""

from django.utils.translation import gettext_lazy as _

from contingency.org.roles import ADMINISTRATOR, AUDITOR, COMMANDER, DIRECTOR, OPS_ENGINEER, TEAM_LEAD
from kernel.permissions import Grant
from kernel.records import RecordType, register
from monitoring.alerts import selectors
from monitoring.alerts.models import Alert, FailedIntake, Silence, Source

# What monitoring tools send holds host names, addresses and now and then a secret. Business operations and customer service
# work from the incident, whose view for them leaves alerts out; the administrator sees the tools and what could not be read.
_READERS = {OPS_ENGINEER: Grant.OWN, TEAM_LEAD: Grant.OWN, COMMANDER: Grant.ALL, DIRECTOR: Grant.ALL, AUDITOR: Grant.ALL}
_SOURCE_READERS = {OPS_ENGINEER: Grant.ALL, TEAM_LEAD: Grant.ALL, AUDITOR: Grant.ALL, ADMINISTRATOR: Grant.ALL, DIRECTOR: Grant.ALL}

register(
    RecordType(
        kind="alert",
        collection="alerts",
        title=_("Alert"),
        model=Alert,
        list_for=selectors.alert_list,
        output=selectors.alert_output,
        read=_READERS,
        filters=("state", "part", "severity", "unrouted", "source", "since", "fault_class", "q"),
    )
)
register(
    RecordType(
        kind="silence",
        collection="silences",
        title=_("Silence"),
        model=Silence,
        list_for=selectors.silence_list,
        output=selectors.silence_output,
        read=_READERS,
        filters=("state",),
    )
)
register(
    RecordType(
        kind="source",
        collection="sources",
        title=_("Monitoring tool"),
        model=Source,
        list_for=selectors.source_list,
        output=selectors.source_output,
        read=_SOURCE_READERS,
        filters=("kind",),
    )
)
register(
    RecordType(
        kind="failed_intake",
        collection="failed-intakes",
        title=_("Failed intake"),
        model=FailedIntake,
        list_for=selectors.failed_intake_list,
        output=selectors.failed_intake_output,
        read=_SOURCE_READERS,
        filters=("state",),
        scope="sources:read",
    )
)
