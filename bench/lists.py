"""Lists of alerts and incidents with very many stored: first page, filtered, searched in Chinese, deep; over HTTP, logged in.

Each page is asked twice: on an idle console, and while alerts come in at half the speed that the same console reached just before.
"""

from __future__ import annotations

import json
import multiprocessing
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

import httpx

from bench import bodies, load
from bench.servers import Bench

ALERTS, INCIDENTS = 100_000, 10_000
ASKED = 40  # times per page, after three that do not count
GOAL_P95_MS, GOAL_BUSY_P95_MS, GOAL_DEEP = 100.0, 250.0, 1.5
SENDERS = 64  # enough that slow answers do not hold up the rate
FULL_SPEED_S, SHARE = 4.0, 0.5  # how long the intake's own speed is measured; the part of it that goes on beside the lists
PERSON = "zhao.min"  # leads operations


@dataclass
class Timing:
    """One page: milliseconds from request to the last byte. `deep`: its median against that of the first page of the same list."""

    page: str
    p50_ms: float
    p95_ms: float
    size_kib: int
    deep: float | None = None
    busy_p50_ms: float = 0.0
    busy_p95_ms: float = 0.0

    @property
    def is_kept(self) -> bool:
        """Whether the goals were reached, idle and with alerts coming in."""
        is_quick = self.p95_ms < GOAL_P95_MS and self.busy_p95_ms < GOAL_BUSY_P95_MS
        return is_quick and (self.deep is None or self.deep <= GOAL_DEEP)


@dataclass
class Beside:
    """What the intake did meanwhile: alerts per second alone, and while the lists were asked; answers that were not 2xx."""

    alone: float
    rate: float
    refused: int


def measure(bench: Bench) -> tuple[list[Timing], Beside]:
    """Fill, log in, and ask each page again and again: first in peace, then with alerts coming in at half speed."""
    bench.manage("demo_setup")
    bench.manage("shell", "-c", f"from bench.lists_fill import fill; fill(alerts={ALERTS}, incidents={INCIDENTS})")
    password = next(login["password"] for login in json.loads(bench.manage("demo_setup", "--print-logins", "--json")) if login["username"] == PERSON)
    deep_alert = _place(bench, "alerts_alert", "state = 'resolved'", ALERTS * 9 // 10)
    deep_incident = _place(bench, "response_incident", "true", INCIDENTS * 9 // 10)
    flat = "/alerts/?view=flat&state=resolved"
    pages = [
        ("alerts, grouped", "/alerts/", ""),
        ("alerts, firing, flat", "/alerts/?view=flat", ""),
        ("alerts, over, first page", flat, ""),
        ("alerts, over, deep page", f"{flat}&after={deep_alert}", "alerts, over, first page"),
        ("alerts, filtered", f"{flat}&severity=critical&part=bench-3&fault_class=software", ""),
        ("alerts, rare filter", "/alerts/?view=flat&state=all&part=bench-1&severity=info", ""),
        ("alerts, 2 Chinese characters", "/alerts/?view=flat&state=all&q=库存", ""),
        ("alerts, 2 characters nowhere", "/alerts/?view=flat&state=all&q=没有", ""),
        ("alerts, part by its Chinese name", "/alerts/?view=flat&state=all&q=支付网关 node 501", ""),
        ("alerts, searched, grouped", "/alerts/?state=all&q=node 50", ""),
        ("alerts, unrouted", "/alerts/unrouted/", ""),
        ("incidents, first page", "/incidents/", ""),
        ("incidents, deep page", f"/incidents/?after={deep_incident}", "incidents, first page"),
        ("incidents, open", "/incidents/?state=open", ""),
        ("incidents, 2 Chinese characters", "/incidents/?q=库存", ""),
        ("incidents, number", "/incidents/?q=04242", ""),
    ]
    timings: dict[str, Timing] = {}
    with httpx.Client(base_url=f"http://127.0.0.1:{bench.console_port}", timeout=30) as client:
        _log_in(client, password)
        for name, address, beside in pages:
            timing = timings[name] = _ask(client, name, address)
            if beside:
                timing.deep = timing.p50_ms / timings[beside].p50_ms
        full = load.run(port=bench.console_port, path=bench.path, bodies=_alerts(1), seconds=FULL_SPEED_S, alerts_per_request=1)
        seen: list[load.Outcome] = []
        with _intake(bench, full.rate * SHARE, seen):
            for name, address, _beside in pages:
                busy = _ask(client, name, address)
                timings[name].busy_p50_ms, timings[name].busy_p95_ms = busy.p50_ms, busy.p95_ms
    refused = sum(count for code, count in seen[0].codes.items() if not 200 <= code < 300)
    return list(timings.values()), Beside(full.rate, seen[0].rate, refused)


def _alerts(part: int) -> Iterator[bytes]:
    return bodies.distinct(size=1, start=part * 1_000_000_000)


@contextmanager
def _intake(bench: Bench, rate: float, seen: list[load.Outcome]) -> Iterator[None]:
    """Alerts at this rate from a process of its own, so that asking for pages and sending alerts do not wait for each other."""
    context = multiprocessing.get_context("spawn")
    stop, answer = context.Event(), context.SimpleQueue()
    process = context.Process(target=_send, args=(bench.console_port, bench.path, rate, stop, answer))
    process.start()
    time.sleep(2)  # under way
    try:
        yield
    finally:
        stop.set()
        process.join(timeout=60)
        if process.exitcode != 0:
            raise RuntimeError(f"the process that sends alerts ended with {process.exitcode}")
        seen.append(answer.get())


def _send(port: int, path: str, rate: float, stop: Any, answer: Any) -> None:
    """Stretches of load one after another, until told to stop; the sum of them goes back."""
    total = load.Outcome(seconds=0.0, alerts_per_request=1)
    given = _alerts(2)
    while not stop.is_set():
        outcome = load.run(port=port, path=path, bodies=given, seconds=4.0, alerts_per_request=1, connections=SENDERS, rate=rate)
        total.seconds += outcome.seconds
        for code, count in outcome.codes.items():
            total.codes[code] = total.codes.get(code, 0) + count
    answer.put(total)


def _place(bench: Bench, table: str, where: str, depth: int) -> str:
    return str(bench.sql(f"SELECT public_id FROM {table} WHERE {where} ORDER BY id DESC OFFSET {depth} LIMIT 1")[0][0])


def _log_in(client: httpx.Client, password: str) -> None:
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get("/login/").text)
    if token is None:
        raise RuntimeError("the log-in page has no form")
    given = {"username": PERSON, "password": password, "csrfmiddlewaretoken": token.group(1)}
    answer = client.post("/login/", data=given, headers={"Referer": str(client.base_url)})
    if answer.status_code != 302:
        raise RuntimeError(f"log-in was answered {answer.status_code}")


def _ask(client: httpx.Client, name: str, address: str) -> Timing:
    taken: list[float] = []
    answer = None
    for number in range(ASKED + 3):
        began = time.perf_counter()
        answer = client.get(address)
        if answer.status_code != 200:
            raise RuntimeError(f"{address} was answered {answer.status_code}")
        if number >= 3:
            taken.append((time.perf_counter() - began) * 1000)
    taken.sort()
    assert answer is not None
    return Timing(name, median(taken), taken[int(len(taken) * 0.95) - 1], len(answer.content) // 1024)
