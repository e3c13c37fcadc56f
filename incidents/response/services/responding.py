"""A grade sets its response level going: copied from the plan, roles filled, people called, lists started, cadence begun."""

from datetime import datetime
from typing import Any

from contingency.org.models import User
from contingency.plan.models import Playbook, ResponseLevel
from contingency.plan.selectors import level_for, people_of, playbooks_for
from incidents.response.events import ResponseStarted
from incidents.response.models import Incident, IncidentRole
from incidents.response.services.cadence import cadence_start
from incidents.response.services.calling import informed_call
from incidents.response.services.outages import outage_ensure, outage_tell
from incidents.response.services.playbooks import owners_in, whereabouts
from incidents.response.services.roles import Appointment, holder_of, role_give
from kernel import journal
from kernel.actors import Actor
from kernel.errors import NotFound
from kernel.i18n import both
from work import services as work
from work.selectors import tasks_of

LEVEL_FIELDS = ["level", "plan_version", "update_every"]


def response_start(incident: Incident, *, at: datetime, actor: Actor, cause: Any) -> None:
    """Set the level of the incident's grade going (INC-02). Run again after a higher grade it adds what that one wants more.

    Whoever has a role keeps it; whom the new level names for it instead is called besides. Where no plan is in force, the
    one who confirms commands, and nothing else is set going: an incident must not wait for a plan.
    """
    level = _level(incident.grade)
    if level is not None:
        _copy(incident, level)
    called = _people_call(incident, level, at=at, actor=actor, cause=cause)
    _commander_ensure(incident, at=at, actor=actor, cause=cause)
    if incident.stops_business:
        outage_ensure(incident, actor=actor, cause=cause)
    else:
        outage_tell(incident, actor=actor, cause=cause)
    started = playbooks_start(incident, actor=actor, cause=cause)
    cadence_start(incident, at=at)
    _record(incident, called=called, started=started, actor=actor, cause=cause)


def response_lower(incident: Incident, *, at: datetime, actor: Actor, cause: Any) -> None:
    """A lower grade: its level and cadence hold from now on, nobody new is called, nothing that runs is stopped."""
    level = _level(incident.grade)
    if level is not None:
        _copy(incident, level)
    outage_tell(incident, actor=actor, cause=cause)
    cadence_start(incident, at=at)
    _record(incident, called=[], started=[], actor=actor, cause=cause)


def playbooks_start(incident: Incident, *, actor: Actor, cause: Any) -> list[Playbook]:
    """Start the lists of the level and the best playbook for class and kind, each once (INC-04). Returns those started."""
    there = {task.task_list.playbook for track in tasks_of(incident) for task in track.tasks}
    wanted: dict[str, Playbook] = {playbook.slug: playbook for playbook in _level_playbooks(incident)}
    for playbook in playbooks_for(incident.fault_class, incident.fault_kind)[:1]:
        wanted.setdefault(playbook.slug, playbook)
    fresh = {slug: playbook for slug, playbook in wanted.items() if slug not in there}
    for playbook in fresh.values():
        work.task_list_start(subject=incident, playbook=playbook, owner_of=owners_in(incident), actor=actor, cause=cause, **whereabouts(incident))
    return list(fresh.values())


def _record(incident: Incident, *, called: list[str], started: list[Playbook], actor: Actor, cause: Any) -> None:
    event = ResponseStarted(
        incident_id=incident.public_id,
        grade=incident.grade,
        called=called,
        task_lists=[playbook.slug for playbook in started],
        playbooks=[both(playbook.name_en, playbook.name_zh) for playbook in started],
        groups=[group["slug"] for group in incident.level.get("groups", [])],
        update_every_minutes=int(incident.update_every.total_seconds() // 60) if incident.update_every is not None else None,
    )
    journal.record(event, subject=incident, actor=actor, cause=cause)


def _level(grade: str) -> ResponseLevel | None:
    try:
        return level_for(grade)
    except NotFound:
        return None


def _copy(incident: Incident, level: ResponseLevel) -> None:
    calls = level.calls.all()
    copied = {
        "slug": level.slug,
        "grade": level.grade,
        "name_en": level.name_en,
        "name_zh": level.name_zh,
        "calls": [
            {
                "role": call.role,
                "roster": call.roster.slug if call.roster else "",
                "rank": call.rank,
                "position": call.position.slug if call.position else "",
                "chain": call.chain.slug,
            }
            for call in calls
        ],
        "groups": [{"slug": group.slug, "name_en": group.name_en, "name_zh": group.name_zh} for group in level.groups.all()],
        "playbooks": [playbook.slug for playbook in level.playbooks.all()],
        "resources_en": level.resources_en,
        "resources_zh": level.resources_zh,
    }
    incident.copy_level(level=copied, plan_version_id=level.plan_version_id, update_every=level.update_every)
    incident.save(update_fields=LEVEL_FIELDS)


def _people_call(incident: Incident, level: ResponseLevel | None, *, at: datetime, actor: Actor, cause: Any) -> list[str]:
    """Fill the free roles, call everybody the level names. Returns the names, for the record."""
    if level is None:
        return []
    called = []
    for call in level.calls.all():
        people = people_of(call, at)
        if not people:
            continue
        person = next((user for user in people if user.pk == actor.user_id), people[0])
        here = person.pk == actor.user_id
        holder = holder_of(incident, call.role) if call.role else None
        if call.role and holder is None:
            appointment = Appointment(role=call.role, user=person, chain=call.chain.slug, has_answered=here, by_level=True)
            role_give(incident, appointment, at=at, actor=actor, cause=cause)
        elif not here and not incident.roles.filter(user=person, ended_at=None).exists():
            informed_call(incident, people, call=call, actor=actor, cause=cause)
        if not here:
            called.append(person.journal_label())
    return called


def _commander_ensure(incident: Incident, *, at: datetime, actor: Actor, cause: Any) -> None:
    """Where the level names nobody, or nobody is on duty, the one who confirms commands."""
    if holder_of(incident, IncidentRole.Role.COMMANDER) is not None or actor.user_id is None:
        return
    person = User.objects.get(pk=actor.user_id)
    appointment = Appointment(role=IncidentRole.Role.COMMANDER, user=person, chain=incident.part.chain, has_answered=True)
    role_give(incident, appointment, at=at, actor=actor, cause=cause)


def _level_playbooks(incident: Incident) -> list[Playbook]:
    """The level's own lists that fit the class (INC-02), as they were when the level was copied."""
    found = Playbook.objects.filter(slug__in=incident.level.get("playbooks", []), fault_class__in=["", incident.fault_class], retired_at=None)
    return list(found.order_by("order", "id"))
