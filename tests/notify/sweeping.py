"""Running the sweeps as beat would."""

from __future__ import annotations

import time
from collections.abc import Callable

from notify import services
from notify.models import Delivery
from notify.services import sending


def send_until(done: Callable[[], bool], *, seconds: float = 40.0) -> float:
    """Run the sweeps as beat would until it is so; returns how long it took."""
    started = time.monotonic()
    while not done():
        assert time.monotonic() - started < seconds, list(Delivery.objects.values_list("channel", "state", "attempts", "error"))
        services.send_due()
        services.release_expired()
        time.sleep(0.05)
    return time.monotonic() - started


def wait_landed(*, seconds: float = 15.0) -> None:
    """Until no thread of this process is sending any more."""
    deadline = time.monotonic() + seconds
    while sending.in_the_air() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.1)
    assert not sending.in_the_air()
