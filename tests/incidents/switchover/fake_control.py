"""A practice order system of a hundred lines on loopback, for unit tests of order and failure only.

Strict: a step out of order is refused (409), as the real control server does. It plays both sides, the gateway's
front door and the order service; `refuse`, `hang` and `die_at` make it fail at a chosen step.
"""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

TOKEN = "fake-control-token"


class FakeSystem:
    """State of both sides, and what shall go wrong."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.active = "primary"
        self.granted = {"primary": True, "standby": False}
        self.gate = {"primary": True, "standby": False}
        self.alive = {"primary": True, "standby": True}
        self.isolated = {"primary": False, "standby": False}
        self.caught_up = False
        self.detached = False
        self.moved_to: str | None = None
        self.orders: dict[str, str] = {}
        self.business_fails = False
        self.calls: list[str] = []
        self.refuse: dict[str, int] = {}  # step: status, until removed
        self.hang: dict[str, int] = {}  # step: how many times it answers too late
        self.die_at: dict[str, str] = {}  # step: side that is dead from then on

    # -- what it answers ----------------------------------------------------------------------------------------------

    def serving(self) -> str | None:
        for side in ("primary", "standby"):
            if self.gate[side] and self.alive[side] and self.granted[side] and self.moved_to in (None, side):
                return side
        return None

    def status(self) -> dict[str, Any]:
        other = "standby" if self.active == "primary" else "primary"
        sides = {
            side: {
                "version": "1.0.0",
                "isolated": self.isolated[side],
                "service": {"up": self.alive[side]},
                "database": {"up": self.alive[side]},
                "writes_granted": self.granted[side],
            }
            for side in ("primary", "standby")
        }
        state = "streaming" if self.alive[other] and self.alive[self.active] and not self.detached else "none"
        return {
            "active": self.active,
            "sides": sides,
            "replication": {"state": state, "lag_bytes": 0, "lag_seconds": 0.0, "synchronous": "on"},
            "gateway": {"up": True, "serving": self.serving(), "moved_to": self.moved_to},
        }

    def step(self, name: str, old: str, new: str) -> tuple[int, dict[str, Any]]:
        with self.lock:
            self.calls.append(name)
            if name in self.die_at:
                self.alive[self.die_at.pop(name)] = False
            if name in self.refuse:
                return self.refuse[name], {"ok": False, "code": "refused", "message": f"{name} is made to fail"}
            problem = self._problem(name, old, new)
            if problem:
                return 409, {"ok": False, "code": "out_of_order", "message": problem}
            self._do(name, old, new)
            return 200, {"ok": True, "evidence": {"step": name}}

    def _problem(self, name: str, old: str, new: str) -> str:
        needs_old = {"close_gate", "fence", "catch_up", "compare_quick", "reverse", "unfence", "reopen_gate", "reverse_back"}
        if name in needs_old and not self.alive[old]:
            return f"{old} is down"
        wrong = {
            "fence": self.gate[old],
            "catch_up": self.granted[old],
            "compare_quick": not self.caught_up,
            "reverse": not self.caught_up,
            "grant": self.granted[old] and not self.isolated[old],
            "open_gate": not self.granted[new],
            "confirm_down": self.alive[old],
            "detach_subscription": not self.isolated[old],
            "unfence": self.granted[new],
            "reopen_gate": not self.granted[old],
            "rebuild": not self.isolated[new],
        }
        return f"{name} does not fit the present state" if wrong.get(name, False) else ""

    def _do(self, name: str, old: str, new: str) -> None:
        match name:
            case "close_gate":
                self.gate[old] = False
            case "fence":
                self.granted[old] = False
            case "catch_up":
                self.caught_up = True
            case "confirm_down":
                self.isolated[old], self.gate[old], self.granted[old] = True, False, False
            case "detach_subscription":
                self.detached = True
            case "grant":
                self.granted[new], self.active, self.caught_up = True, new, False
            case "open_gate":
                self.gate[new], self.active = True, new
            case "unfence":
                self.granted[old] = True
            case "reopen_gate":
                self.gate[old] = True
            case "move_gateway":
                self.moved_to = new
            case "restore_gateway":
                self.moved_to = None
            case "rebuild":
                self.isolated[new], self.alive[new], self.detached = False, True, False


class FakeControl:
    """The HTTP servers around a FakeSystem: control (bearer token) and the gateway's front door."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.system = FakeSystem()
        self.server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self.system))
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.address_book = folder / "lab.json"
        self.address_book.write_text(json.dumps({"control": {"url": self.url, "token": TOKEN}}))

    def __deepcopy__(self, _memo: dict[int, Any]) -> FakeControl:
        return self  # what refers to a server refers to the same one when it is copied

    def start(self) -> FakeControl:
        self.thread.start()
        return self

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def _handler(system: FakeSystem) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Quiet."""

        def answer(self, status: int, body: dict[str, Any]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def body(self) -> dict[str, Any]:
            return json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")  # type: ignore[no-any-return]

        def do_GET(self) -> None:
            if self.path == "/status":
                self.answer(*((200, system.status()) if self.headers.get("Authorization") == f"Bearer {TOKEN}" else (401, {"code": "unauthorized"})))
            elif self.path.startswith("/side/"):
                side = self.path.split("/")[2]
                ready = system.gate[side] and system.alive[side]
                self.answer(200 if ready else 503, {"ready": ready, "side": side})
            elif self.path.startswith("/orders/"):
                order = self.path.rpartition("/")[2]
                known = order in system.orders.values()
                self.answer(200 if known else 404, {"id": order, "side": system.serving()})
            else:
                self.answer(404, {})

        def do_POST(self) -> None:
            body = self.body()
            if self.path == "/orders":
                side = system.serving()
                if side is None or system.business_fails:
                    self.answer(503, {"code": "held"})
                    return
                key = self.headers["Idempotency-Key"]
                assert self.headers["X-Business-Check"] == "1"
                order = system.orders.setdefault(key, f"order-{len(system.orders)}")
                self.answer(201, {"id": order, "side": side})
                return
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                self.answer(401, {"code": "unauthorized"})
                return
            name = self.path.rpartition("/")[2]
            status, answered = system.step(name, body["from"], body["to"])
            if system.hang.get(name, 0) > 0:
                system.hang[name] -= 1
                time.sleep(1.2)  # past the limit that the test gives the step; done nevertheless
            try:
                self.answer(status, answered)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

    return Handler
