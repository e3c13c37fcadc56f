"""Reading the journal: a record's timeline, and its tail without ever skipping a late commit."""

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from kernel.errors import Invalid
from kernel.journal.recording import ref_of
from kernel.models import Entry, RecordLink

# Entries of transactions below the oldest one still running: nobody can commit anything new among them.
_SETTLED = "txid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint"


@dataclass(frozen=True, order=True)
class StableCursor:
    """A place in the settled journal: (writing transaction, entry)."""

    txid: int
    id: int

    @classmethod
    def parse(cls, text: str | None) -> "StableCursor":
        """From `txid.id`; None or empty is the beginning. Raises Invalid."""
        if not text:
            return cls(0, 0)
        txid, _, entry_id = text.partition(".")
        if not (txid.isdigit() and entry_id.isdigit() and len(text) < 40):
            raise Invalid(field="after", problem="txid.id")
        return cls(int(txid), int(entry_id))

    def __str__(self) -> str:
        return f"{self.txid}.{self.id}"


def tail(after: str | None, *, limit: int = 500) -> tuple[list[Entry], str]:
    """Settled entries behind the cursor, in cursor order, and the cursor to go on from. One index scan."""
    place = StableCursor.parse(after)
    entries = list(Entry.objects.extra(where=[f"(txid, id) > (%s, %s) AND {_SETTLED}"], params=[place.txid, place.id]).order_by("txid", "id")[:limit])
    return entries, entries[-1].cursor if entries else str(place)


def tail_visible(after: str | None, *, limit: int = 500) -> tuple[list[Entry], str]:
    """All visible entries behind the cursor, also unsettled ones, with the *settled* cursor to read again from.

    The live feed shows an entry as soon as it is visible; the reader drops those it has already shown by their id.
    """
    place = StableCursor.parse(after)
    with connection.cursor() as cursor:  # before the entries: what commits in between is then read, and read again
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        horizon = cursor.fetchone()[0]
    entries = list(Entry.objects.extra(where=["(txid, id) > (%s, %s)"], params=[place.txid, place.id]).order_by("txid", "id")[:limit])
    settled = [entry for entry in entries if entry.txid < horizon]
    return entries, settled[-1].cursor if settled else str(place)


def timeline(subject: Any, *, after: str | None = None, limit: int = 200, names: tuple[str, ...] = ()) -> list[Entry]:
    """Entries of a record and of the records linked to it, oldest first. The newest `limit` when there are more."""
    ref = ref_of(subject)
    where = """id IN (
        SELECT l.entry_id FROM kernel_entry_link l WHERE l.kind = %s AND l.record_id = %s AND l.role <> 'actor'
        UNION
        SELECT l.entry_id FROM kernel_record_link r
        JOIN kernel_entry_link l ON l.kind = r.child_kind AND l.record_id = r.child_id AND l.role <> 'actor'
        JOIN kernel_entry e ON e.id = l.entry_id
        WHERE r.parent_kind = %s AND r.parent_id = %s AND (r.since IS NULL OR e.at >= r.since))"""
    query: QuerySet[Entry] = Entry.objects.extra(where=[where], params=[ref.kind, ref.id, ref.kind, ref.id])
    if names:
        query = query.filter(name__in=names)
    if after:
        place = StableCursor.parse(after)
        query = query.extra(where=["(txid, id) > (%s, %s)"], params=[place.txid, place.id])
    return sorted(query.order_by("-at", "-id")[:limit], key=lambda entry: (entry.at, entry.id))


def children(parent: Any, kind: str) -> list[str]:
    """The ids of the records of this kind that were linked below it (`link`)."""
    ref = ref_of(parent)
    links = RecordLink.objects.filter(parent_kind=ref.kind, parent_id=ref.id, child_kind=kind)
    return list(links.order_by("id").values_list("child_id", flat=True))
