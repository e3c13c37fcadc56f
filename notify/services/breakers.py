"""Keeping a channel that does not work from holding people up."""

from datetime import datetime, timedelta

from kernel import journal
from kernel.actors import SYSTEM
from notify.events import ChannelDown, ChannelUp
from notify.models import ChannelHealth, Delivery
from notify.models.channels import FIRST_PAUSE_S, LONGEST_PAUSE_S, TRIPS_AFTER


def channel_failed(*, key: str, channel: str, error: str, at: datetime) -> None:
    """Count a failure of the channel itself; from the third in a row on it rests for 2 s, 4 s … 10 s between tries."""
    health, _created = ChannelHealth.objects.select_for_update().get_or_create(key=key, defaults={"channel": channel})
    health.failures += 1
    health.last_error = error[:300]
    if health.failures >= TRIPS_AFTER:
        pause = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (health.failures - TRIPS_AFTER))
        health.open_until = at + timedelta(seconds=pause)
        if health.down_since is None:
            health.down_since = at
            journal.record(ChannelDown(channel=key, error=health.last_error, at=at), subject=health, actor=SYSTEM)
    health.save()


def channel_worked(*, key: str, at: datetime) -> None:
    """Close the breaker and let what waited for it go at once. One statement when nothing was wrong."""
    health = ChannelHealth.objects.select_for_update().filter(key=key, failures__gt=0).first()
    if health is None:
        return
    if health.down_since is not None:
        journal.record(ChannelUp(channel=key, down_s=int((at - health.down_since).total_seconds()), at=at), subject=health, actor=SYSTEM)
        Delivery.objects.filter(breaker_key=key, state=Delivery.State.QUEUED, attempts__gt=0, next_attempt_at__gt=at).update(next_attempt_at=at)
    health.failures, health.open_until, health.down_since, health.last_ok_at = 0, None, None, at
    health.save()
