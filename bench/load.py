"""A small load generator: keep-alive connections, ready-made bytes, one answer before the next request."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

CONNECTIONS = 16
REQUEST_LIMIT_S = 30.0


@dataclass
class Outcome:
    """What one run saw. rate counts alerts (not requests) per second that were answered 2xx."""

    seconds: float
    alerts_per_request: int
    codes: dict[int, int] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)

    @property
    def accepted(self) -> int:
        """Alerts answered 2xx."""
        return sum(count for code, count in self.codes.items() if 200 <= code < 300) * self.alerts_per_request

    @property
    def rate(self) -> float:
        """Alerts per second answered 2xx."""
        return self.accepted / self.seconds

    def percentile(self, share: float) -> float:
        """Latency in milliseconds that this share of the requests stayed under."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 if ordered else 0.0


Bodies = Callable[[], Iterator[bytes]]


@dataclass
class Pace:
    """When the next request may begin, for all connections together. `rate` in requests per second; none is as fast as answers come."""

    rate: float | None
    next: float = field(default_factory=time.perf_counter)

    async def turn(self) -> None:
        """Wait for one's turn. What was missed because answers were slow is made up for, so that the rate is kept."""
        if self.rate is not None:
            now = time.perf_counter()
            begin = self.next = self.next + 1 / self.rate
            await asyncio.sleep(max(0.0, begin - now))


def run(
    *,
    port: int,
    path: str,
    bodies: Iterator[bytes],
    seconds: float,
    alerts_per_request: int,
    connections: int = CONNECTIONS,
    rate: float | None = None,
) -> Outcome:
    """Post bodies over this many connections for this long; bounded in time, loopback only. `rate`: requests per second at most."""
    return asyncio.run(_run(port, path, bodies, seconds, alerts_per_request, connections, Pace(rate)))


async def _run(port: int, path: str, bodies: Iterator[bytes], seconds: float, alerts_per_request: int, connections: int, pace: Pace) -> Outcome:
    outcome = Outcome(seconds=seconds, alerts_per_request=alerts_per_request)
    began = time.perf_counter()
    end = began + seconds
    await asyncio.gather(*(_connection(port, path, bodies, end, outcome, pace) for _ in range(connections)))
    outcome.seconds = time.perf_counter() - began
    return outcome


async def _connection(port: int, path: str, bodies: Iterator[bytes], end: float, outcome: Outcome, pace: Pace) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\nContent-Length: "
    try:
        while True:
            await pace.turn()
            if (began := time.perf_counter()) >= end:
                break
            body = next(bodies)
            writer.write(f"{head}{len(body)}\r\n\r\n".encode() + body)
            code = await asyncio.wait_for(_answer(reader), REQUEST_LIMIT_S)
            outcome.latencies.append(time.perf_counter() - began)
            outcome.codes[code] = outcome.codes.get(code, 0) + 1
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    lowered = head.lower()
    code = int(head[9:12])
    if b"content-length:" in lowered:
        length = int(lowered.split(b"content-length:")[1].split(b"\r\n")[0])
        if length:
            await reader.readexactly(length)
    elif b"transfer-encoding: chunked" in lowered:
        while (size := int((await reader.readline()).strip(), 16)) > 0:
            await reader.readexactly(size + 2)
        await reader.readline()
    return code
