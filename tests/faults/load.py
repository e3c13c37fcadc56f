"""A monitoring tool that files alerts all the time and retries as Alertmanager does; and what the mail sink saw."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from typing import Any

import httpx

from tests.flows.running import MailSink


class Filing(threading.Thread):
    """Posts numbered alerts at a steady rate. An alert counts as accepted once it was answered 2xx; else it is tried again."""

    def __init__(self, url: str, *, per_second: float) -> None:
        super().__init__(daemon=True)
        self.url = url
        self.pause_s = 1 / per_second
        self.accepted: set[str] = set()
        self.codes: Counter[str] = Counter()
        self.slowest_s = 0.0
        self._ended = threading.Event()

    def run(self) -> None:
        """Until told to end; what is under way is finished."""
        number = 0
        with httpx.Client(timeout=10) as client:
            while not self._ended.is_set():
                number += 1
                self._file(client, f"{number:016x}")
                time.sleep(self.pause_s)

    def end(self) -> None:
        """No more new alerts."""
        self._ended.set()
        self.join(90)
        assert not self.is_alive()

    def _file(self, client: httpx.Client, key: str) -> None:
        began = time.monotonic()
        while time.monotonic() - began < 80:
            try:
                sent = time.monotonic()
                answer = client.post(self.url, json=body(key))
                self.slowest_s = max(self.slowest_s, time.monotonic() - sent)
                self.codes[str(answer.status_code)] += 1
                if answer.is_success:
                    self.accepted.add(key)
                    return
            except httpx.HTTPError as error:
                self.codes[type(error).__name__] += 1
            time.sleep(0.3)


def body(key: str, *, severity: str = "warning") -> dict[str, Any]:
    """One Alertmanager call with one alert."""
    alert = {
        "status": "firing",
        "labels": {"alertname": "Load", "instance": key, "severity": severity},
        "annotations": {"summary": f"load {key}"},
        "startsAt": "2026-01-01T00:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": key,
    }
    return {"version": "4", "groupKey": "g", "status": "firing", "receiver": "r", "truncatedAlerts": 0, "alerts": [json.loads(json.dumps(alert))]}


def copies(sink: MailSink) -> Counter[str]:
    """How often each delivery came in, by its idempotency key."""
    return Counter(mail.key for mail in list(sink.mails))
