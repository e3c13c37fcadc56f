"""The real web server (uvicorn, config.asgi) on the database of the test, and the real monitoring tools beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote

from django.db import connection

from localservers.leash import die_with_parent
from localservers.ports import free_port

ROOT = Path(__file__).resolve().parents[2]


def database_url() -> str:
    """Where the test's own database is."""
    values = connection.settings_dict
    return f"postgresql://{quote(values['USER'])}:{quote(values['PASSWORD'])}@{values['HOST']}:{values['PORT']}/{values['NAME']}"


@contextmanager
def web_server(home: Path, **environment: str) -> Iterator[str]:
    """The console's web process; yields its address."""
    port = free_port()
    env = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "SWITCHBACK_HOME": str(home),
        "PORT": str(port),
        "SECRET_KEY": "a key for the tests only, long enough to please the checks 0123456789",
        "DJANGO_SETTINGS_MODULE": "config.settings.base",
        **environment,
    }
    log = (home / "web.log").open("wb")
    command = [sys.executable, "-m", "uvicorn", "config.asgi:application", "--host", "127.0.0.1", "--port", str(port), "--no-access-log"]
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=subprocess.STDOUT, preexec_fn=die_with_parent)
    try:
        wait_for(lambda: answers(f"http://127.0.0.1:{port}/in/nothing"), 40, f"the web server ({home / 'web.log'})")
        yield f"http://127.0.0.1:{port}"
    finally:
        _stop(process)
        log.close()


@contextmanager
def tool(command: list[str], folder: Path, ready: str) -> Iterator[subprocess.Popen[bytes]]:
    """A monitoring tool as a process; it runs until the block ends."""
    log = (folder / f"{Path(command[0]).name}.log").open("wb")
    process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT, preexec_fn=die_with_parent)
    try:
        wait_for(lambda: answers(ready), 30, f"{command[0]} ({log.name})")
        yield process
    finally:
        _stop(process)
        log.close()


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def answers(address: str) -> bool:
    """Whether anything answers there, whatever it says."""
    try:
        with urllib.request.urlopen(address, timeout=2):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def wait_for(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """Wait until the condition gives something true, and return it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within {seconds:.0f} s")


def post(address: str, body: Any, headers: Mapping[str, str] | None = None, timeout: float = 20) -> tuple[int, bytes, Mapping[str, str]]:
    """POST a value as JSON (or bytes as they are): status, body, headers."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(address, data=data, headers={"Content-Type": "application/json", **(headers or {})}, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.read(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, error.read(), dict(error.headers)


class Exporter:
    """A metrics page whose one number the test sets; Prometheus scrapes it."""

    def __init__(self) -> None:
        self.failing = 0
        exporter = self

        class Page(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                page = "".join(f'orders_failing{{service="orders",shop="{n}"}} {int(n < exporter.failing)}\n' for n in range(3)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, *_: Any) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
        self.port = self._server.server_address[1]
        Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()


RULES = """
groups:
  - name: orders
    interval: 1s
    rules:
      - alert: OrdersFailing
        expr: orders_failing == 1
        labels: {severity: critical}
        annotations:
          summary: Shop {{ $labels.shop }} refuses orders
          description: The order service of shop {{ $labels.shop }} answers with errors.
"""


def write_prometheus(folder: Path, *, exporter: int, alertmanager: int, console: str, key: str) -> Path:
    """Prometheus' configuration: it tells Alertmanager, and the console as if that were another Alertmanager."""
    (folder / "rules.yml").write_text(RULES)
    path = folder / "prometheus.yml"
    path.write_text(
        f"""
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [rules.yml]
scrape_configs:
  - job_name: shop
    static_configs: [{{targets: ["127.0.0.1:{exporter}"]}}]
alerting:
  alertmanagers:
    - static_configs: [{{targets: ["127.0.0.1:{alertmanager}"]}}]
    - path_prefix: /in/prometheus/{key}
      static_configs: [{{targets: ["{console.removeprefix("http://")}"]}}]
"""
    )
    return path


def write_alertmanager(folder: Path, *, console: str, key: str, routing_key: str) -> Path:
    """Alertmanager's configuration: every group goes to the webhook and to PagerDuty's address here."""
    path = folder / "alertmanager.yml"
    path.write_text(
        f"""
global: {{resolve_timeout: 1m}}
route:
  receiver: console
  group_by: [alertname]
  group_wait: 1s
  group_interval: 1s
  repeat_interval: 2s
  routes:
    - {{receiver: console, continue: true}}
    - {{receiver: pages}}
receivers:
  - name: console
    webhook_configs: [{{url: "{console}/in/alertmanager/{key}"}}]
  - name: pages
    pagerduty_configs: [{{url: "{console}/v2/enqueue", routing_key: {routing_key}}}]
"""
    )
    return path


def prometheus_command(binary: str, config: Path, port: int) -> list[str]:
    """Prometheus on loopback, repeating what fires each second."""
    return [
        binary, f"--config.file={config}", f"--storage.tsdb.path={config.parent / 'tsdb'}", f"--web.listen-address=127.0.0.1:{port}",
        "--rules.alert.resend-delay=1s", "--log.level=warn",
    ]  # fmt: skip


def alertmanager_command(binary: str, config: Path, port: int) -> list[str]:
    """Alertmanager on loopback, without its cluster."""
    return [
        binary, f"--config.file={config}", f"--storage.path={config.parent / 'am'}", f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=", "--log.level=warn",
    ]  # fmt: skip
