"""Queueing a message for a person over the first of their channels that works, and taking it back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from contingency.org.models import ContactPoint, User
from kernel import fsm, journal
from kernel.actors import SYSTEM, Actor
from kernel.journal import Record, Ref
from notify import channels, rendering, selectors
from notify.channels import BadAddress
from notify.events import DeliveryDropped, DeliveryFailed
from notify.models import AckLink, Delivery, Message, Page
from notify.rendering import Rendered


@dataclass(frozen=True)
class Way:
    """One contact point with the breaker that guards it."""

    point: ContactPoint
    breaker_key: str
    works: bool


@dataclass(frozen=True)
class Queued:
    """What came of queueing: the delivery (None: this person has no way at all), and whether its channel works now."""

    delivery: Delivery | None
    works: bool


def queue_for(
    message: Message, user: User, *, at: datetime, due_at: datetime | None = None, acks: Sequence[AckLink] = (), only: ContactPoint | None = None
) -> Queued:
    """Queue the message for one person: over the first channel that works; where none does, over the first, to go out when it is back."""
    ways = ways_of(user, fence=message.fence, at=at, only=only)
    if not ways:
        return Queued(None, works=False)
    way = best(ways)
    rendered = rendering.render(message, user, list(acks))
    return Queued(_add(message, user, way, rendered, at=at, due_at=due_at or at), works=way.works)


def next_way(delivery: Delivery, *, at: datetime) -> Way | None:
    """A contact point of the same person that this message has not tried yet: the first that works, else the first."""
    tried = set(Delivery.objects.filter(message_id=delivery.message_id, user_id=delivery.user_id).values_list("channel", "address"))
    ways = [way for way in ways_of(delivery.user, fence=delivery.message.fence, at=at) if (way.point.kind, way.point.address) not in tried]
    return best(ways) if ways else None


def add_fallback(delivery: Delivery, way: Way, *, at: datetime) -> Delivery:
    """The same words to the same person another way."""
    return _add(delivery.message, delivery.user, way, Rendered(delivery.title, delivery.body), at=at, due_at=at, fallback_of=delivery)


def ways_of(user: User, *, fence: str, at: datetime, only: ContactPoint | None = None) -> list[Way]:
    """The person's usable contact points in their order. Addresses that can never be sent to are left out."""
    found: list[tuple[ContactPoint, str]] = []
    for point in [only] if only is not None else selectors.points_of(user, fence=fence):
        channel = channels.find(point.kind)
        if channel is None:
            continue
        try:
            found.append((point, channel.breaker_key(point.address)))
        except BadAddress:
            continue
    down = selectors.down_keys((key for _point, key in found), at)
    return [Way(point, key, works=key not in down) for point, key in found]


def best(ways: Sequence[Way]) -> Way:
    """The first that works, else the first."""
    return next((way for way in ways if way.works), ways[0])


def _add(
    message: Message, user: User, way: Way, rendered: Rendered, *, at: datetime, due_at: datetime, fallback_of: Delivery | None = None
) -> Delivery:
    delivery = Delivery(
        message=message,
        user=user,
        contact_point=way.point,
        fallback_of=fallback_of,
        channel=way.point.kind,
        address=way.point.address,
        breaker_key=way.breaker_key,
        idempotency_key=f"msg_{uuid4().hex}",
        language=user.language,
        title=rendered.title,
        body=rendered.body,
        next_attempt_at=due_at,
        created_at=at,
    )
    delivery.save()
    return delivery


def drop_unsent(deliveries: Sequence[Delivery], *, why: str, at: datetime, actor: Actor) -> None:
    """Take back locked deliveries that have not gone out; one in doubt stays maybe sent and is not repeated."""
    queued = [delivery for delivery in deliveries if delivery.state == Delivery.State.QUEUED]
    doubtful = [delivery.pk for delivery in deliveries if delivery.state == Delivery.State.MAYBE_SENT]
    Delivery.objects.filter(pk__in=doubtful).update(next_attempt_at=None)
    fsm.move_many(queued, "drop", at=at, error=why)
    journal.record_many(
        [Record(event=dropped(delivery, why=why, at=at), subject=delivery, under=under(delivery)) for delivery in queued], actor=actor
    )


def unsent_of(page: Page) -> list[Delivery]:
    """Locks what of this page has not gone out; what a sender holds just now is left to it."""
    waiting = Delivery.objects.filter(message__page=page, state__in=Delivery.CLAIMABLE, next_attempt_at__isnull=False)
    return list(waiting.select_for_update(of=("self",), skip_locked=True).select_related("message", "message__page", "user").order_by("id"))


def under(delivery: Delivery) -> list[Page | Ref]:
    """Whose timelines a delivery's entries belong to: the page's, and that of what it is about."""
    about = delivery.message.about
    return [delivery.message.page, about] if delivery.message.page is not None else [about]


def dropped(delivery: Delivery, *, why: str, at: datetime) -> DeliveryDropped:
    """The entry's words."""
    return DeliveryDropped(
        delivery_id=delivery.public_id, user_id=delivery.user.public_id, person=delivery.user.display_name, channel=delivery.channel, why=why, at=at
    )


def fail_locked(delivery: Delivery, *, error: str, at: datetime) -> None:
    """It will not go out."""
    fsm.move(delivery, delivery.fail, at=at, error=error)
    event = DeliveryFailed(
        delivery_id=delivery.public_id,
        user_id=delivery.user.public_id,
        person=delivery.user.display_name,
        channel=delivery.channel,
        attempts=delivery.attempts,
        error=delivery.error,
        at=at,
    )
    journal.record(event, subject=delivery, under=under(delivery), actor=SYSTEM)
