"""What surrounds an incident: what changed before it began, and whether this has happened before."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from console.selectors.timeline import readable, visible
from incidents.response import selectors as response
from incidents.response.models import Incident
from incidents.response.models.states import State
from kernel import records
from kernel.actors import Actor
from kernel.models import Entry, EntryLink
from kernel.sentences import sentence

LOOKED_BACK = timedelta(hours=24)
MOST = 400  # entries looked at; the newest
GROUPS = 8
EARLIER = 5
# Alerts and incidents are what happened, not what was changed; links say nothing.
NO_CHANGE = ("monitoring.alert_", "incidents.incident_", "incidents.alerts_", "incidents.clock_", "incidents.update_", "notify.", "kernel.linked")


@dataclass(frozen=True)
class Change:
    """Entries of one kind: the newest in words, and how often there were more."""

    at: datetime
    words: str
    by: str
    count: int


@dataclass(frozen=True)
class Earlier:
    """An earlier incident of the same part and class."""

    number: str
    title: str
    grade: str
    state: str
    began_at: datetime
    lasted: timedelta | None
    lesson: str


def changes_before(actor: Actor, incident: Incident) -> list[Change]:
    """What was recorded about the part in the 24 hours before the failure, newest first, grouped by kind. A query per kind."""
    until, since = incident.failing_since, incident.failing_since - LOOKED_BACK
    of_part = EntryLink.objects.filter(kind="part", record_id=str(incident.part.public_id)).exclude(role="actor").values("entry_id")
    entries = list(Entry.objects.filter(id__in=of_part, at__gte=since, at__lte=until).order_by("-at", "-id")[:MOST])
    groups: dict[str, list[Entry]] = defaultdict(list)
    changes = [entry for entry in entries if not entry.name.startswith(NO_CHANGE)]
    for entry in visible(actor, records.entries_of_readable(actor, changes), incident):
        groups[entry.name].append(entry)
    found = [Change(group[0].at, readable(sentence(group[0])), group[0].actor_label, len(group)) for group in groups.values()]
    return sorted(found, key=lambda change: change.at, reverse=True)[:GROUPS]


def earlier_incidents(actor: Actor, incident: Incident) -> list[Earlier]:
    """The last ones of the same part and class that the person may see, with what was found. One query."""
    same = response.incidents_visible(actor).filter(part_id=incident.part_id, fault_class=incident.fault_class, id__lt=incident.pk)
    found = same.exclude(state__in=[State.FALSE_ALARM, State.MERGED]).order_by("-id")[:EARLIER]
    return [
        Earlier(
            row.number,
            row.title,
            row.grade,
            row.state_label(),
            row.failing_since,
            row.resolved_at - row.failing_since if row.resolved_at else None,
            row.finding or row.report_summary or _("no cause was recorded"),
        )
        for row in found
    ]
