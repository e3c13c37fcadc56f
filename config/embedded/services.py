"""Postgres and Valkey for the console: our own on loopback, or those that DATABASE_URL and REDIS_URL name."""

from __future__ import annotations

import re
import secrets
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, unquote, urlsplit

from localservers.errors import LocalServerError
from localservers.postgres import PostgresCluster
from localservers.private_files import read_text, write_private
from localservers.valkey import ValkeyServer

DATABASE = "switchback"
ROLE = "switchback"  # owns the database and is no superuser: it cannot switch off the triggers that protect the journal for others
POSTGRES_SETTINGS = {
    "max_connections": "120",
    "shared_buffers": "128MB",
    "random_page_cost": "1.1",  # as for any solid-state disk: a search looks its hits up by key and does not read the whole table
    "log_min_duration_statement": "2000",
    "log_line_prefix": "%m [%p] %d ",
    "idle_in_transaction_session_timeout": "60s",
}
_POSTGRES_NEWS = re.compile(r"PANIC|FATAL|database system (is|was)|shutting down|terminated by signal|checkpoint.*(error|fail)", re.IGNORECASE)
_POSTGRES_CHATTER = re.compile(r"terminating (connection|background worker)|database system is (starting up|shutting down|not yet accepting)")
_VALKEY_NEWS = re.compile(r"^\S+ \d+ \w+ \d+ [\d:.]+ # |Ready to accept|User requested shutdown")


class Service(Protocol):
    """What the supervisor asks of a service it starts itself."""

    name: str
    log_path: Path

    def start(self, *, keep_port: bool, pause: Callable[[float], None]) -> None: ...
    def stop(self, *, at_once: bool) -> None: ...
    def pid(self) -> int | None: ...
    def url(self) -> str: ...
    def secrets(self) -> list[str]: ...
    def is_news(self, line: str) -> bool: ...


class EmbeddedPostgres:
    """Our own Postgres below the home folder, with one database and a role that owns it."""

    name = "postgres"

    def __init__(self, home: Path) -> None:
        self._cluster = PostgresCluster(home / "postgres", settings=POSTGRES_SETTINGS, superuser="admin")
        self._role_password_file = home / "postgres.role-password"
        self.log_path = self._cluster.log_path

    def start(self, *, keep_port: bool, pause: Callable[[float], None]) -> None:
        self._cluster.stop()  # one that outlived a killed supervisor: it is not tied to us
        self._cluster.start(die_with_parent=True, keep_port=keep_port, pause=pause, timeout_s=60)
        if not keep_port:
            self._ensure_role_and_database()

    def stop(self, *, at_once: bool) -> None:
        self._cluster.stop(mode="immediate" if at_once else "fast", timeout_s=20)

    def pid(self) -> int | None:
        return self._cluster.pid()

    def url(self) -> str:
        return self._cluster.dsn(DATABASE, user=ROLE, password=self._role_password())

    def secrets(self) -> list[str]:
        return [self._cluster.password, self._role_password()]

    def is_news(self, line: str) -> bool:
        return bool(_POSTGRES_NEWS.search(line)) and not _POSTGRES_CHATTER.search(line)

    def _role_password(self) -> str:
        known = read_text(self._role_password_file)
        if known is None:
            known = secrets.token_urlsafe(24)
            write_private(self._role_password_file, known)
        return known

    def _ensure_role_and_database(self) -> None:
        password = self._role_password().replace("'", "''")
        if not self._cluster.execute(f"select 1 from pg_roles where rolname = '{ROLE}'"):  # noqa: S608 - a constant
            self._cluster.execute(f"create role {ROLE} login")
        self._cluster.execute(f"alter role {ROLE} login password '{password}'")
        self._cluster.ensure_database(DATABASE, owner=ROLE)


class EmbeddedValkey:
    """Our own Valkey below the home folder."""

    name = "valkey"

    def __init__(self, home: Path) -> None:
        self._server = ValkeyServer(home / "valkey")
        self.log_path = self._server.log_path

    def start(self, *, keep_port: bool, pause: Callable[[float], None]) -> None:
        self._server.stop()
        self._server.start(die_with_parent=True, keep_port=keep_port, pause=pause)

    def stop(self, *, at_once: bool) -> None:
        self._server.stop(timeout_s=2 if at_once else 15)

    def pid(self) -> int | None:
        return self._server.pid()

    def url(self) -> str:
        return self._server.url()

    def secrets(self) -> list[str]:
        return [self._server.password]

    def is_news(self, line: str) -> bool:
        return bool(_VALKEY_NEWS.search(line)) and "overcommit" not in line  # a kernel setting that matters to far bigger servers


def check_database_url(url: str) -> None:
    """Raise with the cure when the database that DATABASE_URL names cannot be used."""
    import psycopg2

    if urlsplit(url).scheme not in {"postgresql", "postgres"}:
        raise LocalServerError("DATABASE_URL must look like postgresql://user:password@host:5432/database; it begins otherwise.")
    try:
        psycopg2.connect(url, connect_timeout=5).close()
    except psycopg2.OperationalError as error:
        first_line = str(error).strip().splitlines()[0]
        raise LocalServerError(
            f"The database of DATABASE_URL cannot be reached: {first_line}. Start it, correct DATABASE_URL, or unset it."
        ) from None


def check_redis_url(url: str) -> None:
    """Raise with the cure when nothing listens where REDIS_URL points."""
    parts = urlsplit(url)
    if parts.scheme not in {"redis", "rediss", "unix"}:
        raise LocalServerError("REDIS_URL must look like redis://:password@host:6379/0; it begins otherwise.")
    if parts.scheme == "unix":
        return
    try:
        socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 6379), timeout=5).close()
    except OSError as error:
        raise LocalServerError(f"The Redis or Valkey of REDIS_URL cannot be reached: {error}. Start it, correct REDIS_URL, or unset it.") from None


def password_of(url: str) -> str:
    """The password inside a URL, "" when there is none; both spellings are secrets."""
    return unquote(urlsplit(url).password or "")


def quoted(password: str) -> str:
    """The password as it stands in a URL."""
    return quote(password, safe="")


class LogTail:
    """The new lines of a service's log file that a person wants to see."""

    def __init__(self, service: Service, say: Callable[[str, str], None]) -> None:
        self._service = service
        self._say = say
        self._position = service.log_path.stat().st_size if service.log_path.exists() else 0
        self._looked_at = 0.0

    def read(self) -> None:
        """Show what came since the last look (at most five looks a second)."""
        if time.monotonic() - self._looked_at < 0.2 or not self._service.log_path.exists():
            return
        self._looked_at = time.monotonic()
        if self._service.log_path.stat().st_size < self._position:
            self._position = 0  # a new file
        with self._service.log_path.open("rb") as log:
            log.seek(self._position)
            chunk = log.read(262_144)
        complete = chunk[: chunk.rfind(b"\n") + 1]
        self._position += len(complete)
        for line in complete.decode(errors="replace").splitlines():
            if self._service.is_news(line):
                self._say(self._service.name, line)
