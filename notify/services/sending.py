"""The sender: claim, commit, send outside any transaction, commit the result.

Each channel has a lane of its own with a few sendings at once, so that one that hangs delays only itself.
"""

import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta
from queue import Empty, SimpleQueue
from uuid import UUID, uuid4

import structlog
from django.conf import settings
from django.db import transaction

from kernel import faultpoints
from notify import channels
from notify.channels import Channel, Outcome, Parcel, Verdict
from notify.services import outcomes, parcels

log = structlog.get_logger()

SEND_TIMEOUT_S = 10.0
CLAIM_FOR_S = 8.0  # a run goes on claiming that long while there is work; then it ends as soon as nothing is in the air
GATE_WAIT_S = 0.5

_CLAIM = """
UPDATE notify_delivery AS d
SET state = 'sending', lease_id = %(lease)s, lease_until = clock_timestamp() + %(life)s, attempts = d.attempts + 1,
    first_attempt_at = coalesce(d.first_attempt_at, switchback_now()), is_repeat = d.is_repeat OR d.state = 'maybe_sent', version = d.version + 1
FROM (
    SELECT q.id FROM notify_delivery q
    WHERE q.channel = %(channel)s AND q.state IN ('queued', 'maybe_sent') AND q.next_attempt_at <= switchback_now()
      AND NOT EXISTS (SELECT 1 FROM notify_channel_health h WHERE h.key = q.breaker_key AND h.open_until > switchback_now())
    ORDER BY q.next_attempt_at, q.id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
) AS due
WHERE d.id = due.id
RETURNING d.id
"""


@dataclass
class _Slots:
    """How many sendings of one channel are in the air in this process, over all runs."""

    limit: int
    used: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> int:
        """Reserve all that are free."""
        with self.lock:
            free = self.limit - self.used
            self.used = self.limit
            return free

    def give_back(self, count: int) -> None:
        """They are free again."""
        with self.lock:
            self.used -= count


_slots: dict[str, _Slots] = {}


@dataclass(frozen=True)
class _Landed:
    """A sending that has ended and is to be written down."""

    delivery_id: int
    lease_id: UUID
    outcome: Outcome
    gate: threading.Semaphore | None


class _Lane:
    """One channel during one run.

    The gate is held from just before a sending's last step until its outcome is written down: as long as the other side
    is quick, a killed sender leaves one delivery in doubt, not eight. A slow one is waited for half a second only.
    """

    def __init__(self, kind: str, channel: Channel, landed: "SimpleQueue[_Landed]") -> None:
        self._kind, self._channel, self._landed = kind, channel, landed
        self._gate = threading.Semaphore(1)
        self._slots = _slots.setdefault(kind, _Slots(channel.concurrency))

    def start_due(self) -> int:
        """Claim as much as there are free slots and start sending it. Returns how many were claimed."""
        free = self._slots.take()
        lease_id, ids = uuid4(), list[int]()
        try:
            if free:
                ids = _claim(self._kind, lease_id, free)
        finally:
            self._slots.give_back(free - len(ids))
        if not ids:
            return 0
        faultpoints.hit("notify.after_claim")
        for delivery_id in ids:
            self._start(delivery_id, lease_id)
        return len(ids)

    def _start(self, delivery_id: int, lease_id: UUID) -> None:
        parcel = parcels.pack(delivery_id)
        if isinstance(parcel, str):
            self._slots.give_back(1)
            outcomes.refuse(delivery_id, lease_id, why=parcel)
            self._landed.put(_Landed(delivery_id, lease_id, Outcome(verdict=Verdict.REFUSED, detail=parcel), None))
            return
        threading.Thread(target=self._fly, args=(delivery_id, lease_id, parcel), name=f"notify-{self._kind}", daemon=True).start()

    def _fly(self, delivery_id: int, lease_id: UUID, parcel: Parcel) -> None:
        """In its own thread, without the database."""
        gate: threading.Semaphore | None = None

        def point_of_no_return() -> None:
            nonlocal gate
            if self._gate.acquire(timeout=GATE_WAIT_S):
                gate = self._gate

        try:
            outcome = self._channel.send(parcel, timeout_s=send_timeout_s(), point_of_no_return=point_of_no_return)
            faultpoints.hit("notify.after_send")
        except Exception:  # a defect of a channel must not leave the delivery without a verdict
            log.exception("channel_crashed", channel=self._kind)
            outcome = Outcome(verdict=Verdict.UNSURE, detail="the channel crashed", channel_down=True)
        finally:
            self._slots.give_back(1)
        self._landed.put(_Landed(delivery_id, lease_id, outcome, gate))


def send_due() -> int:
    """Send everything that is due, over all channels side by side. Safe to run twice, in parallel, and after any crash.

    Returns how many sendings were begun. Ends after a few seconds at the latest even when more is due: the next run goes on.
    """
    landed: SimpleQueue[_Landed] = SimpleQueue()
    lanes = [_Lane(kind, channel, landed) for kind in channels.all_kinds() if (channel := channels.find(kind)) is not None]
    started = time.monotonic()
    hard_stop = CLAIM_FOR_S + 2 * send_timeout_s()
    begun = in_the_air = 0
    while True:
        age = time.monotonic() - started
        if age < CLAIM_FOR_S or (in_the_air and age < CLAIM_FOR_S + send_timeout_s()):
            claimed = sum(lane.start_due() for lane in lanes)
            begun, in_the_air = begun + claimed, in_the_air + claimed
        if not in_the_air or age > hard_stop:
            return begun  # what still hangs then is found by its lease
        in_the_air -= _write_down(landed)


def send_timeout_s() -> float:
    """How long one sending may take in all: well within its lease."""
    return min(SEND_TIMEOUT_S, 0.7 * settings.NOTIFY_LEASE_SECONDS)


def _claim(kind: str, lease_id: UUID, limit: int) -> list[int]:
    """Lease due deliveries of one channel, in one statement and one short transaction."""
    parameters = {"lease": str(lease_id), "life": timedelta(seconds=settings.NOTIFY_LEASE_SECONDS), "channel": kind, "limit": limit}
    with transaction.atomic(), transaction.get_connection().cursor() as cursor:
        cursor.execute(_CLAIM, parameters)
        return [row[0] for row in cursor.fetchall()]


def _write_down(landed: "SimpleQueue[_Landed]") -> int:
    """Record what has landed; waits a moment for the first. Returns how many."""
    count = 0
    wait_s = 0.1
    while True:
        try:
            item = landed.get(timeout=wait_s) if wait_s else landed.get_nowait()
        except Empty:
            return count
        wait_s, count = 0.0, count + 1
        try:
            faultpoints.hit("notify.before_record")
            outcomes.settle(item.delivery_id, item.lease_id, item.outcome)
        finally:
            if item.gate is not None:
                item.gate.release()
