"""The practice order system: its control server carries out the steps (HTTP, bearer token from its address book)."""

import json
from pathlib import Path
from typing import Any

import httpx

from incidents.switchover.executors.base import GatewayView, Outcome, Result, SideView, answer_of, client
from incidents.switchover.executors.target import Target
from incidents.switchover.problems import problem, said


class LabExecutor:
    """Speaks with the control server. Its address book (`secret_file`) is read each time: a restart may change port and token."""

    def __init__(self, target: Target) -> None:
        self.target = target

    def status(self, *, limit_s: float = 2.0) -> GatewayView:
        """GET /status."""
        try:
            url, token = self._control()
            with client(limit_s) as http:
                response = http.get(f"{url}/status", headers={"Authorization": f"Bearer {token}"})
        except (httpx.HTTPError, OSError, ValueError) as lost:
            return GatewayView(is_known=False, problem=problem("no_control", kind=type(lost).__name__))
        body = answer_of(response)
        if not response.is_success or "sides" not in body:
            return GatewayView(is_known=False, problem=problem("control_answered", status=response.status_code))
        return view_of(body)

    def act(self, step: str, *, from_side: str, to_side: str, limit_s: float) -> Outcome:
        """POST /steps/<step>."""
        try:
            url, token = self._control()
            with client(limit_s) as http:
                response = http.post(f"{url}/steps/{step}", json={"from": from_side, "to": to_side}, headers={"Authorization": f"Bearer {token}"})
        except httpx.ConnectError as lost:  # nothing was sent
            return Outcome(Result.REFUSED, error=problem("no_control", kind=type(lost).__name__))
        except (httpx.HTTPError, OSError, ValueError) as lost:
            return Outcome(Result.UNKNOWN, error=problem("no_answer", limit_s=f"{limit_s:g}", kind=type(lost).__name__))
        return _outcome(response)

    def _control(self) -> tuple[str, str]:
        """Address and token. Raises OSError or ValueError when the address book cannot be read."""
        try:
            control = json.loads(Path(self.target.secret_file).read_text(encoding="utf-8"))["control"]
            return str(control.get("url") or self.target.control_url).rstrip("/"), str(control["token"])
        except (KeyError, TypeError) as wrong:
            raise ValueError("the address book of the practice system lacks its control server") from wrong


def _outcome(response: httpx.Response) -> Outcome:
    body = answer_of(response)
    evidence = body.get("evidence") if isinstance(body.get("evidence"), dict) else {}
    if response.is_success and body.get("ok", True):
        return Outcome(Result.OK, evidence or {})
    error = said(str(body.get("code", response.status_code)), str(body.get("message", response.text[:300])))
    # 4xx: it does not fit the present state, nothing was done; 5xx: it was tried, and how far it came is not certain
    return Outcome(Result.REFUSED if response.status_code < 500 else Result.UNKNOWN, evidence or {}, error)


def view_of(body: dict[str, Any]) -> GatewayView:
    """Our picture of the control server's status."""
    replication, gateway = body.get("replication") or {}, body.get("gateway") or {}
    return GatewayView(
        is_known=True,
        serving=gateway.get("serving"),
        sides={role: _side(role, side) for role, side in body["sides"].items()},
        lag_bytes=replication.get("lag_bytes"),
        lag_seconds=replication.get("lag_seconds"),
        is_streaming=replication.get("state") == "streaming",
        is_synchronous=replication.get("synchronous") == "on",
        is_narrowed=bool(gateway.get("moved_to")),
        raw=body,
    )


def _side(role: str, side: dict[str, Any]) -> SideView:
    service, database = side.get("service") or {}, side.get("database") or {}
    return SideView(
        role,
        is_reachable=bool(database.get("up")) and not side.get("isolated"),
        is_ready=bool(service.get("up")) and bool(database.get("up")),
        is_writable=side.get("writes_granted"),
        needs_rebuild=bool(side.get("isolated")),
        version=str(side.get("version") or ""),
    )
