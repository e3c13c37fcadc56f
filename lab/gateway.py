"""The gateway: Caddy with both gate ports as upstreams. Only the active side's is open, so a switch needs no reload and holds orders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.home import SIDES, Side, write_private_json
from lab.http import NoAnswer, request

HOLD_S = 8  # how long Caddy holds an order while no gate is open; less than the customer's 10 s
_HANDLER_ID = "order_gates"


class Gateway:
    """Caddy's configuration and admin API. `moved_to`: only that side is listed, because the other's gate could not be closed."""

    def __init__(self, book: dict[str, Any], folder: Path) -> None:
        self.url: str = book["gateway"]["url"]
        self.admin_url: str = book["gateway"]["admin_url"]
        self.config_path = folder / "caddy.json"
        self._folder = folder
        self._addresses: dict[Side, str] = {side: f"127.0.0.1:{book['ports'][f'{side}_gate']}" for side in SIDES}

    def write_config(self, moved_to: Side | None) -> None:
        handler = {
            "@id": _HANDLER_ID,
            "handler": "reverse_proxy",
            "upstreams": self._upstreams(moved_to),
            "load_balancing": {"selection_policy": {"policy": "first"}, "try_duration": f"{HOLD_S}s", "try_interval": "20ms"},
            "health_checks": {"active": {"uri": "/ready", "interval": "100ms", "timeout": "500ms"}},
        }
        server = {"listen": [self.url.removeprefix("http://")], "automatic_https": {"disable": True}, "routes": [{"handle": [handler]}]}
        log = {"writer": {"output": "file", "filename": str(self._folder / "caddy.log"), "roll_size_mb": 10, "roll_keep": 2}, "level": "ERROR"}
        config = {
            "admin": {"listen": self.admin_url.removeprefix("http://"), "config": {"persist": False}},
            "logging": {"logs": {"default": log}},
            "apps": {"http": {"grace_period": "1s", "servers": {"shop": server}}},
        }
        write_private_json(self.config_path, config)

    def _upstreams(self, moved_to: Side | None) -> list[dict[str, str]]:
        return [{"dial": address} for side, address in self._addresses.items() if moved_to in (None, side)]

    async def move(self, to: Side | None) -> None:
        """List only that side's gate (None: both again). The reload aborts held requests with 502: not for planned switches."""
        self.write_config(to)
        try:
            answer = await request("PATCH", f"{self.admin_url}/id/{_HANDLER_ID}/upstreams", self._upstreams(to), timeout_s=3)
        except NoAnswer as lost:
            raise LabError("gateway_down", f"The gateway's admin API does not answer: {lost}", status=503) from lost
        if not answer.good:
            raise LabError("gateway_refused", f"The gateway refused the new upstreams: {answer.body.decode(errors='replace')}", status=502)

    async def upstreams(self) -> list[dict[str, Any]] | None:
        """As Caddy's admin API tells it; None when it does not answer."""
        try:
            listed = (await request("GET", f"{self.admin_url}/reverse_proxy/upstreams", timeout_s=2)).json()
            configured = {entry["dial"] for entry in (await request("GET", f"{self.admin_url}/id/{_HANDLER_ID}/upstreams", timeout_s=2)).json()}
        except NoAnswer:
            return None
        sides = {address: side for side, address in self._addresses.items()}
        return [
            {"address": entry["address"], "side": sides.get(entry["address"]), "requests_now": entry["num_requests"], "fails": entry["fails"]}
            for entry in listed or []
            if entry["address"] in configured
        ]

    async def serving(self) -> Side | None:
        """Where a request through the gateway arrives now; None when it is held or refused."""
        try:
            answer = await request("GET", f"{self.url}/ready", timeout_s=1)
            side: Side | None = answer.json().get("side") if answer.good else None
        except NoAnswer:
            return None
        return side
