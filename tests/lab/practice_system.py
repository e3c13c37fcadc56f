"""A running practice order system, used as a tool would: its processes, its command line, its HTTP. Imports nothing of the project."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil

from tests.harness.own import own_signal

ROOT = Path(__file__).resolve().parents[2]
READY_WITHIN_S = 40.0


class PracticeSystem:
    """`python -m lab run` on a folder of its own. `python` and `user` let it run as somebody else."""

    def __init__(self, folder: Path, *, python: str = sys.executable, user: str | None = None, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self._python = python
        self._user = user
        hidden = ("LAB_", "SWITCHBACK_", "DATABASE_URL")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
        self._environment = {**kept, "LAB_HOME": str(folder), "PYTHONPATH": str(ROOT), **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None

    # -- life --------------------------------------------------------------------------------------------------------

    def start(self) -> float:
        """Start and wait until it is ready; returns the seconds that took."""
        log = self.folder.with_suffix(".log")
        self._log, started = log, time.monotonic()
        with log.open("ab") as out:
            offset = out.tell()
            self._process = subprocess.Popen(
                [self._python, "-m", "lab", "run"], cwd=ROOT, env=self._environment, stdout=out, stderr=out, start_new_session=True, user=self._user,
                group=None, extra_groups=[] if self._user else None,
            )  # fmt: skip
        while "ready after" not in (text := log.read_text(errors="replace")[offset:]):
            assert self._process.poll() is None, f"ended while starting:\n{text}"
            assert time.monotonic() - started < READY_WITHIN_S, f"not ready after {READY_WITHIN_S:g} s:\n{text}"
            time.sleep(0.05)
        self.start_took_s = time.monotonic() - started
        return self.start_took_s

    def stop(self, number: int = signal.SIGTERM, patience_s: float = 30) -> int:
        """Send the signal and wait; returns the exit status."""
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(patience_s)

    @property
    def output(self) -> str:
        return self._log.read_text(errors="replace")

    @property
    def book(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.folder / "lab.json").read_text())
        return content

    def kill(self, name: str) -> None:
        """SIGKILL to one of its processes, by the name in its book."""
        assert self._process is not None
        own_signal(self.book["processes"][name], signal.SIGKILL, below=self._process.pid)

    def processes(self) -> list[psutil.Process]:
        """Every process of the machine that belongs to this folder, also one that lost its parent."""
        wanted, found = str(self.folder), []
        pids = set(self.book["processes"].values()) if (self.folder / "lab.json").exists() else set()
        for process in psutil.process_iter(["pid", "cmdline", "status"]):
            mentions = any(wanted in word for word in process.info["cmdline"] or [])
            ours = process.info["pid"] in pids and "-m lab" in " ".join(process.info["cmdline"] or [])
            if (mentions or ours) and process.info["status"] != psutil.STATUS_ZOMBIE:
                found.append(process)
        return found

    # -- talking to it -----------------------------------------------------------------------------------------------

    def cli(self, *words: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._python, "-m", "lab", *words],
            cwd=ROOT,
            env={**self._environment, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None, *, token: str | None = None) -> tuple[int, dict[str, Any]]:
        """One request to the control server: status and JSON."""
        control = self.book["control"]
        data = None if method == "GET" else json.dumps(body or {}).encode()
        return fetch(method, control["url"] + path, data, {"Authorization": f"Bearer {control['token'] if token is None else token}"})

    def must(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        status, answer = self.ask(method, path, body)
        assert status == 200, f"{method} {path}: {status} {answer}"
        return answer

    def status(self) -> dict[str, Any]:
        return self.must("GET", "/status")

    def counts(self, since: float | None = None) -> dict[str, Any]:
        return self.must("GET", "/customers" + (f"?since={since}" if since else ""))

    def verify(self) -> dict[str, Any]:
        return self.must("GET", "/customers/verify")

    def nothing_lost(self) -> dict[str, Any]:
        """Every promise looked up in the active database; fails naming those not kept."""
        checked = self.verify()
        assert (checked["lost"], checked["duplicates"]) == (0, 0), f"{checked}\n{self.output[-6000:]}"
        return checked

    def step(self, name: str, old: str, new: str, **options: Any) -> tuple[int, dict[str, Any]]:
        return self.ask("POST", f"/steps/{name}", {"from": old, "to": new, **options})

    def switch(self, old: str, new: str, plan: str = "planned", **options: Any) -> dict[str, float]:
        """Every step of the plan; step → milliseconds. Fails at the first that refuses."""
        took: dict[str, float] = {}
        for entry in self.must("GET", "/steps")["plans"][plan]:
            status, answer = self.step(entry["step"], old, new, **options)
            assert status == 200, f"{entry['step']}: {status} {answer}"
            took[entry["step"]] = answer["took_ms"]
        return took

    def place(self, key: str, *, marked: bool = False, **fields: Any) -> tuple[int, dict[str, Any]]:
        """An order through the gateway, as any client would place it."""
        headers = {"Idempotency-Key": key, "Content-Type": "application/json", **({"X-Business-Check": "1"} if marked else {})}
        return fetch("POST", self.book["gateway"]["url"] + "/orders", json.dumps(fields).encode(), headers)

    def wait(self, condition: Callable[[dict[str, Any]], Any], timeout_s: float, what: str) -> float:
        """Poll the status until the condition holds; returns the seconds waited."""
        started = time.monotonic()
        while not condition(status := self.status()):
            assert time.monotonic() - started < timeout_s, f"not within {timeout_s:g} s: {what}; {json.dumps(status)[:3000]}"
            time.sleep(0.1)
        return time.monotonic() - started


def fetch(
    method: str, url: str, data: bytes | None = None, headers: Mapping[str, str] | None = None, timeout_s: float = 60
) -> tuple[int, dict[str, Any]]:
    """Status and JSON body of a request over loopback, whatever proxies the environment names."""
    request = urllib.request.Request(url, method=method, data=data, headers=dict(headers or {}))
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=timeout_s) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as refused:
        return refused.code, json.loads(refused.read() or b"{}")


@contextlib.contextmanager
def running(system: PracticeSystem) -> Iterator[PracticeSystem]:
    """Started, and stopped at the end whatever happens; leftovers are killed so that one failing test does not spoil the next."""
    try:
        system.start()
        yield system
    finally:
        if system._process is not None and system._process.poll() is None:
            system.stop()
        for process in system.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
