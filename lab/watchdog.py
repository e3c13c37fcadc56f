"""Looks at everything twice a second, keeps the picture for `status`, and decides when orders stop or start waiting for the other side."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from lab import replication
from lab.errors import LabError
from lab.home import SIDES, Side, other
from lab.parts import say
from lab.replication import Direction
from lab.system import System
from localservers.errors import LocalServerError

_EVERY_S = 0.5
_DATABASE_RESTART_AFTER_S = 1.0
_SMALL_LAG_BYTES = 64 * 1024

_OLDEST_WAIT = (
    "select coalesce(max(extract(epoch from clock_timestamp() - state_change)), 0)::float8 from pg_stat_activity where wait_event = 'SyncRep'"
)


@dataclass
class SideView:
    """What was last seen of one side."""

    service: dict[str, Any] | None = None
    database_up: bool = False
    writes_granted: bool = False
    sync_names: str = ""
    system_identifier: str = ""
    orders: int | None = None
    follows: Direction = field(default_factory=Direction)  # how the *other* side follows this one
    seen_at: float = 0.0


class Watchdog:
    """With the follower gone for `degrade_after_s`, the active side stops waiting for it (no second copy, said aloud).

    It waits again once the follower has caught up.
    """

    def __init__(self, system: System) -> None:
        self._system = system
        self.views: dict[Side, SideView] = {side: SideView() for side in SIDES}
        self.serving: Side | None = None
        self.upstreams: list[dict[str, Any]] | None = None
        self.synchronous = "off"  # on, degraded (the follower fell behind), off (nothing to wait for)
        self.synchronous_since = time.time()
        self.looked_at = 0.0
        self.last_streaming = time.monotonic()
        self._not_streaming_since: float | None = None
        self._caught_up_looks = 0
        self._database_down_since: dict[Side, float] = {}

    async def run(self) -> None:
        """Forever; what goes wrong with one look is said once and looked at again."""
        await asyncio.gather(self._watch_sides(), self._watch_gateway())

    async def _watch_sides(self) -> None:
        last_problem = ""
        while True:
            started = time.monotonic()
            try:
                await self.look_at_sides()
                await self._judge_replication()
                await self._restart_lost_database()
                await self._open_wanted_gate()
                last_problem = ""
            except (LabError, LocalServerError, asyncpg.PostgresError) as problem:
                if str(problem) != last_problem:
                    say("watchdog", str(problem))
                last_problem = str(problem)
            await asyncio.sleep(max(0.02, _EVERY_S - (time.monotonic() - started)))

    async def _watch_gateway(self) -> None:
        while True:
            started = time.monotonic()
            await self.look_at_gateway()
            await asyncio.sleep(max(0.02, _EVERY_S - (time.monotonic() - started)))

    async def look(self) -> None:
        await asyncio.gather(self.look_at_sides(), self.look_at_gateway())

    async def look_at_gateway(self) -> None:
        """Takes up to a second while orders are held: nothing else waits for it."""
        self.serving, self.upstreams = await asyncio.gather(self._system.gateway.serving(), self._system.gateway.upstreams())

    async def look_at_sides(self) -> None:
        began = time.monotonic()
        await asyncio.gather(*(self._look_at(side) for side in SIDES))
        active = self.views[self._system.state.active]
        if active.follows.streaming:
            self.last_streaming = time.monotonic()
        if active.sync_names:
            self._note("on")
        elif self.synchronous == "on":
            self._note("off")
        self.looked_at = began

    async def _look_at(self, side: Side) -> None:
        site, view = self._system.sites[side], SideView(seen_at=time.time())
        with contextlib.suppress(LabError):
            view.service = await site.service_state()
        with contextlib.suppress(LabError, asyncpg.PostgresError):
            if site.database.cluster.is_running():
                row = await site.database.watch.fetchrow(
                    "select current_setting('synchronous_standby_names') as names, system_identifier::text as id, "
                    "(select count(*) from orders where not marked) as orders from pg_control_system()",
                    timeout_s=1,
                )
                assert row is not None
                view.sync_names, view.system_identifier, view.orders = row["names"], row["id"], row["orders"]
                view.writes_granted = await replication.writes_granted(site.database, watching=True)
                view.follows = await replication.direction(site.database, other(side), watching=True)
                view.database_up = True
        self.views[side] = view

    # -- synchronous or not ------------------------------------------------------------------------------------------

    async def _judge_replication(self) -> None:
        """Only while the active side takes orders: in mid-switch the steps decide."""
        side = self._system.state.active
        view = self.views[side]
        if not view.database_up or not view.writes_granted or not self._system.state.sides[side].gate_open:
            return
        if self.views[other(side)].sync_names:
            # left over from a switch taken back: what the follower applies must wait for nobody
            await self._names_set(other(side), None, active=side)
        if view.sync_names:
            await self._perhaps_degrade(side, view)
        else:
            await self._perhaps_return(side, view)

    async def _perhaps_degrade(self, side: Side, view: SideView) -> None:
        now = time.monotonic()
        self._not_streaming_since = None if view.follows.streaming else self._not_streaming_since or now
        waited_s = await self._system.sites[side].database.watch.fetchval(_OLDEST_WAIT, timeout_s=1)
        missing_s = now - self._not_streaming_since if self._not_streaming_since else 0.0
        if max(waited_s, missing_s) < self._system.degrade_after_s:
            return
        if await self._names_set(side, None, active=side):
            self._note("degraded")
            say("watchdog", f"the {other(side)} has not confirmed for {max(waited_s, missing_s):.1f} s: orders no longer wait for it. NO SECOND COPY")

    async def _perhaps_return(self, side: Side, view: SideView) -> None:
        good = view.follows.streaming and (view.follows.lag_bytes or 0) < _SMALL_LAG_BYTES
        self._caught_up_looks = self._caught_up_looks + 1 if good else 0
        if self._caught_up_looks >= 2 and await self._names_set(side, other(side), active=side):
            self._note("on")
            say("watchdog", f"the {other(side)} has caught up: orders are acknowledged once they are on both sides")

    async def _names_set(self, side: Side, follower: Side | None, *, active: Side) -> bool:
        """Unless a step has begun to move business since the look."""
        state = self._system.state
        async with self._system.lock:
            if state.active != active or not state.sides[active].gate_open:
                return False
            await replication.sync_names_set(self._system.sites[side].database, follower)
        self._not_streaming_since, self._caught_up_looks = None, 0
        return True

    def _note(self, synchronous: str) -> None:
        if synchronous != self.synchronous:
            self.synchronous, self.synchronous_since = synchronous, time.time()

    # -- what shall run, runs ----------------------------------------------------------------------------------------

    async def _restart_lost_database(self) -> None:
        """A database that ended without being told to is started again, as the other parts are."""
        for side, site in self._system.sites.items():
            wanted = self._system.state.sides[side]
            if await site.database.is_running() or not wanted.database_wanted or wanted.isolated or self._system.lock.locked():
                self._database_down_since.pop(side, None)
                continue
            since = self._database_down_since.setdefault(side, time.monotonic())
            if time.monotonic() - since < _DATABASE_RESTART_AFTER_S:
                continue
            async with self._system.lock:
                say(f"database {side}", "ended; starts again")
                site.database.disconnect()
                await site.database_start()
                self._system.save_book(running=True)
            self._database_down_since.pop(side, None)

    async def _open_wanted_gate(self) -> None:
        """The gate of a service that came up before its database is opened now."""
        side = self._system.state.active
        wanted, view = self._system.state.sides[side], self.views[side]
        closed = view.service is not None and view.service["gate"] == "closed"
        if wanted.gate_open and closed and view.database_up and view.writes_granted and not self._system.lock.locked():
            async with self._system.lock:
                if wanted.gate_open:
                    await self._system.sites[side].gate_open()
