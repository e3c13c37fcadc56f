"""The contract of executors, and what they report."""

import ssl
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any, Protocol

import httpx

from incidents.switchover.executors.target import Target


class Result(StrEnum):
    """OK: done, or it was so already. REFUSED: surely not done. UNKNOWN: no answer, it may or may not be done."""

    OK = "ok"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Outcome:
    """What came of one act."""

    result: Result
    evidence: dict[str, Any] = field(default_factory=dict)
    error: str = ""

    @property
    def is_ok(self) -> bool:
        """Whether it is done."""
        return self.result is Result.OK


@dataclass(frozen=True)
class SideView:
    """One side as the gateway's control sees it. None: not known.

    `is_reachable`: its data can be read and caught up from; `is_ready`: it could carry business; `is_writable`: it may take
    orders; `needs_rebuild`: business moved away without it, so it must become a copy before it can be used.
    """

    role: str
    is_reachable: bool
    is_ready: bool | None = None
    is_writable: bool | None = None
    needs_rebuild: bool = False
    version: str = ""


@dataclass(frozen=True)
class GatewayView:
    """Where traffic goes now and how the sides are.

    `serving`: the side that requests reach, None when they are held, refused, or it is not known. `is_narrowed`: a side was
    taken out of the gateway. `problem`: why nothing is known.
    """

    is_known: bool
    serving: str | None = None
    sides: dict[str, SideView] = field(default_factory=dict)
    lag_bytes: int | None = None
    lag_seconds: float | None = None
    is_streaming: bool | None = None
    is_synchronous: bool | None = None
    is_narrowed: bool = False
    problem: str = ""
    raw: dict[str, Any] = field(default_factory=dict)

    def is_reachable(self, role: str) -> bool:
        """Whether that side lives."""
        side = self.sides.get(role)
        return side is not None and side.is_reachable

    def as_json(self) -> dict[str, Any]:
        """All of it, to be kept."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "GatewayView":
        """What `as_json` gave."""
        return cls(**{**kept, "sides": {role: SideView(**side) for role, side in kept.get("sides", {}).items()}})

    def summary(self) -> dict[str, Any]:
        """The part of it that is kept as evidence."""
        return {
            "serving": self.serving,
            "sides": {role: {"reachable": side.is_reachable, "ready": side.is_ready, "version": side.version} for role, side in self.sides.items()},
            "lag_bytes": self.lag_bytes,
            "streaming": self.is_streaming,
            "problem": self.problem,
        }


class Executor(Protocol):
    """Acts on one part's gateway. Never raises for what the network does: it reports."""

    def __init__(self, target: Target) -> None: ...

    def status(self, *, limit_s: float = 2.0) -> GatewayView:
        """Where traffic goes and how the sides are."""
        ...

    def act(self, step: str, *, from_side: str, to_side: str, limit_s: float) -> Outcome:
        """Carry out one step, or the undo of one. Safe to repeat."""
        ...


def client(limit_s: float, **options: Any) -> httpx.Client:
    """An HTTP client with a hard limit, that follows no redirect and trusts no proxy variable."""
    limits = httpx.Timeout(limit_s, connect=min(limit_s, 1.0))
    return httpx.Client(timeout=limits, follow_redirects=False, trust_env=False, verify=_certificates(), **options)


@cache
def _certificates() -> ssl.SSLContext:
    """Read once: reading them for each client costs 50 ms, and orders are held at the gateway meanwhile."""
    return httpx.create_ssl_context(trust_env=False)


def answer_of(response: httpx.Response) -> dict[str, Any]:
    """The JSON object of an answer, empty when it is none."""
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
