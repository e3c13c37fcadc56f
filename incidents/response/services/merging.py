"""Two incidents are the same disturbance; or were not, after all."""

from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from incidents.response.errors import MergeIntoItself, MergeTargetNotOpen, MergeWouldHide, OutageWouldBeLost
from incidents.response.events import IncidentMerged, IncidentUnmerged
from incidents.response.models import Incident
from incidents.response.models.states import State
from incidents.response.selectors.guards import guard_only_open
from incidents.response.selectors.proposing import grade_rank
from incidents.response.services.cadence import cadence_start, cadence_stop
from incidents.response.services.calling import calls_off, duty_engineer_call
from incidents.response.services.outages import outage_join, outage_tell
from incidents.response.services.silencing import silence_end_with
from kernel import clock, fsm, journal
from kernel.actors import Actor
from kernel.errors import Conflict, NotFound
from kernel.permissions import require


@transaction.atomic
def incident_merge(*, public_id: UUID, version: int | None, actor: Actor, into: UUID, reason: str = "") -> Incident:
    """Let another open incident go on for this one too. Both histories stay; the other's timeline gets this one's.

    Refused when it would hide a graver incident in a lesser, or leave an outage without an incident.
    Raises MergeIntoItself, MergeTargetNotOpen, MergeWouldHide, OutageWouldBeLost, NotFound, NotPermitted, Stale.
    """
    incident, target = _lock_both(public_id, into, version=version)
    require(actor, "incidents.merge", incident)
    require(actor, "incidents.merge", target)
    _guard(incident, target)
    earlier = incident.state
    lends = incident.outage is not None and incident.outage.is_open and target.outage_id != incident.outage_id
    fsm.move(incident, incident.merge, into=target, lends_outage=lends)
    event = IncidentMerged(incident_id=incident.public_id, into_id=target.public_id, into=target.number, earlier_state=earlier)
    entry = journal.record(event, subject=incident, under=[target, incident.part], actor=actor, reason=reason)
    journal.link(target, incident, since=None, actor=actor, cause=entry)
    cadence_stop(incident)
    calls_off(incident, actor=actor)
    silence_end_with(incident, actor=actor)
    if lends and incident.outage is not None:
        outage_join(target, incident.outage, actor=actor, cause=entry)
        outage_tell(target, actor=actor, cause=entry)
    if target.failing_since > incident.failing_since and target.state == State.DISCOVERED:
        target.failing_since = incident.failing_since
        target.save(update_fields=["failing_since"])
    return incident


@transaction.atomic
def incident_unmerge(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> Incident:
    """Take it out again: it goes on in the state it had. Refused while another is open for its part and class.

    Raises AnotherIsOpen, NotPermitted, InvalidTransition, Stale.
    """
    now = clock.now()
    incident = Incident.lock(public_id, version=version)
    require(actor, "incidents.unmerge", incident)
    target, lent = incident.merged_into, incident.lent_outage
    if incident.state == State.MERGED:
        guard_only_open(incident)
    try:
        with transaction.atomic():
            fsm.move(incident, incident.unmerge)
    except IntegrityError:  # another one was opened between our look and our write: the constraint is the referee
        raise Conflict(problem=_("Another incident was just opened for this part and class.")) from None
    assert target is not None  # the constraint on the table says so
    event = IncidentUnmerged(incident_id=incident.public_id, from_id=target.public_id, was_in=target.number, state=incident.state)
    entry = journal.record(event, subject=incident, under=[target, incident.part], actor=actor, reason=reason)
    if lent:
        target = Incident.lock(target.public_id)
        if target.outage_id == incident.outage_id:
            target.outage = None
            target.save(update_fields=["outage"])
        outage_tell(incident, actor=actor, cause=entry)
    if incident.grade:
        cadence_start(incident, at=now)
    else:
        duty_engineer_call(incident, at=now, actor=actor, cause=entry)  # the merge had called it off
    return incident


def _lock_both(public_id: UUID, into: UUID, *, version: int | None) -> tuple[Incident, Incident]:
    """Both rows, the older first: two people who merge crosswise must not wait for each other."""
    if public_id == into:
        raise MergeIntoItself
    list(Incident.objects.select_for_update(of=("self",)).filter(public_id__in=[public_id, into]).order_by("id").values_list("pk"))
    incident = Incident.lock(public_id, version=version)
    try:
        return incident, Incident.lock(into)
    except NotFound:
        raise NotFound(kind=_("incident")) from None


def _guard(incident: Incident, target: Incident) -> None:
    if not target.is_open:
        raise MergeTargetNotOpen(number=target.number, state=target.state_label())
    if grade_rank(target.grade) < grade_rank(incident.grade):
        raise MergeWouldHide(number=target.number, grade=target.get_grade_display() or "–")
    outage = incident.outage
    if outage is None or not outage.is_open or target.outage_id == outage.pk:
        return
    if outage.part_id != target.part_id or (target.outage is not None and target.outage.is_open):
        raise OutageWouldBeLost(number=outage.number, part=outage.part.journal_label())
