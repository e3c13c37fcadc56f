"""Opening an outage, the facts about it, and its ends other than a switch back."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contingency.catalog.models import Part
from incidents.switchover import selectors
from incidents.switchover.errors import EvidenceMissing, OutageAlreadyOpen
from incidents.switchover.events import (
    BusinessNormal,
    OutageCalledOff,
    OutageGraded,
    OutageOpened,
    OutageStartCorrected,
    Repaired,
    RepairedInPlace,
)
from incidents.switchover.models import ClockKind, Outage, Switch
from incidents.switchover.selectors import BusinessEvidence
from incidents.switchover.services.clocks import clock_cancel, clock_correct, clock_start, clock_stop, clocks_make
from kernel import clock, fsm, journal
from kernel.actors import Actor
from kernel.errors import Conflict, Invalid, NotPermitted, ReasonRequired
from kernel.ids import number_next
from kernel.permissions import can, require


@transaction.atomic
def outage_open(*, part: Part, failing_since: datetime, actor: Actor, needs_second: bool = True, cause: Any = None) -> Outage:
    """Business of a part is interrupted since `failing_since`: the outage and its three clocks, the first one running.

    Called by the room above in the transaction that confirms an incident. Raises OutageAlreadyOpen, TargetMissing.
    """
    now = clock.now()
    try:
        with transaction.atomic():
            outage = Outage.objects.create(
                number=number_next("OUT"),
                part=part,
                origin=selectors.serving_before(part),
                failing_since=min(failing_since, now),  # a sender's clock may run ahead of ours
                opened_at=now,
                needs_second=needs_second,
            )
    except IntegrityError as error:
        there = selectors.open_outage(part)
        if there is None:
            raise
        raise OutageAlreadyOpen(part=part.name_en, number=there.number) from error
    event = OutageOpened(outage_id=outage.public_id, part_id=part.public_id, failing_since=outage.failing_since, needs_second=needs_second)
    entry = journal.record(event, subject=outage, under=[part], actor=actor, cause=cause)
    clocks_make(outage=outage, actor=actor, cause=entry)
    return outage


@transaction.atomic
def outage_grade_record(*, outage: Outage, grade: str, commanders: list[str], actor: Actor, cause: Any = None) -> Outage:
    """The room above tells the grade and who commands (public ids of users). Major and ungraded need a second person."""
    outage = Outage.lock(outage.public_id)
    needs_second = grade in {"", "major"}
    if not outage.is_open or (outage.grade, outage.needs_second, outage.commanders) == (grade, needs_second, commanders):
        return outage
    fsm.move(outage, outage.take_grade, grade=grade, needs_second=needs_second, commanders=commanders)
    event = OutageGraded(outage_id=outage.public_id, grade=grade, needs_second=needs_second)
    journal.record(event, subject=outage, under=[outage.part], actor=actor, cause=cause)
    return outage


@transaction.atomic
def outage_correct_start(*, public_id: UUID, version: int | None, actor: Actor, failing_since: datetime, reason: str = "") -> Outage:
    """The failure began at another time: the switchover clock counts from there, its thresholds armed anew.

    Only while business has not been switched: afterwards the start is part of the evidence.
    Raises NotPermitted, ReasonRequired, Invalid, InvalidTransition, Stale.
    """
    now = clock.now()
    outage = Outage.lock(public_id, version=version)
    require(actor, "incidents.outage_correct_start", outage)
    if not reason.strip():
        raise ReasonRequired(action=_("correct the start of the failure"))
    if failing_since > outage.opened_at or failing_since > now:
        raise Invalid(field=_("failing since"), problem=_("a failure begins before its outage is opened."))
    earlier = outage.failing_since
    fsm.move(outage, outage.correct_start, failing_since=failing_since)
    event = OutageStartCorrected(outage_id=outage.public_id, failing_since=failing_since, earlier_value=earlier)
    entry = journal.record(event, subject=outage, under=[outage.part], actor=actor, reason=reason)
    clock_correct(outage=outage, kind=ClockKind.SWITCHOVER, at=failing_since, actor=actor, reason=reason, cause=entry)
    return outage


@transaction.atomic
def business_normal_record(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "", override: bool = False) -> Outage:
    """Business is normal on the standby: stops the recovery clock, by the last marked order and the probes since the switch.

    `override`: a person vouches for it without evidence, with a reason; recorded and counted as that.
    Raises NotPermitted, EvidenceMissing, ReasonRequired, Conflict, InvalidTransition, Stale.
    """
    now = clock.now()
    outage = Outage.lock(public_id, version=version)
    require(actor, "incidents.business_normal_record", outage)
    if outage.state == Outage.State.FAILING:
        raise Conflict(problem=_("Business runs on the failing side: switch over first, or record the repair in place."))
    if outage.business_normal_at is not None:
        raise Conflict(problem=_("Business normal is recorded already."))
    found = selectors.business_evidence(outage.part, role=outage.serving, since=_on_standby_since(outage), now=now)
    at, evidence = _judge(outage, found, override=override, reason=reason, actor=actor, now=now)
    fsm.move(outage, outage.become_normal, at=at, evidence=evidence)
    event = BusinessNormal(outage_id=outage.public_id, since=at, overridden=override, evidence=evidence)
    entry = journal.record(event, subject=outage, under=[outage.part], actor=actor, reason=reason)
    clock_stop(outage=outage, kind=ClockKind.RECOVERY, at=at, evidence=evidence, actor=actor, overridden=override, cause=entry)
    return outage


@transaction.atomic
def repair_record(
    *, public_id: UUID, version: int | None, actor: Actor, reason: str = "", what: str = "", repaired_at: datetime | None = None
) -> Outage:
    """The original side is repaired: the switchback clock runs from then. `what` was done is the evidence, with the person's name.

    That its data is in sync is not said here: the switch back proves it. Raises NotPermitted, Invalid, Conflict, Stale.
    """
    now = clock.now()
    outage = Outage.lock(public_id, version=version)
    require(actor, "incidents.repair_record", outage)
    at = repaired_at or now
    if not outage.failing_since <= at <= now:
        raise Invalid(field=_("repaired at"), problem=_("the repair lies between the failure and now."))
    if outage.repaired_at is not None:
        raise Conflict(problem=_("The repair is recorded already."))
    evidence = {"what": what or reason, "said_by": actor.label}
    fsm.move(outage, outage.become_repaired, at=at, evidence=evidence)
    event = Repaired(outage_id=outage.public_id, repaired_at=at, evidence=evidence)
    entry = journal.record(event, subject=outage, under=[outage.part], actor=actor, reason=reason)
    clock_start(outage=outage, kind=ClockKind.SWITCHBACK, at=at, actor=actor, cause=entry)
    return outage


@transaction.atomic
def repaired_in_place(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "", override: bool = False) -> Outage:
    """The failing side serves again without a switch: meets the first two clocks when a marked order comes back, cancels the third.

    Raises NotPermitted, EvidenceMissing, ReasonRequired, Conflict, InvalidTransition, Stale.
    """
    now = clock.now()
    outage = Outage.lock(public_id, version=version)
    require(actor, "incidents.repaired_in_place", outage)
    _no_switch_pending(outage)
    found = selectors.business_evidence(outage.part, role=outage.origin, since=outage.failing_since, now=now)
    at, evidence = _judge(outage, found, override=override, reason=reason, actor=actor, now=now)
    fsm.move(outage, outage.repair_in_place, at=now, normal_at=at, evidence=evidence)
    event = RepairedInPlace(outage_id=outage.public_id, overridden=override, evidence=evidence)
    entry = journal.record(event, subject=outage, under=[outage.part], actor=actor, reason=reason)
    for kind in (ClockKind.SWITCHOVER, ClockKind.RECOVERY):
        clock_stop(outage=outage, kind=kind, at=at, evidence=evidence, actor=actor, overridden=override, cause=entry)
    clock_cancel(outage=outage, kind=ClockKind.SWITCHBACK, at=now, actor=actor, cause=entry)
    return outage


@transaction.atomic
def outage_call_off(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "", cause: Any = None) -> Outage:
    """There was no outage (false alarm): all clocks are cancelled. Only while business has not been switched.

    Raises NotPermitted, ReasonRequired, Conflict, InvalidTransition, Stale.
    """
    now = clock.now()
    outage = Outage.lock(public_id, version=version)
    require(actor, "incidents.outage_call_off", outage)
    if not reason.strip():
        raise ReasonRequired(action=_("call off the outage"))
    _no_switch_pending(outage)
    fsm.move(outage, outage.call_off, at=now)
    entry = journal.record(OutageCalledOff(outage_id=outage.public_id), subject=outage, under=[outage.part], actor=actor, reason=reason, cause=cause)
    for kind in ClockKind:
        clock_cancel(outage=outage, kind=kind, at=now, actor=actor, reason=reason, cause=entry)
    return outage


def _judge(outage: Outage, found: BusinessEvidence, *, override: bool, reason: str, actor: Actor, now: datetime) -> tuple[datetime, dict[str, Any]]:
    """When it is true from, and the evidence; a person's word only from one who may approve a switch, and called that."""
    if override:
        if can(actor, "incidents.switch_approve", outage) is None:
            raise NotPermitted(action=_("vouch without evidence"))
        if not reason.strip():
            raise ReasonRequired(action=_("vouch without evidence"))
        return now, {**found.evidence, "overridden": True, "vouched_by": actor.label, "reason": reason, "missing": found.problem}
    if not found.is_proved or found.at is None:
        raise EvidenceMissing(problem=found.problem)
    return found.at, found.evidence


def _on_standby_since(outage: Outage) -> datetime:
    """When traffic reached the standby: what was observed before says nothing about it."""
    moved = Switch.objects.filter(outage=outage, direction="over", state="done").order_by("-done_at").values_list("moved_at", flat=True).first()
    return moved or outage.opened_at


def _no_switch_pending(outage: Outage) -> None:
    active = selectors.switch_active(outage.part)
    if active is not None:
        raise Conflict(problem=gettext_lazy("A switch is under way: stop it first."))
