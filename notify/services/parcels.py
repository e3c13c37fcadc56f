"""Making a claimed delivery ready for its channel: the last look at the page and at the fence, and the links."""

from uuid import UUID

from django.db import transaction

from kernel import clock
from notify import rendering, selectors
from notify.channels.base import AckOffer, Parcel
from notify.models import AckLink, Delivery, Message
from notify.secrets import webhook_secrets
from notify.services import links

PAGE_ENDED = "page_ended"
OUTSIDE_FENCE = "outside_fence"


@transaction.atomic
def pack(delivery_id: int) -> Parcel | str:
    """All that the channel needs, or why it must not go out (page_ended, outside_fence). Its links open for 15 minutes from now."""
    delivery = Delivery.objects.select_related("message", "message__page", "user", "contact_point").get(pk=delivery_id)
    message = delivery.message
    if not selectors.may_reach(message.fence, delivery.user, delivery.address):
        return OUTSIDE_FENCE
    offered = _links(rendering.marked(delivery.body))
    if _is_moot(message, offered):
        return PAGE_ENDED
    links.prolong(offered, at=clock.now())
    urls = {link.public_id: links.url_of(link) for link in offered}
    return Parcel(
        key=delivery.idempotency_key,
        address=delivery.address,
        to_name=rendering.one_line(delivery.user.display_name),
        kind=message.kind,
        title=delivery.title,
        body=rendering.with_links(delivery.body, urls),
        language=delivery.language,
        created_at=delivery.created_at,
        attempt=delivery.attempts,
        is_repeat=delivery.is_repeat,
        about_kind=message.subject_kind,
        about_id=str(message.subject_id),
        about_label=message.subject_label,
        acks=tuple(AckOffer(page_id=str(link.page.public_id), label=link.page.subject_label, url=urls[link.public_id]) for link in offered),
        secrets=webhook_secrets(delivery.contact_point) if delivery.channel == "webhook" and delivery.contact_point is not None else (),
    )


def _links(marked: list[UUID]) -> list[AckLink]:
    """In the order in which the body has them, each once."""
    found = {link.public_id: link for link in AckLink.objects.filter(public_id__in=marked).select_related("page")}
    return [found[public_id] for public_id in dict.fromkeys(marked) if public_id in found]


def _is_moot(message: Message, offered: list[AckLink]) -> bool:
    """Whether every page that it calls about has ended."""
    if message.kind == Message.Kind.PAGE and message.page is not None:
        return not message.page.is_open
    return message.kind == Message.Kind.DIGEST and not any(link.page.is_open for link in offered)
