"""One thread reads the journal's tail and tells every open stream of this process; streams do no database work."""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import structlog
from django.db import DatabaseError, close_old_connections, connections

from console.feed.news import Interest, Item, News, head, items_of
from kernel import clock
from kernel.journal import StableCursor, tail_visible

log = structlog.get_logger("feed")

POLL_S = 0.5
TIME_S = 15.0  # how often every listener is told the time: keeps proxies and wound clocks in step
ADMIT_AGAIN_S = 30.0  # how often a listener's rights are looked at again
ADMIT_PER_ROUND = 20
KEPT = 5000  # entries kept for those who come back
BATCH = 500


class Stream:
    """One listener. News is gathered, so a slow reader costs one set of kinds, not a queue."""

    def __init__(self, interest: Interest, admit_again: Callable[[], Interest | None]) -> None:
        self.interest = interest
        self.admit_again = admit_again
        self.admitted_at = time.monotonic()
        self.loop = asyncio.get_running_loop()
        self.waiting = News()
        self.time: str | None = None
        self.is_over = False
        self.bell = asyncio.Event()

    def tell(self, items: list[Item], cursor: str) -> None:
        """Take news in (called on the event loop)."""
        for item in items:
            if kinds := self.interest.heard(item):
                self.waiting.add(item, kinds)
        self.waiting.cursor = cursor
        if self.waiting.kinds:
            self.bell.set()

    def refresh_all(self, cursor: str) -> None:
        """The listener was away for too long: everything may have changed."""
        self.waiting.kinds.add("*")
        self.waiting.cursor = cursor
        self.bell.set()

    def tell_time(self, present: str) -> None:
        """Pass the time on."""
        self.time = present
        self.bell.set()

    def end(self) -> None:
        """Close: rights were removed, or the process stops."""
        self.is_over = True
        self.bell.set()

    async def next(self) -> tuple[News, str | None]:
        """Wait for news or the time."""
        await self.bell.wait()
        self.bell.clear()
        news, present = self.waiting, self.time
        self.waiting, self.time = News(cursor=news.cursor), None
        return news, present


class Hub:
    """The tail reader. Starts with the first stream of the process."""

    def __init__(self) -> None:
        self.streams: set[Stream] = set()
        self.lock = threading.Lock()
        self.kept: dict[int, Item] = {}  # by entry id
        self.floor = StableCursor(0, 0)  # nothing behind it is missing from `kept`
        self.cursor = ""
        self.is_ready = False
        self.early: list[tuple[Stream, str]] = []  # who came before the first look
        self.thread: threading.Thread | None = None
        self.stopping = threading.Event()

    def join(self, stream: Stream, after: str) -> None:
        """Add a listener and give it what it missed since its cursor (called on the event loop)."""
        with self.lock:
            self.streams.add(stream)
            if self.thread is None or not self.thread.is_alive():
                self.stopping.clear()
                self.thread = threading.Thread(target=self.run, name="feed", daemon=True)
                self.thread.start()
            if not self.is_ready:
                self.early.append((stream, after))
                return
        self.catch_up(stream, after)

    def catch_up(self, stream: Stream, after: str) -> None:
        """Tell a newcomer what came behind its cursor, or that it was away for too long (called on the event loop)."""
        if not after:
            return
        with self.lock:
            floor, cursor, kept = self.floor, self.cursor, list(self.kept.values())
        place = StableCursor.parse(after)
        if place < floor:
            stream.refresh_all(cursor)
        else:
            stream.tell([item for item in kept if item.place > place], cursor)

    def leave(self, stream: Stream) -> None:
        """Forget a listener."""
        with self.lock:
            self.streams.discard(stream)

    def stop(self) -> None:
        """End all streams and the thread."""
        self.stopping.set()
        self._all(Stream.end)

    def run(self) -> None:
        """Read, tell, look at rights; a database that is away is waited for."""
        told_time = 0.0
        try:
            while not self.stopping.is_set():
                try:
                    close_old_connections()
                    more = self.read()
                    if time.monotonic() - told_time > TIME_S:
                        told_time = time.monotonic()
                        self._all(Stream.tell_time, clock.now().isoformat())
                    self.look_at_rights()
                except DatabaseError:
                    log.warning("feed_database_away")
                    more = False
                    self.stopping.wait(2)
                if not more:
                    self.stopping.wait(POLL_S)
        finally:
            connections.close_all()

    def read(self) -> bool:
        """One look at the tail. Returns whether more is waiting.

        What was already told but is not settled is read again each time, behind the oldest running transaction; the
        batch grows by it, so one long transaction cannot hide what comes after.
        """
        if not self.is_ready:
            start = head(back=BATCH)
            self.floor, self.cursor = StableCursor.parse(start), start
        unsettled = sum(item.place > StableCursor.parse(self.cursor) for item in self.kept.values())
        limit = BATCH + unsettled
        entries, cursor = tail_visible(self.cursor, limit=limit)
        fresh = items_of([entry for entry in entries if entry.id not in self.kept])
        with self.lock:
            self.kept.update((item.place.id, item) for item in fresh)
            self.cursor = cursor
            is_first, self.is_ready = not self.is_ready, True
            early, self.early = self.early, []
            self._forget_oldest()
        if is_first:  # what was there before anybody listened is news only to who says so by a cursor
            for stream, after in early:
                self._call(stream, lambda listener, place: self.catch_up(listener, place), after)
        elif fresh:
            self._all(Stream.tell, fresh, cursor)
        return len(entries) == limit

    def look_at_rights(self) -> None:
        """Ask again, a few at a time, whether listeners may still listen; end those who may not."""
        old = time.monotonic() - ADMIT_AGAIN_S
        with self.lock:
            due = [stream for stream in self.streams if stream.admitted_at < old][:ADMIT_PER_ROUND]
        for stream in due:
            interest = stream.admit_again()
            if interest is None:
                self._call(stream, Stream.end)
            else:
                stream.interest, stream.admitted_at = interest, time.monotonic()

    def _forget_oldest(self) -> None:
        if len(self.kept) <= KEPT:
            return
        settled = StableCursor.parse(self.cursor)
        for item in sorted(self.kept.values(), key=lambda kept: kept.place)[: len(self.kept) - KEPT]:
            if item.place > settled:
                return
            self.floor = item.place
            del self.kept[item.place.id]

    def _all(self, method: Callable[..., None], *arguments: Any) -> None:
        with self.lock:
            streams = list(self.streams)
        for stream in streams:
            self._call(stream, method, *arguments)

    @staticmethod
    def _call(stream: Stream, method: Callable[..., None], *arguments: Any) -> None:
        try:
            stream.loop.call_soon_threadsafe(method, stream, *arguments)
        except RuntimeError:  # the loop is closed: the process stops
            stream.is_over = True


hub = Hub()
