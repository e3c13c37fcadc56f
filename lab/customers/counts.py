"""The customers' own count, in total and since a moment."""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from lab.customers.ledger import read_ledger

_KEPT_S = 12 * 3600


@dataclass
class Second:
    """What happened within one second of Unix time."""

    at: int
    started: int = 0
    placed: int = 0
    paid: int = 0
    shipped: int = 0
    failed: int = 0
    attempts: int = 0
    worst_ms: float = 0.0
    silence_ms: float = 0.0  # longest time without any 2xx that ended in this second


@dataclass
class Counts:
    """`placed`, `paid`, `shipped`, `failed`, `lost`, `duplicates`: since the folder was made. Seconds: of this run only."""

    started: int = 0
    placed: int = 0
    paid: int = 0
    shipped: int = 0
    attempts: int = 0
    failed_by_step: dict[str, int] = field(default_factory=lambda: {"place": 0, "pay": 0, "ship": 0})
    lost: set[str] = field(default_factory=set)
    duplicates: set[str] = field(default_factory=set)
    refusals: Counter[str] = field(default_factory=Counter)
    re_read: int = 0
    in_progress: int = 0
    seconds: deque[Second] = field(default_factory=deque)
    _last_success: float = field(default_factory=time.monotonic)

    @classmethod
    def from_ledger(cls, path: Any) -> Counts:
        counts = cls()
        for entry in read_ledger(path):
            match entry["e"]:
                case "placed" | "paid" | "shipped" as step:
                    setattr(counts, step, getattr(counts, step) + 1)
                case "failed":
                    counts.failed_by_step[entry["step"]] += 1
                case "lost":
                    counts.lost.add(entry["id"])
                case "duplicate":
                    counts.duplicates.add(entry["id"])
        counts.started = counts.placed + counts.failed_by_step["place"]
        return counts

    def _now(self) -> Second:
        now = int(time.time())
        if not self.seconds or self.seconds[-1].at < now:
            self.seconds.append(Second(now))
            while self.seconds[0].at < now - _KEPT_S:
                self.seconds.popleft()
        return self.seconds[-1]

    def begun(self) -> None:
        self.started += 1
        self._now().started += 1

    def attempted(self) -> None:
        self.attempts += 1
        self._now().attempts += 1

    def refused(self, why: str) -> None:
        """An attempt without a 2xx: its status code, or what happened instead of an answer. The customer tries again."""
        self.refusals[why] += 1

    def succeeded(self, step: str, took_s: float) -> None:
        setattr(self, step, getattr(self, step) + 1)
        second, now = self._now(), time.monotonic()
        setattr(second, step, getattr(second, step) + 1)
        second.worst_ms = max(second.worst_ms, round(took_s * 1000, 1))
        second.silence_ms = max(second.silence_ms, round((now - self._last_success) * 1000, 1))
        self._last_success = now

    def failed_one(self, step: str, took_s: float) -> None:
        self.failed_by_step[step] += 1
        second = self._now()
        second.failed += 1
        second.worst_ms = max(second.worst_ms, round(took_s * 1000, 1))

    def as_json(self, since: float | None) -> dict[str, Any]:
        totals: dict[str, Any] = {
            "at": round(time.time(), 3), "started": self.started, "placed": self.placed, "paid": self.paid, "done": self.shipped,
            "failed": sum(self.failed_by_step.values()), "failed_by_step": dict(self.failed_by_step), "lost": len(self.lost),
            "duplicates": len(self.duplicates), "attempts": self.attempts, "refusals": dict(self.refusals),
             "in_progress": self.in_progress, "re_read": self.re_read,
            "lost_ids": sorted(self.lost)[:20], "silent_for_ms": round((time.monotonic() - self._last_success) * 1000, 1),
        }  # fmt: skip
        return totals | {"last_10_s": self._sum(time.time() - 10)} | ({"since": self._sum(since)} if since is not None else {})

    def _sum(self, since: float) -> dict[str, Any]:
        """Whole seconds: the second in which `since` lies is counted."""
        chosen = [second for second in self.seconds if second.at >= int(since)]
        sums: dict[str, Any] = {name: sum(getattr(second, name) for second in chosen) for name in ("started", "placed", "paid", "failed", "attempts")}
        sums["done"] = sum(second.shipped for second in chosen)
        worst = {f"{name}_ms": max((getattr(second, f"{name}_ms") for second in chosen), default=0.0) for name in ("worst", "silence")}
        return {"from": since, **sums, **worst}
