"""Faults on demand, and their cures."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import psutil

from lab.errors import LabError
from lab.home import PRIMARY, SIDES, Side
from lab.parts import say
from lab.rebuild import rebuild
from lab.schema import add_channel_column, carry_over_channels, drop_failed_version_2, migrate_to_failed_version_2, recorded_channels
from lab.state import VERSION_2_BROKEN, VERSION_2_MENDED
from lab.steps import Order, Outcome
from lab.system import System

SLOW_MS = 3000


async def break_upgrade(system: System, side: Side) -> str:
    """Take the primary to version 2.0.0: the migration runs through, orders are refused and answers get slower and slower.

    Rows are not damaged, and replication of what is still accepted goes on.
    """
    if side != PRIMARY:
        raise LabError("primary_only", "Only the primary is upgraded; the standby stays at version 1")
    if system.state.active != PRIMARY:
        raise LabError("not_active", "The primary does not carry business now; switch back first")
    await migrate_to_failed_version_2(system.admin(PRIMARY))
    system.state.sides[PRIMARY].version = VERSION_2_BROKEN
    system.state.fault_add("upgrade", PRIMARY)
    await system.sites[PRIMARY].service_restart()
    return f"The primary runs version {VERSION_2_BROKEN}"


async def fix_upgrade(system: System, side: Side) -> str:
    """Mend version 2 in schema and code. The additive column comes to the follower first, then to the side that is followed."""
    for mended in (system.state.passive, system.state.active):
        await add_channel_column(system.admin(mended))
    system.state.has_channel = True
    system.state.save()
    await carry_over_channels(system.active.database.admin, await recorded_channels(system.admin(PRIMARY)))
    system.state.sides[PRIMARY].version = VERSION_2_MENDED
    await system.sites[PRIMARY].service_restart()
    await drop_failed_version_2(system.admin(PRIMARY))
    system.state.fault_remove("upgrade", PRIMARY)
    return f"The primary runs version {VERSION_2_MENDED}, mended in schema and code; the standby stays at version 1 with the new column"


async def break_crash(system: System, side: Side) -> str:
    """SIGKILL to the order service and the database."""
    pids = await system.sites[side].kill()
    system.state.fault_add("crash", side)
    return f"{len(pids)} processes of the {side} killed"


async def break_freeze(system: System, side: Side) -> str:
    """SIGSTOP to the order service and the database: they hold their ports and say nothing."""
    processes = await asyncio.to_thread(system.sites[side].processes)
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.suspend()
    system.state.fault_add("freeze", side)
    return f"{len(processes)} processes of the {side} frozen"


async def break_slow(system: System, side: Side) -> str:
    """Every order takes three seconds longer."""
    await system.sites[side].slow_down(SLOW_MS)
    system.state.fault_add("slow", side)
    return f"Every order at the {side} takes {SLOW_MS / 1000:g} s longer"


async def break_database(system: System, side: Side) -> str:
    """The database stops; the order service stays and has nothing to write to."""
    await database_stop(system, side)
    return f"The database of the {side} is stopped"


async def database_stop(system: System, side: Side) -> None:
    system.state.sides[side].database_wanted = False
    system.state.fault_add("database", side)
    await system.sites[side].database.stop()


async def database_start(system: System, side: Side) -> None:
    """Start it again, unless business has moved away without this side."""
    wanted = system.state.sides[side]
    if wanted.isolated:
        raise LabError("isolated", f"Business moved away from the {side}; it must be rebuilt (`lab fix`)")
    wanted.database_wanted = True
    system.state.fault_remove("database", side)
    system.sites[side].database.disconnect()
    await system.sites[side].database_start()
    system.save_book(running=True)


async def fix_processes(system: System, side: Side) -> str:
    """After crash, freeze or a stopped database: wake or start what is missing."""
    site, wanted = system.sites[side], system.state.sides[side]
    for process in await asyncio.to_thread(site.processes):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.resume()
    site.database.disconnect()
    wanted.database_wanted = wanted.service_wanted = True
    await site.database_start()
    await site.service_start()
    system.save_book(running=True)
    return f"The {side} is up again"


async def fix_slow(system: System, side: Side) -> str:
    with contextlib.suppress(LabError):  # a service that is gone is slow no longer
        await system.sites[side].slow_down(0)
    return f"The {side} answers at its own speed again"


BREAK: dict[str, Callable[[System, Side], Awaitable[str]]] = {
    "upgrade": break_upgrade,
    "crash": break_crash,
    "freeze": break_freeze,
    "slow": break_slow,
    "database": break_database,
}
FIX: dict[str, Callable[[System, Side], Awaitable[str]]] = {
    "upgrade": fix_upgrade,
    "crash": fix_processes,
    "freeze": fix_processes,
    "slow": fix_slow,
    "database": fix_processes,
}


async def break_it(system: System, kind: str, side: Side | None) -> Outcome:
    if kind not in BREAK:
        raise LabError("unknown_fault", f"There is no fault {kind!r}; there are {', '.join(BREAK)}", status=404)
    chosen = side or system.state.active
    if system.state.sides[chosen].isolated:
        raise LabError("isolated", f"The {chosen} is out already")
    words = await BREAK[kind](system, chosen)
    say("lab", f"break {kind}: {words}")
    return words, {"kind": kind, "side": chosen}


async def fix_all(system: System) -> Outcome:
    """Undo every fault that is in. A side that is isolated is rebuilt, whatever brought it there."""
    done: list[str] = []
    if any(system.state.sides[side].isolated for side in SIDES):
        words, _ = await rebuild(system, Order(system.state.passive, system.state.active, {}))
        done.append(words)
    # processes first: mending a schema needs both databases
    for fault in sorted(system.state.faults, key=lambda fault: fault.kind == "upgrade"):
        done.append(await FIX[fault.kind](system, fault.side))
        system.state.fault_remove(fault.kind, fault.side)
    for words in done:
        say("lab", f"fix: {words}")
    return " · ".join(done) or "Nothing was broken", {"done": done}
