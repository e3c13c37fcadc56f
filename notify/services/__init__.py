"""Use cases that write."""

from notify.services.deliveries import queue_for
from notify.services.fences import fence_open
from notify.services.leases import release_expired
from notify.services.links import AckResult, ack_link_find, ack_link_use
from notify.services.messages import contact_point_test, message_send
from notify.services.pages import page_acknowledge, page_cancel, page_escalate, page_start, page_step_due, page_stop
from notify.services.sending import send_due

__all__ = [
    "AckResult",
    "ack_link_find",
    "ack_link_use",
    "contact_point_test",
    "fence_open",
    "message_send",
    "page_acknowledge",
    "page_cancel",
    "page_escalate",
    "page_start",
    "page_step_due",
    "page_stop",
    "queue_for",
    "release_expired",
    "send_due",
]
