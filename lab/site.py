"""One side as `lab run` holds it: its database, its order service, and the service's administration over HTTP."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

import psutil

from lab.database import APP_ROLE, Database
from lab.errors import LabError
from lab.home import DATABASE, Side
from lab.http import NoAnswer, request
from lab.parts import Part, say
from lab.schema import create_roles_and_tables
from lab.state import LabState

_SERVICE_STARTS_WITHIN_S = 15.0


class Site:
    """Database and order service of one side."""

    def __init__(self, side: Side, folder: Path, book: dict[str, Any], state: LabState) -> None:
        self.side = side
        self._book = book
        self._state = state
        self.database = Database(side, folder / f"{side}-db")
        self.service = Part(f"service {side}", self._command, on_start=self._after_start)

    @property
    def wanted(self) -> Any:
        return self._state.sides[self.side]

    def _command(self) -> list[str]:
        return [sys.executable, "-m", "lab", "serve", self.side, self.wanted.version]

    # -- database ----------------------------------------------------------------------------------------------------

    async def database_start(self) -> None:
        """Start normally, with roles and tables, and write its addresses into the address book."""
        await self.database.start()
        words = self._book["secrets"]
        await asyncio.to_thread(
            create_roles_and_tables, self.database, app_password=words["app_password"], replication_password=words["replication_password"]
        )
        self.database_publish()

    def database_publish(self) -> None:
        cluster, entry = self.database.cluster, self._book["sides"][self.side]
        entry["database"] = {
            "port": cluster.port,
            "data_dir": str(cluster.data_dir),
            "admin_dsn": self.database.admin_dsn,
            "app_dsn": cluster.dsn(DATABASE, APP_ROLE, self._book["secrets"]["app_password"]),
        }

    # -- order service -----------------------------------------------------------------------------------------------

    async def service_start(self) -> None:
        self.wanted.service_wanted = True
        await self.service.start()

    async def service_restart(self) -> None:
        """Take up a new version: the gate closes, orders wait at the gateway, the gate opens again."""
        if self.service.wanted:
            await self.service.stop()
            await self.service.start()

    async def _after_start(self) -> None:
        give_up = time.monotonic() + _SERVICE_STARTS_WITHIN_S
        while True:
            try:
                await self.service_state()
                break
            except LabError:
                if time.monotonic() > give_up:
                    raise
                await asyncio.sleep(0.03)
        if self.wanted.gate_open:
            try:
                await self.gate_open()
            except LabError as problem:
                say(f"service {self.side}", f"{problem.message}; tried again every second")

    async def service_state(self) -> dict[str, Any]:
        return await self._ask("GET", "/admin/state", timeout_s=1)

    async def gate_open(self) -> dict[str, Any]:
        return await self._ask("POST", "/admin/gate/open")

    async def gate_close(self, drain_s: float) -> dict[str, Any]:
        return await self._ask("POST", "/admin/gate/close", {"drain_s": drain_s}, timeout_s=drain_s + 5)

    async def slow_down(self, delay_ms: int) -> dict[str, Any]:
        return await self._ask("POST", "/admin/slow", {"delay_ms": delay_ms})

    async def service_answers(self, patience_s: float = 1.0) -> bool:
        try:
            await self._ask("GET", "/admin/state", timeout_s=patience_s)
        except LabError:
            return False
        return True

    async def _ask(self, method: str, path: str, body: dict[str, Any] | None = None, *, timeout_s: float = 5) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._book['secrets']['token']}"}
        try:
            answer = await request(method, self._book["sides"][self.side]["service_url"] + path, body, headers=headers, timeout_s=timeout_s)
            content: dict[str, Any] = answer.json()
        except NoAnswer as lost:
            raise LabError("service_down", f"The order service of the {self.side} does not answer: {lost}", status=503) from lost
        if not answer.good:
            raise LabError(content.get("code", "service_refused"), content.get("message", "refused"), status=502)
        return content

    # -- all of it ---------------------------------------------------------------------------------------------------

    def processes(self) -> list[psutil.Process]:
        return self.service.processes() + self.database.processes()

    async def kill(self) -> list[int]:
        """SIGKILL to service and database. Returns the ids of the processes that were still there."""
        pids = [process.pid for process in await asyncio.to_thread(self.processes)]
        await self.service.kill()
        await self.database.kill()
        self.wanted.service_wanted = self.wanted.database_wanted = False
        return pids
