"""Who has which role: given by the level, handed over by people, answered for."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from contingency.org.models import User
from incidents.response.errors import NoRoleToAcknowledge, RoleIsHeld
from incidents.response.events import RoleAcknowledged, RoleAssigned
from incidents.response.models import Incident, IncidentRole
from incidents.response.selectors.taking import roles_takeable
from incidents.response.services.calling import role_call, role_call_answered, role_call_off
from incidents.response.services.outages import outage_tell
from kernel import clock, fsm, journal
from kernel.actors import Actor
from kernel.errors import Invalid, NotFound, NotPermitted
from kernel.permissions import require


@dataclass(frozen=True, kw_only=True)
class Appointment:
    """Somebody is to have a role. `chain`: who is called when they do not answer; `has_answered`: they are here already.

    `by_level`: the response level names them, not a person.
    """

    role: str
    user: User
    chain: str
    has_answered: bool = False
    by_level: bool = False
    text: str = ""


@transaction.atomic
def role_assign(*, public_id: UUID, version: int | None, actor: Actor, role: str, user: UUID, note: str = "", reason: str = "") -> Incident:
    """Give a role to a person, or hand it over (INC-03). The new holder is called until they answer.

    A hand-over needs a note for the one who takes over. Raises NotFound, NotPermitted, InvalidTransition, Stale, Invalid.
    """
    now = clock.now()
    incident = Incident.lock(public_id, version=version)
    require(actor, "incidents.role_assign", incident)
    person = person_find(user)
    holder = holder_of(incident, role)
    if holder is not None and holder.user_id == person.pk:
        raise Invalid(field=_("Person"), problem=_("they have this role already."))
    if holder is not None and not note.strip():
        raise Invalid(field=_("Note"), problem=_("tell the one who takes over what they must know."))
    fsm.move(incident, incident.staff)
    appointment = Appointment(role=role, user=person, chain=incident.part.chain, has_answered=person.pk == actor.user_id, text=note)
    role_give(incident, appointment, at=now, actor=actor, reason=reason)
    outage_tell(incident, actor=actor, cause=None)
    return incident


@transaction.atomic
def role_acknowledge(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> Incident:
    """Answer for one's roles in this incident: "I have it" (INC-03). `version` does not matter: answering contradicts nobody.

    Raises NotPermitted, NoRoleToAcknowledge.
    """
    now = clock.now()
    incident = Incident.lock(public_id)
    require(actor, "incidents.role_acknowledge", incident)
    waiting = incident.roles.filter(ended_at=None, acknowledged_at=None).select_related("user")
    roles = [role for role in waiting if role.user_id == actor.user_id]
    if not roles:
        raise NoRoleToAcknowledge
    roles_answered(incident, roles, at=now, actor=actor, reason=reason)
    for role in roles:
        role_call_answered(role, actor=actor)
    return incident


@transaction.atomic
def role_take(*, public_id: UUID, version: int | None, actor: Actor, role: str, reason: str = "") -> Incident:
    """Take a role that nobody has, or whose holder was called and has not answered (INC-03). Nobody is called for it any more.

    Who commands is given by those who lead; business operations take the business lead only.
    Raises NotFound, NotPermitted, InvalidTransition, Stale, RoleIsHeld.
    """
    now = clock.now()
    incident = Incident.lock(public_id, version=version)
    require(actor, "incidents.role_take", incident)
    person = User.objects.filter(pk=actor.user_id, is_active=True).first() if actor.user_id is not None else None
    if person is None or role not in roles_takeable(incident, actor):
        raise NotPermitted(action=_("take this role"))
    holder = holder_of(incident, role)
    if holder is not None and (holder.acknowledged_at is not None or holder.user_id == person.pk):
        raise RoleIsHeld(person=holder.user.journal_label())
    fsm.move(incident, incident.staff)
    appointment = Appointment(role=role, user=person, chain=incident.part.chain, has_answered=True, text=reason)
    role_give(incident, appointment, at=now, actor=actor, reason=reason)
    outage_tell(incident, actor=actor, cause=None)
    return incident


def role_give(incident: Incident, appointment: Appointment, *, at: datetime, actor: Actor, reason: str = "", cause: Any = None) -> IncidentRole:
    """End the present holder's row, begin the new one's, record it, and call the person unless they are here already."""
    answered(incident)
    earlier = holder_of(incident, appointment.role)
    if earlier is not None:
        earlier.ended_at = at
        earlier.save(update_fields=["ended_at"])
        role_call_off(earlier, actor=actor)
    role = IncidentRole.objects.create(
        incident=incident,
        role=appointment.role,
        user=appointment.user,
        assigned_at=at,
        acknowledged_at=at if appointment.has_answered else None,
        note=appointment.text,
    )
    event = RoleAssigned(
        incident_id=incident.public_id,
        role=appointment.role,
        user_id=appointment.user.public_id,
        person=appointment.user.journal_label(),
        earlier=earlier.user.journal_label() if earlier is not None else "",
        text=appointment.text,
    )
    entry = journal.record(event, subject=incident, under=[appointment.user], actor=actor, reason=reason, before={}, after={}, cause=cause)
    if not appointment.has_answered:
        role_call(incident, role, chain=appointment.chain, by_level=appointment.by_level, actor=actor, cause=entry)
    return role


def roles_answered(incident: Incident, roles: list[IncidentRole], *, at: datetime, actor: Actor, reason: str = "", cause: Any = None) -> None:
    """Their holder has answered. Doing it twice changes nothing."""
    waiting = [role for role in roles if role.acknowledged_at is None and role.ended_at is None]
    if not waiting:
        return
    answered(incident)
    for role in waiting:
        role.acknowledged_at = max(at, role.assigned_at)
    IncidentRole.objects.bulk_update(waiting, ["acknowledged_at"])
    person = waiting[0].user
    event = RoleAcknowledged(
        incident_id=incident.public_id, user_id=person.public_id, person=person.journal_label(), roles=[role.role for role in waiting]
    )
    journal.record(event, subject=incident, under=[person], actor=actor, reason=reason, cause=cause)


def answered(incident: Incident) -> None:
    """Somebody is there again: no screen says any more that nobody answers."""
    if incident.unanswered_since is not None:
        incident.unanswered_since = None
        incident.save(update_fields=["unanswered_since"])


def holder_of(incident: Incident, role: str) -> IncidentRole | None:
    """Who has this role now."""
    return incident.roles.filter(role=role, ended_at=None).select_related("user").first()


def person_find(public_id: UUID) -> User:
    """An active person. Raises NotFound."""
    person = User.objects.filter(public_id=public_id, is_active=True).first()
    if person is None:
        raise NotFound(kind=_("person"))
    return person
