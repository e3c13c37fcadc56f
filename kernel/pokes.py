"""Calling a worker before beat does. Only ever a help: whether a poke arrives decides nothing."""

from celery import current_app
from kombu.exceptions import OperationalError

from kernel.sweeps import get

_EXPIRES_S = 2  # a late helper is none: beat has poked meanwhile


def poke(name: str) -> None:
    """Ask for one more run of this sweep, now. A broker that is away is no news here."""
    try:
        current_app.send_task("kernel.sweep_run", args=(name,), queue=get(name).queue, expires=_EXPIRES_S, retry=False, ignore_result=True)
    except (OperationalError, OSError):
        return
