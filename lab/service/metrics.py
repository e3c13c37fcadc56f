"""What the order service tells Prometheus, and the last seconds as it judges them itself."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

WINDOW_S = 8.0
_FEWEST = 5  # fewer requests in the window say nothing
_HEALTHY_RATIO = 0.7
_HEALTHY_P95_S = 2.0


class Metrics:
    """Metrics of one side; every series carries the label `side`."""

    def __init__(self, side: str, version: str) -> None:
        self.registry = CollectorRegistry()
        self._side = side
        self._recent: deque[tuple[float, bool, float]] = deque(maxlen=5000)
        self._requests = Counter(
            "orders_requests", "Requests at the gate by route and status code", ["side", "route", "code"], registry=self.registry
        )
        self._seconds = Histogram(
            "orders_request_seconds", "Time to answer, seconds", ["side", "route"], registry=self.registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8),
        )  # fmt: skip
        self._acknowledged = Counter("orders_acknowledged", "Steps acknowledged to customers", ["side", "step"], registry=self.registry)
        self._checks = Counter("orders_business_checks", "Marked check orders acknowledged (no business)", ["side"], registry=self.registry)
        self._gauges = {
            name: Gauge(f"orders_{name}", text, ["side"], registry=self.registry).labels(side)
            for name, text in (
                ("success_ratio", f"Requests of the last {WINDOW_S:g} s not answered with 5xx, 0 to 1; 1 without requests"),
                ("p95_seconds", f"95th percentile of the time to answer in the last {WINDOW_S:g} s, seconds"),
                ("active", "1 when the side may write orders"),
                ("gate_open", "1 when the side takes orders"),
                ("database_up", "1 when the side's database answers"),
                ("replication_streaming", "1 when the other side follows this one"),
                ("replication_synchronous", "1 when orders are acknowledged only once on both sides"),
                ("replication_lag_bytes", "What the other side has not confirmed, bytes"),
                ("replication_lag_seconds", "How far the other side is behind, seconds"),
            )
        }
        Gauge("orders_version_info", "Version of the order service", ["side", "version"], registry=self.registry).labels(side, version).set(1)

    def set(self, **values: float) -> None:
        for name, value in values.items():
            self._gauges[name].set(value)

    def answered(self, route: str, code: int, seconds: float) -> None:
        self._requests.labels(self._side, route, str(code)).inc()
        self._seconds.labels(self._side, route).observe(seconds)
        self._recent.append((time.monotonic(), code < 500, seconds))

    def acknowledged(self, step: str, *, marked: bool) -> None:
        if marked:
            self._checks.labels(self._side).inc()
        else:
            self._acknowledged.labels(self._side, step).inc()

    def recent(self) -> dict[str, Any]:
        """Requests, success ratio, 95th percentile and verdict over the last seconds."""
        since = time.monotonic() - WINDOW_S
        while self._recent and self._recent[0][0] < since:
            self._recent.popleft()
        number = len(self._recent)
        ratio = sum(good for _, good, _ in self._recent) / number if number else 1.0
        p95 = sorted(seconds for *_, seconds in self._recent)[int(number * 0.95)] if number else 0.0
        healthy = number < _FEWEST or (ratio >= _HEALTHY_RATIO and p95 <= _HEALTHY_P95_S)
        return {"window_s": WINDOW_S, "requests": number, "success_ratio": round(ratio, 3), "p95_seconds": round(p95, 3), "healthy": healthy}

    def exposition(self) -> bytes:
        recent = self.recent()
        self.set(success_ratio=recent["success_ratio"], p95_seconds=recent["p95_seconds"])
        return generate_latest(self.registry)
