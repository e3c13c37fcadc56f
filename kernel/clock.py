"""The one clock: the database's. Tests and the lab may wind it forward; nobody else."""

from datetime import datetime, timedelta

from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext_lazy as _

from kernel.errors import Conflict


def now() -> datetime:
    """The present, aware, UTC, microseconds: Postgres' clock plus the wound offset. One short query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT switchback_now()")
        moment: datetime = cursor.fetchone()[0]
    return moment


def offset() -> timedelta:
    """By how much the clock was wound; zero everywhere but in tests and the lab."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT wound_by FROM kernel_clock WHERE id = 1")
        wound_by: timedelta = cursor.fetchone()[0]
    return wound_by


def wind(delta: timedelta) -> timedelta:
    """Wind the clock forward for all processes and return the whole offset. Raises Conflict where that is not allowed."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT switchback_wind_clock(make_interval(secs => %s))", [delta.total_seconds()])
            total: timedelta = cursor.fetchone()[0]
            return total
    except DatabaseError as error:
        raise Conflict(problem=_("The clock of this installation may not be wound.")) from error


def allow_winding(allowed: bool) -> None:
    """Say once, at start, whether this database's clock may be wound (setting CLOCK_MAY_BE_WOUND)."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE kernel_clock SET windable = %s WHERE id = 1 AND windable IS DISTINCT FROM %s", [allowed, allowed])
