"""INC-07: is it over? Functions, data, business, each with evidence, or overridden by name."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from incidents.response.events import EndConditionOverridden, EndConditionReported
from incidents.response.models import EndCondition, Incident
from incidents.response.models.states import State
from kernel import clock, fsm, journal
from kernel.actors import SYSTEM, Actor
from kernel.errors import NotPermitted, ReasonRequired
from kernel.permissions import require


@transaction.atomic
def end_condition_check(
    *, public_id: UUID, version: int | None, actor: Actor, condition: str, evidence: str, passed: str = "yes", reason: str = ""
) -> Incident:
    """A person checked one end condition and says what they saw. Business people speak for business only.

    Raises NotPermitted, InvalidTransition, Stale.
    """
    now = clock.now()
    incident = Incident.lock(public_id, version=version)
    require(actor, "incidents.end_condition_check", incident)
    if condition != EndCondition.Kind.BUSINESS and _speaks_for_business_only(incident, actor):
        raise NotPermitted(action=EndCondition.Kind(condition).label)
    fsm.move(incident, incident.check_end)
    outcome = EndCondition.Outcome.PASSED if passed == "yes" else EndCondition.Outcome.FAILED
    _report(incident, condition, outcome, evidence, at=now, actor=actor, reason=reason)
    return incident


def end_condition_report(
    *, incident: Incident, condition: str, passed: bool, evidence: str, actor: Actor = SYSTEM, cause: Any = None
) -> EndCondition | None:
    """Another room reports down what its evidence shows (a verified switch, a comparison). Call it in a transaction.

    What a person overrode stays overridden until evidence comes. Before handling and after the end it says nothing: None.
    """
    incident = Incident.lock(incident.public_id)
    if incident.state not in (State.HANDLING, State.VERIFYING):
        return None
    outcome = EndCondition.Outcome.PASSED if passed else EndCondition.Outcome.FAILED
    return _report(incident, condition, outcome, evidence, at=clock.now(), actor=actor, cause=cause)


@transaction.atomic
def end_condition_override(*, public_id: UUID, version: int | None, actor: Actor, condition: str, reason: str = "") -> Incident:
    """Let the incident end without this proof. Recorded and counted as overridden, never as passed.

    Raises ReasonRequired, NotPermitted, InvalidTransition, Stale.
    """
    now = clock.now()
    incident = Incident.lock(public_id, version=version)
    require(actor, "incidents.end_condition_override", incident)
    if not reason.strip():
        raise ReasonRequired(action=_("Override an end condition"))
    fsm.move(incident, incident.check_end)
    _write(incident, condition, EndCondition.Outcome.OVERRIDDEN, reason, at=now, actor=actor)
    event = EndConditionOverridden(incident_id=incident.public_id, condition=condition)
    journal.record(event, subject=incident, under=[incident.part], actor=actor, reason=reason)
    return incident


def _report(
    incident: Incident,
    condition: str,
    outcome: EndCondition.Outcome,
    evidence: str,
    *,
    at: datetime,
    actor: Actor,
    reason: str = "",
    cause: Any = None,
) -> EndCondition:
    row = _write(incident, condition, outcome, evidence, at=at, actor=actor)
    event = EndConditionReported(incident_id=incident.public_id, condition=condition, outcome=outcome, text=evidence)
    journal.record(event, subject=incident, under=[incident.part], actor=actor, reason=reason, cause=cause)
    return row


def _write(incident: Incident, condition: str, outcome: EndCondition.Outcome, evidence: str, *, at: datetime, actor: Actor) -> EndCondition:
    row, _created = EndCondition.objects.update_or_create(
        incident=incident,
        round=incident.round,
        kind=condition,
        defaults={"outcome": outcome, "evidence": evidence, "reported_by": actor.label, "reported_at": at},
    )
    return row


def _speaks_for_business_only(incident: Incident, actor: Actor) -> bool:
    """Business operations without a technical right of their own here."""
    roles = actor.roles | incident.extra_roles(actor)
    return not roles & {"ops_engineer", "team_lead", "commander", "responder"}
