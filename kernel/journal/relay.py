"""Bringing entries to their subscribers: at least once in transport, once in effect."""

from collections import defaultdict
from datetime import datetime

import structlog
from django.db import OperationalError, connection, transaction

from kernel import faultpoints
from kernel.journal.subscriptions import Handler, handler_by_key
from kernel.models import Delivery, Entry

log = structlog.get_logger()

BATCH = 200  # deliveries claimed at once; one transaction
MAX_ATTEMPTS = 10  # then the delivery is dead and shown by `doctor`
BACK_OFF_S = (1, 2, 5, 15, 30, 60, 120, 300, 600, 900)

_CLAIM = """
SELECT id, entry_id, handler, attempts FROM kernel_delivery
WHERE state = 'pending' AND due_at <= switchback_now() ORDER BY due_at, id LIMIT %s FOR UPDATE SKIP LOCKED
"""


def relay() -> int:
    """Deliver everything that is due. Returns how many deliveries were tried. Safe to run twice, late or in parallel."""
    tried = 0
    while batch := relay_batch():
        tried += batch
    return tried


@transaction.atomic
def relay_batch(*, limit: int = BATCH) -> int:
    """Claim due deliveries and run their handlers in the transaction that marks them done."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [limit])
        claimed = cursor.fetchall()
    if not claimed:
        return 0
    faultpoints.hit("relay.after_claim")
    entries = Entry.objects.in_bulk([entry_id for _, entry_id, _, _ in claimed])
    groups: dict[str, list[tuple[int, Entry, int]]] = defaultdict(list)
    for delivery_id, entry_id, key, attempts in claimed:
        groups[key].append((delivery_id, entries[entry_id], attempts))
    for key, deliveries in groups.items():
        _run(handler_by_key(key), key, deliveries)
    faultpoints.hit("relay.before_commit")
    return len(claimed)


def _run(handler: Handler | None, key: str, deliveries: list[tuple[int, Entry, int]]) -> None:
    if handler is None:
        # Another version of the code subscribed this; it may still be running beside us, so leave it for a while.
        _failed(deliveries, f"no handler {key}")
        return
    if handler.batch and len(deliveries) > 1:
        error = _attempt(handler, [entry for _, entry, _ in deliveries])
        if error is None:
            _done(deliveries)
            return
        log.warning("delivery_batch_failed", handler=key, size=len(deliveries), error=error)
    for delivery in deliveries:
        error = _attempt(handler, [delivery[1]])
        if error is None:
            _done([delivery])
        else:
            _failed([delivery], error)


def _attempt(handler: Handler, entries: list[Entry]) -> str | None:
    """Run the handler in a savepoint; the text of what it raised, None when all is well."""
    try:
        with transaction.atomic():
            if handler.batch:
                handler.function(entries)
            else:
                handler.function(entries[0])
    except OperationalError as error:
        if connection.connection is None or connection.connection.closed:
            raise
        return repr(error)
    except Exception as error:  # a handler's fault is kept, counted, retried and shown; the others go on
        log.exception("delivery_failed", handler=handler.key, entry=entries[0].id)
        return repr(error)
    return None


def _done(deliveries: list[tuple[int, Entry, int]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE kernel_delivery SET state = 'done', done_at = switchback_now(), attempts = attempts + 1 WHERE id = ANY(%s)",
            [[delivery_id for delivery_id, _, _ in deliveries]],
        )


def _failed(deliveries: list[tuple[int, Entry, int]], error: str) -> None:
    for delivery_id, _entry, attempts in deliveries:
        wait = BACK_OFF_S[min(attempts, len(BACK_OFF_S) - 1)]
        state = Delivery.State.DEAD if attempts + 1 >= MAX_ATTEMPTS else Delivery.State.PENDING
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE kernel_delivery SET state = %s, attempts = attempts + 1, error = %s,"
                " due_at = switchback_now() + make_interval(secs => %s) WHERE id = %s",
                [state, error[:2000], wait, delivery_id],
            )


def oldest_undelivered() -> datetime | None:
    """When the oldest delivery that is due fell due; None when there is none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(due_at) FROM kernel_delivery WHERE state = 'pending' AND due_at <= switchback_now()")
        oldest: datetime | None = cursor.fetchone()[0]
    return oldest
