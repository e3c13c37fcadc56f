"""Writing down how a sending ended, and what follows: retry, repeat, the next channel, the next person."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from contingency.org import services as org
from kernel import clock, fsm, journal
from kernel.actors import SYSTEM
from notify.channels import Outcome, Verdict
from notify.events import DeliveryFellBack, DeliveryMaybeSent, DeliverySent
from notify.models import Delivery, Message, Page
from notify.services import breakers, calling, deliveries

# A page must find a way within half a minute; a notice may wait for its own channel.
FALL_BACK_AFTER_ATTEMPTS = 2
FALL_BACK_AFTER = timedelta(seconds=15)
LONGEST_BACKOFF_S = 10.0
GIVE_UP_AFTER = {Message.Kind.PAGE: timedelta(hours=1), Message.Kind.DIGEST: timedelta(hours=1), Message.Kind.TEST: timedelta(minutes=5)}
GIVE_UP_NOTICE_AFTER = timedelta(hours=24)


def settle(delivery_id: int, lease_id: UUID, outcome: Outcome) -> bool:
    """Record the outcome of one leased sending. False when the lease was lost meanwhile (then only good news still counts)."""
    with _locked(delivery_id) as (delivery, now):
        if delivery.state != Delivery.State.SENDING or delivery.lease_id != lease_id:
            return _late(delivery, outcome, at=now)
        _apply(delivery, outcome, at=now)
    _tell_breaker(delivery, outcome)
    return True


def lease_expired(delivery_id: int) -> bool:
    """The sender of this delivery died, or hangs: before the hand-over it surely did not go out, after it nobody knows."""
    with _locked(delivery_id) as (delivery, now):
        if delivery.state != Delivery.State.SENDING or not _lease_is_over(delivery):
            return False
        if delivery.handed_over_at is None:
            _retry(delivery, Outcome(verdict=Verdict.RETRY, detail="the sender died before sending"), at=now)
        else:
            _doubt(delivery, error="the sender died while sending", again_at=now, at=now)
    return True


def refuse(delivery_id: int, lease_id: UUID, *, why: str) -> None:
    """Take back a claimed delivery that must not, or need not, go out any more."""
    with _locked(delivery_id) as (delivery, now):
        if delivery.state != Delivery.State.SENDING or delivery.lease_id != lease_id:
            return
        _give_up(delivery, why=why, at=now)


def fall_back(delivery_id: int) -> bool:
    """Its channel is down: try the person's next one, else call the chain's next person. Once per delivery."""
    with _locked(delivery_id) as (delivery, now):
        if delivery.state not in Delivery.CLAIMABLE or delivery.next_attempt_at is None or delivery.fell_back_at is not None:
            return False
        _fall_back(delivery, why=delivery.error or "channel down", at=now)
    return True


@contextmanager
def _locked(delivery_id: int) -> Iterator[tuple[Delivery, datetime]]:
    """The page first, then its delivery: the order everywhere, so that nobody waits for each other."""
    with transaction.atomic():
        page = Page.objects.select_for_update(of=("self",)).filter(messages__deliveries=delivery_id).first()
        rows = Delivery.objects.select_for_update(of=("self",)).select_related("message", "user", "contact_point")
        delivery = rows.get(pk=delivery_id)
        if page is not None:
            delivery.message.page = page
        yield delivery, clock.now()


def _apply(delivery: Delivery, outcome: Outcome, *, at: datetime) -> None:
    if outcome.verdict == Verdict.SENT:
        _succeed(delivery, outcome, at=at)
    elif outcome.verdict == Verdict.UNSURE:
        _doubt(delivery, error=outcome.detail, again_at=at + backoff(delivery, outcome), at=at)
    elif outcome.verdict == Verdict.RETRY:
        _retry(delivery, outcome, at=at)
    else:
        if outcome.verdict == Verdict.GONE and delivery.contact_point is not None:
            org.contact_point_remove(public_id=delivery.contact_point.public_id, version=None, actor=SYSTEM, reason=outcome.detail)
        deliveries.fail_locked(delivery, error=outcome.detail, at=at)
        _fall_back(delivery, why=outcome.detail, at=at)


def _succeed(delivery: Delivery, outcome: Outcome, *, at: datetime) -> None:
    fsm.move(delivery, delivery.succeed, at=at, provider_id=outcome.provider_id)
    event = DeliverySent(**_fields(delivery), attempts=delivery.attempts, is_repeat=delivery.is_repeat, at=at)
    journal.record(event, subject=delivery, under=deliveries.under(delivery), actor=SYSTEM)
    others = Delivery.objects.filter(message_id=delivery.message_id, user_id=delivery.user_id, next_attempt_at__isnull=False)
    waiting = others.filter(state__in=Delivery.CLAIMABLE).exclude(pk=delivery.pk)
    locked = list(waiting.select_for_update(of=("self",), skip_locked=True).select_related("message", "message__page", "user"))
    deliveries.drop_unsent(locked, why="reached_otherwise", at=at, actor=SYSTEM)


def _doubt(delivery: Delivery, *, error: str, again_at: datetime | None, at: datetime) -> None:
    """First doubt: once more, marked. Second doubt: never again this way, but the next channel or person, to be sure of one."""
    again_at = None if delivery.is_repeat else again_at
    fsm.move(delivery, delivery.doubt, at=at, again_at=again_at, error=error)
    event = DeliveryMaybeSent(**_fields(delivery), will_repeat=again_at is not None, error=delivery.error, at=at)
    journal.record(event, subject=delivery, under=deliveries.under(delivery), actor=SYSTEM)
    if again_at is None:
        _fall_back(delivery, why=error, at=at)


def _retry(delivery: Delivery, outcome: Outcome, *, at: datetime) -> None:
    """It surely did not go out this time: later, until it is too old or not needed; soon also another way."""
    page = delivery.message.page
    if page is not None and not page.is_open:
        _give_up(delivery, why="page_ended", at=at)
    elif delivery.is_older_than(GIVE_UP_AFTER.get(Message.Kind(delivery.message.kind), GIVE_UP_NOTICE_AFTER), at=at):
        if delivery.is_repeat:
            _doubt(delivery, error=outcome.detail, again_at=None, at=at)
        else:
            deliveries.fail_locked(delivery, error=outcome.detail, at=at)
            _fall_back(delivery, why=outcome.detail, at=at)
    else:
        again_at = at + backoff(delivery, outcome)
        if delivery.is_repeat:  # its first sending may have arrived: it stays maybe sent until the repeat is through
            fsm.move(delivery, delivery.doubt, at=at, again_at=again_at, error=outcome.detail)
        else:
            fsm.move(delivery, delivery.retry, again_at=again_at, error=outcome.detail)
        if delivery.attempts >= FALL_BACK_AFTER_ATTEMPTS or delivery.is_older_than(FALL_BACK_AFTER, at=at):
            _fall_back(delivery, why=outcome.detail, at=at)


def _give_up(delivery: Delivery, *, why: str, at: datetime) -> None:
    """It need not, or must not, go out any more. That an earlier sending may have arrived is not undone by that."""
    if delivery.is_repeat:
        _doubt(delivery, error=why, again_at=None, at=at)
        return
    fsm.move(delivery, delivery.drop, at=at, error=why)
    journal.record(deliveries.dropped(delivery, why=why, at=at), subject=delivery, under=deliveries.under(delivery), actor=SYSTEM)


def _fall_back(delivery: Delivery, *, why: str, at: datetime) -> None:
    """A delivery that is only late goes on trying beside its fallback: whichever reaches the person first ends the other."""
    if delivery.fell_back_at is not None:
        return
    delivery.fell_back_at = at
    delivery.save(update_fields=["fell_back_at"])
    page = delivery.message.page
    if page is not None and not page.is_open:
        return
    way = deliveries.next_way(delivery, at=at)
    if way is not None:
        fallback = deliveries.add_fallback(delivery, way, at=at)
        event = DeliveryFellBack(
            delivery_id=fallback.public_id,
            user_id=delivery.user.public_id,
            person=delivery.user.display_name,
            from_channel=delivery.channel,
            to_channel=fallback.channel,
            why=why,
            at=at,
        )
        journal.record(event, subject=fallback, under=deliveries.under(delivery), actor=SYSTEM)
    if page is not None and (way is None or not way.works):
        calling.person_unreachable(page, delivery.user, at=at)


def backoff(delivery: Delivery, outcome: Outcome) -> timedelta:
    """Full jitter (anything up to 1 s, 2 s, 4 s … 10 s), and not before the other side said (Retry-After)."""
    jitter_s = random.uniform(0, min(LONGEST_BACKOFF_S, 2.0 ** max(0, delivery.attempts - 1)))
    return timedelta(seconds=max(jitter_s, outcome.retry_after_s or 0.0))


def _late(delivery: Delivery, outcome: Outcome, *, at: datetime) -> bool:
    """A sender that was given up comes back. That it did send is worth knowing; anything else is not."""
    if outcome.verdict == Verdict.SENT and delivery.state == Delivery.State.MAYBE_SENT:
        _succeed(delivery, outcome, at=at)
    return False


def _tell_breaker(delivery: Delivery, outcome: Outcome) -> None:
    """In a transaction of its own: the breaker's row is shared by all deliveries of its channel."""
    if outcome.channel_down:
        with transaction.atomic():
            breakers.channel_failed(key=delivery.breaker_key, channel=delivery.channel, error=outcome.detail, at=clock.now())
    elif outcome.verdict != Verdict.UNSURE:
        with transaction.atomic():
            breakers.channel_worked(key=delivery.breaker_key, at=clock.now())


def _fields(delivery: Delivery) -> dict[str, Any]:
    return {
        "delivery_id": delivery.public_id,
        "user_id": delivery.user.public_id,
        "person": delivery.user.display_name,
        "channel": delivery.channel,
    }


def _lease_is_over(delivery: Delivery) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp() >= %s", [delivery.lease_until])
        return bool(cursor.fetchone()[0])
