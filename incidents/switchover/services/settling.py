"""What the runner writes: steps, the switch, the outage it moves, and the clocks that its proof starts and stops.

Every function here runs inside the runner's transaction, on a locked switch whose outage is locked before it.
"""

from datetime import datetime
from typing import Any

from incidents.switchover import selectors, sequences
from incidents.switchover.events import (
    OutageMoved,
    SwitchedBack,
    SwitchedOver,
    SwitchFailed,
    SwitchReverted,
    SwitchStarted,
    SwitchStepDone,
    SwitchStepFailed,
    SwitchStepUndone,
    SwitchTurnedEmergency,
    SwitchVerifying,
)
from incidents.switchover.executors import Outcome, Result
from incidents.switchover.models import ClockKind, Direction, Mode, Outage, PartCheck, Switch, SwitchStep
from incidents.switchover.services.clocks import clock_cancel, clock_start, clock_stop
from incidents.switchover.services.durations import duration_record
from incidents.switchover.services.ordering import STEP_GAP, outage_id, steps_add, under
from kernel import fsm, journal
from kernel.actors import SYSTEM
from kernel.models import Entry


def switch_started(switch: Switch, now: datetime) -> None:
    """The first claim: the outage's traffic is about to move."""
    fsm.move(switch, switch.execute, at=now)
    entry = journal.record(SwitchStarted(switch_id=switch.public_id), subject=switch, under=under(switch), actor=SYSTEM)
    if switch.outage is not None:
        is_over = switch.direction == Direction.OVER
        _outage_move(switch.outage, switch.outage.start_switching if is_over else switch.outage.start_switching_back, entry)


def step_begun(step: SwitchStep, now: datetime) -> None:
    """Claimed. No entry: the lease is the workers' business; what comes of it is recorded."""
    fsm.move(step, step.begin, at=now)


def step_done(switch: Switch, step: SwitchStep, outcome: Outcome, *, took_ms: int, now: datetime) -> None:
    """It worked: evidence, duration for later previews, and a marked order kept as a check of the part."""
    fsm.move(step, step.finish, at=now, took_ms=took_ms, evidence=outcome.evidence)
    event = SwitchStepDone(switch_id=switch.public_id, step=step.name, took_ms=took_ms, attempts=step.attempts, evidence=outcome.evidence)
    journal.record(event, subject=step, under=[switch, *under(switch)], actor=SYSTEM)
    duration_record(part=switch.part, what=f"step/{switch.mode}/{step.name}", took_ms=took_ms, at=now)
    if step.name == sequences.VERIFY_BUSINESS.name:
        PartCheck.objects.create(
            part=switch.part,
            kind=PartCheck.Kind.BUSINESS,
            at=now,
            is_ok=True,
            took_ms=took_ms,
            evidence={**outcome.evidence, "switch": switch.number},
        )


def step_try_noted(step: SwitchStep, outcome: Outcome) -> None:
    """Not yet; what was seen stays on the step."""
    fsm.move(step, step.note_try, error=outcome.error, evidence=outcome.evidence)


def step_failed(switch: Switch, step: SwitchStep, outcome: Outcome, *, took_ms: int, now: datetime) -> None:
    """It did not work."""
    fsm.move(step, step.fail, at=now, took_ms=took_ms, error=outcome.error, is_perhaps_done=outcome.result is Result.UNKNOWN)
    event = SwitchStepFailed(switch_id=switch.public_id, step=step.name, error=outcome.error)
    journal.record(event, subject=step, under=[switch, *under(switch)], actor=SYSTEM)


def step_replaced(switch: Switch, step: SwitchStep) -> None:
    """Its `otherwise` goes in right behind it."""
    target = selectors.target_of(selectors.part_find(switch.part))
    steps_add(switch, (sequences.instead_of(step.otherwise),), target=target, after=step.order - STEP_GAP // 2)


def step_undone(switch: Switch, step: SwitchStep, outcome: Outcome) -> None:
    """Taken back."""
    fsm.move(step, step.be_undone, evidence=outcome.evidence)
    journal.record(SwitchStepUndone(switch_id=switch.public_id, step=step.name), subject=step, under=[switch, *under(switch)], actor=SYSTEM)


def undo_try_noted(step: SwitchStep, outcome: Outcome, tries: int) -> None:
    """Taking back did not work yet."""
    fsm.move(step, step.note_undo_try, tries=tries, error=outcome.error)


def switch_turned_emergency(switch: Switch, *, after_step: str) -> None:
    """The old side died before the point of no return: the rest goes the emergency way, then the same proofs."""
    _skip_pending(switch)
    fsm.move(switch, switch.turn_emergency)
    part = selectors.part_find(switch.part)
    target = selectors.target_of(part)
    plans = sequences.acting(target.gateway_kind, Mode.EMERGENCY) + selectors.verification_of(part)
    last = switch.steps.order_by("-order").values_list("order", flat=True).first() or 0
    steps_add(switch, plans, target=target, after=last)
    event = SwitchTurnedEmergency(switch_id=switch.public_id, after_step=after_step)
    journal.record(event, subject=switch, under=under(switch), actor=SYSTEM)


def switch_verifying(switch: Switch, now: datetime) -> None:
    """Traffic moved."""
    fsm.move(switch, switch.verify, at=now)
    journal.record(SwitchVerifying(switch_id=switch.public_id, moved_at=now), subject=switch, under=under(switch), actor=SYSTEM)


def switch_completed(switch: Switch, now: datetime) -> None:
    """Proved: the outage moves, clocks stop and start by this evidence, a reversed switch counts as reverted."""
    evidence = _evidence(switch)
    fsm.move(switch, switch.complete, at=now, evidence=evidence)
    assert switch.moved_at is not None
    is_over = switch.direction == Direction.OVER
    event = (SwitchedOver if is_over else SwitchedBack)(
        switch_id=switch.public_id,
        part_id=switch.part.public_id,
        outage_id=outage_id(switch),
        mode=switch.mode,
        moved_at=switch.moved_at,
        evidence=evidence,
    )
    entry = journal.record(event, subject=switch, under=under(switch), actor=SYSTEM)
    if switch.started_at is not None:
        took_ms = round((now - switch.started_at).total_seconds() * 1000)
        duration_record(part=switch.part, what=f"switch/{switch.direction}/{switch.mode}", took_ms=took_ms, at=now)
    if switch.outage is not None:
        (_over_completed if is_over else _back_completed)(switch.outage, evidence, now, entry)
    _reversed(switch, entry)


def _over_completed(outage: Outage, evidence: dict[str, Any], now: datetime, entry: Entry) -> None:
    _outage_move(outage, outage.reach_standby, entry)
    clock_stop(outage=outage, kind=ClockKind.SWITCHOVER, at=now, evidence=evidence, actor=SYSTEM, cause=entry)
    clock_start(outage=outage, kind=ClockKind.RECOVERY, at=now, actor=SYSTEM, cause=entry)


def _back_completed(outage: Outage, evidence: dict[str, Any], now: datetime, entry: Entry) -> None:
    _outage_move(outage, outage.reach_primary, entry, at=now)
    if evidence["replication_caught_up"] is not None:
        clock_stop(outage=outage, kind=ClockKind.SWITCHBACK, at=now, evidence=evidence, actor=SYSTEM, cause=entry)
    else:  # an emergency back, or somebody moved traffic by hand: nothing shows lag 0, so nothing is called met
        clock_cancel(outage=outage, kind=ClockKind.SWITCHBACK, at=now, actor=SYSTEM, reason="no evidence that replication had caught up", cause=entry)


def _evidence(switch: Switch) -> dict[str, Any]:
    """What proves the switch. "Replication caught up" is all that is said about the data: a comparison proves more, later."""
    done = {step.name: step for step in switch.steps.filter(state="done")}
    caught_up = done.get(sequences.CATCH_UP.name)
    return {
        "traffic": _of(done, sequences.VERIFY_TRAFFIC.name),
        "probes": _of(done, sequences.VERIFY_PROBES.name),
        "business_check": _of(done, sequences.VERIFY_BUSINESS.name),
        "replication_caught_up": None
        if caught_up is None
        else {**caught_up.evidence, "at": caught_up.finished_at and caught_up.finished_at.isoformat()},
    }


def _of(done: dict[str, SwitchStep], name: str) -> dict[str, Any] | None:
    step = done.get(name)
    return None if step is None else step.evidence


def switch_failed(switch: Switch, failure: str, *, detail: str, instruction: str, now: datetime, undoing: bool) -> None:
    """It did not come about: taken back now, or left to people; then the outage is where it safely was."""
    _skip_pending(switch)
    fsm.move(switch, switch.fail, failure=failure, detail=detail, instruction=instruction, settled_at=None if undoing else now)
    entry = _record_failed(switch, undoing=undoing)
    if not undoing:
        _outage_falls_back(switch, entry)


def switch_given_up(switch: Switch, *, detail: str, now: datetime) -> None:
    """Taking back failed: people go on by hand."""
    fsm.move(switch, switch.give_up, at=now, detail=detail, instruction="undo_by_hand")
    _outage_falls_back(switch, _record_failed(switch, undoing=False))


def switch_restored(switch: Switch, now: datetime) -> None:
    """Everything is taken back."""
    fsm.move(switch, switch.restore, at=now)
    event = SwitchReverted(switch_id=switch.public_id, outage_id=outage_id(switch))
    entry = journal.record(event, subject=switch, under=under(switch), actor=SYSTEM)
    _outage_falls_back(switch, entry)


def _record_failed(switch: Switch, *, undoing: bool) -> Entry:
    event = SwitchFailed(
        switch_id=switch.public_id,
        outage_id=outage_id(switch),
        failure=switch.failure,
        detail=switch.failure_detail,
        instruction=switch.instruction,
        undoing=undoing,
    )
    return journal.record(event, subject=switch, under=under(switch), actor=SYSTEM)


def _outage_falls_back(switch: Switch, entry: Entry) -> None:
    outage = switch.outage
    if outage is not None:
        _outage_move(outage, outage.fall_back if switch.direction == Direction.OVER else outage.stay_on_standby, entry)


def _outage_move(outage: Outage, method: Any, cause: Entry, **kwargs: Any) -> None:
    fsm.move(outage, method, **kwargs)
    event = OutageMoved(outage_id=outage.public_id, state=outage.state)
    journal.record(event, subject=outage, under=[outage.part], actor=SYSTEM, cause=cause)


def _reversed(switch: Switch, entry: Entry) -> None:
    if switch.reverts_id is None:
        return
    first = Switch.objects.select_for_update(of=("self",)).get(pk=switch.reverts_id)
    if first.state == Switch.State.DONE:
        fsm.move(first, first.be_reverted)
        event = SwitchReverted(switch_id=first.public_id, outage_id=outage_id(first), by_switch_id=switch.public_id)
        journal.record(event, subject=first, under=under(first), actor=SYSTEM, cause=entry)


def _skip_pending(switch: Switch) -> None:
    pending = list(switch.steps.filter(state="pending").select_for_update().order_by("id"))
    fsm.move_many(pending, "skip")
