"""Ordering, approving, stopping and reversing a switch; the dry run. No network: the gateway's last sample is read."""

import time
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from contingency.catalog.models import Part
from incidents.switchover import selectors
from incidents.switchover.errors import (
    NothingToSwitch,
    PastPointOfNoReturn,
    SecondMustDiffer,
    SwitchAlreadyActive,
)
from incidents.switchover.events import DryRunMade, SwitchAbortAsked, SwitchApproved, SwitchOrdered, SwitchReverted
from incidents.switchover.executors import GatewayView
from incidents.switchover.models import Direction, Outage, PartCheck, Switch, SwitchStep
from incidents.switchover.models.outage import OPEN_STATES
from incidents.switchover.problems import problem_words
from incidents.switchover.sequences import StepPlan
from kernel import clock, fsm, journal
from kernel.actors import Actor
from kernel.errors import Conflict, Invalid
from kernel.ids import number_next
from kernel.permissions import can, require

STEP_GAP = 10  # between the order numbers of steps: another may have to go in between


def switch_order(*, actor: Actor, part: Part | UUID | str, direction: str, reason: str = "") -> Switch:
    """Order traffic of a part to be moved. The mode is read off the gateway now and fixed with the order.

    In an open outage it belongs to that outage. It waits for another person when the outage needs one (major, or not
    graded yet) or when the actor may only order, not approve; else it is free to be carried out at once.
    Raises NotFound, NotPermitted, NothingToSwitch, NotReadyToSwitchBack, SwitchAlreadyActive.
    """
    if direction not in Direction.values:
        raise Invalid(field=_("direction"), problem=_("over or back."))
    return _order(part=selectors.part_find(part), direction=direction, actor=actor, reason=reason)


def switch_over(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> Switch:
    """Order the switch to the standby out of an outage. Raises as `switch_order`, and Stale."""
    return _order_in_outage(public_id, version, Direction.OVER, actor, reason)


def switch_back(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> Switch:
    """Order the switch back to the repaired original. Raises as `switch_order`, and Stale."""
    return _order_in_outage(public_id, version, Direction.BACK, actor, reason)


@transaction.atomic
def switch_revert(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> Switch:
    """Order the opposite of a finished switch; when that is done, the first one counts as reverted. Returns the new one.

    Raises as `switch_order`, and Conflict for one that is not the part's last.
    """
    first = Switch.lock(public_id, version=version)
    require(actor, "incidents.switch_revert", first)
    if first.state != Switch.State.DONE or not selectors.is_last_done(first):
        raise Conflict(problem=_("Only the last finished switch of a part can be reversed."))
    direction = Direction.BACK if first.direction == Direction.OVER else Direction.OVER
    return _order(part=selectors.part_find(first.part), direction=direction, actor=actor, reason=reason, reverts=first)


@transaction.atomic
def switch_approve(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> Switch:
    """Another person agrees: the switch may be carried out. Raises NotPermitted, SecondMustDiffer, InvalidTransition, Stale."""
    switch = switch_lock(public_id, version=version)
    require(actor, "incidents.switch_approve", switch)
    if switch.needs_second and (actor.user_id is None or actor.user_id == switch.ordered_by_id):
        raise SecondMustDiffer(action=_("approve the switch"))
    fsm.move(switch, switch.approve, at=clock.now(), by_id=actor.user_id)
    event = SwitchApproved(switch_id=switch.public_id, at_once=False, outage_id=outage_id(switch))
    journal.record(event, subject=switch, under=under(switch), actor=actor, reason=reason)
    return switch


@transaction.atomic
def switch_abort(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> Switch:
    """Stop a switch: taken back at once before it began; else its steps are taken back, up to the point of no return.

    Raises NotPermitted, PastPointOfNoReturn, InvalidTransition, Stale.
    """
    now = clock.now()
    switch = switch_lock(public_id, version=version)
    require(actor, "incidents.switch_abort", switch)
    if switch.state in {Switch.State.ORDERED, Switch.State.APPROVED}:
        fsm.move(switch, switch.withdraw, at=now)
        fsm.move_many(list(switch.steps.select_for_update().order_by("id")), "skip")
        event: Any = SwitchReverted(switch_id=switch.public_id, outage_id=outage_id(switch))
    else:
        if switch.state == Switch.State.VERIFYING or is_past_return(switch):
            raise PastPointOfNoReturn(number=switch.number)
        fsm.move(switch, switch.ask_abort, at=now)
        event = SwitchAbortAsked(switch_id=switch.public_id)
    journal.record(event, subject=switch, under=under(switch), actor=actor, reason=reason)
    return switch


@transaction.atomic
def switch_dry_run(*, public_id: UUID, version: int | None = None, actor: Actor, direction: str = "over", reason: str = "") -> PartCheck:
    """Look at everything a switch of this part needs, change nothing, and keep what was seen. Raises NotFound, NotPermitted."""
    started = time.monotonic()
    part = selectors.part_find(public_id)
    require(actor, "incidents.switch_dry_run", part)
    preview = selectors.switch_preview(part, direction or Direction.OVER)
    plain = [{"code": check.code, "ok": check.is_ok, "blocking": check.is_blocking, "detail": check.detail} for check in preview.checks]
    row = PartCheck.objects.create(
        part=part,
        kind=PartCheck.Kind.DRY_RUN,
        at=clock.now(),
        is_ok=all(check.is_ok for check in preview.checks),
        took_ms=round((time.monotonic() - started) * 1000),
        evidence={"direction": preview.direction, "mode": preview.mode, "checks": plain, "seen": preview.view.summary()},
    )
    event = DryRunMade(check_id=row.public_id, part_id=part.public_id, direction=preview.direction, mode=preview.mode, is_ok=row.is_ok, checks=plain)
    journal.record(event, subject=row, under=[part], actor=actor, reason=reason)
    return row


@transaction.atomic
def _order_in_outage(public_id: UUID, version: int | None, direction: str, actor: Actor, reason: str) -> Switch:
    outage = Outage.lock(public_id, version=version)
    if not outage.is_open:
        raise NothingToSwitch(part=outage.part.name_en, problem=_("the outage is over."))
    return _order(part=selectors.part_find(outage.part), direction=direction, actor=actor, reason=reason)


@transaction.atomic
def _order(*, part: Part, direction: str, actor: Actor, reason: str, reverts: Switch | None = None) -> Switch:
    now, view = clock.now(), selectors.traffic_now(part)
    outage = Outage.objects.select_for_update(of=("self",)).filter(part=part, state__in=OPEN_STATES).first()
    if outage is not None:
        outage.part = part
    subject = outage or part
    require(actor, "incidents.switch_order", subject)
    active = selectors.switch_active(part)
    if active is not None:
        raise SwitchAlreadyActive(part=part.name_en, number=active.number)
    _guard(outage, direction, part)
    from_side, to_side = selectors.sides_of(direction, outage)
    mode = selectors.choose_mode(view, from_side=from_side, to_side=to_side)
    _refuse_what_cannot_work(view, mode=mode, direction=direction, from_side=from_side, to_side=to_side, outage=outage, part=part)
    needs_second = (outage is not None and outage.needs_second) or can(actor, "incidents.switch_approve", subject) is None
    target = selectors.target_of(part)
    try:
        with transaction.atomic():
            switch = Switch.objects.create(
                number=number_next("SWI"),
                part=part,
                outage=outage,
                direction=direction,
                mode=mode,
                may_turn_emergency=selectors.turns_emergency(target.gateway_kind, mode, direction, outage),
                from_side=from_side,
                to_side=to_side,
                needs_second=needs_second,
                ordered_by_id=actor.user_id,
                ordered_at=now,
                reverts=reverts,
                seen_at_order=view.summary(),
            )
    except IntegrityError as error:  # somebody else was quicker by a hair
        there = selectors.switch_active(part)
        if there is None:
            raise
        raise SwitchAlreadyActive(part=part.name_en, number=there.number) from error
    steps_add(switch, selectors.plans_for(part, view, mode=mode, to_side=to_side), target=target)
    event = SwitchOrdered(
        switch_id=switch.public_id,
        part_id=part.public_id,
        outage_id=outage_id(switch),
        direction=direction,
        mode=mode,
        needs_second=needs_second,
    )
    entry = journal.record(event, subject=switch, under=under(switch), actor=actor, reason=reason)
    if not needs_second:
        fsm.move(switch, switch.approve, at=now, by_id=actor.user_id)
        approved = SwitchApproved(switch_id=switch.public_id, at_once=True, outage_id=outage_id(switch))
        journal.record(approved, subject=switch, under=under(switch), actor=actor, cause=entry)
    return switch


def _guard(outage: Outage | None, direction: str, part: Part) -> None:
    """Over only from the failing side, back only from the standby and with both facts."""
    if outage is None:
        return
    if direction == Direction.OVER and outage.state != Outage.State.FAILING:
        raise NothingToSwitch(part=part.name_en, problem=_("business is on the standby already."))
    if direction == Direction.BACK:
        if outage.state != Outage.State.ON_STANDBY:
            raise NothingToSwitch(part=part.name_en, problem=_("business is not on the standby."))
        not_ready = selectors.not_ready_to_switch_back(outage)
        if not_ready is not None:
            raise not_ready


def _refuse_what_cannot_work(
    view: GatewayView, *, mode: str, direction: str, from_side: str, to_side: str, outage: Outage | None, part: Part
) -> None:
    checks = selectors.checks_of(view, mode=mode, direction=direction, from_side=from_side, to_side=to_side, outage=outage, active=None)
    failing = next((check for check in checks if check.is_blocking and not check.is_ok), None)
    if failing is not None:
        raise NothingToSwitch(part=part.name_en, problem=f"{_('this does not hold')}: {failing.title}. {problem_words(failing.detail)}".strip())


def steps_add(switch: Switch, plans: tuple[StepPlan, ...], *, target: Any, after: int = 0) -> None:
    """Copy steps onto the switch with their exact effect in both languages, numbered behind `after`."""
    words = {"old": target.sides[switch.from_side].name, "new": target.sides[switch.to_side].name, "part": target.name}
    SwitchStep.objects.bulk_create(
        SwitchStep(
            switch=switch,
            order=after + number * STEP_GAP,
            name=plan.name,
            is_verification=plan.is_verification,
            title_en=plan.title_en.format(**words),
            title_zh=plan.title_zh.format(**words),
            effect_en=plan.effect_en.format(**words),
            effect_zh=plan.effect_zh.format(**words),
            undo=plan.undo,
            otherwise=plan.otherwise,
            point_of_no_return=plan.point_of_no_return,
            limit=plan.limit,
        )
        for number, plan in enumerate(plans, start=1)
    )


def switch_lock(public_id: UUID, *, version: int | None = None) -> Switch:
    """Lock the outage, then the switch: the order that everybody keeps. Raises NotFound, Stale."""
    outage_pk = Switch.objects.filter(public_id=public_id).values_list("outage_id", flat=True).first()
    outage = Outage.objects.select_for_update(of=("self",)).select_related("part__unit").get(pk=outage_pk) if outage_pk is not None else None
    switch = Switch.lock(public_id, version=version)
    switch.outage = outage
    return switch


def is_past_return(switch: Switch) -> bool:
    """Whether the point of no return is passed, or being passed just now."""
    return switch.steps.filter(point_of_no_return=True, state__in=["running", "done"]).exists()


def outage_id(switch: Switch) -> UUID | None:
    """Public id of the outage it belongs to."""
    return switch.outage.public_id if switch.outage is not None else None


def under(switch: Switch) -> list[Any]:
    """Whose timelines its entries also belong to."""
    return [switch.part] if switch.outage is None else [switch.outage, switch.part]
