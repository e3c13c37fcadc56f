"""The only doors through which a state changes."""

from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection
from django.db.models import F
from django_fsm import can_proceed

from kernel import moves
from kernel.errors import InvalidTransition
from kernel.models.stateful import Stateful


def move(record: Stateful, method: Callable[..., Any], /, **kwargs: Any) -> None:
    """Carry out one transition of a locked record and save all its fields. Raises InvalidTransition."""
    if not can_proceed(method):
        raise InvalidTransition(state=record.state_label(), action=_title(record, method.__name__))
    method(**kwargs)
    record.version += 1
    record.save()


def move_many(records: Sequence[Stateful], method: str, /, **kwargs: Any) -> None:
    """Carry out the same transition of many locked records of one model in one UPDATE.

    All or nothing: raises InvalidTransition before anything is written when one of them does not allow it.
    """
    if not records:
        return
    for record in records:
        if not can_proceed(getattr(record, method)):
            raise InvalidTransition(state=record.state_label(), action=_title(record, method))
    for record in records:
        getattr(record, method)(**kwargs)
        record.version += 1
    _update_many(records)


def _update_many(records: Sequence[Stateful]) -> None:
    """Write the fields that changed in any of the records, for all of them."""
    model = type(records[0])
    changed: set[str] = set()
    for record in records:
        changed |= set(record.changes()[1])
    fields = [field for field in model._meta.concrete_fields if field.attname in changed]
    first = records[0]
    if all(getattr(record, field.attname) == getattr(first, field.attname) for field in fields for record in records):
        values = {field.attname: getattr(first, field.attname) for field in fields}
        model._base_manager.filter(pk__in=[record.pk for record in records]).update(version=F("version") + 1, **values)
        return
    _update_each(records, [*fields, model._meta.get_field("version")])


def _update_each(records: Sequence[Stateful], fields: list[Any]) -> None:
    """Values of its own for each record, all the same in one UPDATE."""
    model = type(records[0])
    key = model._meta.pk
    columns = [key, *fields]
    assignments = ", ".join(f'"{field.column}" = v."{field.column}"' for field in fields)
    names = ", ".join(f'"{field.column}"' for field in columns)
    row = "(" + ", ".join(f"%s::{field.cast_db_type(connection)}" for field in columns) + ")"
    values = [field.get_db_prep_save(getattr(record, field.attname), connection) for record in records for field in columns]
    table, pk = model._meta.db_table, key.column
    rows = ", ".join([row] * len(records))
    sql = f'UPDATE "{table}" AS t SET {assignments} FROM (VALUES {rows}) AS v ({names}) WHERE t."{pk}" = v."{pk}"'  # noqa: S608 - names come from the model
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def _title(record: Stateful, method: str) -> moves.Words:
    return moves.title_of(record.journal_kind, method)
