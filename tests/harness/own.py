"""Signals only to what a test started: numbers of processes are used again, and an address book may be a moment old."""

from __future__ import annotations

import os

import psutil


def is_gone(pid: int) -> bool:
    """Ended, collected by its parent or not; it may end between one look and the next."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def own_signal(pid: int, number: int, *, below: int, group: bool = False) -> None:
    """Send the signal to this process (with `group`, to its whole group) if it descends from `below`.

    Raises ProcessLookupError when it has ended or its number belongs to a stranger by now.
    """
    try:
        ancestors = {process.pid for process in psutil.Process(pid).parents()}
    except psutil.NoSuchProcess:
        raise ProcessLookupError(pid) from None
    if below not in ancestors:
        raise ProcessLookupError(f"{pid} does not belong to {below}")
    (os.killpg if group else os.kill)(pid, number)
