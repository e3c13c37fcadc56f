"""A grade is raised or lowered; the incident turns out to stop business."""

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from contingency.plan.models import Grade
from incidents.response.errors import AlreadyStopsBusiness, GradeNotHigher, GradeNotLower
from incidents.response.events import BusinessStopped, GradeLowered, GradeRaised
from incidents.response.models import Incident
from incidents.response.models.states import GRADED_OPEN
from incidents.response.selectors.proposing import grade_rank, propose_stops_business
from incidents.response.services.outages import failing_since_of, outage_ensure
from incidents.response.services.responding import response_lower, response_start
from kernel import clock, fsm, journal
from kernel.actors import Actor
from kernel.errors import ReasonRequired
from kernel.permissions import require


@transaction.atomic
def grade_raise(*, public_id: UUID, version: int | None, actor: Actor, grade: str = Grade.SEVERE, reason: str = "") -> Incident:
    """Raise the grade (INC-02): the higher level is set going besides what runs; it may now stop business.

    Raises GradeNotHigher, ReasonRequired (major), NotPermitted, InvalidTransition, Stale.
    """
    now = clock.now()
    incident = Incident.lock(public_id, version=version)
    require(actor, "incidents.declare_major" if grade == Grade.MAJOR else "incidents.grade_raise", incident)
    if grade == Grade.MAJOR and not reason.strip():
        raise ReasonRequired(action=_("Declare major"))
    earlier = incident.grade
    if incident.state in GRADED_OPEN and grade_rank(grade) <= grade_rank(earlier):
        raise GradeNotHigher(grade=Grade(grade).label, present=incident.get_grade_display())
    fsm.move(incident, incident.regrade, grade=grade)
    if not incident.stops_business and propose_stops_business(incident.part, grade):
        incident.stop_business(failing_since=failing_since_of(incident, now=now))
        incident.save()
    event = GradeRaised(incident_id=incident.public_id, grade=grade, earlier=earlier)
    entry = journal.record(event, subject=incident, under=[incident.part], actor=actor, reason=reason)
    response_start(incident, at=now, actor=actor, cause=entry)
    return incident


def declare_major(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> Incident:
    """Raise the grade to major and start the emergency plan. As `grade_raise`."""
    return grade_raise(public_id=public_id, version=version, actor=actor, grade=Grade.MAJOR, reason=reason)


@transaction.atomic
def grade_lower(*, public_id: UUID, version: int | None, actor: Actor, grade: str = Grade.GENERAL, reason: str = "") -> Incident:
    """Lower the grade, with a reason. What runs goes on; the outage stays; cadence and second person follow the new grade.

    Raises GradeNotLower, ReasonRequired, NotPermitted, InvalidTransition, Stale.
    """
    now = clock.now()
    incident = Incident.lock(public_id, version=version)
    require(actor, "incidents.grade_lower", incident)
    if not reason.strip():
        raise ReasonRequired(action=_("Lower the grade"))
    earlier = incident.grade
    if incident.state in GRADED_OPEN and grade_rank(grade) >= grade_rank(earlier):
        raise GradeNotLower(grade=Grade(grade).label, present=incident.get_grade_display())
    fsm.move(incident, incident.regrade, grade=grade)
    event = GradeLowered(incident_id=incident.public_id, grade=grade, earlier=earlier)
    entry = journal.record(event, subject=incident, under=[incident.part], actor=actor, reason=reason)
    response_lower(incident, at=now, actor=actor, cause=entry)
    return incident


@transaction.atomic
def business_stop(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> Incident:
    """It turned out that the part's business stands still: the outage is opened and its clocks run from the failure.

    Raises AlreadyStopsBusiness, NotPermitted, InvalidTransition, Stale.
    """
    now = clock.now()
    incident = Incident.lock(public_id, version=version)
    require(actor, "incidents.business_stop", incident)
    if incident.outage is not None and incident.outage.is_open:
        raise AlreadyStopsBusiness(number=incident.outage.number)
    fsm.move(incident, incident.stop_business, failing_since=failing_since_of(incident, now=now))
    event = BusinessStopped(incident_id=incident.public_id, failing_since=incident.failing_since)
    entry = journal.record(event, subject=incident, under=[incident.part], actor=actor, reason=reason)
    outage_ensure(incident, actor=actor, cause=entry)
    return incident
