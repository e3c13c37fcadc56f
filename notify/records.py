"""Pages and deliveries as lists, for API, screens and command line."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from contingency.org.models import User
from kernel.permissions import Grant
from kernel.records import RecordType, register
from notify import selectors
from notify.models import Delivery, Page
from notify.models.messages import RECIPIENT
from notify.models.pages import CALLED


def page_output(page: Page) -> dict[str, Any]:
    """A page with everybody it called, in order."""
    return {
        "id": str(page.public_id),
        "version": page.version,
        "state": page.state,
        "about": {"kind": page.subject_kind, "id": str(page.subject_id), "label": page.subject_label},
        "chain": page.chain,
        "fence": page.fence,
        "started_at": page.started_at.isoformat(),
        "ended_at": page.ended_at.isoformat() if page.ended_at else None,
        "acknowledged_by": _person(page.acknowledged_by) if page.acknowledged_by else None,
        "steps_left": len(page.steps) - page.next_step,
        "calls": [
            {
                "user": _person(call.user),
                "step": call.step,
                "called_at": call.called_at.isoformat(),
                "is_coalesced": call.is_coalesced,
                "is_unreachable": call.unreachable_at is not None,
            }
            for call in sorted(page.calls.all(), key=lambda call: call.pk)
        ],
    }


def delivery_output(delivery: Delivery) -> dict[str, Any]:
    """A delivery; of the address only enough to tell two apart."""
    page = delivery.message.page
    return {
        "id": str(delivery.public_id),
        "version": delivery.version,
        "state": delivery.state,
        "kind": delivery.message.kind,
        "page": str(page.public_id) if page else None,
        "about": {"kind": delivery.message.subject_kind, "id": str(delivery.message.subject_id), "label": delivery.message.subject_label},
        "user": _person(delivery.user),
        "channel": delivery.channel,
        "address": masked(delivery.address),
        "idempotency_key": delivery.idempotency_key,
        "attempts": delivery.attempts,
        "is_repeat": delivery.is_repeat,
        "error": delivery.error,
        "created_at": delivery.created_at.isoformat(),
        "next_attempt_at": delivery.next_attempt_at.isoformat() if delivery.next_attempt_at else None,
        "settled_at": delivery.settled_at.isoformat() if delivery.settled_at else None,
    }


def masked(address: str) -> str:
    """`o…@example.com`, `https://hooks.example.com/…`."""
    name, at, domain = address.rpartition("@")
    if at:
        return f"{name[:1]}…@{domain}"
    scheme, separator, rest = address.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}/…" if separator else f"{address[:3]}…"


def _person(user: User) -> dict[str, str]:
    return {"id": str(user.public_id), "name": user.display_name}


register(
    RecordType(
        kind=Page.journal_kind,
        collection="pages",
        title=_("page (call)"),
        model=Page,
        list_for=lambda actor, **filters: selectors.page_list(actor, **filters).prefetch_related("calls__user"),
        output=page_output,
        read={**selectors.READERS, CALLED: Grant.ALL},
        filters=("state", "subject"),
    )
)
register(
    RecordType(
        kind=Delivery.journal_kind,
        collection="deliveries",
        title=_("delivery"),
        model=Delivery,
        list_for=selectors.delivery_list,
        output=delivery_output,
        read={**selectors.READERS, RECIPIENT: Grant.ALL},
        filters=("state", "page", "channel"),
    )
)
