"""One side's database as its administrator sees it: a Postgres of its own, and connections that never wait for the other side."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import psutil

from lab.errors import LabError
from lab.home import DATABASE, Side
from localservers.postgres import PostgresCluster

APP_ROLE = "orders_app"
REPLICATION_ROLE = "orders_replication"

CLUSTER_SETTINGS = {
    "wal_level": "logical",
    "max_connections": "60",
    "max_wal_senders": "12",
    "max_replication_slots": "12",
    "max_worker_processes": "16",
    "max_logical_replication_workers": "8",
    # a lost partner is noticed, and an apply worker comes back, within seconds instead of a minute
    "wal_sender_timeout": "5s",
    "wal_receiver_timeout": "5s",
    "wal_retrieve_retry_interval": "200ms",
    # the slot of a dead partner may not fill the disk
    "max_slot_wal_keep_size": "1GB",
    "idle_in_transaction_session_timeout": "10s",
    "shared_buffers": "32MB",
    "max_wal_size": "256MB",
    "jit": "off",
    "timezone": "UTC",
}
# Only this socket: nobody but the administrator gets in, nothing is applied, no commit waits for a partner.
ISOLATED_OPTIONS = {"listen_addresses": "", "synchronous_standby_names": "", "max_logical_replication_workers": "0"}

UNREACHABLE = (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError)
GONE = (*UNREACHABLE, asyncpg.AdminShutdownError, asyncpg.CrashShutdownError)


class AdminConnection:
    """A connection that is opened when needed and thrown away when it failed. One statement at a time."""

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = name
        self._lock = asyncio.Lock()
        self._connection: asyncpg.Connection | None = None

    @contextlib.asynccontextmanager
    async def session(self) -> AsyncIterator[asyncpg.Connection]:
        """The open connection, for several statements in a row. A lost server shows as LabError `database_down`."""
        async with self._lock:
            try:
                yield await self._open()
            except GONE as lost:
                self.drop()
                raise LabError(
                    "database_down", f"The database of the {self._database.side} does not answer: {lost or type(lost).__name__}", status=503
                ) from lost

    async def fetch(self, sql: str, *args: Any, timeout_s: float = 5) -> list[asyncpg.Record]:
        async with self.session() as connection:
            rows: list[asyncpg.Record] = await connection.fetch(sql, *args, timeout=timeout_s)
            return rows

    async def fetchrow(self, sql: str, *args: Any, timeout_s: float = 5) -> asyncpg.Record | None:
        rows = await self.fetch(sql, *args, timeout_s=timeout_s)
        return rows[0] if rows else None

    async def fetchval(self, sql: str, *args: Any, timeout_s: float = 5) -> Any:
        row = await self.fetchrow(sql, *args, timeout_s=timeout_s)
        return row[0] if row else None

    async def execute(self, sql: str, timeout_s: float = 5) -> None:
        async with self.session() as connection:
            await connection.execute(sql, timeout=timeout_s)

    def drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def _open(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(
                self._database.admin_dsn,
                timeout=2,
                ssl=False,
                command_timeout=10,
                # administration never waits for the other side, or it could not free a side whose partner is gone
                server_settings={"synchronous_commit": "local", "application_name": f"lab_{self._name}"},
            )
        return self._connection


class Database:
    """The Postgres of one side. Two connections: one for steps, one for watching, so that neither waits for the other."""

    def __init__(self, side: Side, folder: Path) -> None:
        self.side = side
        self.cluster = PostgresCluster(folder, settings=CLUSTER_SETTINGS, superuser="lab")
        self.admin = AdminConnection(self, "admin")
        self.watch = AdminConnection(self, "watch")

    @property
    def admin_dsn(self) -> str:
        return self.cluster.dsn(DATABASE)

    async def start(self) -> None:
        """Start, creating cluster and database at the first time. Raises LocalServerError with the end of its log."""
        await asyncio.to_thread(self.cluster.start, die_with_parent=True)
        await asyncio.to_thread(self.cluster.ensure_database, DATABASE)

    async def start_isolated(self) -> None:
        """Start so that only the administrator gets in, through the local socket."""
        await asyncio.to_thread(self.cluster.start, options=ISOLATED_OPTIONS, die_with_parent=True)

    async def stop(self, mode: str = "fast", timeout_s: float = 10) -> None:
        self.disconnect()
        # the server of the other side may be the one it waits for: fast, then immediate
        await asyncio.to_thread(self.cluster.stop, mode, timeout_s)

    async def is_running(self) -> bool:
        return await asyncio.to_thread(self.cluster.is_running)

    def disconnect(self) -> None:
        self.admin.drop()
        self.watch.drop()

    def processes(self) -> list[psutil.Process]:
        """The postmaster and its children; empty when down."""
        pid = self.cluster.pid()
        try:
            postmaster = psutil.Process(pid) if pid else None
            return [postmaster, *postmaster.children(recursive=True)] if postmaster else []
        except psutil.NoSuchProcess:
            return []

    async def kill(self) -> None:
        """SIGKILL to every process of the cluster, and wait until they are gone."""
        self.disconnect()
        await asyncio.to_thread(kill_processes, self.processes())
        await self.is_running()  # collects the dead child

    async def answers(self, patience_s: float = 1.0) -> bool:
        """True when it takes a new connection and a query within the time."""
        try:
            connection = await asyncpg.connect(self.admin_dsn, timeout=patience_s, ssl=False)
        except (*UNREACHABLE, asyncpg.PostgresError):
            return False
        try:
            await connection.fetchval("select 1", timeout=patience_s)
        except (*UNREACHABLE, asyncpg.PostgresError):
            return False
        else:
            return True
        finally:
            connection.terminate()


def kill_processes(processes: list[psutil.Process], patience_s: float = 5.0) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    give_up = time.monotonic() + patience_s
    # a dead process whose adoptive parent is slow to collect it is dead enough
    while any(_lives(process) for process in processes) and time.monotonic() < give_up:
        time.sleep(0.01)


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
