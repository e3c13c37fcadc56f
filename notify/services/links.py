"""The link that acknowledges one page for one person: signed, 15 minutes from sending, used up by the POST."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db import transaction

from contingency.org.models import User
from kernel import clock
from kernel.actors import Actor
from kernel.errors import InvalidTransition
from notify.errors import LinkRefused
from notify.models import AckLink, Page
from notify.models.pages import LINK_LIFE
from notify.services.pages import page_acknowledge

_SALT = "switchback.notify.acknowledge"


class AckResult(StrEnum):
    """What the link finds, or did."""

    OPEN = "open"
    DONE = "done"
    USED = "used"
    EXPIRED = "expired"
    ENDED = "ended"  # answered by somebody else, or called off


@dataclass(frozen=True)
class Found:
    """A genuine link, its page, and whether it still opens anything."""

    link: AckLink
    page: Page
    result: AckResult


def token_of(link: AckLink) -> str:
    """The secret part of the address; made from the id and the server's key whenever it is needed, stored nowhere."""
    return _signer().sign(urlsafe_b64encode(link.public_id.bytes).rstrip(b"=").decode())


def url_of(link: AckLink) -> str:
    """The whole address."""
    return f"{settings.BASE_URL}/ack/{token_of(link)}/"


def prolong(links: list[AckLink], *, at: datetime) -> None:
    """They are about to be sent: from now on they open for 15 minutes."""
    AckLink.objects.filter(pk__in=[link.pk for link in links], used_at=None).update(expires_at=at + LINK_LIFE)


def ack_link_find(token: str) -> Found:
    """Look, and change nothing (GET, HEAD, a mail scanner). Raises LinkRefused."""
    link = AckLink.objects.select_related("page", "page__acknowledged_by", "user").filter(public_id=_id_in(token)).first()
    if link is None:
        raise LinkRefused
    return Found(link, link.page, _present(link, clock.now()))


@transaction.atomic
def ack_link_use(token: str) -> Found:
    """Acknowledge the page as the person whom the link was sent to. The link is used up, whether or not it was still needed.

    Raises LinkRefused.
    """
    link = AckLink.objects.select_for_update(of=("self",)).select_related("page", "user").filter(public_id=_id_in(token)).first()
    if link is None:
        raise LinkRefused
    now = clock.now()
    present = _present(link, now)
    if present in (AckResult.USED, AckResult.EXPIRED):
        return Found(link, link.page, present)
    link.used_at = now
    link.save(update_fields=["used_at"])
    try:
        with transaction.atomic():
            page = page_acknowledge(public_id=link.page.public_id, version=None, actor=actor_of(link.user))
    except InvalidTransition:
        return Found(link, Page.objects.select_related("acknowledged_by").get(pk=link.page_id), AckResult.ENDED)
    return Found(link, page, AckResult.DONE)


def actor_of(user: User) -> Actor:
    """The person, through a link: without their roles, so it is good for nothing but what being called allows."""
    return Actor(kind="link", id=str(user.public_id), label=user.display_name, user_id=user.pk, language=user.language)


def _present(link: AckLink, now: datetime) -> AckResult:
    if not link.user.is_active or link.expires_at is None:
        raise LinkRefused
    if link.used_at is not None:
        return AckResult.USED
    if now >= link.expires_at:
        return AckResult.EXPIRED
    return AckResult.OPEN if link.page.is_open else AckResult.ENDED


def _id_in(token: str) -> UUID:
    """Raises LinkRefused for anything that this server has not signed."""
    try:
        return UUID(bytes=urlsafe_b64decode(_signer().unsign(token) + "=="))
    except (BadSignature, ValueError):
        raise LinkRefused from None


def _signer() -> Signer:
    return Signer(salt=_SALT, sep=".")
