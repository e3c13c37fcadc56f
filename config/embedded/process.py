"""One child process of the supervisor: started, listened to, restarted with back-off, stopped with its whole group."""

from __future__ import annotations

import codecs
import contextlib
import os
import re
import selectors
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path

from config.embedded.parts import Part
from localservers.leash import die_with_parent

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0
STEADY_AFTER_S = 30.0  # up for this long: the next crash starts the back-off from the beginning
_ASK_EVERY_S = 0.2
_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # the environment's proxy has no business on loopback


class Stage(StrEnum):
    """What a process is doing."""

    DOWN = "down"
    STARTING = "starting"
    UP = "up"
    WAITING = "waiting"  # for its next try


class LineReader:
    """Hands over the complete lines of a pipe; the pipe never blocks the supervisor."""

    def __init__(self, descriptor: int, take: Callable[[str], None]) -> None:
        os.set_blocking(descriptor, False)
        self.descriptor = descriptor
        self._take = take
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._rest = ""
        self.at_end = False

    def read(self) -> bool:
        """Take what is there; False at the end of the pipe."""
        try:
            chunk = os.read(self.descriptor, 65536)
        except BlockingIOError:
            return True
        except OSError:
            chunk = b""
        *lines, self._rest = (self._rest + self._decoder.decode(chunk, final=not chunk)).split("\n")
        if not chunk and self._rest:
            lines, self._rest = [*lines, self._rest], ""
        for line in lines:
            if line.strip():
                self._take(line.rstrip("\r"))
        self.at_end = not chunk
        return bool(chunk)


class BackOff:
    """How long to wait before the next try: 0.5 s, doubled up to 10 s, from the beginning after 30 s of steady running."""

    def __init__(self) -> None:
        self.pause_s = FIRST_PAUSE_S

    def next_pause(self, was_up_s: float) -> float:
        """Seconds to wait now that it failed after running so long."""
        if was_up_s >= STEADY_AFTER_S:
            self.pause_s = FIRST_PAUSE_S
        pause_s = self.pause_s
        self.pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
        return pause_s


class Process:
    """A part of the table as a living process."""

    def __init__(self, part: Part, clone: Path, selector: selectors.BaseSelector, say: Callable[[str, str], None]) -> None:
        self.part = part
        self.state = Stage.DOWN
        self.restarts = 0
        self.failed_starts = 0
        self.popen: subprocess.Popen[bytes] | None = None
        self._clone = clone
        self._selector = selector
        self._say = say
        self._hushed = re.compile(part.hushed) if part.hushed else None
        self._back_off = BackOff()
        self._started_at = 0.0
        self._try_at = 0.0
        self._asked_at = 0.0
        self._said_ready = False
        self._reader: LineReader | None = None

    @property
    def pid(self) -> int | None:
        return None if self.popen is None else self.popen.pid

    def start(self, environ: Mapping[str, str]) -> None:
        """Start it in a session of its own (the terminal's Ctrl-C is for the supervisor), tied to our life."""
        mine = {key: value for key, value in environ.items() if key not in self.part.hidden_variables}
        self._said_ready = False
        self._started_at = time.monotonic()
        self.state = Stage.STARTING
        self.popen = subprocess.Popen(
            list(self.part.command),
            cwd=self._clone,
            env=mine,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGTERM),
        )
        assert self.popen.stdout is not None
        self._reader = LineReader(self.popen.stdout.fileno(), self._heard)
        self._selector.register(self.popen.stdout, selectors.EVENT_READ, self._reader)

    def tend(self, environ: Mapping[str, str], may_restart: Callable[[str], bool]) -> bool:
        """One turn: notice that it is up, or gone, or due for its next try. True when its state changed."""
        if self.state == Stage.WAITING:
            if time.monotonic() >= self._try_at and may_restart(self.part.name):
                self.restarts += 1
                self.start(environ)
                return True
            return False
        if self.popen is None or self.state == Stage.DOWN:
            return False
        if not self.is_alive():
            self._gone(self.popen.returncode)
            return True
        if self.state == Stage.STARTING:
            return self._is_it_up()
        return False

    def stop_gently(self) -> None:
        """SIGTERM to the process itself: it tells its own children."""
        if self.popen is not None and self.is_alive():
            with contextlib.suppress(ProcessLookupError):
                self.popen.terminate()

    def has_spoken(self) -> bool:
        """True when its last word was heard: nobody holds its pipe any more."""
        return self._reader is None or self._reader.at_end

    def is_alive(self) -> bool:
        """False once it has ended; what it left in its process group is killed then: it must not work on beside a successor."""
        if self.popen is None or self.popen.returncode is not None:
            return False
        if not has_ended(self.popen):
            return True
        kill_group(self.popen.pid)  # before it is collected: after that its id may be another's
        self.popen.wait()
        return False

    def kill_group(self) -> None:
        """Kill it and whatever it left behind in its process group."""
        self._kill()
        if self.popen is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.popen.wait(5)
        self.state = Stage.DOWN

    def _gone(self, code: int) -> None:
        was_up = self.state == Stage.UP
        self.failed_starts = 0 if was_up else self.failed_starts + 1
        pause_s = self._back_off.next_pause(time.monotonic() - self._started_at)
        self._try_at = time.monotonic() + pause_s
        self.state = Stage.WAITING
        self._say(self.part.name, f"{how_it_ended(code)}; starting it again in {pause_s:g} s")

    def _is_it_up(self) -> bool:
        age_s = time.monotonic() - self._started_at
        ready = self.part.ready
        lived = self._said_ready or bool(ready.after_s and age_s >= ready.after_s)
        if self._answers(ready.address) if ready.address else lived:
            self.state = Stage.UP
            self.failed_starts = 0
            return True
        if age_s > self.part.start_s:
            self._say(self.part.name, f"not ready after {self.part.start_s:g} s: killing it")
            self._kill()
        return False

    def _kill(self) -> None:
        if self.popen is not None and self.is_alive():
            kill_group(self.popen.pid)

    def _answers(self, address: str) -> bool:
        now = time.monotonic()
        if now - self._asked_at < _ASK_EVERY_S:
            return False
        self._asked_at = now
        try:
            with _NO_PROXY.open(address, timeout=1) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError, ValueError):
            return False

    def _heard(self, line: str) -> None:
        if self.part.ready.says and self.part.ready.says in line:
            self._said_ready = True
        if self._hushed is None or not self._hushed.search(line):
            self._say(self.part.name, line)


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    """True when it ended, without collecting it where the system can tell: its id stays its own until then."""
    if hasattr(os, "waitid"):
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    return process.poll() is not None


def kill_group(pid: int) -> None:
    """SIGKILL to a whole process group; nothing when it is gone."""
    if pid > 1:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def how_it_ended(code: int) -> str:
    """An exit status in words."""
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"ended by {signal.Signals(-code).name}"
    return f"ended with exit status {code}"
