"""Rows that many tests begin with, made once per process by the code that makes them and copied back for each further test.

What a company needs costs hundreds of statements, what it leaves behind is some forty tables: writing those again takes a few milliseconds.
"""

from __future__ import annotations

import copy
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Generic, TypeVar

from django.db import connection, transaction

from kernel import clock

_GOOD_FOR = timedelta(minutes=20)  # rows hold times that count from "now"
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'django_%' ORDER BY tablename"

Made = TypeVar("Made")


class Template(Generic[Made]):
    """`make` run once; `__call__` gives what it returned, with its rows in the database again.

    For a test database that holds nothing but what migrations wrote; `make` may not depend on anything else.
    """

    def __init__(self, make: Callable[[], Made]) -> None:
        self._make = make
        self._made: tuple[Made, dict[str, str]] | None = None

    def __call__(self) -> Made:
        now = clock.now()  # not wound yet
        if self._made is None or not self._began <= now < self._began + _GOOD_FOR:
            before = _rows()
            made = self._make()
            self._began, self._ended = now, clock.now() - clock.offset()
            self._made = copy.deepcopy(made), {table: rows for table, rows in _rows().items() if rows != before.get(table)}
            return made
        made, tables = self._made
        _write(tables)
        if "kernel_clock" in tables:  # a wound clock: what was a minute ago then is a minute ago now
            with connection.cursor() as cursor:
                cursor.execute("UPDATE kernel_clock SET wound_by = wound_by - %s", [now - self._ended])
        return copy.deepcopy(made)


def _rows() -> dict[str, str]:
    """Table → its rows, as COPY writes them."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        names = [name for (name,) in cursor.fetchall()]
        return {name: _copied(cursor.cursor, name) for name in names}


def _copied(cursor: Any, table: str) -> str:
    out = io.StringIO()
    cursor.copy_expert(f'COPY "{table}" TO STDOUT', out)
    return out.getvalue()


def _write(tables: dict[str, str]) -> None:
    """Exactly these rows, past triggers and references: they were checked when they were made."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica; " + "; ".join(f'DELETE FROM "{table}"' for table in tables))
        for table, rows in tables.items():
            cursor.cursor.copy_expert(f'COPY "{table}" FROM STDIN', io.StringIO(rows))
        cursor.execute("SET LOCAL session_replication_role = origin")
