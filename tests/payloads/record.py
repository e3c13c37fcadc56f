"""Records what real Alertmanager and Prometheus send, once: python -m tests.payloads.record"""

from __future__ import annotations

import json
import shutil
import socket
import sys
import tempfile
import time
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

HERE = Path(__file__).parent
KEY = "k" * 32


class Sink:
    """Stands in for the console: keeps every request, answers as the formats want."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        sink = self

        class Take(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name: self.headers[name] for name in ("Content-Type", "User-Agent") if self.headers[name]}
                sink.requests.append({"method": "POST", "path": self.path, "headers": headers, "body": json.loads(body)})
                is_event = self.path.startswith("/v2/")
                answer = b'{"status":"success","message":"Event processed","dedup_key":"x"}' if is_event else b"{}"
                self.send_response(202 if is_event else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Take)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def of(self, path: str) -> list[dict[str, Any]]:
        """What came to such a path."""
        return [request for request in self.requests if path in request["path"]]


def main() -> None:
    """Let three shops fail and recover, and keep one body of each sort."""
    from localservers.ports import free_port
    from tests.monitoring import live

    folder = Path(tempfile.mkdtemp(prefix="switchback-record-"))
    sink, exporter = Sink(), live.Exporter()
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        stack.callback(exporter.close)
        am_port, port = free_port(), free_port()
        config = live.write_alertmanager(folder, console=sink.address, key=KEY, routing_key=KEY)
        text = config.read_text()
        config.write_text(text.replace(f'/in/alertmanager/{KEY}"}}]', f'/in/alertmanager/{KEY}"}}, {{url: "{sink.address}/in/cut", max_alerts: 2}}]'))
        command = live.alertmanager_command(shutil.which("prometheus-alertmanager") or "alertmanager", config, am_port)
        stack.enter_context(live.tool(command, folder, f"http://127.0.0.1:{am_port}/-/ready"))
        config = live.write_prometheus(folder, exporter=exporter.port, alertmanager=am_port, console=sink.address, key=KEY)
        command = live.prometheus_command(shutil.which("prometheus") or "prometheus", config, port)
        stack.enter_context(live.tool(command, folder, f"http://127.0.0.1:{port}/-/ready"))
        exporter.failing = 3
        time.sleep(8)
        exporter.failing = 0
        time.sleep(12)
    _keep("alertmanager-firing", next(r for r in sink.of("/in/alertmanager/") if r["body"]["status"] == "firing" and len(r["body"]["alerts"]) == 3))
    _keep("alertmanager-resolved", next(r for r in sink.of("/in/alertmanager/") if r["body"]["status"] == "resolved"))
    _keep("alertmanager-cut-firing", next(r for r in sink.of("/in/cut") if r["body"]["status"] == "firing" and r["body"]["truncatedAlerts"]))
    _keep("alertmanager-cut-resolved", next(r for r in sink.of("/in/cut") if r["body"]["status"] == "resolved" and r["body"]["truncatedAlerts"]))
    _keep("pagerduty-trigger", next(r for r in sink.of("/v2/enqueue") if r["body"]["event_action"] == "trigger"))
    _keep("pagerduty-resolve", next(r for r in sink.of("/v2/enqueue") if r["body"]["event_action"] == "resolve"))
    prometheus = sink.of("/in/prometheus/")
    _keep("prometheus-firing", next(r for r in prometheus if len(r["body"]) == 3))
    _keep("prometheus-resolved", prometheus[-1])


def _keep(name: str, request: dict[str, Any]) -> None:
    text = json.dumps(request, indent=1, ensure_ascii=False).replace(KEY, "<key>").replace(f"//{socket.gethostname()}:", "//monitoring.example:")
    (HERE / f"{name}.json").write_text(text + "\n")
    sys.stdout.write(f"{name}\n")


if __name__ == "__main__":
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
    os.environ.setdefault("SWITCHBACK_WITHOUT_DATABASE", "1")
    import django

    django.setup()
    main()
