"""Alertmanager v4 bodies: the same bytes go to the console and to the reference."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count

STARTED = "2026-11-21T09:00:00.000Z"


def alert(number: int) -> dict[str, object]:
    """One firing alert of its own; `warning`, so that it is stored and routed and opens nothing."""
    return {
        "status": "firing",
        "labels": {"alertname": "BenchLatency", "instance": f"host-{number}:9100", "job": "orders", "severity": "warning"},
        "annotations": {"summary": f"Latency is high on host-{number}", "description": "p95 above one second for five minutes"},
        "startsAt": STARTED,
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example/graph?g0.expr=up",
        "fingerprint": f"{number:016x}",
    }


def body(alerts: list[dict[str, object]]) -> bytes:
    """One webhook call."""
    return json.dumps(
        {
            "version": "4",
            "groupKey": '{}:{alertname="BenchLatency"}',
            "truncatedAlerts": 0,
            "status": "firing",
            "receiver": "switchback",
            "groupLabels": {"alertname": "BenchLatency"},
            "commonLabels": {"alertname": "BenchLatency", "job": "orders"},
            "commonAnnotations": {},
            "externalURL": "http://alertmanager.example",
            "alerts": alerts,
        }
    ).encode()


def distinct(*, size: int, start: int) -> Iterator[bytes]:
    """Calls of `size` alerts, no two alerts alike, numbered from `start`."""
    for first in count(start, size):
        yield body([alert(number) for number in range(first, first + size)])


def repeated(*, keys: int, start: int) -> Iterator[bytes]:
    """Single alerts that come again and again over this many keys."""
    ready = [body([alert(start + number)]) for number in range(keys)]
    for number in count():
        yield ready[number % keys]
