"""The ASGI end of the feed: admission in a small pool of threads, then nothing but waiting for the hub."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs

from django.db import DatabaseError, close_old_connections

from console.feed.admission import admit
from console.feed.hub import Stream, hub
from console.feed.news import Interest
from kernel.errors import DomainError
from kernel.journal import StableCursor

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MOST_STREAMS = 1000
RETRY_MS = (1500, 6000)  # how long a browser waits before it comes back: drawn by lot, so that not all come at once

_admissions = ThreadPoolExecutor(max_workers=2, thread_name_prefix="feed-admission")


async def feed_application(scope: Scope, receive: Receive, send: Send) -> None:
    """`GET /feed/?under=<kind>:<id>&after=<cursor>`: server-sent events until the reader leaves or loses the right."""
    if scope["method"] != "GET":
        await _refuse(send, 405)
        return
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    query = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=20)
    under = query.get("under", [])
    after = headers.get("last-event-id") or (query.get("after") or [""])[0]
    try:
        StableCursor.parse(after)
    except DomainError:
        await _refuse(send, 400)
        return
    if len(hub.streams) >= MOST_STREAMS:
        await _refuse(send, 503)
        return
    try:
        interest = await asyncio.get_running_loop().run_in_executor(_admissions, _admit, headers, under)
    except DatabaseError:
        await _refuse(send, 503)
        return
    if interest is None:
        await _refuse(send, 401)
        return
    await _serve(Stream(interest, lambda: admit(headers, under)), after, receive, send)


def _admit(headers: Mapping[str, str], under: list[str]) -> Interest | None:
    close_old_connections()
    return admit(headers, under)


async def _serve(stream: Stream, after: str, receive: Receive, send: Send) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [
                (b"content-type", b"text/event-stream; charset=utf-8"),
                (b"cache-control", b"no-store"),
                (b"x-accel-buffering", b"no"),
                (b"x-content-type-options", b"nosniff"),
            ],
        }
    )
    await _write(send, f"retry: {random.randint(*RETRY_MS)}\n\n")
    gone = asyncio.create_task(_gone(receive))
    hub.join(stream, after)
    try:
        while not (gone.done() or stream.is_over):
            bell = asyncio.create_task(stream.next())
            done, _ = await asyncio.wait({bell, gone}, return_when=asyncio.FIRST_COMPLETED)
            if bell not in done:
                bell.cancel()
                break
            news, present = bell.result()
            if present:
                await _write(send, f"event: time\ndata: {present}\n\n")
            if news.kinds:
                mark = f"id: {news.cursor}\n" if news.cursor else ""
                await _write(send, f"event: news\n{mark}data: {news.as_json()}\n\n")
        if stream.is_over and not gone.done():
            await _write(send, "event: bye\ndata: \n\n", last=True)
    except OSError:
        pass  # the reader went away while we wrote
    finally:
        hub.leave(stream)
        gone.cancel()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _write(send: Send, text: str, *, last: bool = False) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": not last})


async def _refuse(send: Send, status: int) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    if status == 503:
        headers.append((b"retry-after", b"5"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
