"""The end: declared with evidence, reviewed, reported, closed; or it was nothing; or it was not over."""

from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from incidents.response.events import FalseAlarmDeclared, IncidentClosed, IncidentReopened, IncidentResolved, ReviewStarted
from incidents.response.models import EndCondition, Incident
from incidents.response.models.states import State
from incidents.response.selectors.guards import guard_close, guard_false_alarm, guard_only_open, guard_resolve
from incidents.response.services.cadence import cadence_start, cadence_stop
from incidents.response.services.calling import OPENED, calls_off, leads_call, resolved_tell
from incidents.response.services.following import tasks_done_at_once
from incidents.response.services.reporting import report_with_close
from incidents.response.services.silencing import silence_end_with
from incidents.switchover import services as switching
from kernel import clock, fsm, journal
from kernel.actors import Actor
from kernel.errors import Conflict, ReasonRequired
from kernel.permissions import require


@transaction.atomic
def incident_resolve(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> Incident:
    """Declare the end (INC-07). Raises OutageStillOpen, EndConditionsMissing, NotPermitted, InvalidTransition, Stale."""
    now = clock.now()
    incident = Incident.lock(public_id, version=version)
    require(actor, "incidents.resolve", incident)
    if incident.state == State.VERIFYING:
        guard_resolve(incident)
    fsm.move(incident, incident.resolve, at=now)
    overridden = incident.end_conditions.filter(round=incident.round, outcome=EndCondition.Outcome.OVERRIDDEN).values_list("kind", flat=True)
    event = IncidentResolved(incident_id=incident.public_id, overridden=list(overridden), at=now)
    entry = journal.record(event, subject=incident, under=[incident.part], actor=actor, reason=reason)
    tasks_done_at_once(incident, "incidents.resolve", cause=entry)
    cadence_stop(incident)
    calls_off(incident, actor=actor)
    silence_end_with(incident, actor=actor)
    resolved_tell(incident, at=now, actor=actor, cause=entry)
    return incident


@transaction.atomic
def incident_review(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> Incident:
    """Summary and evaluation begin. Raises NotPermitted, InvalidTransition, Stale."""
    now = clock.now()
    incident = Incident.lock(public_id, version=version)
    require(actor, "incidents.review", incident)
    fsm.move(incident, incident.review, at=now)
    event = ReviewStarted(incident_id=incident.public_id, at=now)
    journal.record(event, subject=incident, under=[incident.part], actor=actor, reason=reason)
    return incident


@transaction.atomic
def incident_close(*, public_id: UUID, version: int | None, actor: Actor, report_summary: str = "", reason: str = "") -> Incident:
    """Close it. A general incident takes its short report with this move; a severe or major one needs an accepted report.

    Raises ReportMissing, NotPermitted, InvalidTransition, Stale.
    """
    now = clock.now()
    incident = Incident.lock(public_id, version=version)
    require(actor, "incidents.close", incident)
    if incident.state == State.IN_REVIEW:
        report_with_close(incident, summary=report_summary, at=now, actor=actor)
        guard_close(incident)
    fsm.move(incident, incident.close, at=now)
    event = IncidentClosed(incident_id=incident.public_id, number=incident.number, grade=incident.grade, at=now)
    journal.record(event, subject=incident, under=[incident.part], actor=actor, reason=reason)
    return incident


@transaction.atomic
def incident_false_alarm(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> Incident:
    """It was nothing: pages stop, an outage that only fails is called off. Raises ReasonRequired, OutageInTheWay, …"""
    now = clock.now()
    incident = Incident.lock(public_id, version=version)
    require(actor, "incidents.false_alarm", incident)
    if not reason.strip():
        raise ReasonRequired(action=_("False alarm"))
    if incident.state in (State.DISCOVERED, State.CONFIRMED):
        guard_false_alarm(incident)
    fsm.move(incident, incident.dismiss)
    event = FalseAlarmDeclared(incident_id=incident.public_id, at=now)
    entry = journal.record(event, subject=incident, under=[incident.part], actor=actor, reason=reason)
    cadence_stop(incident)
    calls_off(incident, actor=actor)
    silence_end_with(incident, actor=actor)
    if incident.outage is not None and incident.outage.is_open:
        switching.outage_call_off(public_id=incident.outage.public_id, version=None, actor=actor, reason=reason, cause=entry)
    return incident


@transaction.atomic
def incident_reopen(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> Incident:
    """It was not over: a new round of handling; after the end, those who lead are called again.

    Refused while another is open for that part and class. Raises ReasonRequired, AnotherIsOpen, NotPermitted,
    InvalidTransition, Stale.
    """
    now = clock.now()
    incident = Incident.lock(public_id, version=version)
    require(actor, "incidents.reopen", incident)
    if not reason.strip():
        raise ReasonRequired(action=_("Reopen"))
    earlier = incident.state
    if earlier in (State.VERIFYING, State.RESOLVED):
        guard_only_open(incident)
    try:
        with transaction.atomic():
            fsm.move(incident, incident.reopen)
    except IntegrityError:  # another one was opened between our look and our write: the constraint is the referee
        raise Conflict(problem=_("Another incident was just opened for this part and class.")) from None
    event = IncidentReopened(incident_id=incident.public_id, round=incident.round, earlier_state=earlier, at=now)
    entry = journal.record(event, subject=incident, under=[incident.part], actor=actor, reason=reason)
    cadence_start(incident, at=now)
    if earlier == State.RESOLVED:  # people have gone home
        leads_call(incident, f"reopened-{incident.round}", text=OPENED, params={}, cause=entry, but=actor.user_id)
    return incident
