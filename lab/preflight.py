"""What must be so before a switch is worth starting. Changes nothing: the dry run of the console reads it."""

from __future__ import annotations

from typing import Any

from lab.errors import LabError
from lab.steps import Order
from lab.system import System
from lab.watchdog import Watchdog


def preflight(system: System, watchdog: Watchdog, order: Order, kind: str) -> dict[str, Any]:
    """Checks as {name, ok, detail}; `ok` when all are."""
    if kind not in ("planned", "emergency"):
        raise LabError("unknown_kind", "kind is planned or emergency", status=400)
    old, new = watchdog.views[order.old], watchdog.views[order.new]
    checks = [
        _check("carries_business", system.state.active == order.old, f"{system.state.active} carries business"),
        _check("new_database_up", new.database_up, f"database of the {order.new}"),
        _check("new_service_up", new.service is not None, f"order service of the {order.new}"),
        _check("new_not_isolated", not system.state.sides[order.new].isolated, f"{order.new} is part of the pair"),
        _check("gateway_up", watchdog.upstreams is not None, f"gateway {system.gateway.url}"),
    ]
    if kind == "planned":
        checks += [
            _check("old_database_up", old.database_up, f"database of the {order.old}"),
            _check("replicating", old.follows.streaming, f"{order.new} follows: {old.follows.state}, {old.follows.lag_bytes} bytes behind"),
            _check("reverse_slot", new.follows.exists, f"{order.new} keeps a slot for the {order.old}"),
            _check("gateway_knows_both", system.state.gateway_moved_to is None, "both gates are listed at the gateway"),
        ]
    else:
        checks.append(_check("old_database_down", not old.database_up, f"database of the {order.old} does not answer"))
    return {"kind": kind, "from": order.old, "to": order.new, "ok": all(check["ok"] for check in checks), "checks": checks}


def _check(name: str, good: bool, detail: str) -> dict[str, Any]:
    return {"name": name, "ok": good, "detail": detail}
