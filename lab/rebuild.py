"""Brings a side back that business moved away from without it: kept apart, its orphans saved, emptied, copied anew from the active side."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import asyncpg

from lab import replication
from lab.database import Database
from lab.errors import LabError
from lab.home import DATABASE, Side, other, write_private_json
from lab.replication import TABLES, subscription_name
from lab.schema import REPLICATED_TABLES, add_channel_column
from lab.steps import Order, Outcome, Step
from lab.system import System

_COPY_WITHIN_S = 120.0
_BATCH = 5000


async def rebuild(system: System, order: Order) -> Outcome:
    """Rebuild the isolated side as a follower of the active one, orders going on meanwhile.

    Rows that only the isolated side had (never acknowledged, or acknowledged without a second copy) are saved as evidence first.
    `force`: also a follower that is not isolated.
    """
    side = system.state.passive
    source = system.state.active
    wanted, site = system.state.sides[side], system.sites[side]
    if order.options.get("force") is True and not wanted.isolated:
        wanted.isolated = True  # a follower that cannot go on, such as one that stumbles over a row of its own
        system.state.save()
    if not wanted.isolated:
        return f"The {side} is not isolated; nothing to rebuild", {"rebuilt": False}
    started = time.monotonic()
    await site.kill()
    await site.database.start_isolated()
    orphans = await _empty(system, side)
    await site.database.stop()
    wanted.service_wanted = wanted.database_wanted = True
    await site.database_start()
    if system.state.has_channel:
        await add_channel_column(site.database.admin)
    evidence = await _copy(system, follower=side, source=source)
    wanted.isolated, wanted.gate_open = False, False
    system.state.sides[source].applied_lsn = None
    system.state.faults = [fault for fault in system.state.faults if fault.side != side or fault.kind == "upgrade"]
    system.state.save()
    system.save_book(running=True)
    await replication.sync_names_set(system.sites[source].database, side)
    await site.service_start()
    system.save_book(running=True)
    took = round((time.monotonic() - started) * 1000, 1)
    words = f"The {side} follows the {source} again after {took / 1000:.1f} s; {orphans['orders']} orphaned orders saved"
    return words, {"rebuilt": True, "orphans": orphans, **evidence}


async def _empty(system: System, side: Side) -> dict[str, Any]:
    """Over the local socket, nobody else inside: fence, save the orphans, cut all ties, empty the tables."""
    database = system.sites[side].database
    connection = await asyncpg.connect(
        host=str(database.cluster.socket_dir), port=database.cluster.port, user=database.cluster.superuser, password=database.cluster.password,
        database=DATABASE, timeout=5, command_timeout=60, server_settings={"synchronous_commit": "local"},
    )  # fmt: skip
    try:
        await connection.execute(f"revoke insert, update, delete on {TABLES} from orders_app")
        orphans = await _save_orphans(system, side, connection)
        subscription = subscription_name(side, other(side))
        if await connection.fetchval("select true from pg_subscription where subname = $1", subscription):
            await connection.execute(f"alter subscription {subscription} disable")
            await connection.execute(f"alter subscription {subscription} set (slot_name = none)")
            await connection.execute(f"drop subscription {subscription}")
        await connection.execute("select pg_drop_replication_slot(slot_name) from pg_replication_slots where not temporary")
        await connection.execute("alter system reset synchronous_standby_names")
        await connection.execute(f"truncate {TABLES}")
    finally:
        await connection.close()
    return orphans


async def _save_orphans(system: System, side: Side, connection: asyncpg.Connection) -> dict[str, Any]:
    """Rows that the active side does not have, kept in a file. One query a batch on each side."""
    active, found = system.active.database.admin, {table: list[dict[str, Any]]() for table in REPLICATED_TABLES}
    for table in REPLICATED_TABLES:
        last = None
        while True:
            sql = f"select id, to_jsonb(t)::text as row from {table} t where $1::uuid is null or id > $1 order by id limit {_BATCH}"  # noqa: S608 - own names
            rows = await connection.fetch(sql, last)
            if not rows:
                break
            last = rows[-1]["id"]
            ids = [row["id"] for row in rows]
            known = {row["id"] for row in await active.fetch(f"select id from {table} where id = any($1)", ids)}  # noqa: S608 - own names
            found[table] += [json.loads(row["row"]) for row in rows if row["id"] not in known]
    numbers: dict[str, Any] = {table: len(rows) for table, rows in found.items()}
    if any(numbers.values()):
        numbers["file"] = str(_orphan_file(system.folder, side))
        write_private_json(Path(numbers["file"]), {"side": side, "saved_at": time.time(), "rows": found})
    return numbers


def _orphan_file(folder: Path, side: Side) -> Path:
    (folder / "orphans").mkdir(mode=0o700, exist_ok=True)
    return folder / "orphans" / f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{side}.json"


async def _copy(system: System, *, follower: Side, source: Side) -> dict[str, Any]:
    """Copy all rows, follow, and only then let the source listen to the follower: so nothing is missed and nothing comes back twice."""
    there, here, password = system.sites[follower].database, system.sites[source].database, system.book["secrets"]["replication_password"]
    await replication.sync_names_set(here, None)  # the name below must not make orders wait for a copy under way
    await replication.subscription_drop(here, follower)
    await replication.slot_drop(here, subscription_name(follower, source))
    await replication.subscription_create(there, here, password, copy_data=True)

    async def copied() -> bool:
        states = await there.admin.fetch("select srsubstate::text as state from pg_subscription_rel")
        return len(states) == len(REPLICATED_TABLES) and all(row["state"] == "r" for row in states)

    await replication.until(copied, _COPY_WITHIN_S, f"The {follower} has not copied the tables")
    confirmed = await replication.caught_up(here, follower, timeout_s=_COPY_WITHIN_S)
    await _listen_to(here, there, password)
    return {"caught_up": confirmed, "rows": {table: await there.admin.fetchval(f"select count(*) from {table}") for table in REPLICATED_TABLES}}  # noqa: S608


async def _listen_to(here: Database, there: Database, password: str) -> None:
    if await replication.subscription_exists(here, there.side):
        raise LabError("subscription_left", f"The {here.side} still has a subscription to the {there.side}", status=500)
    await replication.subscription_create(here, there, password, copy_data=False)

    async def follows() -> bool:
        return (await replication.direction(there, here.side)).streaming

    await replication.until(follows, 10, f"The {here.side} does not follow the {there.side}")


REBUILD = (Step("rebuild", "Rebuild the isolated side as a copy of the active one", rebuild),)
