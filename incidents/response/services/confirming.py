"""Type, scope and severity are decided: the incident begins to be one."""

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from contingency.plan.models import Grade
from incidents.response.events import IncidentConfirmed
from incidents.response.models import Incident
from incidents.response.models.states import State
from incidents.response.selectors.guards import guard_only_open
from incidents.response.selectors.proposing import propose_stops_business
from incidents.response.services.calling import duty_call_answered
from incidents.response.services.opening import hold_key
from incidents.response.services.outages import failing_since_of
from incidents.response.services.responding import response_start
from kernel import clock, fsm, journal
from kernel.actors import Actor
from kernel.errors import ReasonRequired
from kernel.permissions import require


@transaction.atomic
def incident_confirm(
    *,
    public_id: UUID,
    version: int | None,
    actor: Actor,
    grade: str,
    stops_business: str = "",
    fault_class: str = "",
    scope: str = "",
    reason: str = "",
) -> Incident:
    """Confirm a discovered incident and grade it (INC-01, INC-02); its response level is set going, its outage opened.

    stops_business: "yes", "no", or empty for what the facts propose. Major needs its own right and a reason.
    Raises NotPermitted, ReasonRequired, AnotherIsOpen (a changed class), InvalidTransition, Stale.
    """
    move_id = "incidents.confirm_major" if grade == Grade.MAJOR else "incidents.confirm"
    now = clock.now()
    incident = Incident.lock(public_id, version=version)
    require(actor, move_id, incident)
    if grade == Grade.MAJOR and not reason.strip():
        raise ReasonRequired(action=_("Confirm as major"))
    if incident.state == State.DISCOVERED and fault_class and fault_class != incident.fault_class:
        hold_key(incident.part, fault_class)
        guard_only_open(incident, fault_class=fault_class)
    stops = stops_business == "yes" if stops_business else propose_stops_business(incident.part, grade)
    fsm.move(
        incident,
        incident.confirm,
        grade=grade,
        fault_class=fault_class or incident.fault_class,
        scope=scope or incident.scope,
        stops_business=stops,
        failing_since=failing_since_of(incident, now=now),
        at=now,
    )
    event = IncidentConfirmed(
        incident_id=incident.public_id,
        grade=grade,
        fault_class=incident.fault_class,
        stops_business=stops,
        failing_since=incident.failing_since,
        at=now,
    )
    entry = journal.record(event, subject=incident, under=[incident.part], actor=actor, reason=reason)
    duty_call_answered(incident, actor=actor)
    response_start(incident, at=now, actor=actor, cause=entry)
    return incident


def incident_confirm_major(
    *, public_id: UUID, version: int | None, actor: Actor, stops_business: str = "", fault_class: str = "", scope: str = "", reason: str = ""
) -> Incident:
    """Confirm a discovered incident as major: everything is down, business impossible. As `incident_confirm`."""
    return incident_confirm(
        public_id=public_id,
        version=version,
        actor=actor,
        grade=Grade.MAJOR,
        stops_business=stops_business,
        fault_class=fault_class,
        scope=scope,
        reason=reason,
    )
