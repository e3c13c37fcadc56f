"""The process that plays the customers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import time
import uuid
from collections import deque
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lab.customers.counts import Counts
from lab.customers.ledger import STEPS, Ledger
from lab.home import read_address_book
from lab.http import NoAnswer, request
from lab.service.gate import listen, serve
from lab.service.main import stop_asked_for
from lab.service.versions import order_id

BUDGET_S = 10.0  # a request without a 2xx by then has failed; waiting at the gateway counts
ATTEMPT_S = 5.0
RETRY_AFTER_S = 0.2
_THINK_S = (0.05, 0.3)
_RE_READ_EVERY_S = 0.5
_ITEMS = (("kettle", 3490), ("lamp", 5900), ("desk", 24900), ("chair", 12900), ("cable", 990))
_CHANNELS = ("web",) * 5 + ("app",) * 3 + ("shop",) * 2


class Customers:
    """Start orders at a steady rate; each customer retries with the same key until the budget is used up."""

    def __init__(self, gateway_url: str, ledger_path: Path, rate: float) -> None:
        self.rate = rate
        self.counts = Counts.from_ledger(ledger_path)
        self._ledger = Ledger(ledger_path)
        self._recent: deque[tuple[float, str]] = deque(maxlen=2000)
        self._furthest: dict[str, str] = {}
        self._url = gateway_url
        self._orders: set[asyncio.Task[None]] = set()

    async def trade(self) -> None:
        """Forever. Late ticks are made up for, so the rate holds."""
        due = time.monotonic()
        while True:
            if self.rate <= 0:
                await asyncio.sleep(0.1)
                due = time.monotonic()
                continue
            due = max(due + 1 / self.rate, time.monotonic() - 1)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            task = asyncio.create_task(self._order())
            self._orders.add(task)
            task.add_done_callback(self._orders.discard)

    async def _order(self) -> None:
        key, (item, price), quantity = uuid.uuid4().hex, random.choice(_ITEMS), random.randint(1, 3)
        body = {
            "customer": f"c{random.randint(1, 9999)}",
            "item": item,
            "quantity": quantity,
            "amount_cents": price * quantity,
            "channel": random.choice(_CHANNELS),
        }
        self.counts.begun()
        self.counts.in_progress += 1
        try:
            order = str(order_id(key))
            for step, done, path in (
                ("place", "placed", "/orders"),
                ("pay", "paid", f"/orders/{order}/pay"),
                ("ship", "shipped", f"/orders/{order}/ship"),
            ):
                if not await self._request(step, done, path, key, order, body if step == "place" else None):
                    return
                await asyncio.sleep(random.uniform(*_THINK_S))
        finally:
            self.counts.in_progress -= 1

    async def _request(self, step: str, done: str, path: str, key: str, order: str, body: dict[str, Any] | None) -> bool:
        started, refusal = time.monotonic(), "no time"
        headers = {"Idempotency-Key": key if step == "place" else f"{key}-{step}"}
        while (left := started + BUDGET_S - time.monotonic()) > 0:
            self.counts.attempted()
            try:
                answer = await request("POST", self._url + path, body, headers=headers, timeout_s=min(ATTEMPT_S, left))
                if answer.good:
                    self._promised(done, order, str(answer.json()["id"]))
                    self.counts.succeeded(done, time.monotonic() - started)
                    return True
                refusal = str(answer.status)
            except NoAnswer as problem:
                refusal = str(problem)
            self.counts.refused(refusal)
            await asyncio.sleep(min(RETRY_AFTER_S, max(0.0, left)))
        self._ledger.write("failed", step=step, id=order, last=refusal)
        self.counts.failed_one(step, time.monotonic() - started)
        return False

    def _promised(self, done: str, order: str, answered: str) -> None:
        if answered != order:
            self._duplicate(order, f"answered as {answered}")
        self._ledger.write(done, id=order)
        if order not in self._furthest:
            if len(self._recent) == self._recent.maxlen:
                self._furthest.pop(self._recent[0][1], None)
            self._recent.append((time.time(), order))
        self._furthest[order] = done

    # -- are the promises kept ---------------------------------------------------------------------------------------

    async def check_promises(self) -> None:
        """Forever: read recent orders back through the gateway, as a customer who looks at "my orders"."""
        while True:
            await asyncio.sleep(_RE_READ_EVERY_S)
            if self._recent:
                await self._check_one(random.choice(list(self._recent)[-300:])[1])

    async def _check_one(self, order: str) -> None:
        promised = self._furthest[order]
        for _ in range(3):
            try:
                answer = await request("GET", f"{self._url}/orders/{order}", timeout_s=3)
            except NoAnswer:
                return  # says nothing about the order
            if answer.status == 200:
                self.counts.re_read += 1
                self._judge(order, promised, answer.json())
                return
            if answer.status != 404:
                return
            await asyncio.sleep(1)
        self._lose(order, "absent")

    def _judge(self, order: str, promised: str, found: dict[str, Any]) -> None:
        if STEPS.index(found["state"]) < STEPS.index(promised):
            self._lose(order, f"{promised} was acknowledged, found {found['state']}")
        elif promised != "placed" and not found["payments"]:
            self._lose(order, "payment absent")
        elif len(found["payments"]) > 1:
            self._duplicate(order, "paid twice")

    def _lose(self, order: str, why: str) -> None:
        if order not in self.counts.lost:
            self.counts.lost.add(order)
            self._ledger.write("lost", id=order, why=why)
            print(f"LOST: order {order}: {why}", flush=True)

    def _duplicate(self, order: str, why: str) -> None:
        if order not in self.counts.duplicates:
            self.counts.duplicates.add(order)
            self._ledger.write("duplicate", id=order, why=why)
            print(f"DUPLICATE: order {order}: {why}", flush=True)

    # -- asked from outside ------------------------------------------------------------------------------------------

    async def show(self, request: Request) -> Response:
        since = request.query_params.get("since")
        return JSONResponse({"rate": self.rate} | self.counts.as_json(float(since) if since else None))

    async def set_rate(self, request: Request) -> Response:
        self.rate = min(200.0, max(0.0, float((await request.json())["rate"])))
        return JSONResponse({"rate": self.rate})

    async def close(self) -> None:
        """Orders under way are left as they are: neither promised nor failed."""
        for task in list(self._orders):
            task.cancel()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*self._orders, return_exceptions=True), timeout=1)
        self._ledger.close()


async def _report(customers: Customers, every_s: float = 10) -> None:
    while True:
        await asyncio.sleep(every_s)
        counts = customers.counts.as_json(None)
        last = counts["last_10_s"]
        words = f"last {every_s:g} s: {last['placed']} placed, {last['done']} done, {last['failed']} failed, worst {last['worst_ms'] / 1000:.2f} s"
        print(f"{words}; in all {counts['done']} done, {counts['failed']} failed, {counts['lost']} lost", flush=True)


async def _run() -> None:
    book = read_address_book()
    assert book is not None, "started by `lab run`, which writes the address book first"
    customers = Customers(book["gateway"]["url"], Path(book["home"]) / "customers.jsonl", float(os.environ.get("LAB_RATE", "5")))
    app = Starlette(routes=[Route("/counts", customers.show), Route("/rate", customers.set_rate, methods=["POST"])])
    await serve(app, sockets=[listen(book["ports"]["customers"])])
    print(f"{customers.rate:g} orders a second to {book['gateway']['url']}", flush=True)
    work = [asyncio.create_task(activity) for activity in (customers.trade(), customers.check_promises(), _report(customers))]
    stop = asyncio.create_task(stop_asked_for())
    await asyncio.wait([stop, *work], return_when=asyncio.FIRST_COMPLETED)
    for task in work:
        if task.done():
            task.result()  # a broken activity ends the process with its traceback; `lab run` starts it again
        task.cancel()
    await customers.close()


def run() -> int:
    asyncio.run(_run())
    return 0
