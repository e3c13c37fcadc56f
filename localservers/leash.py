"""Children that must not outlive the process that started them, even when that one is killed with SIGKILL."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


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
