"""What is kept in a browser to be read without the network: whom to call, and which parts have a paper for switching by hand."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from contingency.catalog.models import Part
from contingency.org import selectors as org
from contingency.org.models import ContactPoint, Shift, User
from contingency.plan import selectors as plan
from contingency.plan.models import ChainStep, EscalationChain
from incidents.switchover.models import Switch
from kernel import records
from kernel.actors import Actor
from kernel.i18n import pick

AHEAD = timedelta(days=14)


@dataclass(frozen=True)
class Callee:
    """Somebody to telephone."""

    name: str
    phones: list[str]


@dataclass(frozen=True)
class Call:
    """One step of a chain: whom it means, who that is now, minutes after the step before."""

    whom: str
    people: list[Callee]
    minutes: int


@dataclass(frozen=True)
class Chain:
    """An escalation chain with names."""

    chain: EscalationChain
    steps: list[Call]


class CallTree:
    """Every escalation chain with the people it means now, and who is on duty for two weeks."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    @cached_property
    def chains(self) -> list[Chain]:
        """In the plan's order. One query per step, and one for the numbers."""
        steps = Prefetch("steps", ChainStep.objects.select_related("roster", "position"))
        rows = list(EscalationChain.objects.filter(retired_at=None).prefetch_related(steps))
        found = {step.pk: plan.people_of(step, self.now) for chain in rows for step in chain.steps.all()}
        points = org.contact_points_of({user.pk: user for people in found.values() for user in people}.values())
        return [Chain(chain, [_call(step, found[step.pk], points) for step in chain.steps.all()]) for chain in rows]

    @property
    def lacks_numbers(self) -> bool:
        """Whether somebody of them cannot be telephoned."""
        return any(not callee.phones for chain in self.chains for call in chain.steps for callee in call.people)

    @cached_property
    def shifts(self) -> list[Shift]:
        """Who is on duty from now on. One query."""
        rows = Shift.objects.filter(cancelled_at=None, roster__retired_at=None, ends_at__gt=self.now, starts_at__lt=self.now + AHEAD)
        return list(rows.select_related("roster", "user").order_by("roster__order", "rank", "starts_at"))


def _call(step: ChainStep, people: list[User], points: dict[int, list[ContactPoint]]) -> Call:
    whom = pick(step.position, "name") if step.position is not None else _roster(step)
    callees = [
        Callee(pick(user, "display_name"), [point.address for point in points[user.pk] if point.kind == ContactPoint.Kind.PHONE]) for user in people
    ]
    return Call(whom, callees, step.after_seconds // 60)


def _roster(step: ChainStep) -> str:
    return _("%(roster)s, rank %(rank)s") % {"roster": pick(step.roster, "name"), "rank": step.rank or 1}


def parts_by_hand(actor: Actor) -> list[Part]:
    """Parts whose paper this person may read: the same as on the switchboard."""
    if not records.may_read(actor, records.get(Switch.journal_kind), None):
        return []
    record_type = records.get(Part.journal_kind)
    rows: Any = record_type.list_for(actor).filter(gateway__isnull=False).order_by("slug") if records.may_read(actor, record_type, None) else []
    return list(rows)
