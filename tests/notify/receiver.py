"""A strict webhook receiver: checks signature and time, remembers ids, refuses the same id with another body."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass
class Receiver:
    """Answers 2xx only to what the specification (standardwebhooks.com) lets through."""

    secrets: list[bytes] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)  # answers to the next good requests, then 204
    stall_s: float = 0.0
    stall_after_accepting: float = 0.0

    def __post_init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self.arrivals: Counter[str] = Counter()
        self.headers: list[dict[str, str]] = []
        self.refused: list[str] = []
        self.times: list[float] = []
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/hook?team=1"

    def documents(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.bodies.values()]

    def judge(self, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str]]:
        with self._lock:
            problem = self._problem(headers, body)
            if problem:
                self.refused.append(problem)
                return 400, {}
            if self.answers:
                answer = self.answers.pop(0)
                if not 200 <= answer[0] < 300:
                    return answer
            self.bodies[headers["webhook-id"]] = body
            self.arrivals[headers["webhook-id"]] += 1
            self.headers.append(headers)
            self.times.append(time.monotonic())
            return 204, {}

    def _problem(self, headers: dict[str, str], body: bytes) -> str:
        message_id, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        if not message_id or headers.get("idempotency-key") != message_id:
            return "no id"
        if not at.isdigit() or abs(time.time() - int(at)) > 300:
            return "time"
        signed = f"{message_id}.{at}.".encode() + body
        good = {"v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode() for secret in self.secrets}
        if not good & set(headers.get("webhook-signature", "").split(" ")):
            return "signature"
        if message_id in self.bodies and self.bodies[message_id] != body:
            return "same id, other body"
        return ""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # of the five that are usual, the sixth who comes at once waits for a second


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if receiver.stall_s:
                time.sleep(receiver.stall_s)
            status, headers = receiver.judge({name.lower(): value for name, value in self.headers.items()}, body)
            if receiver.stall_after_accepting:
                time.sleep(receiver.stall_after_accepting)
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()
            except OSError:
                pass  # the sender has given up

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    return Handler
