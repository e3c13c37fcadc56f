"""The sender: claim, commit, send outside any transaction, commit the result.

Just before the last step of a sending its hand-over is committed too. So of a sender that died it is known which messages
surely did not go out (queued again, as if nothing had happened) and which may have (maybe sent).

Each channel has a lane of its own with a few sendings at once, so that one that hangs delays only itself.
"""

import threading
import time
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from uuid import UUID, uuid4

import structlog
from django.conf import settings
from django.db import connection, transaction

from kernel import faultpoints
from notify import channels
from notify.channels import Channel, LeaseLost, Outcome, Parcel, Verdict
from notify.services import outcomes, parcels

log = structlog.get_logger()

SEND_TIMEOUT_S = 10.0
CLAIM_FOR_S = 4.0  # a run goes on that long while there is work
LINGER_S = 1.0  # and waits that long for sendings that do not land
GATE_WAIT_S = 1.0

# materialised: as a plain subquery the planner may run it once for each row of the other side, and so claim more than the limit
_CLAIM = """
WITH due AS MATERIALIZED (
    SELECT q.id FROM notify_delivery q
    WHERE q.channel = %(channel)s AND q.state IN ('queued', 'maybe_sent') AND q.next_attempt_at <= switchback_now()
      AND NOT EXISTS (SELECT 1 FROM notify_channel_health h WHERE h.key = q.breaker_key AND h.open_until > switchback_now())
    ORDER BY q.next_attempt_at, q.id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE notify_delivery AS d
SET state = 'sending', lease_id = %(lease)s, lease_until = clock_timestamp() + make_interval(secs => %(life_s)s), attempts = d.attempts + 1,
    first_attempt_at = coalesce(d.first_attempt_at, switchback_now()), handed_over_at = NULL,
    is_repeat = d.is_repeat OR d.state = 'maybe_sent', version = d.version + 1
FROM due WHERE d.id = due.id
RETURNING d.id
"""

_HAND_OVER = """
UPDATE notify_delivery SET handed_over_at = switchback_now()
WHERE id = %(id)s AND state = 'sending' AND lease_id = %(lease)s AND lease_until > clock_timestamp()
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
class _HandOver:
    """A sender thread asks that its hand-over be written down before it makes it."""

    delivery_id: int
    lease_id: UUID
    answered: threading.Event
    allowed: list[bool]


@dataclass(frozen=True)
class _Landed:
    """A sending that has ended and is to be written down; without an outcome: it was broken off before the hand-over."""

    delivery_id: int
    lease_id: UUID
    outcome: Outcome | None
    gate: threading.Semaphore | None


class _Inbox:
    """Where sender threads report. As long as its run lasts, the run writes everything down over its own connection.

    A run does not wait for a server that hangs: it closes the inbox and ends, so that its worker is free for other work;
    a thread that reports later writes down by itself.
    """

    def __init__(self) -> None:
        self._items: SimpleQueue[_HandOver | _Landed] = SimpleQueue()
        self._lock = threading.Lock()
        self._is_closed = False

    def put(self, item: _HandOver | _Landed) -> None:
        """From a sender thread."""
        with self._lock:
            if not self._is_closed:
                self._items.put(item)
                return
        try:
            _write_down(item)
        finally:
            connection.close()

    def attend(self, *, wait_s: float) -> int:
        """Write down what has come in; waits so long for the first. Returns how many have landed."""
        landed = 0
        while True:
            try:
                item = self._items.get(timeout=wait_s) if wait_s else self._items.get_nowait()
            except Empty:
                return landed
            landed += isinstance(item, _Landed)
            _write_down(item)
            wait_s = 0.0

    def close(self) -> None:
        """The run ends."""
        with self._lock:
            self._is_closed = True
        self.attend(wait_s=0.0)


class _Lane:
    """One channel during one run.

    The gate is held from the hand-over until its outcome is written down: as long as the other side is quick, a killed
    sender leaves one delivery in doubt, not eight. A slow one is waited for one second only.
    """

    def __init__(self, kind: str, channel: Channel, inbox: _Inbox) -> None:
        self._kind, self._channel, self._inbox = kind, channel, inbox
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
        if ids:
            faultpoints.hit("notify.after_claim")
        for delivery_id in ids:
            self._start(delivery_id, lease_id)
        return len(ids)

    def _start(self, delivery_id: int, lease_id: UUID) -> None:
        """Never raises: an error here, such as a database that is just going away, would keep the slots of those behind it for good."""
        try:
            parcel = parcels.pack(delivery_id)
            if isinstance(parcel, str):
                outcomes.refuse(delivery_id, lease_id, why=parcel)
        except Exception:  # one message that cannot be made ready must not hold up the others
            log.exception("message_not_packed", delivery=delivery_id)
            self._ground(_Landed(delivery_id, lease_id, Outcome(verdict=Verdict.RETRY, detail="it could not be made ready"), None))
            return
        if isinstance(parcel, str):
            self._ground(_Landed(delivery_id, lease_id, None, None))
            return
        threading.Thread(target=self._fly, args=(delivery_id, lease_id, parcel), name=f"notify-{self._kind}", daemon=True).start()

    def _ground(self, landed: _Landed) -> None:
        self._slots.give_back(1)
        self._inbox.put(landed)

    def _fly(self, delivery_id: int, lease_id: UUID, parcel: Parcel) -> None:
        """In a thread of its own."""
        gate: threading.Semaphore | None = None
        outcome: Outcome | None = None
        surely_not_sent = [True]

        def point_of_no_return() -> None:
            nonlocal gate
            if self._gate.acquire(timeout=GATE_WAIT_S):
                gate = self._gate
            request = _HandOver(delivery_id, lease_id, threading.Event(), [])
            self._inbox.put(request)
            if not request.answered.wait(timeout=send_timeout_s()) or not request.allowed:
                raise LeaseLost
            surely_not_sent.clear()

        try:
            outcome = self._channel.send(parcel, timeout_s=send_timeout_s(), point_of_no_return=point_of_no_return)
            faultpoints.hit("notify.after_send")
        except LeaseLost:
            log.info("hand_over_refused", delivery=delivery_id)
        except Exception:  # a defect of a channel must not leave the delivery without a verdict
            log.exception("channel_crashed", channel=self._kind)
            verdict = Verdict.RETRY if surely_not_sent else Verdict.UNSURE
            outcome = Outcome(verdict=verdict, detail="the channel crashed", channel_down=True)
        finally:
            self._ground(_Landed(delivery_id, lease_id, outcome, gate))


def send_due() -> int:
    """Send everything that is due, over all channels side by side. Safe to run twice, in parallel, and after any crash.

    Returns how many sendings were begun. Ends after a few seconds even when more is due (the next run goes on), and at once
    when only servers that hang are left to wait for.
    """
    inbox = _Inbox()
    lanes = [_Lane(kind, channel, inbox) for kind in channels.all_kinds() if (channel := channels.find(kind)) is not None]
    begun = in_the_air = 0
    ends_at = time.monotonic() + CLAIM_FOR_S
    quiet_since = time.monotonic()
    try:
        while time.monotonic() < ends_at and time.monotonic() - quiet_since < LINGER_S:
            claimed = sum(lane.start_due() for lane in lanes)
            begun, in_the_air = begun + claimed, in_the_air + claimed
            if not in_the_air:
                break
            landed = inbox.attend(wait_s=0.1)
            in_the_air -= landed
            if claimed or landed:
                quiet_since = time.monotonic()
    finally:
        inbox.close()
    return begun


def in_the_air() -> int:
    """How many sendings of this process have not landed yet (a worker that is told to stop may wait for them)."""
    return sum(slots.used for slots in _slots.values())


def send_timeout_s() -> float:
    """How long one sending may take in all: well within its lease."""
    return min(SEND_TIMEOUT_S, 0.7 * settings.NOTIFY_LEASE_SECONDS)


def _claim(kind: str, lease_id: UUID, limit: int) -> list[int]:
    """Lease due deliveries of one channel, in one statement and one short transaction."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"lease": str(lease_id), "life_s": settings.NOTIFY_LEASE_SECONDS, "channel": kind, "limit": limit})
        return [row[0] for row in cursor.fetchall()]


def _write_down(item: _HandOver | _Landed) -> None:
    """Commit a hand-over before it is made, or how a sending ended."""
    if isinstance(item, _HandOver):
        try:
            item.allowed.extend([True] * _hand_over(item))
        finally:
            item.answered.set()
        return
    try:
        if item.outcome is not None:
            faultpoints.hit("notify.before_record")
            outcomes.settle(item.delivery_id, item.lease_id, item.outcome)
    finally:
        if item.gate is not None:
            item.gate.release()


def _hand_over(request: _HandOver) -> bool:
    """Committed before the message leaves; False when the lease was lost meanwhile (a sender that slept must not send)."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_HAND_OVER, {"id": request.delivery_id, "lease": str(request.lease_id)})
        return bool(cursor.rowcount == 1)
