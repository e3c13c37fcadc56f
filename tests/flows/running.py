"""A running console as a user or a tool has it: HTTP, the command line, mail, signals. Never imports the project."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, TypeVar

import httpx
from aiosmtpd.controller import Controller

from localservers.leash import die_with_parent
from tests.harness.own import own_signal

CLONE = Path(__file__).resolve().parents[2]
START_LIMIT_S = 180
STOP_LIMIT_S = 60

Value = TypeVar("Value")
OPEN: list[Console] = []  # those that run now: a failing test shows what they said last


def wait_for(what: str, look: Callable[[], Value | None], *, within_s: float, every_s: float = 0.2) -> Value:
    """Look again and again until there is something; says what was missing when the time is up."""
    end = time.monotonic() + within_s
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > end:
            raise AssertionError(f"not seen within {within_s} s: {what}")
        time.sleep(every_s)


@dataclass(frozen=True)
class Mail:
    """One mail as the sink got it."""

    at: float
    to: str
    message: EmailMessage

    @property
    def text(self) -> str:
        """The plain part."""
        body = self.message.get_body(("plain",))
        return body.get_content() if body else ""

    @property
    def key(self) -> str:
        """What makes two sendings of one delivery the same."""
        return str(self.message["Message-ID"])


class MailSink:
    """A real SMTP server on loopback that keeps what it got."""

    def __init__(self, port: int) -> None:
        self.mails: list[Mail] = []
        self._controller = Controller(self, hostname="127.0.0.1", port=port, ready_timeout=60)
        self.url = f"smtp://127.0.0.1:{port}"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        """Keep one mail per recipient."""
        message = message_from_bytes(envelope.original_content or envelope.content, policy=policy.default)
        for recipient in envelope.rcpt_tos:
            self.mails.append(Mail(time.time(), recipient, message))  # type: ignore[arg-type]
        return "250 OK"

    def start(self) -> None:
        """Listen."""
        self._controller.start()

    def stop(self) -> None:
        """Listen no more."""
        self._controller.stop()

    def about(self, word: str) -> list[Mail]:
        """Mails whose subject or text has this word."""
        return [mail for mail in self.mails if word in str(mail.message["Subject"]) or word in mail.text]


@dataclass
class Console:
    """One `make run`, started as a user would."""

    home: Path
    port: int
    sink: MailSink
    extra: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None
    lines: list[str] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What both the console and its commands get."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DATABASE_URL", "REDIS_URL", "DJANGO_", "TEST_"))}
        return {**kept, "SWITCHBACK_HOME": str(self.home), "PORT": str(self.port), "SMTP_URL": self.sink.url, "BASE_URL": self.url, **self.extra}

    def start(self) -> float:
        """`make run`; returns the seconds until it printed its address."""
        began = time.monotonic()
        self.process = subprocess.Popen(
            ["make", "--no-print-directory", "run"],
            cwd=CLONE,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=die_with_parent(),  # a test run that is killed leaves no console behind
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        wait_for("the line with the address", self._says_ready, within_s=START_LIMIT_S)
        assert httpx.get(f"{self.url}/healthz", timeout=5).status_code == 200
        return time.monotonic() - began

    def _says_ready(self) -> bool:
        return self._alive() and any(self.url in line and "ready" in line for line in self.lines)

    def stop(self) -> int:
        """Ctrl-C, and wait. Returns the exit status of make's child by way of make."""
        assert self.process is not None
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
            try:
                self.process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                raise
        assert self.process.stdout is not None
        self._reader.join(5)
        self.process.stdout.close()
        return self.process.returncode

    def manage(self, *arguments: str, expect: int = 0, within_s: float = 120) -> str:
        """`manage.py …` in another terminal."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=CLONE, env=self.environment, capture_output=True, text=True, timeout=within_s, check=False
        )
        assert done.returncode == expect, f"manage.py {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def lab(self, *arguments: str, expect: int = 0, within_s: float = 180) -> dict[str, Any]:
        """`manage.py lab … --json`."""
        answer: dict[str, Any] = json.loads(self.manage("lab", *arguments, "--json", expect=expect, within_s=within_s))
        return answer

    def as_person(self, username: str, *scopes: str) -> Person:
        """A person with a personal token made on the command line."""
        if username not in self.tokens:
            wanted = [part for scope in scopes or ALL_SCOPES for part in ("--scope", scope)]
            self.tokens[username] = json.loads(self.manage("token_create", "--user", username, "--json", *wanted))["token"]
        return Person(self, self.tokens[username])

    def pids(self) -> dict[str, int]:
        """Process ids per part, from the run file."""
        parts = json.loads((self.home / "run.json").read_text())["parts"]
        return {name: int(part["pid"]) for name, part in parts.items() if part.get("pid")}

    def signal(self, name: str, number: int, *, group: bool = False, pid: int | None = None) -> None:
        """Send a signal to a part of this console (`pid`: the one seen before), with `group` to its whole group."""
        assert self.process is not None
        own_signal(pid or self.pids()[name], number, below=self.process.pid, group=group)

    def _read(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def _alive(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, "make run ended:\n" + "\n".join(self.lines[-60:])
        return True


ALL_SCOPES = ("incidents:read", "incidents:write", "alerts:read", "alerts:write", "notify:read", "notify:write", "work:read", "work:write")


@dataclass
class Person:
    """Somebody with a token."""

    console: Console
    token: str

    def get(self, path: str, **parameters: Any) -> Any:
        """A list or record. Fails on anything but 200."""
        answer = self._send("GET", path, params=parameters)
        assert answer.status_code == 200, f"GET {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def items(self, collection: str, **parameters: Any) -> list[dict[str, Any]]:
        """The first page of a collection."""
        found: list[dict[str, Any]] = self.get(f"/api/v1/{collection}/", **parameters)["items"]
        return found

    def do(self, path: str, *, expect: tuple[int, ...] = (200, 201), **body: Any) -> dict[str, Any]:
        """A move."""
        answer = self._send("POST", path, json=body)
        assert answer.status_code in expect, f"POST {path} {body}: {answer.status_code} {answer.text}"
        made: dict[str, Any] = answer.json()
        return made

    def move(self, collection: str, record: dict[str, Any], verb: str, *, expect: tuple[int, ...] = (200, 201), **body: Any) -> dict[str, Any]:
        """A move of a record at its present version."""
        present = self.get(f"/api/v1/{collection}/{record['id']}/")
        return self.do(f"/api/v1/{collection}/{record['id']}/{verb}/", expect=expect, version=present["version"], **body)

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.request(method, self.console.url + path, headers=headers, timeout=30, **options)


def moment(text: str) -> datetime:
    """An ISO time from the API."""
    return datetime.fromisoformat(text)


def links_in(mail: Mail) -> list[str]:
    """Addresses in a mail."""
    return re.findall(r"https?://[^\s>\"]+", mail.text)


@contextmanager
def running(home: Path, port: int, sink_port: int, **extra: str) -> Iterator[Console]:
    """A console with its mail sink, stopped at the end whatever happens."""
    sink = MailSink(sink_port)
    sink.start()
    console = Console(home, port, sink, dict(extra))
    OPEN.append(console)
    try:
        console.start()
        yield console
    finally:
        if console.process is not None and console.process.poll() is None:
            console.stop()
        OPEN.remove(console)
        sink.stop()
