"""What people put to the entries of an incident's timeline: pins, remarks, better times. Read from the journal itself."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from incidents.response.events import EntryAnnotated, EntryPinned, EntryRetimed, EntryUnpinned
from incidents.response.models import Incident
from kernel import journal
from kernel.errors import NotFound
from kernel.models import Entry, EntryLink, RecordLink

MARKS = (EntryPinned.name, EntryUnpinned.name, EntryAnnotated.name, EntryRetimed.name)
MOST = 1000  # marks that one incident is read with


@dataclass
class Marked:
    """What was put to one entry. `placed`: the mark that last said when it happened."""

    pinned: Entry | None = None
    remarks: list[Entry] = field(default_factory=list)
    placed: Entry | None = None

    @property
    def placed_at(self) -> datetime | None:
        """When it really happened, as somebody said."""
        return parse_datetime(self.placed.payload["placed_at"]) if self.placed is not None else None


def marks_of(incident: Incident) -> dict[str, Marked]:
    """Entry id → what was put to it; the last word counts. One query."""
    found: dict[str, Marked] = {}
    for mark in journal.timeline(incident, limit=MOST, names=MARKS):
        marked = found.setdefault(mark.payload["entry_id"], Marked())
        if mark.name == EntryPinned.name:
            marked.pinned = mark
        elif mark.name == EntryUnpinned.name:
            marked.pinned = None
        elif mark.name == EntryAnnotated.name:
            marked.remarks.append(mark)
        else:
            marked.placed = mark
    return found


def entry_of(incident: Incident, entry_id: UUID) -> Entry:
    """One entry of the incident's timeline, its own or one of a record linked to it. Raises NotFound. Three queries."""
    entry = Entry.objects.filter(public_id=entry_id).first()
    if entry is None or not _belongs(incident, entry):
        raise NotFound(kind=_("entry"))
    return entry


def _belongs(incident: Incident, entry: Entry) -> bool:
    refs = list(EntryLink.objects.filter(entry_id=entry.id).exclude(role="actor").values_list("kind", "record_id"))
    own = str(incident.public_id)
    if (Incident.journal_kind, own) in refs:
        return True
    child = Q(pk=None)
    for kind, record_id in refs:
        child |= Q(child_kind=kind, child_id=record_id)
    links = RecordLink.objects.filter(child, parent_kind=Incident.journal_kind, parent_id=own)
    return links.filter(Q(since=None) | Q(since__lte=entry.at)).exists()
