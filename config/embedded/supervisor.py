"""Runs every part of the console: in order, watched, restarted, stopped in reverse, with nothing left behind."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from config.embedded.keeper import ServiceKeeper
from config.embedded.masking import Mask
from config.embedded.output import Output
from config.embedded.parts import CHORES, Chore, Part, parts
from config.embedded.process import LineReader, Process, Stage, how_it_ended, kill_group
from config.embedded.state import kill_leftovers, remember, write_run_file
from localservers.errors import LocalServerError
from localservers.leash import die_with_parent
from localservers.ports import free_port
from localservers.private_files import read_text, write_private

OWN = "switchback"
_TURN_S = 0.1
_LAST_WORDS_S = 0.5  # for the pipe of a process that has ended to run dry
_SAME_REQUEST_S = 0.7
_PATIENCE_S = 60.0  # with a part that start-up can do without
_GIVE_UP_AFTER_STARTS = 4  # a needed part that fails so often in a row while starting up: something is wrong for good


class StopRequested(Exception):
    """Ctrl-C or SIGTERM."""


class StartUpFailed(RuntimeError):
    """The console cannot start; the text says why and what to do."""


class Supervisor:
    """One run of the console."""

    def __init__(
        self,
        *,
        home: Path,
        clone: Path,
        environ: Mapping[str, str],
        table: Callable[[Mapping[str, str], Path], tuple[Part, ...]] = parts,
        chores: tuple[Chore, ...] = CHORES,
    ) -> None:
        self.home = home
        self._clone = clone
        self.environ = dict(environ)
        self._selector = selectors.DefaultSelector()
        self._signals: list[float] = []  # when we were asked to stop
        self._stopping = False
        self._ready = False
        self._environ_for_parts()
        self._parts = table(self.environ, home)
        self._chores = chores
        self.output = Output([OWN, "postgres", "valkey", *(part.name for part in self._parts), *(chore.name for chore in chores)], Mask())
        self._keeper = ServiceKeeper(home=home, environ=self.environ, output=self.output, pause=self._pump)
        self._processes = [Process(part, clone, self._selector, self.say) for part in self._parts]

    # -- the whole run -----------------------------------------------------------------------------------------------

    def run(self, when_ready: Callable[[], None]) -> int:
        """Start, watch until asked to stop, stop. Returns the exit status."""
        with self._listening_to_signals():
            try:
                self._start_everything()
                self._ready = True
                self._write_state()
                when_ready()
                while True:
                    self._turn()
            except StopRequested:
                self.say(OWN, "stopping (once more: at once)")
                return 0
            except (StartUpFailed, LocalServerError) as error:
                for line in str(error).splitlines():
                    self.say(OWN, line)
                return 1
            finally:
                self._stop_everything()

    def say(self, name: str, text: str) -> None:
        """One line of the combined output."""
        self.output.line(name, text)

    # -- starting ----------------------------------------------------------------------------------------------------

    def _environ_for_parts(self) -> None:
        port = self.environ.setdefault("PORT", "8000")
        self.environ["SWITCHBACK_HOME"] = str(self.home)
        self.environ.setdefault("BASE_URL", f"http://127.0.0.1:{port}")
        self.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")
        self.environ["PYTHONUNBUFFERED"] = "1"
        self.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # each start of each part would compile everything anew
        if not self.environ.get("SMTP_URL"):
            self.environ["SWITCHBACK_MAIL_SINK"] = "1"
            self.environ["SMTP_URL"] = f"smtp://127.0.0.1:{free_port()}"
        if self.environ.get("SWITCHBACK_LAB", "1") != "0":
            self.environ.setdefault("SWITCHBACK_CLOCK_WINDABLE", "1")  # the lab may wind the clock forward

    def _start_everything(self) -> None:
        began = time.monotonic()
        self.output.log_to(self.home / "log" / "switchback.log")
        write_private(self.home / "smtp_url", self.environ["SMTP_URL"])
        self.say(OWN, f"everything is kept in {self.home}")
        for name in kill_leftovers(self.home):
            self.say(OWN, f"ended {name}, left behind by a start that was killed")
        self._keeper.start_all()
        self._start_stage(1)
        due = [chore for chore in self._chores if chore.is_due and chore.is_due(self.home, self._clone, self.environ["DATABASE_URL"])]
        if due:
            for chore in self._chores:
                self._run_chore(chore)
        self._start_stage(2, wait=bool(due))
        if not due:
            for chore in self._chores:
                if not chore.is_due:
                    self._run_chore(chore)
        for stage in sorted({part.stage for part in self._parts} - {1}):
            self._start_stage(stage)
        self._wait_for(self._processes)
        for process in self._processes:
            if process.state != Stage.UP:
                self.say(OWN, f"{process.part.name} is not up yet; going on without it, it is tried again and again")
        self.say(OWN, f"everything is up after {time.monotonic() - began:.1f} s")

    def _run_chore(self, chore: Chore) -> None:
        self._wait_for([process for process in self._processes if process.part.name == chore.after])
        self.say(chore.name, chore.says)
        began = time.monotonic()
        child = subprocess.Popen(
            list(chore.command),
            cwd=self._clone,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGTERM),
        )
        try:
            assert child.stdout is not None
            reader = LineReader(child.stdout.fileno(), lambda line: self.say(chore.name, line))
            self._selector.register(child.stdout, selectors.EVENT_READ, reader)
            ended = began
            while child.poll() is None or (not reader.at_end and time.monotonic() - ended < _LAST_WORDS_S):
                self._turn()
                ended = time.monotonic() if child.poll() is None else ended
        except BaseException:
            kill_group(child.pid)
            child.wait()
            raise
        if child.returncode:
            command = " ".join(("python", *chore.command[1:]))
            raise StartUpFailed(f"{chore.says}: `{command}` {how_it_ended(child.returncode)}. Its own words are above.")
        if chore.when_done:
            chore.when_done(self.home, self._clone)
        self.say(chore.name, f"done after {time.monotonic() - began:.1f} s")

    def _start_stage(self, stage: int, *, wait: bool = True) -> None:
        """Start these parts, unless that was done, and wait until those that are needed are up; the others come up in their own time."""
        wanted = [process for process in self._processes if process.part.stage == stage]
        for process in wanted:
            if process.state == Stage.DOWN:
                process.start(self.environ)
        self._write_state()
        while wait and any(process.part.needed and process.state != Stage.UP for process in wanted):
            self._turn()
            for process in wanted:
                if process.part.needed and process.failed_starts >= _GIVE_UP_AFTER_STARTS:
                    raise StartUpFailed(f"{process.part.name} does not start: its own words are above. `manage.py doctor` may know more.")

    def _wait_for(self, processes: list[Process]) -> None:
        """Wait until these are up, or have failed at least once, or too long."""
        give_up = time.monotonic() + _PATIENCE_S
        while time.monotonic() < give_up and any(process.state != Stage.UP and not process.failed_starts for process in processes):
            self._turn()

    # -- watching ----------------------------------------------------------------------------------------------------

    def _turn(self) -> None:
        self._pump(_TURN_S)
        changed = self._keeper.tend(self._may_restart)
        for process in self._processes:
            changed = process.tend(self.environ, self._may_restart) or changed
        if changed:
            self._write_state()

    def _pump(self, timeout_s: float) -> None:
        """Pass on what the parts say. Raises StopRequested, except while stopping."""
        for key, _ in self._selector.select(timeout_s):
            if key.data is None:
                key.fileobj.recv(64)  # type: ignore[union-attr]  # the signal's wake-up
            elif not key.data.read():
                self._selector.unregister(key.fileobj)
                key.fileobj.close()  # type: ignore[union-attr]
        self._keeper.listen()
        if self._signals and not self._stopping:
            raise StopRequested

    def _may_restart(self, name: str) -> bool:
        """A file of the part's name in `<home>/hold/` keeps it down (tests of failures, repairs by hand)."""
        return not (self.home / "hold" / name).exists()

    def _write_state(self) -> None:
        about: dict[str, dict[str, object]] = {}
        for name, pid in self._keeper.pids().items():
            about[name] = {**remember(pid), "state": "up" if pid else "down"}
        for process in self._processes:
            about[process.part.name] = {**remember(process.pid), "state": process.state.value, "restarts": process.restarts}
        content = {
            "supervisor": os.getpid(),
            "address": self.environ["BASE_URL"],
            "port": int(self.environ["PORT"]),
            "ready": self._ready,
            "parts": about,
        }
        write_run_file(self.home, content)

    # -- stopping ----------------------------------------------------------------------------------------------------

    def _stop_everything(self) -> None:
        self._stopping = True
        for stage in sorted({process.part.stage for process in self._processes}, reverse=True):
            self._stop_stage([process for process in self._processes if process.part.stage == stage])
        self._keeper.stop_all(at_once=self._in_a_hurry())
        for name in ("database_url", "redis_url", "smtp_url", "run.json"):
            (self.home / name).unlink(missing_ok=True)
        self.say(OWN, "stopped; nothing is left running")
        self.output.close()

    def _stop_stage(self, processes: list[Process]) -> None:
        began = time.monotonic()
        for process in processes:
            process.stop_gently()
        alive = [process for process in processes if process.is_alive()]
        while alive and not self._in_a_hurry():
            self._pump(0.05)
            for process in [one for one in alive if time.monotonic() - began > one.part.stop_s]:
                self.say(process.part.name, f"did not stop within {process.part.stop_s:g} s: killed")
                process.kill_group()
            alive = [process for process in alive if process.is_alive()]
        for process in processes:
            process.kill_group()
        give_up = time.monotonic() + _LAST_WORDS_S
        while time.monotonic() < give_up and not all(process.has_spoken() for process in processes):
            self._pump(0.02)

    def _in_a_hurry(self) -> bool:
        # make passes SIGTERM on to us, so one that went to the whole group comes twice: that is no second request
        return bool(self._signals) and self._signals[-1] - self._signals[0] > _SAME_REQUEST_S

    @contextmanager
    def _listening_to_signals(self) -> Iterator[None]:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)
        self._selector.register(ours, selectors.EVENT_READ, None)
        signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda _number, _frame: self._signals.append(time.monotonic()))
        try:
            yield
        finally:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)  # the last lines of the farewell are not worth dying for
            self._selector.close()
            ours.close()
            theirs.close()


def logins(home: Path) -> str | None:
    """The demo log-ins that `manage.py demo_setup` left for the person at the screen."""
    return read_text(home / "demo_logins.txt")
