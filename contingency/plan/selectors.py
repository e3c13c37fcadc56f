"""Reads of the plan in force. Everything here is rows: the document itself is only read when it is loaded or exported."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from contingency.catalog.models import FaultClass, FaultKind, Part
from contingency.org import roles
from contingency.org import selectors as org
from contingency.org.models import Holding, User
from contingency.plan.models import (
    ChainStep,
    EscalationChain,
    Grade,
    LevelCall,
    MeetingKind,
    MessageText,
    Plan,
    PlanReceipt,
    PlanVersion,
    Playbook,
    RecoveryTarget,
    ResponseLevel,
    Round,
    Schedule,
)
from kernel.actors import Actor
from kernel.errors import NotFound
from kernel.i18n import language_suffix

SELDOM: Final = timedelta(days=7)  # what comes round more often has no rounds
AHEAD: Final = timedelta(days=7)  # how long before a round is due it is shown to whoever sees to it


def plan_get(slug: str = "contingency") -> Plan:
    """The plan. Raises NotFound before the first document was loaded."""
    found = Plan.objects.filter(slug=slug).first()
    if found is None:
        raise NotFound(kind=_("plan"))
    return found


def version_in_force() -> PlanVersion | None:
    """The approved version, or None before the first approval."""
    return PlanVersion.objects.select_related("plan", "author", "approver").filter(state=PlanVersion.State.APPROVED).order_by("plan_id").first()


def version_get(number: int | None = None) -> PlanVersion:
    """A version by its number; without one the version in force. Raises NotFound."""
    found = version_in_force() if number is None else PlanVersion.objects.select_related("plan").filter(number=number).order_by("plan_id").first()
    if found is None:
        raise NotFound(kind=_("plan version"))
    return found


def level_for(grade: str) -> ResponseLevel:
    """What a grade sets going, with calls, groups and playbooks at hand. Raises NotFound. Four queries."""
    calls = Prefetch("calls", LevelCall.objects.select_related("roster", "position", "chain"))
    found = ResponseLevel.objects.filter(grade=grade, retired_at=None).prefetch_related(calls, "groups", "playbooks").first()
    if found is None:
        raise NotFound(kind=_("response level"))
    return found


def grade_criteria() -> list[tuple[Grade, list[str]]]:
    """Each grade with what the plan in force goes by, in the reader's language; the most telling first. One query."""
    levels = ResponseLevel.objects.filter(retired_at=None).order_by("order", "id")
    return [(Grade(level.grade), level.criteria_zh if language_suffix() == "zh" else level.criteria_en) for level in levels]


def targets_for(part: Part) -> list[RecoveryTarget]:
    """One target per recovery clock: the part's own where the plan has one, else the one for all. One query."""
    targets = RecoveryTarget.objects.filter(Q(part="") | Q(part=part.slug), retired_at=None).order_by("part")
    return list({target.clock: target for target in targets}.values())


def playbooks_for(fault_class: str, fault_kind: FaultKind | int | str | None = None) -> list[Playbook]:
    """Playbooks that fit, the closest first: of the kind, of the kinds above it, general ones of the class.

    `fault_kind`: the kind, its key or its slug; None while it is not yet known: then those for after an upgrade come first,
    for that is what this house is about, then the general one of the class, then those of its kinds. Four queries at most.
    """
    fits = Playbook.objects.filter(fault_class=fault_class, retired_at=None).prefetch_related("steps")
    if fault_kind is None:
        return sorted(fits, key=lambda playbook: (not playbook.after_upgrade, playbook.fault_kind_id is not None, playbook.order))
    above = _kind_and_above(fault_kind)
    near = {pk: place for place, pk in enumerate(above)}
    fits = fits.filter(Q(fault_kind=None) | Q(fault_kind__in=above))
    return sorted(fits, key=lambda playbook: (near.get(playbook.fault_kind_id or 0, len(above)), not playbook.after_upgrade, playbook.order))


def playbooks_in_force() -> list[Playbook]:
    """Every playbook, those for all faults first, then class by class in the plan's order. One query."""
    places = {value: place for place, value in enumerate(FaultClass.values)}
    return sorted(Playbook.objects.filter(retired_at=None), key=lambda playbook: (places.get(playbook.fault_class, -1), playbook.order))


def playbook_get(slug: str) -> Playbook:
    """A playbook of the plan in force with its steps. Raises NotFound."""
    found = Playbook.objects.filter(slug=slug, retired_at=None).prefetch_related("steps").first()
    if found is None:
        raise NotFound(kind=_("playbook"))
    return found


def _kind_and_above(fault_kind: FaultKind | int | str | None) -> list[int]:
    """Keys of a kind and of the kinds above it, nearest first."""
    if fault_kind is None:
        return []
    parents = dict(FaultKind.objects.values_list("pk", "parent_id"))
    if isinstance(fault_kind, str):
        fault_kind = FaultKind.objects.filter(slug=fault_kind).first() or 0
    key: int | None = fault_kind.pk if isinstance(fault_kind, FaultKind) else fault_kind
    path: list[int] = []
    while key in parents and key not in path:
        path.append(key)
        key = parents[key]
    return path


def chain_get(slug: str) -> EscalationChain:
    """An escalation chain with its steps at hand. Raises NotFound. Two queries."""
    steps = Prefetch("steps", ChainStep.objects.select_related("roster", "position"))
    found = EscalationChain.objects.filter(slug=slug, retired_at=None).prefetch_related(steps).first()
    if found is None:
        raise NotFound(kind=_("escalation chain"))
    return found


def people_of(call: ChainStep | LevelCall, at: datetime) -> list[User]:
    """Whom a step of a chain, or a call of a level, means at that moment. One query."""
    if call.roster is not None:
        person = org.on_duty_at_rank(call.roster, call.rank or 1, at)
        return [person] if person is not None else []
    return org.people_with_position(call.position.slug, at) if call.position is not None else []


def message_text(slug: str) -> MessageText:
    """A message text, ready to be rendered in the reader's language. Raises NotFound."""
    found = MessageText.objects.filter(slug=slug, retired_at=None).first()
    if found is None:
        raise NotFound(kind=_("message text"))
    return found


def receipts_of(version: PlanVersion) -> dict[int, datetime]:
    """Who has read and understood a version: user key → when. One query."""
    return dict(PlanReceipt.objects.filter(plan_version=version).values_list("user_id", "read_at"))


def version_list(**filters: Any) -> list[PlanVersion]:
    """All versions without their texts, the newest first."""
    return list(PlanVersion.objects.select_related("plan", "author", "approver").defer("text").filter(**filters))


def rounds(*, of: int | None = None) -> QuerySet[Round]:
    """Rounds with what names them and with who holds the owner's position now (`of`: only what that person holds). One query."""
    held = Holding.objects.filter(org.in_force(org.PresentMoment()), position=OuterRef("owner"), user__is_active=True)
    holders = ArraySubquery(held.order_by("is_deputy", "starts_at", "pk").values("user_id"))
    found = Round.objects.select_related("schedule", "meeting", "owner__unit", "closed_by").annotate(held_by=holders)
    return found if of is None else found.filter(Exists(held.filter(user_id=of)))


def rounds_open() -> QuerySet[Round]:
    """What comes round next, the most urgent first."""
    return rounds().filter(state=Round.State.DUE).order_by("due_at", "id")


def rounds_ahead(actor: Actor, at: datetime) -> list[Round]:
    """What is due, or soon will be, and is for this person to see to: a week before, or half of `every` where that is shorter, so that
    what comes round weekly does not stand there always. Where nobody holds the position, it is for those who lead. One query."""
    soon = rounds_open().filter(due_at__lte=at + AHEAD)
    return [row for row in soon if row.due_at <= at + min(AHEAD, row.every / 2) and _is_for(row, actor)]


def _is_for(row: Round, actor: Actor) -> bool:
    if row.holder_ids:
        return actor.user_id in row.holder_ids
    path = row.owner.unit.path
    return any(role == roles.DIRECTOR or (role == roles.TEAM_LEAD and path.startswith(held)) for role, held in actor.holdings)


def round_with(public_id: UUID) -> Round | None:
    """One round as `rounds` gives it."""
    return rounds().filter(public_id=public_id).first()


def people_for(row: Round, at: datetime) -> list[User]:
    """Who is reminded of a round: whoever holds the position at that moment; where nobody does, those who lead its unit and the
    project director, who can fill it. Three queries at most."""
    holders = org.people_with_position(row.owner.slug, at)
    if holders:
        return holders
    leads = org.people_with_role(roles.TEAM_LEAD, at, path=row.owner.unit.path)
    return list({user.pk: user for user in (*leads, *org.people_with_role(roles.DIRECTOR, at))}.values())


def has_rounds() -> Q:
    """Schedules and meetings in force that people are reminded of: what is due more often than once a week is the routine of a tool or
    a shift, and a reminder a day is one that nobody reads."""
    return Q(retired_at=None, every__gte=SELDOM)


def rounds_differ_from_plan() -> bool:
    """Whether something that comes round again has no open round, or an open round says something else than the plan. Four queries."""
    is_open = Round.objects.filter(state=Round.State.DUE)
    for model, of, owner in ((Schedule, "schedule", "owner"), (MeetingKind, "meeting", "led_by")):
        wanted = model._default_manager.filter(has_rounds())
        if wanted.exclude(Exists(is_open.filter(**{of: OuterRef("pk")}))).exists():
            return True
        same = wanted.filter(**{"pk": OuterRef(of), "every": OuterRef("every"), owner: OuterRef("owner")})
        if is_open.filter(**{f"{of}__isnull": False}).exclude(Exists(same)).exists():
            return True
    return False
