"""The room's sweeps and what happens when its deadlines fall due."""

from datetime import datetime, timedelta

from kernel.deadlines import on_due
from kernel.models import Deadline
from kernel.sweeps import sweep
from notify import selectors, services
from notify.services.calling import ESCALATION
from notify.services.leases import oldest_expired


@sweep("notify_send", every=timedelta(seconds=1), queue="notify", oldest=selectors.oldest_unsent, late_after=timedelta(seconds=10))
def notify_send() -> int:
    """Send what is due, over all channels side by side."""
    return services.send_due()


@sweep("notify_lease", every=timedelta(seconds=2), queue="clocks", oldest=oldest_expired, late_after=timedelta(seconds=10))
def notify_lease() -> int:
    """Find what a dead sender left behind, and lead around channels that are down. Rows only, so it never waits for a network."""
    return services.release_expired()


@on_due(ESCALATION, every=timedelta(seconds=1), queue="clocks")
def page_escalation(due: list[Deadline], now: datetime) -> None:
    """Nobody answered in time."""
    services.page_step_due(due, now)
