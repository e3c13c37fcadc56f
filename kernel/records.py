"""The kinds of records that people and tools can list and look at: one registry for API, screens, CLI and tests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.functional import Promise

from kernel.actors import Actor
from kernel.errors import NotFound
from kernel.models import Entry, RecordLink
from kernel.permissions import Grant, grant_by

ListFor = Callable[..., QuerySet[Any]]


@dataclass(frozen=True, kw_only=True)
class RecordType:
    """How one kind of record is found, listed, shown, and by whom.

    read: role → Grant (ALL or OWN); list_for(actor, **filters) returns a QuerySet that is already cut to what the actor
    may see and ordered for keyset paging by `-id`; output(record) gives JSON-able values with stable keys.
    """

    kind: str
    collection: str
    title: str | Promise
    model: type[Any]
    list_for: ListFor
    output: Callable[[Any], dict[str, Any]]
    read: Mapping[str, Grant]
    filters: tuple[str, ...] = ()
    scope: str = ""
    get_for: Callable[[Actor, UUID], Any] | None = None
    address: Callable[[Any], str] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def read_scope(self) -> str:
        """The scope a token needs to read: `incidents:read`."""
        return self.scope or f"{self.collection}:read"

    @property
    def is_everybodys(self) -> bool:
        """No role's right to it ends anywhere: to see one says nothing about what may be seen beside it."""
        return all(grant == Grant.ALL for grant in self.read.values())


_types: dict[str, RecordType] = {}


def register(record_type: RecordType) -> RecordType:
    """Add a kind to the registry."""
    _types[record_type.kind] = record_type
    return record_type


def get(kind: str) -> RecordType:
    """The type of this kind. Raises KeyError."""
    return _types[kind]


def shown_at(kind: str, public_id: UUID) -> tuple[str, str]:
    """Kind and id of the record on whose screen this one is shown: itself, or, where it has none (a role of an incident), the record
    whose timeline it is part of. Raises NotFound."""
    if kind in _types:
        return kind, str(public_id)
    linked = RecordLink.objects.filter(child_kind=kind, child_id=str(public_id), parent_kind__in=_types)
    whole = linked.order_by("id").values_list("parent_kind", "parent_id").first()
    if whole is None:
        raise NotFound(kind=kind)
    return whole


def all_types() -> list[RecordType]:
    """All kinds, by collection."""
    return sorted(_types.values(), key=lambda item: item.collection)


def by_collection(collection: str) -> RecordType:
    """The type whose list lives at this collection. Raises NotFound."""
    for item in _types.values():
        if item.collection == collection:
            return item
    raise NotFound(kind=collection)


def may_read(actor: Actor, record_type: RecordType, record: Any) -> bool:
    """Whether the actor may know of this record."""
    if actor.scopes is not None and not actor.scopes & {record_type.read_scope, record_type.read_scope.replace(":read", ":write")}:
        return False
    return grant_by(record_type.read, actor, record) is not None


def fetch(kind: str, actor: Actor, public_id: UUID) -> Any:
    """One record that the actor may see. Raises NotFound for one that is not there and for one that may not be known."""
    record_type = get(kind)
    if record_type.get_for is not None:
        return record_type.get_for(actor, public_id)
    record = record_type.model._default_manager.filter(public_id=public_id).first()
    if record is None or not may_read(actor, record_type, record):
        raise NotFound(kind=record_type.title)
    return record


def readable_paths(actor: Actor, read: Mapping[str, Grant]) -> list[str] | None:
    """Unit paths whose records the actor may list; None: all of them. An empty list: none."""
    if actor.kind == "system" or any(read.get(role) == Grant.ALL for role in actor.roles):
        return None
    return sorted({path for role, path in actor.holdings if read.get(role) is not None})


def entries_of_readable(actor: Actor, entries: list[Entry]) -> list[Entry]:
    """The entries whose subject the actor may know of; those about kinds that nobody lists stay. One query per kind."""
    asked: dict[str, set[str]] = {}
    for entry in entries:
        if entry.subject_kind in _types and not _types[entry.subject_kind].is_everybodys:
            asked.setdefault(entry.subject_kind, set()).add(entry.subject_id)
    seen = {
        (kind, str(public_id))
        for kind, ids in asked.items()
        for public_id in _types[kind].list_for(actor).filter(public_id__in=ids).values_list("public_id", flat=True)
    }
    return [entry for entry in entries if entry.subject_kind not in asked or (entry.subject_kind, str(entry.subject_id)) in seen]
