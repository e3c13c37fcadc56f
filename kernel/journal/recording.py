"""Writing entries: one statement for entries, links and deliveries, however many there are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar, Protocol

from django.db import connection

from kernel.actors import Actor
from kernel.journal.plain import clean_text, dumps, plain
from kernel.journal.subscriptions import handlers_of
from kernel.models import Entry, Stateful
from kernel.timed_ids import text_id_in_time


class Event(Protocol):
    """A past-tense fact: a frozen dataclass with a versioned name and plain fields."""

    name: ClassVar[str]


@dataclass(frozen=True)
class Ref:
    """A record as the journal knows it: kind, public id, and its label at the time."""

    kind: str
    id: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Record:
    """One entry to be written by `record_many`.

    `payload`: the event's values where the caller has them as plain JSON already; `event` may then be its class, and before and
    after are plain too (a storm of alerts is thousands of these).
    """

    event: Any
    subject: Any
    payload: dict[str, Any] | None = None
    under: Sequence[Any] = ()
    reason: str = ""
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    cause: Any = None


@dataclass(frozen=True, kw_only=True)
class Linked:
    """A child's entries join a parent's timeline."""

    name: ClassVar[str] = "kernel.linked.v1"
    child_kind: str
    child_id: str
    child_label: str
    since: datetime | None


_INSERT = """
WITH input AS (
    SELECT * FROM jsonb_to_recordset(%s::jsonb) AS x(
        n int, public_id uuid, name text, at timestamptz, subject_kind text, subject_id text, subject_label text,
        payload jsonb, before jsonb, after jsonb, reason text, cause_id bigint)
), present AS (SELECT switchback_now() AS moment, pg_current_xact_id()::text::bigint AS txid
), written AS (
    INSERT INTO kernel_entry (public_id, txid, name, at, recorded_at, actor_kind, actor_id, actor_label,
                              subject_kind, subject_id, subject_label, payload, before, after, reason, cause_id)
    SELECT i.public_id, p.txid, i.name, coalesce(i.at, p.moment), clock_timestamp(), %s, %s, %s,
           i.subject_kind, i.subject_id, i.subject_label, i.payload, i.before, i.after, i.reason, i.cause_id
    FROM input i CROSS JOIN present p ORDER BY i.n
    RETURNING id, public_id, txid, at, name, subject_kind, subject_id, subject_label
), linked AS (
    INSERT INTO kernel_entry_link (entry_id, kind, record_id, label, role)
    SELECT id, subject_kind, subject_id, subject_label, 'subject' FROM written
    UNION ALL
    SELECT w.id, l.kind, l.record_id, l.label, l.role
    FROM jsonb_to_recordset(%s::jsonb) AS l(e uuid, kind text, record_id text, label text, role text) JOIN written w ON w.public_id = l.e
), delivered AS (
    INSERT INTO kernel_delivery (entry_id, handler, state, attempts, due_at, error)
    SELECT w.id, d.handler, 'pending', 0, p.moment, ''
    FROM jsonb_to_recordset(%s::jsonb) AS d(name text, handler text) JOIN written w ON w.name = d.name CROSS JOIN present p
)
SELECT public_id, id, txid, at FROM written
"""


def ref_of(record: Any) -> Ref:
    """The journal's name for a record, an actor or a ready Ref."""
    if isinstance(record, Ref):
        return Ref(record.kind, record.id, clean_text(record.label)[:300])
    if isinstance(record, Actor):
        return Ref(record.kind, record.id, clean_text(record.label)[:300])
    return Ref(record.journal_kind, str(record.public_id), clean_text(str(record.journal_label()))[:300])


def record(
    event: Any,
    *,
    subject: Any,
    under: Iterable[Any] = (),
    actor: Actor,
    reason: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    cause: Any = None,
) -> Entry:
    """Write one entry in the running transaction. For a Stateful subject before and after are found by themselves."""
    return record_many(
        [Record(event=event, subject=subject, under=tuple(under), reason=reason, before=before, after=after, cause=cause)], actor=actor
    )[0]


def record_many(records: Sequence[Record], *, actor: Actor, want_entries: bool = True) -> list[Entry]:
    """Write entries, their links and the deliveries of their subscribers in one statement.

    Returns them in order, or nothing where `want_entries` is False: making the objects is a good part of a storm's cost.
    Raises RuntimeError outside a transaction: an entry without its change, or a change without its entry, is a lie.
    """
    if not records:
        return []
    if not connection.in_atomic_block:
        raise RuntimeError("journal.record outside a transaction")
    rows = [_row(number, item) for number, item in enumerate(records)]
    links, deliveries = _links(rows, records, actor), _deliveries(rows)
    parameters = [dumps(rows), actor.kind, actor.id, clean_text(actor.label)[:200], dumps(links), dumps(deliveries)]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, parameters)
        ids = {str(public_id): (entry_id, txid, at) for public_id, entry_id, txid, at in cursor.fetchall()} if want_entries else {}
    for item in records:
        if isinstance(item.subject, Stateful):
            item.subject.remember()
    return [_entry(row, ids[row["public_id"]], actor) for row in rows] if want_entries else []


def link(parent: Any, child: Any, *, since: datetime | None, actor: Actor, cause: Any = None) -> None:
    """From now on the child's entries (from `since`; None: all) are part of the parent's timeline. Itself an entry; once."""
    mother, child_ref = ref_of(parent), ref_of(child)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO kernel_record_link (parent_kind, parent_id, child_kind, child_id, since) VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [mother.kind, mother.id, child_ref.kind, child_ref.id, since],
        )
        if cursor.rowcount == 0:
            return
    event = Linked(child_kind=child_ref.kind, child_id=child_ref.id, child_label=child_ref.label, since=since)
    record_many([Record(event=event, subject=mother, under=(child_ref,), cause=cause)], actor=actor)


_field_names: dict[type, tuple[str, ...]] = {}


def _names_of(event: Any) -> tuple[str, ...]:
    """The event's fields, looked up once per class: a storm asks for them hundreds of times."""
    known = _field_names.get(type(event))
    if known is None:
        known = _field_names[type(event)] = tuple(field.name for field in fields(event))
    return known


def _row(number: int, item: Record) -> dict[str, Any]:
    subject = ref_of(item.subject)
    before, after = item.before, item.after
    if before is None and after is None and isinstance(item.subject, Stateful):
        before, after = item.subject.changes()
    payload = item.payload
    if payload is None:
        payload = {name: plain(getattr(item.event, name)) for name in _names_of(item.event)}
    cause = item.cause.id if isinstance(item.cause, Entry) else item.cause
    return {
        "n": number,
        "public_id": text_id_in_time(),
        "name": item.event.name,
        "at": payload.get("at"),
        "subject_kind": subject.kind,
        "subject_id": subject.id,
        "subject_label": subject.label,
        "payload": payload,
        "before": (before if item.payload is not None else plain(before)) if before else None,
        "after": (after if item.payload is not None else plain(after)) if after else None,
        "reason": clean_text(item.reason),
        "cause_id": cause,
    }


def _links(rows: list[dict[str, Any]], records: Sequence[Record], actor: Actor) -> list[dict[str, str]]:
    """The links besides that to the subject, which the statement makes from the entry itself."""
    links = []
    for row, item in zip(rows, records, strict=True):
        seen = {(row["subject_kind"], row["subject_id"])}
        for ref in map(ref_of, item.under):
            if (ref.kind, ref.id) not in seen:
                seen.add((ref.kind, ref.id))
                links.append({"e": row["public_id"], "kind": ref.kind, "record_id": ref.id, "label": ref.label, "role": "under"})
        if actor.is_person:
            links.append({"e": row["public_id"], "kind": "person", "record_id": actor.id, "label": clean_text(actor.label), "role": "actor"})
    return links


def _deliveries(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Which handlers hear which names."""
    return [{"name": name, "handler": handler.key} for name in {row["name"] for row in rows} for handler in handlers_of(name)]


def _entry(row: dict[str, Any], written: tuple[int, int, datetime], actor: Actor) -> Entry:
    entry_id, txid, at = written
    values = {key: value for key, value in row.items() if key not in {"n", "at"}}
    return Entry(id=entry_id, txid=txid, at=at, recorded_at=at, actor_kind=actor.kind, actor_id=actor.id, actor_label=actor.label, **values)
