"""Finding what a dead sender left behind, and what waits for a channel that is down."""

from datetime import datetime

from django.db import connection

from kernel import clock
from notify.services import outcomes

_EXPIRED = "SELECT id FROM notify_delivery WHERE state = 'sending' AND lease_until <= clock_timestamp() ORDER BY lease_until LIMIT 500"
_STUCK = """
SELECT d.id FROM notify_delivery d JOIN notify_channel_health h ON h.key = d.breaker_key AND h.open_until > %s
WHERE d.state IN ('queued', 'maybe_sent') AND d.fell_back_at IS NULL AND d.next_attempt_at IS NOT NULL ORDER BY d.id LIMIT 500
"""


def release_expired() -> int:
    """Deliveries whose lease ran out become maybe sent; those that a breaker holds go another way. Safe to run twice, in parallel."""
    released = sum(outcomes.lease_expired(delivery_id) for delivery_id in _ids(_EXPIRED, []))
    return released + sum(outcomes.fall_back(delivery_id) for delivery_id in _ids(_STUCK, [clock.now()]))


def oldest_expired() -> datetime | None:
    """Since when the oldest expired lease waits to be found, on the business clock (the lease itself runs on the server's own)."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT min(lease_until) + (switchback_now() - clock_timestamp()) FROM notify_delivery
               WHERE state = 'sending' AND lease_until <= clock_timestamp()"""
        )
        oldest: datetime | None = cursor.fetchone()[0]
    return oldest


def _ids(query: str, parameters: list[datetime]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return [row[0] for row in cursor.fetchall()]
