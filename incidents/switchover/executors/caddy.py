"""A Caddy gateway alone: traffic is moved by listing the other side's address (admin API)."""

from typing import Any
from urllib.parse import urlsplit

import httpx

from incidents.switchover.executors.base import GatewayView, Outcome, Result, SideView, client
from incidents.switchover.executors.target import SideAddress, Target
from incidents.switchover.problems import problem, said


class CaddyExecutor:
    """Reads and writes the upstreams of one `reverse_proxy` handler.

    The handler's `@id` is the fragment of the gateway's admin address (`http://127.0.0.1:2019#orders`), else the part's slug.
    Caddy reloads on a change: requests held at that moment end with 502 and are the client's to retry.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        parts = urlsplit(target.admin_url)
        self.admin = f"{parts.scheme}://{parts.netloc}"
        self.handler_id = parts.fragment or target.slug

    def status(self, *, limit_s: float = 2.0) -> GatewayView:
        """Where the listed upstream points, and whether each side answers its readiness check."""
        try:
            with client(limit_s) as http:
                response = http.get(f"{self.admin}/id/{self.handler_id}/upstreams")
                response.raise_for_status()
                dials = [str(entry.get("dial", "")) for entry in response.json() or []]
                sides = {role: self._side(http, side) for role, side in self.target.sides.items()}
        except (httpx.HTTPError, ValueError, AttributeError, TypeError) as lost:
            return GatewayView(is_known=False, problem=problem("no_usable_answer", kind=type(lost).__name__))
        listed = [role for role, side in self.target.sides.items() if _dial(side) in dials]
        serving = listed[0] if len(listed) == 1 else None
        return GatewayView(is_known=True, serving=serving, sides=sides, raw={"upstreams": dials})

    def act(self, step: str, *, from_side: str, to_side: str, limit_s: float) -> Outcome:
        """check_target, move_upstreams, move_upstreams_back."""
        try:
            with client(limit_s) as http:
                if step == "check_target":
                    return self._check(http, to_side)
                if step in {"move_upstreams", "move_upstreams_back"}:
                    return self._move(http, to_side if step == "move_upstreams" else from_side)
        except httpx.HTTPError as lost:
            return Outcome(Result.UNKNOWN, error=problem("no_answer", limit_s=f"{limit_s:g}", kind=type(lost).__name__))
        return Outcome(Result.REFUSED, error=problem("unknown_to_gateway"))

    def _check(self, http: httpx.Client, role: str) -> Outcome:
        side = self._side(http, self.target.sides[role])
        if side.is_ready:
            return Outcome(Result.OK, {"ready_url": self.target.sides[role].ready_url, "answered": 200})
        return Outcome(Result.REFUSED, error=problem("side_not_ready", name=self.target.sides[role].name))

    def _move(self, http: httpx.Client, role: str) -> Outcome:
        upstreams = [{"dial": _dial(self.target.sides[role])}]
        response = http.patch(f"{self.admin}/id/{self.handler_id}/upstreams", json=upstreams)
        if response.is_success:
            return Outcome(Result.OK, {"upstreams": upstreams, "answered": response.status_code})
        return Outcome(Result.REFUSED, {"answered": response.status_code}, said("gateway_refused", response.text[:300]))

    @staticmethod
    def _side(http: httpx.Client, side: SideAddress) -> SideView:
        try:
            is_ready = http.get(side.ready_url or side.url).is_success
        except httpx.HTTPError:
            return SideView(side.role, is_reachable=False, is_ready=False)
        return SideView(side.role, is_reachable=True, is_ready=is_ready)


def _dial(side: SideAddress) -> Any:
    parts = urlsplit(side.url)
    return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
