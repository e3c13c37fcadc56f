"""Improvement actions: who does what until when, and what became of it (RPT-02)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from contingency.org.models import User
from incidents.reports.events import ActionAdded, ActionChanged, ActionDone, ActionDropped, ActionOverdue
from incidents.reports.models import Action, Report
from kernel import clock, deadlines, fsm, journal
from kernel.actors import SYSTEM, Actor
from kernel.errors import Conflict, Invalid, ReasonRequired
from kernel.ids import number_next
from kernel.models import Deadline
from kernel.permissions import require
from notify import services as notify

DEADLINE, TEXT = "action_due", "task-overdue"


@transaction.atomic
def action_add(*, public_id: UUID, version: int | None, actor: Actor, title: str, owner: UUID, due_at: datetime, reason: str = "") -> Report:
    """Agree on an action for the incident that the report is about. `version` does not matter: two that add are both right.

    Raises Invalid, Conflict for a superseded report, NotPermitted.
    """
    now = clock.now()
    report = Report.lock(public_id)
    require(actor, "reports.action_add", report)
    if report.state == Report.State.SUPERSEDED:
        raise Conflict(problem=_("This report was replaced by another one: add the action there."))
    person = _person(owner)
    if due_at <= now:
        raise Invalid(field=_("Until"), problem=_("this lies in the past."))
    action = Action.objects.create(
        number=number_next("ACT"), report=report, title=title, owner=person, added_by_id=actor.user_id, due_at=due_at, added_at=now
    )
    journal.link(report.incident, action, since=None, actor=actor)
    event = ActionAdded(
        action_id=action.public_id, number=action.number, title=title, owner_id=person.public_id, person=person.journal_label(), due_at=due_at
    )
    journal.record(event, subject=action, under=[report, report.incident, person], actor=actor, reason=reason)
    _arm(action)
    return report


@transaction.atomic
def action_change(
    *, public_id: UUID, version: int | None, actor: Actor, owner: UUID | None = None, due_at: datetime | None = None, reason: str = ""
) -> Action:
    """Another owner, another day. Raises Invalid, ReasonRequired, NotPermitted, InvalidTransition, Stale."""
    action = Action.lock(public_id, version=version)
    require(actor, "reports.action_change", action)
    if not reason.strip():
        raise ReasonRequired(action=_("Change owner or day"))
    person = _person(owner) if owner is not None else action.owner
    if due_at is not None and due_at <= clock.now():
        raise Invalid(field=_("Until"), problem=_("this lies in the past."))
    fsm.move(action, action.change, owner_id=person.pk, due_at=due_at or action.due_at)
    event = ActionChanged(action_id=action.public_id, owner_id=person.public_id, person=person.journal_label(), due_at=action.due_at)
    journal.record(event, subject=action, under=[action.report.incident, person], actor=actor, reason=reason)
    _arm(action)
    return action


@transaction.atomic
def action_done(*, public_id: UUID, version: int | None, actor: Actor, evidence: str, reason: str = "") -> Action:
    """It is done, and this shows it. Raises NotPermitted, InvalidTransition, Stale."""
    now = clock.now()
    action = Action.lock(public_id, version=version)
    require(actor, "reports.action_done", action)
    fsm.move(action, action.finish, evidence=evidence, at=now)
    deadlines.cancel(kind=DEADLINE, subject=action, wait=False)
    event = ActionDone(action_id=action.public_id, evidence=evidence, late=now >= action.due_at, at=now)
    journal.record(event, subject=action, under=[action.report.incident], actor=actor, reason=reason)
    return action


@transaction.atomic
def action_drop(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> Action:
    """It will not be done; the reason stays. Raises ReasonRequired, NotPermitted, InvalidTransition, Stale."""
    now = clock.now()
    action = Action.lock(public_id, version=version)
    require(actor, "reports.action_drop", action)
    if not reason.strip():
        raise ReasonRequired(action=_("Drop the action"))
    fsm.move(action, action.drop, reason=reason, at=now)
    deadlines.cancel(kind=DEADLINE, subject=action, wait=False)
    journal.record(ActionDropped(action_id=action.public_id, at=now), subject=action, under=[action.report.incident], actor=actor, reason=reason)
    return action


def actions_overdue(due: list[Deadline], now: datetime) -> None:
    """Their day has come: recorded once, and the owner and whoever agreed on it are told."""
    rows = Action.objects.select_for_update(of=("self",)).filter(public_id__in=[item.subject_id for item in due], state=Action.State.OPEN)
    generations = {item.subject_id: item.generation for item in due}
    for action in rows.select_related("report__incident__part__unit", "owner", "added_by").order_by("id"):
        if action.generation != generations[action.public_id] or action.overdue_at is not None:
            continue
        fsm.move(action, action.become_overdue, at=now)
        event = ActionOverdue(action_id=action.public_id, owner_id=action.owner.public_id, due_at=action.due_at)
        entry = journal.record(event, subject=action, under=[action.report.incident, action.owner], actor=SYSTEM)
        _tell(action, cause=entry)


def _tell(action: Action, *, cause: Any) -> None:
    people = {user.pk: user for user in (action.owner, action.added_by) if user is not None}
    incident = action.report.incident
    params = {
        "number": action.number,
        "task": action.title,
        "title": incident.title,
        "due_at": action.due_at,
        "url": f"{settings.BASE_URL}/reports/{action.report.number}/",
    }
    notify.message_send(to=list(people.values()), text=TEXT, params=params, subject=action, fence=incident.fence, actor=SYSTEM, cause=cause)


def _arm(action: Action) -> None:
    deadlines.cancel(kind=DEADLINE, subject=action, wait=False)
    deadlines.arm(kind=DEADLINE, subject=action, key="due", due_at=action.due_at, generation=action.generation)


def _person(public_id: UUID) -> User:
    person = User.objects.filter(public_id=public_id, is_active=True).first()
    if person is None:
        raise Invalid(field=_("Owner"), problem=_("there is no such person."))
    return person
