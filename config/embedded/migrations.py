"""Does the database lack migrations? Answered without loading Django, so that a start with nothing to do is quick."""

from __future__ import annotations

import hashlib
from pathlib import Path

from localservers.private_files import read_text, write_private

_NOT_OURS = {".venv", "var", "tests"}
_STAMP = "migrated"  # file in the home folder: the packages with which `migrate` last ran


def on_disk(clone: Path) -> set[tuple[str, str]]:
    """(app label, migration) of every migration in the clone; a room's label is the name of its folder."""
    files = [path for pattern in ("*/migrations/[0-9]*.py", "*/*/migrations/[0-9]*.py") for path in clone.glob(pattern)]
    return {(path.parents[1].name, path.stem) for path in files if path.relative_to(clone).parts[0] not in _NOT_OURS}


def in_database(url: str) -> set[tuple[str, str]]:
    """(app label, migration) that the database has; nothing when it is new."""
    import psycopg2

    connection = psycopg2.connect(url, connect_timeout=5)
    try:
        with connection.cursor() as cursor:
            cursor.execute("select to_regclass('django_migrations') is not null")
            if cursor.fetchone() != (True,):
                return set()
            cursor.execute("select app, name from django_migrations")
            return set(cursor.fetchall())
    finally:
        connection.close()


def are_pending(home: Path, clone: Path, url: str) -> bool:
    """True when `migrate` has to run: migrations of ours are missing, or the packages (with migrations of theirs) changed since."""
    return read_text(home / _STAMP) != _packages(clone) or not on_disk(clone) <= in_database(url)


def remember(home: Path, clone: Path) -> None:
    """Note that `migrate` ran to its end with the present packages."""
    write_private(home / _STAMP, _packages(clone))


def _packages(clone: Path) -> str:
    lock = clone / "requirements" / "runtime.lock"
    return hashlib.sha256(lock.read_bytes() if lock.exists() else b"").hexdigest()
