"""The picture of the whole that the console and people read."""

from __future__ import annotations

import time
from typing import Any

from lab.home import SIDES, Side, other
from lab.system import System
from lab.watchdog import Watchdog


def status(system: System, watchdog: Watchdog, customers: dict[str, Any] | None) -> dict[str, Any]:
    """Everything as last seen, at most half a second old. `seen_at`: Unix time, seconds."""
    active = system.state.active
    return {
        "at": round(time.time(), 3),
        "started_at": round(system.started_at, 3),
        "active": active,
        "switching": not any(system.state.sides[side].gate_open for side in SIDES),
        "sides": {side: _side(system, watchdog, side) for side in SIDES},
        "replication": _replication(system, watchdog),
        "gateway": {
            "up": watchdog.upstreams is not None,
            "url": system.gateway.url,
            "admin_url": system.gateway.admin_url,
            "serving": watchdog.serving,
            "upstreams": watchdog.upstreams,
            "moved_to": system.state.gateway_moved_to,
        },
        "customers": customers,
        "faults": [{"kind": fault.kind, "side": fault.side, "at": round(fault.at, 3)} for fault in system.state.faults],
    }


def _side(system: System, watchdog: Watchdog, side: Side) -> dict[str, Any]:
    view, wanted, site = watchdog.views[side], system.state.sides[side], system.sites[side]
    service = view.service or {}
    return {
        "role": _role(system, watchdog, side),
        "version": service.get("version") or wanted.version,
        "isolated": wanted.isolated,
        "service": {
            "up": view.service is not None,
            "url": system.book["sides"][side]["service_url"],
            "slow_ms": service.get("slow_ms", 0),
            "recent": service.get("recent"),
            "restarts": site.service.restarts,
        },
        "gate": {
            "state": service.get("gate", "closed"),
            "wanted": "open" if wanted.gate_open else "closed",
            "url": system.book["sides"][side]["gate_url"],
        },
        "database": {
            "up": view.database_up,
            "port": site.database.cluster.port,
            "data_dir": str(site.database.cluster.data_dir),
            "system_identifier": view.system_identifier,
            "orders": view.orders,
        },
        "writes_granted": view.writes_granted,
        "synchronous_standby_names": view.sync_names,
        "seen_at": round(view.seen_at, 3),
    }


def _role(system: System, watchdog: Watchdog, side: Side) -> str:
    """active: may write · fenced: the active one, its right taken in mid-switch · isolated: out, waits for a rebuild · passive."""
    if system.state.sides[side].isolated:
        return "isolated"
    if watchdog.views[side].writes_granted:
        return "active"
    return "fenced" if side == system.state.active else "passive"


def _replication(system: System, watchdog: Watchdog) -> dict[str, Any]:
    """From the active side to the other, and back. `second_copy`: what customers were promised since is on both sides."""
    active: Side = system.state.active
    passive = other(active)
    forward, reverse = watchdog.views[active].follows, watchdog.views[passive].follows
    behind_s = forward.lag_seconds if forward.streaming else time.monotonic() - watchdog.last_streaming
    return {
        "from": active,
        "to": passive,
        "state": _word(forward.exists, forward.active, forward.state),
        "lag_bytes": forward.lag_bytes,
        "lag_seconds": round(behind_s, 3),
        "synchronous": watchdog.synchronous,
        "synchronous_since": round(watchdog.synchronous_since, 3),
        "second_copy": watchdog.synchronous == "on" and forward.streaming,
        "reverse_state": _word(reverse.exists, reverse.active, reverse.state),
    }


def _word(exists: bool, active: bool, state: str) -> str:
    if not exists:
        return "none"
    return {"streaming": "streaming", "catchup": "catching up", "startup": "catching up"}.get(state, "stopped") if active else "stopped"
