"""Three hundred open event streams, and the web process dies under them (T18).

The pages stay usable, nearly everybody is back within half a minute, and by `Last-Event-ID` nobody misses an entry.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Any

import httpx
import pytest

from tests.faults.test_kills import retried
from tests.flows.conftest import free_ports, open_folder_for
from tests.flows.running import Console, Person, running
from tests.flows.test_main_job import SCOPES

IS_SOAK = os.environ.get("SWITCHBACK_SOAK") == "1"
pytestmark = [pytest.mark.soak if IS_SOAK else pytest.mark.story, pytest.mark.timeout(400), pytest.mark.xdist_group("streams")]
STREAMS = 300
DEATHS = 3 if IS_SOAK else 1
BACK_WITHIN_S = 30
QUIET_S = 30  # after the last entry: news waits half a second in the hub, the rest is for slow machines


@pytest.fixture(scope="module")
def console() -> Iterator[Console]:
    """A console of its own: the other stories wind clocks and kill processes."""
    port, sink_port = free_ports(2)
    with open_folder_for("streams") as folder, running(folder / "home", port, sink_port) as started:
        yield started


def told(line: str) -> None:
    """A measure, for whoever reads the run."""
    print(f"  T18: {line}", flush=True)


@dataclass
class Listener:
    """One browser on one incident: reads, comes back with the last id it saw, as EventSource does."""

    entries: set[str] = field(default_factory=set)
    last_id: str = ""
    opened: list[float] = field(default_factory=list)
    retry_s: float = 3.0
    is_open: bool = False

    async def listen(self, client: httpx.AsyncClient, path: str) -> None:
        """Until cancelled."""
        while True:
            try:
                headers = {"Last-Event-ID": self.last_id} if self.last_id else {}
                async with client.stream("GET", path, headers=headers) as answer:
                    if answer.status_code == 200:
                        await self._read(answer)
            except httpx.HTTPError:
                pass
            self.is_open = False
            await asyncio.sleep(self.retry_s)

    async def _read(self, answer: httpx.Response) -> None:
        self.opened.append(time.monotonic())
        self.is_open = True
        async for line in answer.aiter_lines():
            name, _, value = line.partition(": ")
            if name == "retry":
                self.retry_s = int(value) / 1000
            elif name == "id":
                self.last_id = value
            elif name == "data" and value.startswith("{"):
                self.entries |= set(json.loads(value)["entries"])


async def visits(client: httpx.AsyncClient, path: str, times: list[float], over: asyncio.Event) -> None:
    """Somebody works on a page meanwhile; a refused connection is a page that is not there yet, and counts until it is."""
    while not over.is_set():
        began = time.monotonic()
        while True:
            try:
                if (await client.get(path)).status_code == 200:
                    break
            except httpx.HTTPError:
                await asyncio.sleep(0.05)
        times.append(time.monotonic() - began)
        await asyncio.sleep(0.1)


async def until(what: str, look: Any, *, within_s: float) -> float:
    """Seconds until it holds."""
    began = time.monotonic()
    while not look():
        assert time.monotonic() - began < within_s, f"not within {within_s} s: {what}"
        await asyncio.sleep(0.1)
    return time.monotonic() - began


async def storm(
    console: Console, engineer: Person, incident: dict[str, Any], before: set[str]
) -> tuple[set[str], list[Listener], list[float], list[float]]:
    """Open all streams, kill the web process under them while entries are written; returns what was written, listeners, returns, page times."""
    path = f"/feed/?under=incident:{incident['id']}"
    headers = {"Authorization": f"Bearer {engineer.token}"}
    limits = httpx.Limits(max_connections=STREAMS + 20, max_keepalive_connections=0)
    listeners, returns, pages = [Listener() for _ in range(STREAMS)], [], []
    over = asyncio.Event()
    async with httpx.AsyncClient(base_url=console.url, headers=headers, limits=limits, timeout=httpx.Timeout(60, connect=10)) as client:
        tasks = [asyncio.create_task(listener.listen(client, path)) for listener in listeners]
        try:
            await until("all streams open", lambda: all(each.is_open for each in listeners), within_s=60)
            visitor = asyncio.create_task(visits(client, f"/api/v1/incidents/{incident['id']}/", pages, over))
            returns += [await one_death(console, engineer, incident, listeners, number) for number in range(DEATHS)]
            over.set()
            await visitor
            written = await asyncio.to_thread(timeline, engineer, incident) - before  # while they still listen: workers go on writing
            with contextlib.suppress(AssertionError):  # who missed what is counted
                await until("everybody told", lambda: all(written <= each.entries for each in listeners), within_s=QUIET_S)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    return written, listeners, returns, pages


async def one_death(console: Console, engineer: Person, incident: dict[str, Any], listeners: list[Listener], number: int) -> float:
    """Kill the web process while entries are written; seconds until 95 of 100 streams were open again."""
    await asyncio.to_thread(note, engineer, incident, f"before death {number}")
    await until("an id to come back with", lambda: all(each.last_id for each in listeners), within_s=20)
    opened = [len(each.opened) for each in listeners]
    console.signal("web", signal.SIGKILL)
    died = time.monotonic()
    await asyncio.to_thread(console.lab, "clock", "301")  # workers escalate: entries while nobody can be told
    await asyncio.to_thread(retried, lambda: note(engineer, incident, "while they come back"))
    await until("all back", lambda: all(len(each.opened) > before for each, before in zip(listeners, opened, strict=True)), within_s=90)
    back = sorted(each.opened[before] - died for each, before in zip(listeners, opened, strict=True))
    return back[int(STREAMS * 0.95) - 1]


def note(engineer: Person, incident: dict[str, Any], body: str) -> None:
    """An entry in the incident's timeline."""
    engineer.move("incidents", incident, "note", body=body)


@pytest.mark.req("INC-05")
def test_three_hundred_listeners_come_back_and_miss_nothing(console: Console) -> None:
    engineer, lead = console.as_person("chen.yu", *SCOPES), console.as_person("zhao.min", *SCOPES)
    part = lead.items("parts")[0]
    incident = lead.do("/api/v1/incidents/open/", part=part["slug"], fault_class="network", title="three hundred look on")
    before = timeline(engineer, incident)
    written, listeners, returns, pages = asyncio.run(storm(console, engineer, incident, before))
    missed = sum(len(written - each.entries) for each in listeners)
    p95 = quantiles(pages, n=20)[-1]
    returned = ", ".join(f"{each:.1f}" for each in returns)
    told(f"{STREAMS} streams open, web killed {DEATHS} times: 95 % back after {returned} s")
    told(f"{len(written)} entries written, {missed} missed; page p95 {p95:.2f} s")
    assert len(written) >= 2 * DEATHS
    assert missed == 0
    assert max(returns) < BACK_WITHIN_S


def timeline(engineer: Person, incident: dict[str, Any]) -> set[str]:
    """The ids of the entries of the incident's timeline."""
    return {entry["id"] for entry in engineer.get(f"/api/v1/incidents/{incident['id']}/timeline/", limit=200)["items"]}
