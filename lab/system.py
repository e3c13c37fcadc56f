"""The whole practice order system: what is started in which order, and how it comes up again after any stop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from typing import Any

from lab import replication
from lab.customers.asking import customer_counts
from lab.database import AdminConnection
from lab.errors import LabError
from lab.gateway import Gateway
from lab.home import SIDES, Side, address_book_path, lab_home, other, prepare_address_book, write_private_json
from lab.parts import Part, say
from lab.schema import add_channel_column
from lab.site import Site
from lab.state import load_state
from localservers.caddy import caddy_binary

_FOLLOWER_S = 4.0


class System:
    """Both sites, gateway, customers, and the wanted state. `lock`: one step, fault or cure at a time."""

    def __init__(self) -> None:
        folder = lab_home()
        self.book: dict[str, Any] = prepare_address_book()
        self.state = load_state(folder / "state.json")
        self.state.forget_process_faults()
        self.sites: dict[Side, Site] = {side: Site(side, folder, self.book, self.state) for side in SIDES}
        self.gateway = Gateway(self.book, folder)
        caddy_home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder / "caddy"), "XDG_CONFIG_HOME": str(folder / "caddy")}
        self.caddy = Part("gateway", lambda: [str(caddy_binary()), "run", "--config", str(self.gateway.config_path)], environment=caddy_home)
        self.customers = Part("customers", lambda: [sys.executable, "-m", "lab", "customers"])
        self.lock = asyncio.Lock()
        self.degrade_after_s = float(os.environ.get("LAB_DEGRADE_AFTER", "3"))
        self.folder = folder
        self.started_at = time.time()

    @property
    def active(self) -> Site:
        return self.sites[self.state.active]

    @property
    def passive(self) -> Site:
        return self.sites[self.state.passive]

    def admin(self, side: Side) -> AdminConnection:
        return self.sites[side].database.admin

    def save_book(self, *, running: bool) -> None:
        """Write lab.json for everybody who wants to find or ask the system."""
        self.book["running"] = running
        parts = {part.name: part.pid for part in self.parts()}
        self.book["processes"] = {"lab": os.getpid(), **parts} if running else {}
        write_private_json(address_book_path(), self.book)

    def parts(self) -> list[Part]:
        return [self.caddy, *(self.sites[side].service for side in SIDES), self.customers]

    # -- starting ----------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Bring everything up with whatever side was active. Customers come last."""
        self._forget_half_emergency()
        self.gateway.write_config(self.state.gateway_moved_to)
        usable = [side for side in SIDES if not self.state.sides[side].isolated]
        await asyncio.gather(self.caddy.start(), *(self.sites[side].database_start() for side in usable))
        for side in SIDES:
            self.sites[side].database_publish()
            say(
                f"database {side}",
                f"port {self.sites[side].database.cluster.port}" if side in usable else "isolated: `lab fix` rebuilds it from the active side",
            )
        self.save_book(running=True)
        await self._settle_databases(usable)
        for side in SIDES:
            self.state.sides[side].gate_open = side == self.state.active
        self.state.save()
        await asyncio.gather(*(self.sites[side].service_start() for side in usable))
        with contextlib.suppress(LabError):
            await replication.until(self._gateway_serves, 5, "The gateway reaches no side")
        await self.customers.start()
        with contextlib.suppress(LabError):
            await replication.until(self._customers_answer, 10, "The customers do not answer")
        self.save_book(running=True)

    def _forget_half_emergency(self) -> None:
        """A stop between "the old side is down" and "the new side may write": nothing was written anywhere else, the old side goes on."""
        if self.state.sides[self.state.active].isolated:
            self.state.sides[self.state.active].isolated = False
            self.state.forget_process_faults()

    async def _gateway_serves(self) -> bool:
        return await self.gateway.serving() == self.state.active

    async def _customers_answer(self) -> bool:
        try:
            await customer_counts(self.book["customers"]["url"])
        except LabError:
            return False
        return True

    async def _settle_databases(self, usable: list[Side]) -> None:
        """Same columns on both, the pair of subscriptions, exactly one side that may write."""
        if self.state.has_channel:
            for side in usable:
                await add_channel_column(self.admin(side))
        await self._settle_roles(usable)
        if len(usable) == 2:
            for follower in SIDES:
                await self.follow(follower, other(follower))
            await self._wait_for_follower()

    async def _settle_roles(self, usable: list[Side]) -> None:
        granted = [side for side in usable if await replication.writes_granted(self.sites[side].database)]
        if self.state.active not in granted:
            # first start, or a stop in mid-switch before the other side got the right to write: back to the old side
            await replication.grant_writes(self.active.database)
        if self.state.passive in granted:
            await replication.fence(self.passive.database)
        for side in usable:
            # nobody waits for a follower that has not caught up yet
            await replication.sync_names_set(self.sites[side].database, None)

    async def _wait_for_follower(self) -> None:
        """From the first order on, acknowledged means on both sides; a follower that is not there in time is the watchdog's business."""

        async def follows() -> bool:
            return (await replication.direction(self.active.database, self.state.passive)).streaming

        try:
            await replication.until(follows, _FOLLOWER_S, f"The {self.state.passive} does not follow")
        except LabError as late:
            say("lab", f"{late.message}: orders start without a second copy")
        else:
            await replication.sync_names_set(self.active.database, self.state.passive)

    async def follow(self, follower: Side, source: Side) -> None:
        """See that `follower` follows `source`, without copying rows. Repeating it changes nothing."""
        there, here, password = self.sites[follower].database, self.sites[source].database, self.book["secrets"]["replication_password"]
        if await replication.subscription_exists(there, source):
            await replication.subscription_point_to(there, here, password)
            return
        slot = await replication.direction(here, follower)
        applied = self.state.sides[follower].applied_lsn if slot.exists else None
        await replication.subscription_create(there, here, password, copy_data=False, slot_exists=slot.exists, applied_lsn=applied)
        self.state.sides[follower].applied_lsn = None
        self.state.save()

    # -- stopping ----------------------------------------------------------------------------------------------------

    async def stop(self) -> None:
        """Customers first, then gates, gateway and databases; the passive database first, so that no commit waits for it."""
        await self.customers.stop(patience_s=3)
        await asyncio.gather(self.caddy.stop(patience_s=3), *(site.service.stop(patience_s=4) for site in self.sites.values()))
        for site in self.sites.values():
            for process in site.database.processes():
                with contextlib.suppress(Exception):
                    process.resume()
        await asyncio.gather(*(site.database.stop(timeout_s=4) for site in self.sites.values()))
        for site in self.sites.values():
            site.database.disconnect()
        self.save_book(running=False)
