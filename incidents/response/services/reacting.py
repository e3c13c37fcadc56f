"""What happens to an incident because something happened below: answers, silence, outages, clocks, switches, tasks."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from contingency.org.models import User
from incidents.response.events import LeadsCalled, PageUnanswered, RoleAssigned
from incidents.response.models import EndCondition, Incident, IncidentRole
from incidents.response.models.states import GRADED_OPEN, NOT_OVER, OPEN
from incidents.response.services.calling import BREACHED, LEADS, PROPOSED, TASK_OVERDUE, WARNED, incident_called_about, leads_call, role_people, tell
from incidents.response.services.conditions import end_condition_report
from incidents.response.services.outages import incident_of_outage, outage_join, outage_tell
from incidents.response.services.roles import answered, roles_answered
from incidents.switchover.models import ClockKind, Outage, RecoveryClock
from kernel import clock, journal, moves
from kernel.actors import SYSTEM, Actor
from kernel.i18n import hours_and_minutes, in_both, one_of
from kernel.models import Entry

INCIDENT, ROLE = Incident.journal_kind, IncidentRole.journal_kind


@transaction.atomic
def page_answered(entry: Entry) -> None:
    """Somebody has it. A role that another one of the chain answered for is theirs now: who answers, has it (INC-03)."""
    now = clock.now()
    payload = entry.payload
    actor = Actor(kind=entry.actor_kind, id=entry.actor_id, label=entry.actor_label)
    if payload["about_kind"] == INCIDENT:
        incident = _incident(payload["about_id"])
        if incident is not None:
            incident.answered_at = incident.answered_at or datetime.fromisoformat(payload["at"])
            incident.unanswered_since = None
            incident.save(update_fields=["answered_at", "unanswered_since"])
    elif payload["about_kind"] == ROLE:
        _role_answered(payload, at=now, actor=actor, cause=entry)


@transaction.atomic
def page_unanswered(entry: Entry) -> None:
    """Nobody answered to the end of the chain: the incident says so on every screen until somebody does."""
    payload = entry.payload
    incident = _incident(incident_called_about(payload["about_kind"], UUID(payload["about_id"])))
    if incident is None or incident.state not in OPEN or incident.unanswered_since is not None:
        return
    incident.unanswered_since = datetime.fromisoformat(payload["at"])
    incident.save(update_fields=["unanswered_since"])
    event = PageUnanswered(incident_id=incident.public_id, page_id=UUID(payload["page_id"]), topic=payload.get("topic", ""))
    journal.record(event, subject=incident, under=[incident.part], actor=SYSTEM, cause=entry)


@transaction.atomic
def outage_opened(entry: Entry) -> None:
    """An outage that something else opened (the automatic policy) joins the open incident of its part, if it has none yet."""
    outage = Outage.objects.select_related("part").filter(public_id=entry.payload["outage_id"]).first()
    if outage is None or Incident.objects.filter(outage=outage).exists():
        return
    incident = Incident.objects.select_for_update(of=("self",)).filter(part=outage.part, state__in=OPEN, outage=None).order_by("id").first()
    if incident is not None:
        outage_join(incident, outage, actor=SYSTEM, cause=entry)
        outage_tell(incident, actor=SYSTEM, cause=entry)


@transaction.atomic
def clock_breached(entry: Entry) -> None:
    """RTO-01: a target is used up: those who lead are called, and the part's chain behind them."""
    found = _incident_of_clock(entry)
    if found is None:
        return
    incident, recovery_clock = found
    what, params = f"clock-{recovery_clock.public_id}", _clock_params(recovery_clock, 100)
    topic = format_lazy(_("target missed ({clock})"), clock=ClockKind(recovery_clock.kind).label)
    people = leads_call(incident, what, text=BREACHED, params=params, topic=topic, cause=entry)
    event = LeadsCalled(incident_id=incident.public_id, why="clock_breached", what=recovery_clock.kind)
    journal.record(event, subject=incident, under=list(people), actor=SYSTEM, cause=entry)


@transaction.atomic
def clock_warned(entry: Entry) -> None:
    """A share of a target is used up: those who lead are told."""
    found = _incident_of_clock(entry)
    if found is not None:
        incident, recovery_clock = found
        params = _clock_params(recovery_clock, int(entry.payload["percent"]))
        tell(incident, role_people(incident, LEADS), text=WARNED, params=params, cause=entry)


@transaction.atomic
def switched_back(entry: Entry) -> None:
    """Business runs where it belongs, proved by probes and a marked order: that shows that the functions work (INC-07).

    Whether the data is correct it does not say: caught-up replication is no comparison. A person or a comparison reports it.
    """
    _functions_shown(entry, evidence=f"{entry.subject_label}: {_words(entry.payload.get('evidence'))}")


@transaction.atomic
def repaired_in_place(entry: Entry) -> None:
    """The failing side serves again and a marked order came back. What a person vouched for without evidence shows nothing."""
    if not entry.payload.get("overridden"):
        _functions_shown(entry, evidence=f"{entry.subject_label}: {_words(entry.payload.get('evidence'))}")


@transaction.atomic
def business_normal(entry: Entry) -> None:
    """Evidence shows business normal. What a person vouched for without evidence shows nothing."""
    if entry.payload.get("overridden"):
        return
    incident = incident_of_outage(entry)
    if incident is not None:
        evidence = f"{entry.subject_label}: {_words(entry.payload.get('evidence'))}"
        end_condition_report(incident=incident, condition=EndCondition.Kind.BUSINESS, passed=True, evidence=evidence, cause=entry)


@transaction.atomic
def task_overdue(entries: Sequence[Entry]) -> None:
    """Tasks of incidents are not finished in time: whoever commands is told once per batch; the owners were told already."""
    late: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.payload["about_kind"] == INCIDENT:
            late[entry.payload["about_id"]].append(entry)
    for incident in Incident.objects.filter(public_id__in=late, state__in=GRADED_OPEN).order_by("id"):
        theirs = late[str(incident.public_id)]
        owners = {entry.payload["owner_id"] for entry in theirs}
        people = [user for user in role_people(incident, [IncidentRole.Role.COMMANDER]) if {str(user.public_id)} != owners]
        names = {suffix: between.join(one_of(entry.subject_label, suffix) for entry in theirs) for suffix, between in (("en", "; "), ("zh", "；"))}
        params = {"task": names, "due_at": datetime.fromisoformat(theirs[0].payload["due_at"])}
        tell(incident, people, text=TASK_OVERDUE, params=params, cause=theirs[-1])


@transaction.atomic
def move_proposed(entry: Entry) -> None:
    """Somebody proposed a move on an incident: whoever commands is told that it waits."""
    payload = entry.payload
    proposal_of = entry.links.filter(kind=INCIDENT, role="under").values_list("record_id", flat=True).first()
    incident = _incident(proposal_of) if proposal_of else None
    if incident is None:
        return
    people = role_people(incident, [IncidentRole.Role.COMMANDER])
    tell(incident, people, text=PROPOSED, params={"action": _title_of(payload["move"]), "proposed_by": entry.actor_label}, cause=entry)


def _role_answered(payload: dict[str, Any], *, at: datetime, actor: Actor, cause: Entry) -> None:
    role = IncidentRole.objects.select_related("user").filter(public_id=payload["about_id"], ended_at=None).first()
    incident = _incident(role.incident.public_id) if role is not None else None
    person = User.objects.filter(public_id=payload["user_id"]).first()
    if role is None or incident is None or person is None:
        return
    answered(incident)
    if role.user_id == person.pk:
        roles_answered(incident, [role], at=at, actor=actor, cause=cause)
    elif role.acknowledged_at is None and incident.state in NOT_OVER:
        _take_over(incident, role, person, at=at, actor=actor, cause=cause)


def _take_over(incident: Incident, role: IncidentRole, person: User, *, at: datetime, actor: Actor, cause: Entry) -> None:
    earlier = role.user
    role.ended_at = max(at, role.assigned_at)
    role.save(update_fields=["ended_at"])
    IncidentRole.objects.create(incident=incident, role=role.role, user=person, assigned_at=at, acknowledged_at=at)
    event = RoleAssigned(
        incident_id=incident.public_id,
        role=role.role,
        user_id=person.public_id,
        person=person.journal_label(),
        earlier=earlier.journal_label(),
        text="",
    )
    journal.record(event, subject=incident, under=[person], actor=actor, before={}, after={}, cause=cause)
    outage_tell(incident, actor=actor, cause=cause)


def _functions_shown(entry: Entry, *, evidence: str) -> None:
    incident = incident_of_outage(entry)
    if incident is not None:
        end_condition_report(incident=incident, condition=EndCondition.Kind.FUNCTIONS, passed=True, evidence=evidence, cause=entry)


def _incident(public_id: Any) -> Incident | None:
    return Incident.objects.select_for_update(of=("self",)).filter(public_id=public_id).first() if public_id else None


def _incident_of_clock(entry: Entry) -> tuple[Incident, RecoveryClock] | None:
    incident = incident_of_outage(entry)
    recovery_clock = RecoveryClock.objects.filter(public_id=entry.payload["clock_id"]).first()
    return (incident, recovery_clock) if incident is not None and recovery_clock is not None else None


def _clock_params(recovery_clock: RecoveryClock, percent: int) -> dict[str, Any]:
    left = recovery_clock.due_at - clock.now() if recovery_clock.due_at is not None else timedelta(0)
    return {
        "clock": ClockKind(recovery_clock.kind).label,
        "percent": percent,
        "remaining": in_both(lambda: hours_and_minutes(left)),
        "due_at": recovery_clock.due_at,
        "target": in_both(lambda: hours_and_minutes(recovery_clock.target)),
    }


def _title_of(move_id: str) -> str | Promise:
    """What a move is called, in no language yet; its id where it no longer exists."""
    try:
        return moves.get(move_id).title
    except KeyError:
        return move_id


def _words(evidence: Any) -> str:
    """What a machine saw, short enough to read: plain values by name, and the names of what was looked at more closely."""
    if not isinstance(evidence, dict):
        return str(evidence or "–")
    plain = [f"{name}: {value}" for name, value in evidence.items() if isinstance(value, str | int | float | bool)]
    seen = [str(name).replace("_", " ") for name, value in evidence.items() if value and isinstance(value, dict | list)]
    return "; ".join([*plain, *seen])[:500] or "–"
