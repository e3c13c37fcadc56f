"""The atomic steps of a planned switch, each repeatable, each refusing what would put business on two sides at once.

`from` carries business, `to` shall. Until `grant` everything can be undone; after it the way back is a switch back.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from lab import replication
from lab.errors import LabError
from lab.home import Side
from lab.schema import REPLICATED_TABLES, columns
from lab.site import Site
from lab.system import System

_DRAIN_S = 2.0
_CATCH_UP_S = 5.0
_GATEWAY_S = 3.0


@dataclass(frozen=True)
class Order:
    """One call of a step: which way business moves, and the caller's options."""

    old: Side
    new: Side
    options: dict[str, Any]

    def seconds(self, name: str, default: float) -> float:
        value = self.options.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 300:
            raise LabError("bad_option", f"{name} must be a number of seconds between 0 and 300", status=400)
        return float(value)


Outcome = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Step:
    """`undo` names the step that takes it back, "" where there is nothing to take back or no way."""

    name: str
    text: str
    act: Callable[[System, Order], Awaitable[Outcome]]
    undo: str = ""


async def close_gate(system: System, order: Order) -> Outcome:
    """New orders wait at the gateway from now on; requests under way are finished."""
    site = system.sites[order.old]
    system.state.sides[order.old].gate_open = False
    system.state.save()
    try:
        done = await site.gate_close(order.seconds("drain_s", _DRAIN_S))
    except LabError as problem:
        if problem.code != "service_down" or site.service.pid is not None:
            raise
        # a dead process listens nowhere, and the next one starts with its gate closed
        return f"The service of the {order.old} is not running, so its gate is closed", {"was": "service down", "cancelled": 0}
    return f"Gate of the {order.old} closed, {done['cancelled']} requests cut short", done


async def reopen_gate(system: System, order: Order) -> Outcome:
    if not await replication.writes_granted(system.sites[order.old].database):
        raise LabError("not_granted", f"The {order.old} may not write; unfence it first")
    return await _open(system, order.old, other_side=order.new)


async def fence(system: System, order: Order) -> Outcome:
    """Behind all running transactions, the order service of the old side loses the right to write."""
    _gate_must_be_closed(system, order.old)
    ended = await replication.fence(system.sites[order.old].database)
    return f"The {order.old} no longer writes orders", {"writes_granted": False, "sessions_ended": ended}


async def unfence(system: System, order: Order) -> Outcome:
    await refuse_past_return(system, order)
    # in the order of the undo: the old side waits for its follower again before it writes
    await replication.grant_writes(system.sites[order.old].database)
    return f"The {order.old} may write again", {"writes_granted": True}


async def catch_up(system: System, order: Order) -> Outcome:
    """Everything the old side has written is confirmed by the new one."""
    if await _granted(system.sites[order.old]):
        raise LabError("not_fenced", f"The {order.old} still writes; fence it first")
    evidence = await replication.caught_up(system.sites[order.old].database, order.new, timeout_s=order.seconds("timeout_s", _CATCH_UP_S))
    return f"The {order.new} has confirmed everything up to {evidence['written_lsn']}", evidence


async def compare_quick(system: System, order: Order) -> Outcome:
    """Row counts and one checksum per table on both sides, over the columns both have."""
    evidence: dict[str, Any] = {}
    for table in REPLICATED_TABLES:
        there = set(await columns(system.admin(order.new), table))
        shared = ", ".join(column for column in await columns(system.admin(order.old), table) if column in there)
        evidence[table] = {side: await _checksum(system.sites[side], table, shared) for side in (order.old, order.new)}
    differing = [table for table, sums in evidence.items() if sums[order.old] != sums[order.new]]
    if differing:
        raise LabError("differs", f"The two sides differ in {' and '.join(differing)}", **evidence)
    counted = ", ".join(f"{evidence[table][order.old]['rows']} {table}" for table in REPLICATED_TABLES)
    return f"Replication caught up: {counted} on both sides", evidence


async def _checksum(site: Site, table: str, shared: str) -> dict[str, Any]:
    row = await site.database.admin.fetchrow(
        f"select count(*) as rows, coalesce(md5(string_agg(md5(row({shared})::text), '' order by id)), '') as md5 from {table}",  # noqa: S608 - own names
        timeout_s=30,
    )
    assert row is not None
    return {"rows": row["rows"], "md5": row["md5"]}


async def reverse(system: System, order: Order) -> Outcome:
    """From now on the new side is the one that is followed, and waits for its follower where that one follows."""
    old, new = system.sites[order.old].database, system.sites[order.new].database
    if await _granted(system.sites[order.old]):
        raise LabError("not_fenced", f"The {order.old} still writes; fence it first")
    follows = await replication.direction(new, order.old)
    if not follows.exists:
        # without its slot the old side would never see the first orders of the new one, and nobody would be told
        raise LabError("no_reverse_slot", f"The {order.new} keeps no slot for the {order.old}")
    await replication.sync_names_set(old, None)
    await replication.sync_names_set(new, order.old if follows.streaming else None)
    words = "orders will wait for both sides" if follows.streaming else f"the {order.old} does not follow yet: no second copy for now"
    return f"Direction reversed; {words}", {"follower_state": follows.state, "synchronous": follows.streaming}


async def reverse_back(system: System, order: Order) -> Outcome:
    old, new = system.sites[order.old].database, system.sites[order.new].database
    await refuse_past_return(system, order)
    follows = await replication.direction(old, order.new)
    await replication.sync_names_set(old, order.new if follows.streaming else None)
    with contextlib.suppress(LabError):  # a new side that is gone is not asked; the watchdog clears its names when it is back
        await replication.sync_names_set(new, None)
    return f"The {order.old} is the one that is followed again", {"follower_state": follows.state, "synchronous": follows.streaming}


async def grant(system: System, order: Order) -> Outcome:
    """The point of no return: the new side may write."""
    state = system.state
    if not state.sides[order.old].isolated and await _granted(system.sites[order.old]):
        raise LabError("other_side_writes", f"The {order.old} may still write; fence it first")
    if state.sides[order.new].isolated:
        raise LabError("isolated", f"The {order.new} is isolated and must be rebuilt first")
    state.active = order.new
    state.save()
    await replication.grant_writes(system.sites[order.new].database)
    return f"The {order.new} may write orders", {"writes_granted": True}


async def ungrant(system: System, order: Order) -> Outcome:
    """Possible as long as the new side's gate was not opened: no customer has written there."""
    if system.state.sides[order.new].gate_open:
        raise LabError("past_return", f"The gate of the {order.new} is open: switch back instead")
    ended = await replication.fence(system.sites[order.new].database)
    system.state.active = order.old
    system.state.save()
    return f"The {order.new} may not write", {"writes_granted": False, "sessions_ended": ended}


async def open_gate(system: System, order: Order) -> Outcome:
    """Orders held at the gateway go to the new side."""
    if not await _granted(system.sites[order.new]):
        raise LabError("not_granted", f"The {order.new} may not write yet; grant it first")
    return await _open(system, order.new, other_side=order.old)


async def _open(system: System, side: Side, *, other_side: Side) -> Outcome:
    if system.state.sides[other_side].gate_open and system.state.gateway_moved_to != side:
        raise LabError("other_gate_open", f"The gate of the {other_side} is open; close it first")
    site, started = system.sites[side], time.monotonic()
    system.state.sides[side].gate_open = True
    system.state.active = side
    system.state.save()
    await site.gate_open()
    opened_ms = round((time.monotonic() - started) * 1000, 1)

    async def arrived() -> bool:
        return await system.gateway.serving() == side

    await replication.until(arrived, _GATEWAY_S, f"The gate of the {side} is open, but nothing arrives there through the gateway")
    reached_ms = round((time.monotonic() - started) * 1000, 1)
    return f"Orders go to the {side}", {"gate_open_after_ms": opened_ms, "gateway_reaches_it_after_ms": reached_ms}


async def refuse_past_return(system: System, order: Order) -> None:
    """Undoing is over once the new side may write. Where its database does not answer, what was ordered last counts."""
    try:
        moved = await _granted(system.sites[order.new])
    except LabError as problem:
        if problem.code != "database_down":
            raise
        moved = system.state.active == order.new
    if moved:
        raise LabError("past_return", f"The {order.new} may write already: switch back instead")


async def _granted(site: Site) -> bool:
    return await replication.writes_granted(site.database)


def _gate_must_be_closed(system: System, side: Side) -> None:
    if system.state.sides[side].gate_open:
        raise LabError("gate_open", f"The gate of the {side} is open; close it first")


PLANNED = (
    Step("close_gate", "Hold new orders at the gateway and finish those under way", close_gate, "reopen_gate"),
    Step("fence", "Take the old side's right to write", fence, "unfence"),
    Step("catch_up", "Wait until the new side has confirmed everything", catch_up),
    Step("compare_quick", "Compare row counts and checksums of both sides", compare_quick),
    Step("reverse", "Let the old side follow the new one", reverse, "reverse_back"),
    Step("grant", "Give the new side the right to write", grant, "ungrant"),
    Step("open_gate", "Let the held orders go to the new side", open_gate),
)
PLANNED_UNDO = (
    Step("reopen_gate", "Let orders go to the old side again", reopen_gate),
    Step("unfence", "Give the old side its right to write back", unfence),
    Step("reverse_back", "Let the new side follow the old one again", reverse_back),
    Step("ungrant", "Take the new side's right to write again", ungrant),
)
