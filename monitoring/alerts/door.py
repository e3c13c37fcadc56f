"""The intake's own ASGI door: reads the body itself, and stores many requests with one commit.

Requests that arrive while a transaction is running wait for the next one and go into it together, so the commit, the locks
and the round trips are paid once for all of them; each is still answered only after the commit that holds its alerts. A few
threads take turns, each with a lasting connection. Under no load a request waits for nobody.

When nothing at all has been stored for a while (Postgres frozen, not just refusing) the body goes to the spool and the
sender is told 503 within two seconds; should the transaction still succeed, the body's id keeps the replay from counting it
twice. While others are being stored one only has to wait for one's turn.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import queue
import threading
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import structlog

from kernel.timed_ids import id_in_time
from monitoring.alerts import answers, formats, metrics, reception
from monitoring.alerts.answers import Answer
from monitoring.alerts.requests import Request, door_of

log = structlog.get_logger("monitoring")

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

PATHS = ("/in/", "/v2/enqueue")
WRITERS = 3  # threads, each with a connection: some read and write while others wait for their commit
TOGETHER = 64  # requests in one transaction at most …
TOGETHER_BYTES = 80 * 1024  # … and bytes: some 250 alerts, so that no transaction takes long
WAITING_LIMIT = 4_000  # requests; then Alertmanager is told 503 and comes again, Prometheus (which would not) still waits
READ_TIMEOUT_S = 20.0  # for a whole request body
ANSWER_TIMEOUT_S = 1.6  # then the spool, so that the sender hears within 2 s …
ANSWER_TIMEOUT_S_PER_MIB = 2.0  # … unless the body is large, …
STANDSTILL_S = 1.5  # … or the writers got something stored within this time, …
PATIENCE_S = 8.0  # … but never longer than this
_LOOK_EVERY_S = 0.1
_M_MMAP_THRESHOLD = -3  # malloc.h
DRAIN_LIMIT = 64 * 1024 * 1024  # bytes read and thrown away, so that a client that only listens afterwards hears its 413


class _Pending:
    """A request on its way to a writer, and the future that its answer goes into."""

    __slots__ = ("future", "is_given_up", "loop", "request")

    def __init__(self, request: Request, loop: asyncio.AbstractEventLoop) -> None:
        self.request = request
        self.loop = loop
        self.future: asyncio.Future[Answer] = loop.create_future()
        self.is_given_up = False


class _Writers:
    """The threads that store. Started at the first request, in whatever process that is."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._queue: queue.SimpleQueue[_Pending] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._is_started = False
        self.stored_at = 0.0

    def stands_still(self) -> bool:
        """Whether nothing was stored for longer than a healthy database ever takes."""
        return time.monotonic() - self.stored_at > STANDSTILL_S

    def hand_in(self, pending: _Pending) -> None:
        if not self._is_started:
            self._start()
        self._queue.put(pending)

    def waiting(self) -> int:
        return self._queue.qsize()

    def _start(self) -> None:
        with self._lock:
            if not self._is_started:
                _give_large_blocks_back()
                for number in range(self._count):
                    threading.Thread(target=self._work, name=f"intake-{number}", daemon=True).start()
                self._is_started = True

    def _work(self) -> None:
        while True:
            batch = [pending for pending in self._take() if not pending.is_given_up]
            if not batch:
                continue
            try:
                given = reception.receive_many([pending.request for pending in batch])
            except Exception:
                log.error("intake_writer_failed", exc_info=True)  # noqa: G201
                given = [answers.away()] * len(batch)
            if any(answer.status != 503 for answer in given):
                self.stored_at = time.monotonic()
            for loop in {pending.loop for pending in batch}:
                mine = [(pending.future, answer) for pending, answer in zip(batch, given, strict=True) if pending.loop is loop]
                with contextlib.suppress(RuntimeError):  # the loop has been closed: nobody listens any more
                    loop.call_soon_threadsafe(_hand_out, mine)

    def _take(self) -> list[_Pending]:
        batch = [self._queue.get()]
        size = len(batch[0].request.body)
        with contextlib.suppress(queue.Empty):
            while len(batch) < TOGETHER and size < TOGETHER_BYTES:
                batch.append(self._queue.get_nowait())
                size += len(batch[-1].request.body)
        return batch


def _give_large_blocks_back() -> None:
    """Let freed blocks above 128 KiB go back to the system: otherwise each thread keeps the largest bodies it ever saw (glibc)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, 128 * 1024)


def _hand_out(given: list[tuple[asyncio.Future[Answer], Answer]]) -> None:
    for future, answer in given:
        if not future.done():
            future.set_result(answer)


class IntakeDoor:
    """ASGI middleware: takes the intake's addresses itself and passes everything else on."""

    def __init__(self, app: App, *, writers: int = WRITERS) -> None:
        self._app = app
        self._writers = _Writers(writers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PATHS):
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(READ_TIMEOUT_S):
                request = await _read(scope, receive)
        except TimeoutError:
            await _send(send, answers.slow())
            return
        if request is not None:
            await _send(send, await self._answer(request), is_head=request.method == "HEAD")

    async def _answer(self, request: Request) -> Answer:
        early = answers.of_the_door(request)
        if early is not None:
            return early
        if self._writers.waiting() > WAITING_LIMIT and request.door.format != formats.PROMETHEUS:
            metrics.REQUESTS.labels(request.door.format, "503").inc()
            return answers.busy()
        pending = _Pending(request, asyncio.get_running_loop())
        self._writers.hand_in(pending)
        started = time.monotonic()
        patience = ANSWER_TIMEOUT_S + ANSWER_TIMEOUT_S_PER_MIB * len(request.body) / (1024 * 1024)
        while True:
            done, _others = await asyncio.wait([pending.future], timeout=patience)
            if done:
                return pending.future.result()
            if self._writers.stands_still() or time.monotonic() - started > PATIENCE_S:
                pending.is_given_up = True
                return (await asyncio.to_thread(reception.spool_all, [request]))[0]
            patience = _LOOK_EVERY_S


async def _read(scope: Scope, receive: Receive) -> Request | None:
    """The whole request; None when the sender has gone. Never keeps more than the format's limit."""
    path = scope["path"]
    door = door_of(path)
    limit = formats.LIMITS.get(door.format, 0)
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunk = message.get("body", b"")
        if size + len(chunk) <= limit:
            parts.append(chunk)
        size += len(chunk)
        if not message.get("more_body", False) or size > DRAIN_LIMIT:
            break
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    return Request(
        method=scope["method"],
        path=path,
        headers=headers,
        body=b"".join(parts),
        size_bytes=size,
        is_cut=door.format != "" and size > limit,
        door=door,
        body_id=id_in_time(),
    )


async def _send(send: Send, answer: Answer, *, is_head: bool = False) -> None:
    headers = [
        (b"content-type", answer.content_type.encode("latin-1")),
        (b"content-length", str(len(answer.body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        *((name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()),
    ]
    with contextlib.suppress(OSError):  # the sender has gone; what it sent is stored
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if is_head else answer.body})
