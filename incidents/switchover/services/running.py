"""Carrying switches out: claim, commit, act, commit the result. A worker that dies is resumed at the step it held.

`advance` is the only transaction: it writes what the last act brought and claims the next one, under a lease. Between two
of its calls the network is used. A worker whose lease was taken over writes nothing.

When reality differs from the order:
- a step before the point of no return that is refused leads to taking back; one without an answer is tried once more first;
- out of an outage, an old side that died on the way does not stop the switch: it goes on as an emergency (its data is on
  both sides and business is interrupted anyway); and a gate that gives no answer is taken out of the gateway instead;
- from the point of no return on there is only forward: tried again, then left to people with an instruction;
- taking back is tried ten times, then left to people.
"""

import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Q

from incidents.switchover import selectors
from incidents.switchover.executors import Outcome, Result, Target, executor_for
from incidents.switchover.models import Switch, SwitchStep
from incidents.switchover.models.switch import WORKABLE
from incidents.switchover.problems import at_step
from incidents.switchover.services import settling
from incidents.switchover.services.ordering import is_past_return, switch_lock
from incidents.switchover.services.verification import verify_step
from incidents.switchover.services.watching import gateway_look
from kernel import clock, faultpoints

log = structlog.get_logger()

LEASE_SPARE = timedelta(seconds=2)  # beyond a step's own limit; a dead worker's switch stands still no longer than that
PAUSE = timedelta(milliseconds=500)  # before another try
STATUS_LIMIT_S = 2.0
TRIES_BEFORE_RETURN = 2
TRIES_PAST_RETURN = 20
TRIES_OF_UNDO = 10
VERIFY_FOR = timedelta(minutes=2)  # since traffic moved


@dataclass(frozen=True)
class Work:
    """One act, claimed: everything it needs without the database."""

    switch_pk: int
    public_id: uuid.UUID
    token: uuid.UUID
    step_pk: int
    name: str
    kind: str  # do, undo, verify
    target: Target
    from_side: str
    to_side: str
    limit_s: float
    moved_at: datetime | None
    asks_for_old_side: bool


@dataclass(frozen=True)
class Report:
    """What came of it."""

    work: Work
    outcome: Outcome
    took_ms: int
    is_old_side_dead: bool = False


def switch_run() -> int:
    """Carry out every switch that may be. Returns how many acts. Safe to run twice, late, in parallel, and after any crash."""
    acts = 0
    while (candidate := _candidate()) is not None:
        done = _run(candidate)
        if done == 0:
            break  # somebody else has it
        acts += done
    return acts


def oldest_workable() -> datetime | None:
    """Since when the switch that waits longest for a worker could go on."""
    waiting = _workable(clock.now()).order_by("id").values_list("lease_until", "approved_at").first()
    return None if waiting is None else waiting[0] or waiting[1]


def _workable(now: datetime) -> Any:
    return Switch.objects.filter(Q(lease_until=None) | Q(lease_until__lte=now), settled_at=None, state__in=WORKABLE)


def _candidate() -> uuid.UUID | None:
    return _workable(clock.now()).order_by("id").values_list("public_id", flat=True).first()  # type: ignore[no-any-return]


def _run(public_id: uuid.UUID) -> int:
    token, acts, target = uuid.uuid4(), 0, None
    work = advance(public_id, token, None)
    while work is not None:
        target = work.target
        faultpoints.hit("switch.after_claim")
        report = _act(work)
        faultpoints.hit("switch.after_step")
        acts += 1
        work = advance(public_id, token, report)
    if target is not None:
        gateway_look(target)  # no order is judged by the picture from before the switch
    return acts


def _act(work: Work) -> Report:
    """The network's part. A verification that is not there yet comes back as a refusal."""
    started = time.monotonic()
    if work.kind == "verify":
        assert work.moved_at is not None
        # the key is the switch's own: a worker that takes over places the same order again, not another
        key = f"business-check-{work.public_id}"
        outcome = verify_step(work.name, target=work.target, to_side=work.to_side, moved_at=work.moved_at, key=key, limit_s=work.limit_s)
        return Report(work, outcome, _since_ms(started))
    executor = executor_for(work.target)
    outcome = executor.act(work.name, from_side=work.from_side, to_side=work.to_side, limit_s=work.limit_s)
    took_ms = _since_ms(started)
    if outcome.is_ok or not work.asks_for_old_side:
        return Report(work, outcome, took_ms)
    view = executor.status(limit_s=STATUS_LIMIT_S)
    return Report(work, outcome, took_ms, is_old_side_dead=view.is_known and not view.is_reachable(work.from_side))


def _since_ms(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


@transaction.atomic
def advance(public_id: uuid.UUID, token: uuid.UUID, report: Report | None) -> Work | None:
    """Write what the last act brought, claim the next. None: nothing to do now (settled, paused, or another worker's)."""
    switch = switch_lock(public_id)
    now = clock.now()
    if report is None:
        if switch.settled_at is not None or switch.state not in WORKABLE or (switch.lease_until is not None and switch.lease_until > now):
            return None
    elif switch.lease_token != token:
        log.warning("switch_report_dropped", switch=switch.number, step=report.work.name)
        return None
    goes_on = True if report is None else _write(switch, report, now)
    if report is not None:
        faultpoints.hit("switch.before_record")
    if not goes_on:
        switch.lease(token=uuid.uuid4(), until=now + PAUSE)
        return None
    return _claim_next(switch, token, now)


def _write(switch: Switch, report: Report, now: datetime) -> bool:
    """Put the outcome on the step and decide. False: pause before the next try."""
    step = SwitchStep.lock(SwitchStep.objects.values_list("public_id", flat=True).get(pk=report.work.step_pk))
    step.switch = switch
    if report.work.kind == "undo":
        return _write_undo(switch, step, report, now)
    if report.outcome.is_ok:
        settling.step_done(switch, step, report.outcome, took_ms=report.took_ms, now=now)
        return True
    if report.work.kind == "verify":
        return _write_unproved(switch, step, report, now)
    return _write_failed(switch, step, report, now)


def _write_failed(switch: Switch, step: SwitchStep, report: Report, now: datetime) -> bool:
    outcome, unknown = report.outcome, report.outcome.result is Result.UNKNOWN
    is_past = switch.steps.filter(point_of_no_return=True, state="done").exists() or (step.point_of_no_return and unknown)
    if is_past:
        if step.attempts < TRIES_PAST_RETURN:
            settling.step_try_noted(step, outcome)
            return False
        settling.step_failed(switch, step, outcome, took_ms=report.took_ms, now=now)
        settling.switch_failed(switch, "stuck_past_return", detail=outcome.error, instruction="finish_by_hand", now=now, undoing=False)
        return True
    if report.is_old_side_dead and switch.may_turn_emergency and switch.mode == "planned":
        settling.step_failed(switch, step, outcome, took_ms=report.took_ms, now=now)
        settling.switch_turned_emergency(switch, after_step=step.name)
        return True
    if unknown and step.attempts < TRIES_BEFORE_RETURN:
        settling.step_try_noted(step, outcome)
        return False
    settling.step_failed(switch, step, outcome, took_ms=report.took_ms, now=now)
    if unknown and step.otherwise and switch.may_turn_emergency:
        settling.step_replaced(switch, step)
        return True
    settling.switch_failed(switch, "step_failed", detail=at_step(step.name, outcome.error), instruction="undoing", now=now, undoing=True)
    return True


def _write_unproved(switch: Switch, step: SwitchStep, report: Report, now: datetime) -> bool:
    assert switch.moved_at is not None
    if now - switch.moved_at < VERIFY_FOR:
        settling.step_try_noted(step, report.outcome)
        return False
    settling.step_failed(switch, step, report.outcome, took_ms=report.took_ms, now=now)
    detail = at_step(step.name, report.outcome.error)
    settling.switch_failed(switch, "not_verified", detail=detail, instruction="order_again_to_verify", now=now, undoing=False)
    return True


def _write_undo(switch: Switch, step: SwitchStep, report: Report, now: datetime) -> bool:
    if report.outcome.is_ok:
        settling.step_undone(switch, step, report.outcome)
        return True
    tries = int(step.evidence.get("undo_tries", 0)) + 1
    settling.undo_try_noted(step, report.outcome, tries)
    if tries < TRIES_OF_UNDO:
        return False
    settling.switch_given_up(switch, detail=at_step(step.undo, report.outcome.error), now=now)
    return True


def _claim_next(switch: Switch, token: uuid.UUID, now: datetime) -> Work | None:
    """Move the switch on until there is an act to do, or it is settled."""
    if switch.state == Switch.State.APPROVED:
        settling.switch_started(switch, now)
    if switch.state == Switch.State.EXECUTING:
        if switch.abort_asked_at is not None and not is_past_return(switch):
            settling.switch_failed(switch, "aborted", detail="", instruction="undoing", now=now, undoing=True)
        else:
            step = _next_step(switch, is_verification=False)
            if step is not None:
                return _claim(switch, step, token, now, kind="do")
            settling.switch_verifying(switch, now)
    if switch.state == Switch.State.VERIFYING:
        step = _next_step(switch, is_verification=True)
        if step is not None:
            return _claim(switch, step, token, now, kind="verify")
        settling.switch_completed(switch, now)
    if switch.is_undoing:
        step = _next_undo(switch)
        if step is not None:
            return _claim(switch, step, token, now, kind="undo")
        settling.switch_restored(switch, now)
    return None


def _next_step(switch: Switch, *, is_verification: bool) -> SwitchStep | None:
    return switch.steps.filter(state__in=["pending", "running"], is_verification=is_verification).order_by("order").first()


def _next_undo(switch: Switch) -> SwitchStep | None:
    """The last step that took effect, or may have."""
    took_effect = Q(state__in=["done", "running"]) | Q(state="failed", is_perhaps_done=True)
    return switch.steps.filter(took_effect, is_verification=False).exclude(undo="").order_by("-order").first()


def _claim(switch: Switch, step: SwitchStep, token: uuid.UUID, now: datetime, *, kind: str) -> Work:
    if kind != "undo":
        settling.step_begun(step, now)
    switch.lease(token=token, until=now + step.limit + LEASE_SPARE)
    part = selectors.part_find(switch.part)
    return Work(
        switch_pk=switch.pk,
        public_id=switch.public_id,
        token=token,
        step_pk=step.pk,
        name=step.undo if kind == "undo" else step.name,
        kind=kind,
        target=selectors.target_of(part),
        from_side=switch.from_side,
        to_side=switch.to_side,
        limit_s=step.limit.total_seconds(),
        moved_at=switch.moved_at,
        asks_for_old_side=kind == "do" and switch.may_turn_emergency and switch.mode == "planned",
    )
