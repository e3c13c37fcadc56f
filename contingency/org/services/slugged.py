"""Rows that a document describes, keyed by slug: added, updated, or retired when it no longer has them. Never deleted."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from kernel.journal import Record
from kernel.models import Stateful

R = TypeVar("R", bound=Stateful)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One wanted row: its slug and the values of its columns."""

    slug: str
    values: dict[str, Any]


@dataclass
class Put(Generic[R]):
    """What became of the rows: all wanted ones by slug, and what changed, as journal records still to be written."""

    by_slug: dict[str, R] = field(default_factory=dict)
    added: list[R] = field(default_factory=list)
    changed: list[R] = field(default_factory=list)
    retired: list[R] = field(default_factory=list)

    def touch(self, row: R) -> None:
        """Something below this row changed: it counts as changed, once."""
        if any(row is other for other in (*self.added, *self.changed)):
            return
        _save(row)
        self.changed.append(row)

    def records(self, event: Callable[..., Any], *, under: Iterable[Any] = (), cause: Any = None) -> list[Record]:
        """One journal record per row that was touched; `event` is made with `slug` and `change`."""
        groups = (("added", self.added), ("changed", self.changed), ("retired", self.retired))
        under = tuple(under)
        return [
            Record(event=event(slug=row.slug, change=change), subject=row, under=under, cause=cause)  # type: ignore[attr-defined]
            for change, rows in groups
            for row in rows
        ]


def rows_put(model: type[R], rows: Sequence[Row], *, at: datetime, carried: dict[str, Any] | None = None) -> Put[R]:
    """Make the table say what the document says. Locks all its rows; call inside a transaction, and record `Put.records`.

    Values of a row may be callables taking the rows put so far (a parent that this very call makes). `carried` (which
    version it belongs to) and the place in the document are written to every wanted row without counting as a change.
    """
    present = {row.slug: row for row in model._default_manager.select_for_update().order_by("pk")}  # type: ignore[attr-defined]
    put: Put[R] = Put()
    for number, row in enumerate(rows):
        values = {name: value(put.by_slug) if callable(value) else value for name, value in row.values.items()}
        placed = {**(carried or {}), "order": number}
        put.by_slug[row.slug] = _put_one(model, present.pop(row.slug, None), row.slug, values, placed, put)
        if put.by_slug[row.slug].pk is None and any(map(callable, row.values.values())):
            put.by_slug[row.slug].save()  # the rows below it need its key; all others are added at once
    model._default_manager.bulk_create(row for row in put.added if row.pk is None)
    left: Any
    for left in present.values():
        if left.retired_at is None:
            left.retired_at = at
            _save(left)
            put.retired.append(left)
    return put


def _put_one(model: type[R], record: R | None, slug: str, values: dict[str, Any], carried: dict[str, Any], put: Put[R]) -> R:
    if record is None:
        record = model(slug=slug, **values, **carried)
        put.added.append(record)
        return record
    for name, value in {**values, "retired_at": None}.items():
        setattr(record, name, value)
    is_changed = bool(record.changes()[1])
    for name, value in carried.items():
        setattr(record, name, value)
    if is_changed:
        _save(record)
        put.changed.append(record)
    elif record.changes()[1]:
        record.save(update_fields=list(carried))
    return record


def _save(record: Stateful) -> None:
    record.version += 1
    record.save()
