"""Timers as rows: armed in the transaction that needs them, fired exactly once by whoever sweeps first."""

import json
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import Min

from kernel import clock, faultpoints
from kernel.journal import ref_of
from kernel.models import Deadline
from kernel.pokes import poke
from kernel.sweeps import Sweep, register_sweep

log = structlog.get_logger()

BATCH = 1000  # one transaction; one row at a time managed a few hundred a second, a thousand at a time ten thousand
AHEAD_S = 0.25  # a worker that was poked waits so long for what is about to fall due
RETRY_S = (1, 2, 5, 15, 30, 60, 300)

Fire = Callable[[list[Deadline], datetime], Any]
_handlers: dict[str, Fire] = {}


def on_due(kind: str, *, every: timedelta = timedelta(seconds=1), queue: str = "clocks") -> Callable[[Fire], Fire]:
    """Declare what happens when deadlines of this kind fall due, and their sweep.

    The function gets up to a thousand of them inside the transaction that marks them fired; it only writes rows.
    """

    def register(function: Fire) -> Fire:
        _handlers[kind] = function
        register_sweep(
            Sweep(
                name=f"deadlines.{kind}",
                run=partial(turn, kind),
                every=every,
                queue=queue,
                late_after=timedelta(seconds=5),
                oldest=lambda: oldest_unfired(kind),
            )
        )
        return function

    return register


def arm(*, kind: str, subject: Any, key: str, due_at: datetime, payload: dict[str, Any] | None = None, generation: int = 1) -> Deadline:
    """Arm one timer for a record; the same (kind, subject, key, generation) again changes nothing and returns the first."""
    ref = ref_of(subject)
    found, _created = Deadline.objects.get_or_create(
        kind=kind,
        subject_id=ref.id,
        key=key,
        generation=generation,
        defaults={"subject_kind": ref.kind, "due_at": due_at, "next_try_at": due_at, "payload": payload or {}},
    )
    return found


def arm_many(deadlines: Sequence[Deadline]) -> None:
    """Arm many unsaved Deadline rows in one statement; those that exist already are left alone."""
    for deadline in deadlines:
        deadline.next_try_at = deadline.due_at
    Deadline.objects.bulk_create(deadlines, ignore_conflicts=True)


def cancel(*, kind: str, subject: Any, key: str | None = None, wait: bool = True) -> int:
    """Call off the unfired timers of a record. Returns how many.

    Waits for a sweep that is firing them just now; where what they do locks the record that the caller holds, that would
    be a deadlock: then `wait=False` leaves those alone, and what they do must find out that they came too late.
    """
    rows = Deadline.objects.filter(kind=kind, subject_id=ref_of(subject).id, fired_at=None, cancelled_at=None)
    if key is not None:
        rows = rows.filter(key=key)
    if not wait:
        rows = Deadline.objects.filter(pk__in=list(rows.select_for_update(skip_locked=True).values_list("pk", flat=True)))
    return rows.update(cancelled_at=clock.now())


def sweep(kind: str) -> int:
    """Fire everything of this kind that is due. Safe to run twice, late, in parallel, and after any crash."""
    fired = 0
    while batch := fire_batch(kind):
        fired += batch
    return fired


def turn(kind: str) -> int:
    """What a worker does when poked. A full batch means a storm, for which another worker process is called to help."""
    fired = fire_batch(kind)
    if not fired and (wait := _seconds_to_next(kind)) is not None and wait <= AHEAD_S:
        time.sleep(max(wait, 0.0))  # the next poke would come after it
        fired = fire_batch(kind)
    if fired == BATCH:
        poke(f"deadlines.{kind}")
    return fired + sweep(kind) if fired else 0


def fire_batch(kind: str, *, limit: int = BATCH) -> int:
    """Fire up to `limit` due timers in one transaction; when they fail together, each on its own. Returns how many were tried."""
    try:
        return _fire(kind, limit=limit)
    except Exception:  # one bad row must not hold up the others: find it by trying each alone
        log.exception("deadline_batch_failed", kind=kind)
        return sum(_fire_one(kind, public_id) for public_id in _due_ids(kind, limit))


@transaction.atomic
def _fire(kind: str, *, limit: int, only: Any = None) -> int:
    now = clock.now()
    due = _claim(kind, now, limit, only)
    if due:
        faultpoints.hit("deadline.after_claim")
        _handlers[kind](due, now)
        faultpoints.hit("deadline.before_commit")
    return len(due)


def _claim(kind: str, now: datetime, limit: int, only: Any) -> list[Deadline]:
    columns = [str(field.column) for field in Deadline._meta.concrete_fields]
    payload = columns.index("payload")
    with connection.cursor() as cursor:
        cursor.execute(
            # materialised, or the planner may run it once for each row of the other side and claim more than the limit
            f"""WITH due AS MATERIALIZED (
                 SELECT id FROM kernel_deadline
                 WHERE kind = %(kind)s AND fired_at IS NULL AND cancelled_at IS NULL AND next_try_at <= %(now)s
                   AND (%(only)s::uuid IS NULL OR public_id = %(only)s::uuid)
                 ORDER BY next_try_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
               UPDATE kernel_deadline d SET fired_at = %(now)s FROM due WHERE d.id = due.id
               RETURNING {", ".join(f"d.{column}" for column in columns)}""",  # noqa: S608 - the model's own columns
            {"now": now, "kind": kind, "limit": limit, "only": str(only) if only else None},
        )
        # by hand: a raw queryset takes three times as long, and ten thousand may come at one instant
        rows = [[*row[:payload], json.loads(row[payload]), *row[payload + 1 :]] for row in cursor.fetchall()]
    return [Deadline.from_db("default", columns, row) for row in rows]


def _due_ids(kind: str, limit: int) -> list[Any]:
    due = Deadline.objects.filter(kind=kind, fired_at=None, cancelled_at=None, next_try_at__lte=clock.now())
    return list(due.order_by("next_try_at").values_list("public_id", flat=True)[:limit])


def _fire_one(kind: str, public_id: Any) -> int:
    try:
        return _fire(kind, limit=1, only=public_id)
    except Exception as error:  # kept on the row, retried with back-off, shown by `doctor`
        log.exception("deadline_failed", kind=kind, deadline=str(public_id))
        attempts = Deadline.objects.values_list("attempts", flat=True).get(public_id=public_id)
        wait = timedelta(seconds=RETRY_S[min(attempts, len(RETRY_S) - 1)])
        Deadline.objects.filter(public_id=public_id).update(attempts=attempts + 1, error=repr(error)[:2000], next_try_at=clock.now() + wait)
        return 1


def _seconds_to_next(kind: str) -> float | None:
    """How long until the next deadline of this kind falls due; None when none is armed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM min(next_try_at) - switchback_now()) FROM kernel_deadline"
            " WHERE kind = %s AND fired_at IS NULL AND cancelled_at IS NULL",
            [kind],
        )
        seconds = cursor.fetchone()[0]
    return None if seconds is None else float(seconds)


def oldest_unfired(kind: str) -> datetime | None:
    """The moment the oldest unfired deadline of this kind fell due; None when nothing is due."""
    due = Deadline.objects.filter(kind=kind, fired_at=None, cancelled_at=None, next_try_at__lte=clock.now())
    oldest: datetime | None = due.aggregate(oldest=Min("next_try_at"))["oldest"]
    return oldest


def armed_of(subject: Any, kind: str) -> list[Deadline]:
    """The timers of a record that are still to fire, soonest first."""
    return list(Deadline.objects.filter(kind=kind, subject_id=ref_of(subject).id, fired_at=None, cancelled_at=None).order_by("due_at"))


def unfired_count() -> int:
    """How many timers are overdue by more than a minute, of any kind (for the audit that gates the dead-man's switch)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM kernel_deadline WHERE fired_at IS NULL AND cancelled_at IS NULL"
            " AND next_try_at < switchback_now() - interval '60 s'"
        )
        return int(cursor.fetchone()[0])
