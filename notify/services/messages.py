"""Messages that are no pages: notices, and the test of one's own contact point."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from contingency.org.models import ContactPoint, User
from kernel import clock, journal
from kernel.actors import Actor
from kernel.errors import Conflict, NotPermitted
from kernel.journal import ref_of
from kernel.permissions import require
from notify import rendering
from notify.events import MessageQueued
from notify.models import Message
from notify.services.deliveries import queue_for


@transaction.atomic
def message_send(*, to: Sequence[User], text: str, params: dict[str, Any], subject: Any, actor: Actor, fence: str = "", cause: Any = None) -> Message:
    """Queue a notice for these people; rows only, the sweep sends. Who has no channel, or is outside the fence, is left out.

    params may hold moments, lazy texts, and texts in two languages ({"en": …, "zh": …}): each reader gets their own.
    """
    return _queue(to=to, kind=Message.Kind.NOTICE, text=text, params=params, subject=subject, actor=actor, fence=fence, cause=cause)


@transaction.atomic
def contact_point_test(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> ContactPoint:
    """Send a test to one contact point of one's own (ORG-04). Raises NotPermitted for another person's, Conflict for a dead one."""
    point = ContactPoint.lock(public_id, version=version)
    require(actor, "notify.contact_point_test", point)
    if actor.user_id != point.user_id:
        raise NotPermitted(action=_("testing another person's contact points"))
    message = _queue(to=[point.user], kind=Message.Kind.TEST, text="contact-test", params={}, subject=point, actor=actor, only=point)
    if not message.deliveries.exists():
        raise Conflict(problem=_("Nothing can be sent to this contact point: there is no channel for its kind, or its address is wrong."))
    return point


def _queue(
    *,
    to: Sequence[User],
    kind: str,
    text: str,
    params: dict[str, Any],
    subject: Any,
    actor: Actor,
    fence: str = "",
    cause: Any = None,
    only: ContactPoint | None = None,
) -> Message:
    now = clock.now()
    ref = ref_of(subject)
    message = Message.objects.create(
        subject_kind=ref.kind,
        subject_id=ref.id,
        subject_label=ref.label,
        kind=kind,
        text=text,
        params=rendering.stored(params),
        fence=fence,
        created_at=now,
    )
    people = list({user.pk: user for user in to if user.is_active}.values())
    reached = [user for user in people if queue_for(message, user, at=now, only=only).delivery is not None]
    event = MessageQueued(
        message_id=message.public_id,
        text=text,
        user_ids=[user.public_id for user in reached],
        names=", ".join(user.display_name for user in reached),
        at=now,
    )
    journal.record(event, subject=message, under=[ref], actor=actor, cause=cause)
    return message
