"""`lab clock`: winds the console's clock, which lives in the console's database."""

from __future__ import annotations

import asyncio
import os

import asyncpg

from lab.errors import LabError
from lab.home import console_home


def console_dsn() -> str:
    """From the environment, else from the file that the console's supervisor leaves in its home."""
    for name in ("SWITCHBACK_DATABASE_URL", "DATABASE_URL"):
        if os.environ.get(name):
            return os.environ[name]
    path = console_home() / "database_url"
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as missing:
        raise LabError(
            "no_console", f"No console found: neither SWITCHBACK_DATABASE_URL nor DATABASE_URL is set, and {path} cannot be read"
        ) from missing


async def _wind(seconds: float) -> float:
    try:
        connection = await asyncpg.connect(console_dsn(), timeout=5)
    except (OSError, TimeoutError, asyncpg.PostgresError, ValueError) as lost:
        raise LabError("no_console", f"The console's database does not answer: {lost or type(lost).__name__}", status=503) from lost
    try:
        total = await connection.fetchval("select switchback_wind_clock(make_interval(secs => $1))", seconds)
    except asyncpg.UndefinedFunctionError as missing:
        raise LabError("no_console_clock", "This database has no console clock: is it the console's, and migrated?") from missing
    except asyncpg.PostgresError as refused:
        raise LabError("clock_refused", f"The console refuses to wind its clock: {refused}") from refused
    finally:
        await connection.close()
    return round(float(total.total_seconds()), 3)


def wind(seconds: float) -> float:
    """Move the console's clock; returns how far it is now ahead of the real time, in seconds. Raises LabError."""
    return asyncio.run(_wind(seconds))
