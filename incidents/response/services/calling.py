"""Whom an incident calls, about what, and when calling ends. Rows only; notify sends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, ClassVar
from uuid import UUID, uuid5

from django.conf import settings
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from contingency.catalog.models import FaultClass
from contingency.org.models import User
from contingency.plan import selectors as plan
from contingency.plan.models import Grade, LevelCall
from incidents.response.models import Incident, IncidentRole
from incidents.switchover.models import ClockKind, RecoveryClock
from kernel import journal, records
from kernel.actors import SYSTEM, Actor
from kernel.errors import NotFound
from kernel.permissions import Grant, can
from notify import selectors as notify_selectors
from notify import services as notify
from notify.models import Page
from notify.services.topics import Topic, register_standing

OPENED, ASSIGNED, LEVEL_CALLED = "page-incident-opened", "role-assigned", "page-level-called"
UPDATE_DUE, UPDATE, RESOLVED, BREACHED = "update-due", "update-posted", "incident-resolved", "clock-breached"
PROPOSED, WARNED = "proposal-waiting", "clock-warning"
TASK_OVERDUE = "task-overdue"
LEADS = (IncidentRole.Role.COMMANDER, IncidentRole.Role.TECHNICAL_LEAD)


@dataclass(frozen=True, kw_only=True)
class IncidentCall:
    """Something that people are called about within an incident, beside the incident itself and its roles; the page's topic names it.

    It has no row of its own: its id follows from the incident and what it is about, so the same call is never made twice
    at once, and the page keeps what became of it.
    """

    journal_kind: ClassVar[str] = "incident_call"
    public_id: UUID
    label: str
    path: str

    def journal_label(self) -> str:
        """The incident's number."""
        return self.label

    def permission_path(self) -> str:
        """The incident's unit."""
        return self.path


def call_about(incident: Incident, what: str) -> IncidentCall:
    """The call about `what` within this incident."""
    return IncidentCall(public_id=uuid5(incident.public_id, what), label=incident.number, path=incident.permission_path())


def incident_params(incident: Incident) -> dict[str, Any]:
    """What every text about an incident may speak of. Each reader gets it in their own language and zone.

    So nothing here may be in a language yet: Django's `get_…_display()` and `str()` of a label are, that of whoever acts.
    """
    grade = Grade(incident.response_grade).label
    return {
        "number": incident.number,
        "title": incident.title,
        "part": {"en": incident.part.name_en, "zh": incident.part.name_zh},
        "grade": grade,
        "graded": format_lazy(_("Grade: {grade}") if incident.grade else _("Proposed grade: {grade}"), grade=grade),
        "fault_class": dict(FaultClass.choices).get(incident.fault_class, incident.fault_class),
        "failing_since": incident.failing_since,
        "url": incident_url(incident),
    }


def incident_url(incident: Incident) -> str:
    """Where the incident room is."""
    return f"{settings.BASE_URL}/incidents/{incident.number}/"


def duty_engineer_call(incident: Incident, *, at: datetime, actor: Actor, cause: Any) -> Page:
    """Call the part's duty engineer at once, then along the part's chain until somebody answers.

    The part is the group: a storm that opens several incidents of one part calls a person once, the rest in a digest (T9).
    """
    return notify.page_start(
        subject=incident,
        chain=incident.part.chain,
        text=OPENED,
        params={**incident_params(incident), **_standby_target(incident)},
        fence=incident.fence,
        group=incident.part.slug,
        actor=actor,
        cause=cause,
    )


def role_call(incident: Incident, role: IncidentRole, *, chain: str, by_level: bool, actor: Actor, cause: Any) -> None:
    """Call the holder of a role until they answer, then along the chain of the call (INC-03). Each role is called by itself."""
    journal.link(incident, role, since=None, actor=actor, cause=cause)
    name = IncidentRole.Role(role.role).label
    notify.page_start(
        subject=role,
        chain=chain,
        text=LEVEL_CALLED if by_level else ASSIGNED,
        params={**incident_params(incident), "role": name, "assigned_by": actor.label},
        fence=incident.fence,
        first=[role.user],
        actor=actor,
        cause=cause,
        topic=Topic(name=name, kind="role"),
    )


def role_call_off(role: IncidentRole, *, actor: Actor) -> None:
    """Somebody else has the role now: whoever was called for it is left alone."""
    notify.page_cancel(subject=role, actor=actor)


def role_call_answered(role: IncidentRole, *, actor: Actor) -> None:
    """The holder answered in the incident room: the page is answered too."""
    _answered(role, actor=actor)


def duty_call_answered(incident: Incident, *, actor: Actor) -> None:
    """Whoever confirms the incident has answered for it."""
    _answered(incident, actor=actor)


def informed_call(incident: Incident, people: Sequence[User], *, call: LevelCall, actor: Actor, cause: Any) -> None:
    """Call people whom the level names without a role for them (or whose role somebody else has): they must know, and say so."""
    role = IncidentRole.Role(call.role).label if call.role else _("informed")
    subject = call_about(incident, f"{incident.grade}-{call.order}")
    topic = Topic(name=format_lazy(_("to be informed ({role})"), role=role) if call.role else _("to be informed"))
    journal.link(incident, subject, since=None, actor=actor, cause=cause)
    params = {**incident_params(incident), "role": role}
    notify.page_start(
        subject=subject,
        chain=call.chain.slug,
        text=LEVEL_CALLED,
        params=params,
        fence=incident.fence,
        first=people,
        actor=actor,
        cause=cause,
        topic=topic,
    )


def leads_call(
    incident: Incident, what: str, *, text: str, params: dict[str, Any], cause: Any, topic: Promise | None = None, but: int | None = None
) -> Sequence[User]:
    """Call those who lead (`but` the one who is here), and go on along the part's chain until somebody answers. Returns whom.

    topic: what it is about, where it is not the incident itself.
    """
    people = [user for user in role_people(incident, LEADS) if user.pk != but]
    subject = call_about(incident, what)
    journal.link(incident, subject, since=None, actor=SYSTEM, cause=cause)
    notify.page_start(
        subject=subject,
        chain=incident.part.chain,
        text=text,
        params={**incident_params(incident), **params},
        fence=incident.fence,
        first=people,
        actor=SYSTEM,
        cause=cause,
        topic=Topic(name=topic) if topic is not None else None,
    )
    return people


def tell(incident: Incident, people: Sequence[User], *, text: str, params: dict[str, Any], actor: Actor = SYSTEM, cause: Any = None) -> None:
    """Send a notice that nobody has to answer."""
    if people:
        all_params = {**incident_params(incident), **params}
        notify.message_send(to=people, text=text, params=all_params, subject=incident, fence=incident.fence, actor=actor, cause=cause)


def update_remind(incident: Incident, people: Sequence[User], *, due_at: datetime, cause: Any) -> None:
    """The update is due: tell those who give it."""
    tell(incident, people, text=UPDATE_DUE, params={"due_at": due_at}, cause=cause)


def resolved_tell(incident: Incident, *, at: datetime, actor: Actor, cause: Any) -> None:
    """INC-08: everybody concerned hears that it is over, and how long it took."""
    minutes = int((at - incident.discovered_at).total_seconds() // 60)
    params = {"resolved_at": at, "duration": f"{minutes // 60}:{minutes % 60:02d}"}
    tell(incident, concerned(incident), text=RESOLVED, params=params, actor=actor, cause=cause)


def update_tell(incident: Incident, body: str, *, due_at: datetime | None, actor: Actor, cause: Any) -> None:
    """COM-03: everybody concerned but its author reads the update, and until when the next one is promised."""
    people = [user for user in concerned(incident) if user.pk != actor.user_id]
    params = {"update": body, "posted_by": actor.label, "due_at": due_at, "says": f"{actor.label}: {body}"}
    tell(incident, people, text=UPDATE, params=params, actor=actor, cause=cause)


def concerned(incident: Incident) -> list[User]:
    """Who hears how it goes on and how it ends: everybody with a role, whoever was called to know of it, and who reported it."""
    called = journal.children(incident, IncidentCall.journal_kind)
    people = [*role_people(incident, IncidentRole.Role.values), *notify_selectors.people_called(IncidentCall.journal_kind, called)]
    if incident.reported_by is not None:
        people.append(incident.reported_by)
    return list({user.pk: user for user in people}.values())


def role_people(incident: Incident, roles: Sequence[str]) -> list[User]:
    """Who holds these roles now, each once."""
    held = incident.roles.filter(role__in=list(roles), ended_at=None).select_related("user").order_by("id")
    return list({role.user_id: role.user for role in held}.values())


def calls_off(incident: Incident, *, actor: Actor) -> None:
    """Nobody needs to answer for this incident any more."""
    notify.page_cancel(subject=incident, actor=actor)
    for role in incident.roles.filter(ended_at=None, acknowledged_at=None):
        notify.page_cancel(subject=role, actor=actor)


def _standby_target(incident: Incident) -> dict[str, Any]:
    """By when the standby must carry business, should the incident stop it: nobody has said so yet, but the plan's time runs."""
    if not incident.part.stops_business:
        return {}
    times = [target.target for target in plan.targets_for(incident.part) if target.clock == ClockKind.SWITCHOVER]
    return {"standby_by": incident.failing_since + times[0]} if times else {}


def _standing(incident: Incident | None) -> dict[str, Any]:
    """Who commands by now, and by when the standby must carry business: what a call that goes on should say."""
    if incident is None:
        return {}
    commander = incident.roles.filter(role=IncidentRole.Role.COMMANDER, ended_at=None, acknowledged_at__isnull=False).select_related("user").first()
    due = RecoveryClock.objects.filter(outage=incident.outage_id, kind=ClockKind.SWITCHOVER, state=RecoveryClock.State.RUNNING)
    standing: dict[str, Any] = {"commander": commander.user.display_name} if commander is not None else {}
    due_at = due.values_list("due_at", flat=True).first() if incident.outage_id else None
    return {**standing, "standby_by": due_at} if due_at is not None else standing


def incident_called_about(kind: str, public_id: UUID) -> str | None:
    """The id of the incident that a call is about: itself, one of its roles, or something within it; None for any other call."""
    try:
        whole, found = records.shown_at(kind, public_id)
    except NotFound:
        return None
    return found if whole == Incident.journal_kind else None


def _standing_of(kind: str, public_id: UUID) -> dict[str, Any]:
    found = incident_called_about(kind, public_id)
    return _standing(Incident.objects.filter(public_id=found).first() if found else None)


for part in (IncidentRole, IncidentCall):
    register_standing(part.journal_kind, partial(_standing_of, part.journal_kind))


def _answered(subject: Any, *, actor: Actor) -> None:
    page = notify_selectors.open_page_of(subject)
    if page is not None and can(actor, "notify.page_acknowledge", page) in (Grant.ALL, Grant.OWN):
        notify.page_acknowledge(public_id=page.public_id, version=None, actor=actor)
    else:
        notify.page_cancel(subject=subject, actor=actor)
