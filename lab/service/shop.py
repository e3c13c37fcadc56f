"""The order service behind its doors: connections, versions, the watch over its own database."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg

from lab.service.metrics import Metrics
from lab.service.versions import VERSIONS

ANSWER_WITHIN_S = 4.0  # the customer has 10 s: two tries must fit
_PING_EVERY_S = 0.5
_POOL_SIZE = 12

Work = Callable[[asyncpg.Connection], Awaitable[Any]]

_WATCH = """
select has_table_privilege('orders', 'insert') as active, current_setting('synchronous_standby_names') <> '' as synchronous,
       r.state as state, coalesce(pg_wal_lsn_diff(pg_current_wal_insert_lsn(), s.confirmed_flush_lsn), 0)::float8 as lag_bytes,
       coalesce(extract(epoch from r.flush_lag), 0)::float8 as lag_seconds
from (select 1) one left join pg_replication_slots s on s.slot_name = $1 left join pg_stat_replication r on r.application_name = $1
"""


class NotReplicated(Exception):
    """The order is written here but perhaps not on the other side: to the customer that is a failure."""


class Shop:
    """One side's orders. All work of a request is one transaction, and answered within four seconds or refused."""

    def __init__(self, *, side: str, follower_slot: str, version: str, dsn: str) -> None:
        self.side = side
        self.version = VERSIONS[version]()
        self.metrics = Metrics(side, version)
        self.slow_s = 0.0
        self.database_up = False
        self._slot = follower_slot
        self._dsn = dsn
        self._pool: asyncpg.Pool | None = None
        self._watch_pool: asyncpg.Pool | None = None

    @property
    def pool(self) -> asyncpg.Pool:
        assert self._pool is not None
        return self._pool

    async def start(self) -> None:
        # no connection yet: the service starts and reports even when its database is down
        settings = {"application_name": f"orders_{self.side}"}
        self._pool = await asyncpg.create_pool(
            self._dsn,
            min_size=0,
            max_size=_POOL_SIZE,
            ssl=False,
            timeout=2,
            command_timeout=ANSWER_WITHIN_S,
            max_inactive_connection_lifetime=0,
            server_settings=settings,
        )
        # a connection of its own: orders that queue up must not look like a database that is gone
        self._watch_pool = await asyncpg.create_pool(
            self._dsn, min_size=0, max_size=1, ssl=False, timeout=1, command_timeout=1, server_settings=settings
        )

    async def warm(self) -> None:
        """Open a few connections before the first order needs them."""
        async with contextlib.AsyncExitStack() as held, asyncio.timeout(2):
            for _ in range(3):
                connection = await held.enter_async_context(self.pool.acquire())
                await connection.fetchval("select count(*) from orders where id is null")

    async def transact(self, work: Work) -> Any:
        """Run the work in one transaction. TimeoutError when it (or the other side's confirmation) takes too long."""
        async with asyncio.timeout(ANSWER_WITHIN_S):
            if self.slow_s:
                await asyncio.sleep(self.slow_s)
            async with self.pool.acquire() as connection, _replication_wait_watched(connection), connection.transaction():
                return await work(connection)

    async def read(self, sql: str, *args: Any) -> list[asyncpg.Record]:
        async with asyncio.timeout(ANSWER_WITHIN_S), self.pool.acquire() as connection:
            rows: list[asyncpg.Record] = await connection.fetch(sql, *args)
            return rows

    async def watch_database(self) -> None:
        """Forever: is the database there, may we write, does the other side follow."""
        assert self._watch_pool is not None
        while True:
            started = time.monotonic()
            try:
                async with asyncio.timeout(1), self._watch_pool.acquire() as connection:
                    row = await connection.fetchrow(_WATCH, self._slot)
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                self.database_up = False
                self.metrics.set(database_up=0, active=0, replication_streaming=0)
            else:
                self.database_up = True
                self.metrics.set(
                    database_up=1, active=row["active"], replication_synchronous=row["synchronous"],
                    replication_streaming=row["state"] == "streaming",
                    replication_lag_bytes=row["lag_bytes"], replication_lag_seconds=row["lag_seconds"],
                )  # fmt: skip
            await asyncio.sleep(max(0.05, _PING_EVERY_S - (time.monotonic() - started)))


@contextlib.asynccontextmanager
async def _replication_wait_watched(connection: Any) -> AsyncIterator[None]:
    """Raise NotReplicated when the commit's wait for the other side was cut short.

    The server reports that as success, with a warning; passed on as success it would be a promise not kept.
    """
    warnings: list[str] = []

    def hear(_: Any, message: Any) -> None:
        if "synchronous replication" in message.message:
            warnings.append(message.message)

    connection.add_log_listener(hear)
    try:
        yield
    finally:
        connection.remove_log_listener(hear)
    if warnings:
        raise NotReplicated(warnings[0])
