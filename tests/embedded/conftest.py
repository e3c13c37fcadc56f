"""A supervisor as a real process, over parts that are small shell scripts."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from localservers.valkey import ValkeyServer

ROOT = Path(__file__).parents[2]
# says that it is up, and leaves with a word when asked to
POLITE = "trap 'echo leaving; exit 0' TERM; echo up and running; while :; do sleep 0.05; done"


def part(name: str, script: str = POLITE, *, stage: int = 1, ready: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A row of the table whose command is a shell script."""
    return {"name": name, "command": ["sh", "-c", script], "ready": ready or {"says": "up and running"}, "stage": stage, **more}


def eventually(what: Callable[[], object], within_s: float = 60) -> Any:
    """The first true answer of `what`; fails when there is none in time."""
    give_up = time.monotonic() + within_s
    while time.monotonic() < give_up:
        if answer := what():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"not within {within_s} s: {what}")


class Run:
    """One supervisor process and what it said."""

    def __init__(self, home: Path, table: dict[str, Any], environ: dict[str, str]) -> None:
        self.home = home
        home.parent.mkdir(parents=True, exist_ok=True)
        description = home.with_suffix(".json")
        description.write_text(json.dumps(table))
        self._said = home.with_suffix(f".{time.monotonic_ns()}.out")
        with self._said.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.embedded.driver", str(home), str(description)],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self._said.read_text()

    def until_said(self, pattern: str, within_s: float = 60) -> re.Match[str]:
        def look() -> re.Match[str] | None:
            found = re.search(pattern, self.said)
            assert found or self.process.poll() is None, f"ended without saying {pattern!r}:\n{self.said}"
            return found

        try:
            return eventually(look, within_s)
        except AssertionError:
            raise AssertionError(f"never said {pattern!r}:\n{self.said}") from None

    def until_ready(self, within_s: float = 60) -> Run:
        self.until_said("WELCOME", within_s)
        return self

    def state(self) -> dict[str, Any]:
        return json.loads((self.home / "run.json").read_text())

    def pid_of(self, name: str) -> int:
        return int(self.state()["parts"][name]["pid"])

    def stop(self, number: int = signal.SIGTERM, within_s: float = 30) -> int:
        self.process.send_signal(number)
        return self.process.wait(within_s)


@pytest.fixture
def supervise(open_folder: Path, valkey_server: ValkeyServer, request: pytest.FixtureRequest) -> Iterator[Callable[..., Run]]:
    """Start a supervisor over these parts; by default with services that run already, so that it starts in an instant."""
    runs: list[Run] = []
    home = open_folder / f"home-{request.node.name[:40]}"
    given = {"DATABASE_URL": os.environ["DATABASE_URL"], "REDIS_URL": valkey_server.url(), "SMTP_URL": "smtp://127.0.0.1:1", "PORT": "8000"}

    def start(*parts: dict[str, Any], chores: list[Any] | None = None, first_start: bool = True, **environ: str) -> Run:
        run = Run(home, {"parts": list(parts), "chores": chores or [], "first_start": first_start}, {**given, **environ})
        runs.append(run)
        return run

    yield start
    for run in runs:
        if run.process.poll() is None:
            run.stop()
