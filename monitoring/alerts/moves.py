"""What people can do with alerts, silences, sources and the failed-intake inbox."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from contingency.catalog.models import FaultClass, Part
from contingency.org.roles import ADMINISTRATOR, OPS_ENGINEER, TEAM_LEAD
from kernel.inputs import Choice, Identifier, Mapping, Number, Text, When
from kernel.moves import Move, register
from kernel.permissions import Grant
from monitoring.alerts.inputs import JsonObject
from monitoring.alerts.models import Source
from monitoring.alerts.services.sources import TELLABLE_KINDS
from monitoring.alerts.services.trials import is_testable

_OPERATORS = {OPS_ENGINEER: Grant.OWN, TEAM_LEAD: Grant.OWN}
_SOURCE_KEEPERS = {TEAM_LEAD: Grant.ALL, ADMINISTRATOR: Grant.ALL}
_ALERTS = "monitoring.alerts.services.alerts"
_SOURCES = "monitoring.alerts.services.sources"


def _parts() -> list[tuple[str, str]]:
    return [(str(part.public_id), part.name_en) for part in Part.objects.filter(retired_at=None)]


_PART = Identifier(
    name="part",
    label=_("Guarded part"),
    kind="part",
    options_for=_parts,
    help=_("Where its alerts go that no rule claims. Left out: they are listed as unrouted and open no incident."),
)
_SILENCED_PART = Identifier(
    name="part",
    label=_("Guarded part"),
    kind="part",
    options_for=_parts,
    help=_("Only alerts of this part. Left out: alerts of every part that carry the labels below."),
)

register(
    Move(
        id="monitoring.alert_acknowledge",
        record="alert",
        title=_("Acknowledge alert"),
        effect=_("Says that somebody has seen it. It goes on firing; no incident changes."),
        service=f"{_ALERTS}.alert_acknowledge",
        method="acknowledge",
        source=("firing",),
        target="acknowledged",
        rule=_OPERATORS,
        undo=_("Nothing to undo: it is only a mark."),
        screen="alert",
        scope="alerts:write",
        requirements=("MON-04",),
    ),
    Move(
        id="monitoring.alert_resolve",
        record="alert",
        title=_("End alert by hand"),
        effect=_("The alert counts as over until its source tells of a new start. No incident is resolved by this."),
        service=f"{_ALERTS}.alert_resolve",
        method="resolve",
        source=("firing", "acknowledged"),
        target="resolved",
        rule=_OPERATORS,
        reason_required=True,
        undo=_("A new start told by the source makes a new episode."),
        screen="alert",
        scope="alerts:write",
        requirements=("MON-04",),
    ),
    Move(
        id="monitoring.silence_create",
        record="silence",
        title=_("Silence alerts"),
        effect=_("Until the end given, alerts of this part or with these labels open no incident. They are stored and counted all the same."),
        service="monitoring.alerts.services.silences.silence_create",
        creates=True,
        target="in_force",
        rule=_OPERATORS,
        inputs=(
            _SILENCED_PART,
            Mapping(name="matchers", label=_("Labels"), help=_("One “name = value” a line; all of them must be equal.")),
            When(name="ends_at", label=_("Until"), required=True),
        ),
        reason_required=True,
        undo="monitoring.silence_end",
        screen="silence",
        scope="silences:write",
        requirements=("MON-02",),
    ),
    Move(
        id="monitoring.silence_end",
        record="silence",
        title=_("End silence"),
        effect=_("Such alerts open incidents again; those that fire now are announced."),
        service="monitoring.alerts.services.silences.silence_end",
        method="end",
        source=("in_force",),
        target="ended",
        rule=_OPERATORS,
        undo="monitoring.silence_create",
        screen="silence",
        scope="silences:write",
        requirements=("MON-02",),
    ),
    Move(
        id="monitoring.source_create",
        record="source",
        title=_("Add a monitoring tool"),
        effect=_("The tool may send alerts with a key that is shown once."),
        service=f"{_SOURCES}.source_open",
        creates=True,
        rule=_SOURCE_KEEPERS,
        inputs=(
            Choice(name="kind", label=_("Kind"), choices=[(kind, Source.Kind(kind).label) for kind in TELLABLE_KINDS], required=True),
            Text(name="name", label=pgettext_lazy("of a thing", "Name"), required=True, max_length=100),
            _PART,
            Number(name="period_minutes", label=_("Expected every (minutes)"), help=_("Heartbeats only."), minimum=1, maximum=525_600),
            Number(name="grace_minutes", label=_("Grace (minutes)"), help=_("Heartbeats only."), minimum=0, maximum=525_600),
        ),
        extra={"only_with": dict.fromkeys(("period_minutes", "grace_minutes"), "kind=heartbeat")},
        undo=_("Revoke its keys."),
        screen="source",
        scope="sources:write",
        requirements=("MON-06",),
    ),
    Move(
        id="monitoring.source_key_issue",
        record="source",
        title=_("Issue a second key"),
        effect=_("Both keys are accepted until one is revoked. The new one is shown once."),
        service=f"{_SOURCES}.source_key_issue",
        rule=_SOURCE_KEEPERS,
        undo="monitoring.source_key_revoke",
        screen="source",
        scope="sources:write",
        requirements=("MON-06",),
    ),
    Move(
        id="monitoring.source_key_revoke",
        record="source",
        title=_("Revoke a key"),
        effect=_("What is sent with this key is refused from this moment on."),
        service=f"{_SOURCES}.source_key_revoke",
        rule=_SOURCE_KEEPERS,
        inputs=(Text(name="hint", label=_("The key that begins with"), required=True, max_length=4),),
        undo="monitoring.source_key_issue",
        dangerous=True,
        screen="source",
        scope="sources:write",
        requirements=("MON-06",),
    ),
    Move(
        id="monitoring.source_route",
        record="source",
        title=_("Change where its alerts go"),
        effect=_("Alerts of this source that no matcher claims go to this part from now on; without a part they are unrouted."),
        service=f"{_SOURCES}.source_route",
        rule=_SOURCE_KEEPERS,
        inputs=(_PART, Choice(name="fault_class", label=_("Fault class"), choices=FaultClass.choices)),
        undo="monitoring.source_route",
        screen="source",
        scope="sources:write",
        requirements=("MON-06",),
    ),
    Move(
        id="monitoring.source_map",
        record="source",
        title=_("Change how its bodies are read"),
        effect=_("New bodies of this source are read by this mapping; failed ones can be replayed with it."),
        service=f"{_SOURCES}.source_map",
        rule=_SOURCE_KEEPERS,
        inputs=(JsonObject(name="mapping", label=_("Mapping (JSON)"), required=True),),
        undo="monitoring.source_map",
        screen="source",
        scope="sources:write",
        requirements=("MON-06",),
    ),
    Move(
        id="monitoring.source_severities",
        record="source",
        title=_("Change what its severities mean"),
        effect=_("New alerts of this source are graded by these words."),
        service=f"{_SOURCES}.source_severities",
        rule=_SOURCE_KEEPERS,
        inputs=(
            Mapping(name="severity_map", label=_("Words"), help=_("One “word = severity” a line."), required=False),
            Choice(name="default_severity", label=_("Unknown words mean"), choices=Source.Severity.choices),
        ),
        undo="monitoring.source_severities",
        screen="source",
        scope="sources:write",
        requirements=("MON-06",),
    ),
    Move(
        id="monitoring.source_test",
        record="source",
        title=_("Send a test alert"),
        effect=_("A harmless alert (severity information) appears as if this tool had told it; it opens no incident and is over after five minutes."),
        service="monitoring.alerts.services.trials.source_test",
        rule=_SOURCE_KEEPERS,
        undo=_("End the alert by hand, or wait five minutes."),
        screen="source",
        scope="sources:write",
        requirements=("MON-06",),
        extra={"available": is_testable},
    ),
    Move(
        id="monitoring.failed_intake_replay",
        record="failed_intake",
        title=_("Replay"),
        effect=_("Reads the body again as if it had just come; its alerts are stored and may open incidents."),
        service="monitoring.alerts.services.replay.failed_intake_replay",
        method="replay",
        source=("waiting",),
        target="replayed",
        rule={OPS_ENGINEER: Grant.ALL, TEAM_LEAD: Grant.ALL, ADMINISTRATOR: Grant.ALL},
        undo=_("Its alerts can be ended by hand."),
        screen="failed_intake",
        scope="sources:write",
        requirements=("MON-06",),
    ),
    Move(
        id="monitoring.failed_intake_discard",
        record="failed_intake",
        title=_("Discard"),
        effect=_("Takes it out of the inbox; the body is kept."),
        service="monitoring.alerts.services.replay.failed_intake_discard",
        method="discard",
        source=("waiting",),
        target="discarded",
        rule={OPS_ENGINEER: Grant.ALL, TEAM_LEAD: Grant.ALL, ADMINISTRATOR: Grant.ALL},
        reason_required=True,
        undo=_("The body is kept; its sender may send it again."),
        screen="failed_intake",
        scope="sources:write",
        requirements=("MON-06",),
    ),
)
