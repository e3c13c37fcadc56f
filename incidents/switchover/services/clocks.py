"""The recovery clocks: started by facts, stopped by evidence, never paused (RTO-01).

Lock order everywhere: outage, then deadlines, then clocks. The sweep holds deadlines when it takes clocks; so whoever
stops a clock calls its deadlines off first (which waits for that sweep) and looks at the clock only then.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, TextField
from django.db.models.functions import Cast

from contingency.catalog.models import Part
from contingency.plan import selectors as plan
from incidents.switchover.errors import TargetMissing
from incidents.switchover.events import ClockBreached, ClockCancelled, ClockCorrected, ClockMet, ClockStarted, ClockWaived, ClockWarned
from incidents.switchover.models import ClockKind, Outage, RecoveryClock
from kernel import clock, deadlines, fsm, journal
from kernel.actors import SYSTEM, Actor
from kernel.errors import NotFound
from kernel.journal import Record, Ref
from kernel.models import Deadline
from kernel.permissions import require

DEADLINE = "recovery_clock"
BREACH = 100  # per cent of the target


def clocks_make(*, outage: Outage, actor: Actor, cause: Any = None) -> list[RecoveryClock]:
    """All three rows of a new outage, targets copied from the plan in force; the switchover clock runs from the failure.

    The failure may lie so far back that thresholds are past: the next sweep fires them at once. Raises TargetMissing.
    """
    targets = {target.clock: target for target in plan.targets_for(outage.part)}
    made = []
    for kind in ClockKind:
        if kind.value not in targets:
            raise TargetMissing(part=outage.part.name_en, clock=kind.label)
        target = targets[kind.value]
        made.append(
            RecoveryClock.objects.create(outage=outage, kind=kind.value, target=target.target, thresholds=sorted({*target.thresholds, BREACH}))
        )
    clock_start(outage=outage, kind=ClockKind.SWITCHOVER, at=outage.failing_since, actor=actor, cause=cause)
    return made


def clock_start(*, outage: Outage, kind: str, at: datetime, actor: Actor, cause: Any = None) -> RecoveryClock | None:
    """Let a waiting clock run from `at` and arm its thresholds; None when it does not wait any more. The outage is locked."""
    row = _lock(outage, kind)
    if row.state != RecoveryClock.State.WAITING:
        return None
    fsm.move(row, row.start, at=at)
    _arm(row)
    assert row.due_at is not None
    event = ClockStarted(clock_id=row.public_id, outage_id=outage.public_id, kind=kind, started_at=at, due_at=row.due_at)
    journal.record(event, subject=row, under=[outage, outage.part], actor=actor, cause=cause)
    return row


def clock_stop(
    *, outage: Outage, kind: str, at: datetime, evidence: dict[str, Any], actor: Actor, overridden: bool = False, cause: Any = None
) -> None:
    """Stop a clock by evidence: met, or met late. Nothing happens to one that was met, cancelled or waived before.

    Evidence from after the due moment breaches it first, should the sweep not have come round yet. The outage is locked.
    """
    row = _lock(outage, kind)
    if row.state == RecoveryClock.State.RUNNING and row.due_at is not None and at > row.due_at:
        fsm.move(row, row.breach, at=row.due_at)
        event = ClockBreached(clock_id=row.public_id, outage_id=outage.public_id, kind=kind, due_at=row.due_at)
        journal.record(event, subject=row, under=[outage, outage.part], actor=SYSTEM, cause=cause)
    if row.state not in {"waiting", "running", "breached"}:
        return
    late = row.state == RecoveryClock.State.BREACHED
    at = max(at, row.started_at) if row.started_at is not None else at
    fsm.move(row, row.meet_late if late else row.meet, at=at, evidence=evidence)
    met = ClockMet(clock_id=row.public_id, outage_id=outage.public_id, kind=kind, late=late, stopped_at=at, overridden=overridden, evidence=evidence)
    journal.record(met, subject=row, under=[outage, outage.part], actor=actor, cause=cause)


def clock_cancel(*, outage: Outage, kind: str, at: datetime, actor: Actor, reason: str = "", cause: Any = None) -> None:
    """There is nothing to count any more. Nothing happens to a clock that is stopped already. The outage is locked."""
    row = _lock(outage, kind)
    if row.state not in {"waiting", "running", "breached"}:
        return
    fsm.move(row, row.cancel, at=at)
    event = ClockCancelled(clock_id=row.public_id, outage_id=outage.public_id, kind=kind)
    journal.record(event, subject=row, under=[outage, outage.part], actor=actor, reason=reason, cause=cause)


def clock_correct(*, outage: Outage, kind: str, at: datetime, actor: Actor, reason: str, cause: Any = None) -> None:
    """Count from another moment under a new generation: deadlines of the old one fire into nothing. The outage is locked.

    A breach that the wrong start caused is taken back (its entry stays); the new thresholds judge again. A waived clock
    stays as it is.
    """
    row = _lock(outage, kind)
    if row.state not in {"running", "breached"}:
        return
    fsm.move(row, row.correct_start, at=at)
    _arm(row)
    assert row.due_at is not None
    event = ClockCorrected(clock_id=row.public_id, outage_id=outage.public_id, kind=kind, started_at=at, due_at=row.due_at, generation=row.generation)
    journal.record(event, subject=row, under=[outage, outage.part], actor=actor, reason=reason, cause=cause)


@transaction.atomic
def clock_waive(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> RecoveryClock:
    """Two persons decide not to hold this objective: the actor agrees to what `actor.second` proposed. Counted as waived.

    Raises NotPermitted, NeedsSecondPerson, InvalidTransition, Stale.
    """
    seen = RecoveryClock.objects.select_related("outage").filter(public_id=public_id).first()
    if seen is None:
        raise NotFound(kind=RecoveryClock.journal_kind)
    outage = Outage.lock(seen.outage.public_id)
    row = _lock(outage, seen.kind, version=version)
    require(actor, "incidents.clock_waive", row)
    proposer = actor.second.label if actor.second is not None else actor.label
    evidence = {"waived_by": actor.label, "proposed_by": proposer, "reason": reason}
    fsm.move(row, row.waive, at=clock.now(), evidence=evidence)
    event = ClockWaived(clock_id=row.public_id, outage_id=outage.public_id, kind=row.kind, proposed_by=proposer, agreed_by=actor.label)
    journal.record(event, subject=row, under=[outage, outage.part], actor=actor, reason=reason)
    return row


def clock_deadlines_fire(due: Sequence[Deadline], now: datetime) -> None:
    """Thresholds of many clocks at once: warnings below 100 %, breach at 100. One SELECT, one UPDATE, one INSERT of entries.

    A deadline of an older generation, or of a clock that is stopped, has no effect.
    """
    clocks = _lock_many({item.subject_id for item in due})
    live = [item for item in due if _is_live(item, clocks.get(item.subject_id))]
    live.sort(key=lambda item: (item.due_at, item.id))
    breached = [clocks[item.subject_id] for item in live if int(item.key) == BREACH and clocks[item.subject_id].state == RecoveryClock.State.RUNNING]
    fsm.move_many(breached, "breach", at=now)
    breaches = {row.public_id for row in breached}
    entries = [_entry(item, clocks[item.subject_id], now) for item in live if int(item.key) < BREACH or item.subject_id in breaches]
    journal.record_many(entries, actor=SYSTEM, want_entries=False)


def _lock_many(public_ids: set[UUID]) -> dict[UUID, Any]:
    """The clocks, locked in one order, with only what an entry about them needs: ten thousand may come at one instant."""
    rows = RecoveryClock.objects.filter(public_id__in=public_ids).order_by("id").select_for_update(of=("self",))
    rows = rows.defer("target", "thresholds", "evidence").annotate(
        outage_public_id=Cast("outage__public_id", TextField()),
        outage_number=F("outage__number"),
        part_public_id=Cast("outage__part__public_id", TextField()),
        part_name=F("outage__part__name_en"),
    )
    return {row.public_id: row for row in rows}


def _is_live(item: Deadline, row: RecoveryClock | None) -> bool:
    return row is not None and item.generation == row.generation and row.state in {"running", "breached"}


def _entry(item: Deadline, row: Any, now: datetime) -> Record:
    """Everything plain already: the journal's own conversion would be a quarter of the work when ten thousand come at once."""
    clock_id, outage_id = str(row.public_id), row.outage_public_id
    subject = Ref(RecoveryClock.journal_kind, clock_id, f"{row.outage_number} {row.kind}")
    under = (Ref(Outage.journal_kind, outage_id, row.outage_number), Ref(Part.journal_kind, row.part_public_id, row.part_name))
    payload = {"clock_id": clock_id, "outage_id": outage_id, "kind": row.kind, "due_at": row.due_at.astimezone(UTC).isoformat()}
    if int(item.key) < BREACH:
        return Record(event=ClockWarned, payload={**payload, "percent": int(item.key)}, subject=subject, under=under)
    before, after = {"state": "running", "breached_at": None}, {"state": row.state, "breached_at": now.astimezone(UTC).isoformat()}
    return Record(event=ClockBreached, payload=payload, subject=subject, under=under, before=before, after=after)


def _arm(row: RecoveryClock) -> None:
    deadlines.arm_many(
        [
            Deadline(
                kind=DEADLINE,
                subject_kind=RecoveryClock.journal_kind,
                subject_id=row.public_id,
                key=str(percent),
                due_at=row.due_of(percent),
                generation=row.generation,
                payload={"kind": row.kind, "percent": percent},
            )
            for percent in row.thresholds
        ]
    )


def _lock(outage: Outage, kind: str, *, version: int | None = None) -> RecoveryClock:
    """Call the clock's deadlines off, then lock it: in this order a sweep that fires them just now is waited for."""
    public_id = RecoveryClock.objects.values_list("public_id", flat=True).get(outage=outage, kind=kind)
    deadlines.cancel(kind=DEADLINE, subject=Ref(RecoveryClock.journal_kind, str(public_id), ""))
    row = RecoveryClock.lock(public_id, version=version)
    row.outage = outage
    return row
