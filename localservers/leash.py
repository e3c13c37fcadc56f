"""Children that must not outlive the process that started them, even when that one is killed with SIGKILL."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

_PR_SET_PDEATHSIG = 1
# A server may outlive the object that started it; kept here so that Python does not complain, and collected once it is dead.
_launched: list[subprocess.Popen[bytes]] = []


def launch(command: list[str], *, log: BinaryIO, tied_by: int | None, **arguments: Any) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own (out of reach of the terminal's Ctrl-C), its words going to the log.

    `tied_by`: the signal it gets when the starting thread dies; None lets it live on.
    """
    _launched[:] = [process for process in _launched if process.poll() is None]
    tie = None if tied_by is None else die_with_parent(tied_by)
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, preexec_fn=tie, **arguments)
    _launched.append(process)
    return process


def die_with_parent(signal_number: int = signal.SIGTERM) -> Callable[[], None] | None:
    """A `preexec_fn` for subprocess: the kernel sends the child this signal when its parent dies.

    Linux only; elsewhere None, which subprocess takes as "nothing to do". The kernel watches the *thread* that started
    the child: start such children from a thread that lives as long as they shall.
    """
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl  # looked up before the fork: loading a library after it is not safe
    parent_pid = os.getpid()
    number = int(signal_number)

    def tie() -> None:
        prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
        if os.getppid() != parent_pid:  # the parent died between fork and prctl
            os._exit(1)

    return tie
