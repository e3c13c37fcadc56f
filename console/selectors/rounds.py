"""What comes round again: when it is next due, who sees to it, what was found the last times."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from django.utils.translation import gettext as _

from console.selectors import buttons
from console.selectors.buttons import Button
from contingency.org.models import User
from contingency.plan import selectors as plan
from contingency.plan.models import PlanVersion, Round
from kernel import records
from kernel.actors import Actor
from kernel.i18n import listed, pick

CLOSED_SHOWN = 30
NOW_SHOWN = 3


@dataclass(frozen=True)
class RoundRow:
    """One round as people look at it."""

    round: Round
    is_overdue: bool
    people: str = ""  # who holds the position that sees to it
    buttons: list[Button] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What comes round."""
        return pick(self.round.item, "name")

    @property
    def kind(self) -> str:
        """A review, a check, a drill … or a meeting."""
        return str(self.round.schedule.get_kind_display()) if self.round.schedule is not None else _("Meeting")


class RoundsScreen:
    """All that comes round, for one person: whoever reads plans sees everything, anybody else what they see to themselves."""

    def __init__(self, actor: Actor, now: datetime) -> None:
        self.actor = actor
        self.now = now

    @property
    def is_reader(self) -> bool:
        """Whether the plan itself is open to this person."""
        return records.may_read(self.actor, records.get(PlanVersion.journal_kind), None)

    @cached_property
    def open(self) -> list[RoundRow]:
        """What is due or will be, the most urgent first. Two queries."""
        found = records.get(Round.journal_kind).list_for(self.actor, state=Round.State.DUE.value).order_by("due_at", "id")
        return rows_of(self.actor, found, self.now)

    @cached_property
    def closed(self) -> list[Round]:
        """What became of the last ones. One query."""
        found = records.get(Round.journal_kind).list_for(self.actor).exclude(state=Round.State.DUE)
        return list(found.order_by("-closed_at", "-id")[:CLOSED_SHOWN])

    @property
    def overdue_count(self) -> int:
        """How many are late."""
        return sum(row.is_overdue for row in self.open)


def rows_of(actor: Actor, rounds: Iterable[Round], now: datetime) -> list[RoundRow]:
    """Rounds with the names of who sees to them and what this person may do. One query for the names."""
    found = list(rounds)
    people = User.objects.in_bulk({pk for row in found for pk in row.holder_ids})
    return [
        RoundRow(
            row,
            row.is_overdue(now),
            listed(pick(people[pk], "display_name") for pk in row.holder_ids),
            buttons.buttons(actor, row),
        )
        for row in found
    ]


def ahead(actor: Actor, now: datetime) -> list[RoundRow]:
    """What is due or soon will be for this person to see to. One query."""
    return [RoundRow(row, row.is_overdue(now)) for row in plan.rounds_ahead(actor, now)]


def by_slug(now: datetime) -> dict[tuple[str, str], RoundRow]:
    """(chapter of the plan, short name) → its open round. One query."""
    return {("schedules" if row.schedule_id else "meeting_kinds", row.item.slug): RoundRow(row, row.is_overdue(now)) for row in plan.rounds_open()}
