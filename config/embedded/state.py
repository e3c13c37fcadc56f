"""The lock on a home folder and `run.json`, which tells other processes what runs there."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any

import psutil

from config.embedded.process import kill_group
from localservers.private_files import read_text, write_private

RUN_FILE = "run.json"


class AlreadyRunning(RuntimeError):
    """Another supervisor holds this home folder."""


class HomeLock:
    """Held as long as the supervisor lives; the kernel lets go of it when the process dies, however it dies."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._descriptor = -1

    def take(self) -> None:
        """Raises AlreadyRunning with who holds it and where it serves."""
        self._descriptor = os.open(self._home / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            running = read_run_file(self._home)
            raise AlreadyRunning(
                f"Switchback already runs on {self._home}: process {running.get('supervisor', '?')}, {running.get('address', 'still starting')}.\n"
                f"Stop it with Ctrl-C in its terminal or `kill {running.get('supervisor', '<process>')}`, or start a second one beside it with "
                "`SWITCHBACK_HOME=<another folder> PORT=<another port> make run`."
            ) from None


def read_run_file(home: Path) -> dict[str, Any]:
    """What the last supervisor of this home wrote; {} when there is nothing."""
    text = read_text(home / RUN_FILE)
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def write_run_file(home: Path, content: dict[str, Any]) -> None:
    """Say what runs now."""
    write_private(home / RUN_FILE, json.dumps(content, indent=1))


def remember(pid: int | None) -> dict[str, Any]:
    """A process so that it can be recognised later: ids are used again, start times are not."""
    try:
        return {} if pid is None else {"pid": pid, "created": psutil.Process(pid).create_time()}
    except psutil.Error:
        return {"pid": pid}


def kill_leftovers(home: Path) -> list[str]:
    """End processes that a killed supervisor left behind (call with the lock held). Returns their names."""
    ended = []
    for name, entry in read_run_file(home).get("parts", {}).items():
        pid, created = entry.get("pid"), entry.get("created")
        if not isinstance(pid, int) or not isinstance(created, float):
            continue
        try:
            is_same = abs(psutil.Process(pid).create_time() - created) < 0.01
        except psutil.Error:
            continue
        if is_same:
            kill_group(pid)
            ended.append(name)
    (home / RUN_FILE).unlink(missing_ok=True)
    return ended
