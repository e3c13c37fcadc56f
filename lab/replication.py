"""The pair of subscriptions between the two sides.

Both always exist, each following the other with `origin = none`, so what was applied is never sent back. The active side names
its follower in `synchronous_standby_names`: an order is acknowledged when it is on both sides.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass
from typing import Any

import asyncpg

from lab.database import APP_ROLE, REPLICATION_ROLE, Database
from lab.errors import LabError
from lab.home import DATABASE, LOOPBACK, Side
from lab.schema import PUBLICATION, REPLICATED_TABLES

TABLES = ", ".join(REPLICATED_TABLES)
POLL_S = 0.005


def subscription_name(follower: Side, source: Side) -> str:
    """Also the name of its slot on the source and of its connection there."""
    return f"{follower}_from_{source}"


def connection_string(source: Database, password: str) -> str:
    return f"host={LOOPBACK} port={source.cluster.port} dbname={DATABASE} user={REPLICATION_ROLE} password={password}"


@dataclass(frozen=True)
class Direction:
    """How well `follower` follows `source`, as the source sees it."""

    exists: bool = False
    active: bool = False
    state: str = "none"  # pg_stat_replication.state: startup, catchup, streaming
    sync_state: str = ""
    lag_bytes: int | None = None
    lag_seconds: float = 0.0
    confirmed_lsn: str | None = None
    wal_status: str = ""

    @property
    def streaming(self) -> bool:
        return self.active and self.state == "streaming"


_DIRECTION = """
select s.active, coalesce(r.state, 'none') as state, coalesce(r.sync_state, '') as sync_state, s.confirmed_flush_lsn::text as confirmed_lsn,
       greatest(pg_wal_lsn_diff(pg_current_wal_insert_lsn(), s.confirmed_flush_lsn), 0)::bigint as lag_bytes,
       coalesce(extract(epoch from r.flush_lag), 0)::float8 as lag_seconds, coalesce(s.wal_status, '') as wal_status
from pg_replication_slots s left join pg_stat_replication r on r.application_name = s.slot_name
where s.slot_name = $1
"""


async def direction(source: Database, follower: Side, *, watching: bool = False) -> Direction:
    """One query on the source. `watching`: over the watcher's connection, so that a running step does not delay it."""
    connection = source.watch if watching else source.admin
    row = await connection.fetchrow(_DIRECTION, subscription_name(follower, source.side), timeout_s=2)
    return Direction(exists=True, **dict(row)) if row else Direction()


async def subscription_create(
    follower: Database, source: Database, password: str, *, copy_data: bool, slot_exists: bool = False, applied_lsn: str | None = None
) -> None:
    """Let `follower` follow `source`. With `copy_data` its tables must be empty and it first fetches the source's rows.

    `applied_lsn`: what the follower had applied when it stopped following. The slot of a source that crashed may have fallen
    behind that, and sending it again would end in duplicate keys.
    `synchronous_commit = on`: with the default the source would wait for the follower's lazy flush, 0.2 s an order.
    """
    name = subscription_name(follower.side, source.side)
    how = "origin = none, synchronous_commit = 'on', enabled = false"
    options = f"{how}, copy_data = {copy_data}, create_slot = {not slot_exists}, slot_name = '{name}'"
    try:
        await follower.admin.execute(
            f"create subscription {name} connection '{connection_string(source, password)}' publication {PUBLICATION} with ({options})", timeout_s=10
        )
    except asyncpg.DuplicateObjectError:  # made by an earlier try
        applied_lsn = None
    if applied_lsn:
        await follower.admin.fetchval(
            "select pg_replication_origin_advance('pg_' || oid, $2::text::pg_lsn) from pg_subscription where subname = $1", name, applied_lsn
        )
    await subscription_point_to(follower, source, password)


async def subscription_point_to(follower: Database, source: Database, password: str) -> None:
    """Give the subscription the source's present port (it may change between two runs) and see that it is enabled."""
    name = subscription_name(follower.side, source.side)
    await follower.admin.execute(f"alter subscription {name} connection '{connection_string(source, password)}'")
    await follower.admin.execute(f"alter subscription {name} enable")


async def subscription_exists(follower: Database, source: Side) -> bool:
    return bool(await follower.admin.fetchval("select true from pg_subscription where subname = $1", subscription_name(follower.side, source)))


async def subscription_applied(follower: Database, source: Side) -> str | None:
    """Up to where (in the source's WAL) the follower has applied; None without a subscription."""
    applied: str | None = await follower.admin.fetchval(
        "select pg_replication_origin_progress('pg_' || oid, true)::text from pg_subscription where subname = $1",
        subscription_name(follower.side, source),
    )
    return applied


async def subscription_stop(follower: Database, source: Side) -> None:
    """Let it finish what it has received, and stay stopped."""
    name = subscription_name(follower.side, source)
    await follower.admin.execute(f"alter subscription {name} disable")

    async def stopped() -> bool:
        return not await follower.admin.fetchval("select bool_or(pid is not null) from pg_stat_subscription where subname = $1", name)

    await until(stopped, 5, f"The subscription {name} does not stop")


async def subscription_drop(follower: Database, source: Side) -> bool:
    """Drop it without asking the source (which may be dead); the slot there stays. False when there was none."""
    if not await subscription_exists(follower, source):
        return False
    name = subscription_name(follower.side, source)
    await subscription_stop(follower, source)
    for sql in (f"alter subscription {name} set (slot_name = none)", f"drop subscription {name}"):
        await follower.admin.execute(sql)
    return True


async def slot_drop(source: Database, name: str) -> bool:
    """Drop the slot; a walsender that still holds it is ended first. False when there was none."""
    for _ in range(40):
        row = await source.admin.fetchrow("select active_pid from pg_replication_slots where slot_name = $1", name)
        if row is None:
            return False
        if row["active_pid"]:
            await source.admin.fetchval("select pg_terminate_backend($1)", row["active_pid"])
            await asyncio.sleep(0.05)
        with contextlib.suppress(asyncpg.ObjectInUseError, asyncpg.UndefinedObjectError):
            await source.admin.fetchval("select pg_drop_replication_slot($1)", name)
            return True
        await asyncio.sleep(0.05)
    raise LabError("slot_busy", f"The slot {name} on the {source.side} is held and cannot be dropped", status=500)


async def sync_names(database: Database) -> str:
    names: str = await database.admin.fetchval("select current_setting('synchronous_standby_names')")
    return names


async def sync_names_set(database: Database, follower: Side | None) -> None:
    """Let commits of this side wait for `follower`, or for nobody. Sessions that wait are freed within 30 ms."""
    wanted = subscription_name(follower, database.side) if follower else ""
    await database.admin.execute(f"alter system set synchronous_standby_names = '{wanted}'")
    await database.admin.execute("select pg_reload_conf()")
    await until(lambda: _has_names(database, wanted), 2.0, f"The {database.side} did not take its new synchronous_standby_names")


async def _has_names(database: Database, wanted: str) -> bool:
    return await sync_names(database) == wanted


async def writes_granted(database: Database, *, watching: bool = False) -> bool:
    """Whether the order service may write there: the one thing that makes a side the active one."""
    connection = database.watch if watching else database.admin
    return bool(await connection.fetchval(f"select has_table_privilege('{APP_ROLE}', 'orders', 'insert')", timeout_s=2))


async def grant_writes(database: Database) -> None:
    await database.admin.execute(f"grant insert, update on {TABLES} to {APP_ROLE}")


async def fence(database: Database) -> int:
    """Take the right to write, behind every transaction that still runs. Returns how many sessions had to be ended for it.

    The lock is what makes it a fence: with the revoke alone, a transaction that was open would commit after it.
    """
    ended = 0
    for _ in range(4):
        try:
            async with database.admin.session() as connection, connection.transaction():
                await connection.execute("set local synchronous_commit = local; set local lock_timeout = '500ms'")
                await connection.execute(f"lock table {TABLES} in exclusive mode")
                await connection.execute(f"revoke insert, update, delete on {TABLES} from {APP_ROLE}")
                return ended
        except asyncpg.LockNotAvailableError:
            ended += await database.admin.fetchval(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = $1 and state <> 'idle'", APP_ROLE
            )
    raise LabError("cannot_fence", f"The tables of the {database.side} stay locked", status=500)


# Where the last record ends. Postgres tells where the next one will begin: when the last ends with its page, that is behind the header of
# the next page (24 bytes, 40 at the beginning of a file), and a follower that has everything never confirms that place.
_END_OF_WAL = """
select (case when mod(at - '0/0'::pg_lsn, pg_size_bytes(current_setting('wal_segment_size'))) = 40 then at - 40::numeric
             when mod(at - '0/0'::pg_lsn, current_setting('wal_block_size')::int) = 24 then at - 24::numeric else at end)::text
from pg_current_wal_insert_lsn() as at
"""


async def caught_up(source: Database, follower: Side, *, timeout_s: float) -> dict[str, Any]:
    """Wait until the follower has confirmed everything the source has written up to now. Raises LabError `not_caught_up`."""
    target = await source.admin.fetchval(_END_OF_WAL)
    name, started = subscription_name(follower, source.side), time.monotonic()
    while True:
        row = await source.admin.fetchrow(
            "select confirmed_flush_lsn::text as lsn, confirmed_flush_lsn >= $2::text::pg_lsn as done from pg_replication_slots where slot_name = $1",
            name, target,
        )  # fmt: skip
        waited_ms = round((time.monotonic() - started) * 1000, 1)
        evidence = {"written_lsn": target, "confirmed_lsn": row["lsn"] if row else None, "slot": name, "waited_ms": waited_ms}
        if row and row["done"]:
            return evidence
        if waited_ms > timeout_s * 1000:
            raise LabError("not_caught_up", f"The {follower} has not confirmed {target} within {timeout_s:g} s", status=504, **evidence)
        await asyncio.sleep(POLL_S)


async def until(condition: Any, timeout_s: float, problem: str) -> None:
    """Poll an async condition; LabError `timeout` with the problem when it does not come true."""
    give_up = time.monotonic() + timeout_s
    while not await condition():
        if time.monotonic() > give_up:
            raise LabError("timeout", f"{problem} within {timeout_s:g} s", status=504)
        await asyncio.sleep(POLL_S * 4)
