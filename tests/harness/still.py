"""A clock that moves only when it is wound: "not yet at 4:59, but at 5:00" must not hang on how long the test itself takes."""

from __future__ import annotations

from django.db import connection

_STILL = """
DO $$ BEGIN
    EXECUTE format('CREATE OR REPLACE FUNCTION switchback_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS %L',
        format('SELECT %L::timestamptz + (SELECT wound_by FROM kernel_clock WHERE id = 1)', clock_timestamp()));
END $$
"""


def clock_stands_still() -> None:
    """From now on, for the running transaction, which takes it back at its end: other connections keep their own time."""
    assert connection.in_atomic_block, "outside of a transaction the clock would stand still for all tests after this one"
    with connection.cursor() as cursor:
        cursor.execute(_STILL)
