"""Everything that belongs to one incident at one moment, in a bounded number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F

from incidents.response.models import EndCondition, Incident, IncidentAlert, IncidentRole, Note
from incidents.response.selectors.moves import NextMove, next_moves
from incidents.switchover import selectors as switchover
from incidents.switchover.models import Switch
from incidents.switchover.selectors import ClockView
from kernel import clock, journal
from kernel.actors import Actor
from kernel.models import Entry, Proposal
from kernel.proposals import open_proposals
from work.selectors import TrackOfTasks, tasks_of

ALERTS_SHOWN = 50
TIMELINE_SHOWN = 200
# What only says that a call belongs to the incident: the call itself has its own lines.
PLUMBING = frozenset({("kernel.linked.v1", "incident_role"), ("kernel.linked.v1", "incident_call")})


@dataclass(frozen=True, kw_only=True)
class IncidentRoom:
    """What the incident room shows."""

    now: datetime
    incident: Incident
    clocks: Sequence[ClockView]
    switch: Switch | None
    tracks: Sequence[TrackOfTasks]
    roles: Sequence[IncidentRole]
    alerts: Sequence[IncidentAlert]
    alert_count: int
    firing_count: int
    end_conditions: Sequence[EndCondition]
    notes: Sequence[Note]
    proposals: Sequence[Proposal]
    timeline: Sequence[Entry]
    moves: Sequence[NextMove]

    @property
    def outage(self) -> object | None:
        """The outage that this incident drives."""
        return self.incident.outage

    @property
    def is_flapping(self) -> bool:
        """Whether one of the shown alerts comes and goes again and again."""
        return any(joined.alert.is_flapping for joined in self.alerts)


def incident_room(incident: Incident, actor: Actor) -> IncidentRoom:
    """The incident (from `incident_get_for`) with everything about it, as this person may act on it. About twenty queries."""
    now = clock.now()
    joined = IncidentAlert.objects.filter(incident=incident)
    return IncidentRoom(
        now=now,
        incident=incident,
        clocks=switchover.clocks_of(incident.outage, now=now) if incident.outage is not None else [],
        switch=switchover.switch_active(incident.part),
        tracks=tasks_of(incident),
        roles=list(incident.roles.filter(ended_at=None).select_related("user").order_by("id")),
        alerts=list(joined.select_related("alert__source").order_by(F("cleared_at").desc(nulls_first=True), "-id")[:ALERTS_SHOWN]),
        alert_count=joined.count(),
        firing_count=joined.filter(cleared_at=None).count(),
        end_conditions=list(incident.end_conditions.filter(round=incident.round)),
        notes=list(incident.notes.order_by("-id")[:TIMELINE_SHOWN]),
        proposals=open_proposals(incident),
        timeline=[entry for entry in journal.timeline(incident, limit=TIMELINE_SHOWN) if not _is_plumbing(entry)],
        moves=next_moves(incident, actor),
    )


def _is_plumbing(entry: Entry) -> bool:
    return (entry.name, entry.payload.get("child_kind", "")) in PLUMBING
