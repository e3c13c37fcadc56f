"""The switchboard: each guarded part with its picture, its standby's readiness, and the switch that runs or ran last."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from console.selectors import buttons
from console.selectors.buttons import Button
from console.selectors.switchboard_picture import Picture, picture_of
from contingency.catalog.models import Part
from incidents.switchover import selectors as switchover
from incidents.switchover.models import Direction, Outage, Switch
from incidents.switchover.problems import problem_words
from incidents.switchover.selectors import Readiness
from incidents.switchover.texts import failure_words, instruction_words
from kernel import records
from kernel.actors import Actor
from kernel.errors import DomainError, NotFound
from kernel.i18n import pick

MOST = 20
FACTS = ("incidents.business_normal_record", "incidents.repair_record", "incidents.repaired_in_place")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    title: str
    is_ok: bool
    is_blocking: bool
    detail: str


class Board:
    """One part for one person at one moment. Each piece is asked for only when it is shown."""

    def __init__(self, actor: Actor, part: Part, now: datetime) -> None:
        self.actor = actor
        self.part = part
        self.now = now

    @property
    def slug(self) -> str:
        """Its short name."""
        return self.part.slug

    @property
    def name(self) -> str:
        """Its name in the reader's language."""
        return pick(self.part, "name")

    @cached_property
    def _looked(self) -> tuple[Readiness | None, str]:
        try:
            return switchover.readiness(self.part), ""
        except DomainError as problem:
            return None, problem.message

    @property
    def readiness(self) -> Readiness | None:
        """The standby's readiness; None for a part that cannot be switched."""
        return self._looked[0]

    @property
    def problem(self) -> str:
        """Why nothing can be said of it; empty when all is known."""
        return self._looked[1]

    @cached_property
    def picture(self) -> Picture | None:
        """The drawing, with the sentence that says the same."""
        if self.readiness is None:
            return None
        unrepaired = self.outage.origin if self.outage is not None and self.outage.repaired_at is None else ""
        return picture_of(self.part, self.readiness.view, unrepaired=unrepaired)

    @cached_property
    def is_away(self) -> bool:
        """Whether business is on the side that stands by in good times."""
        away = self.outage.spare if self.outage is not None else "standby"
        return self.readiness is not None and self.readiness.view.serving == away

    @cached_property
    def checks(self) -> list[Any]:
        """What was looked at for moving business to the side that does not carry it now."""
        if self.is_away:
            return switchover.switch_preview(self.part, Direction.BACK).checks
        return self.readiness.checks if self.readiness is not None else []

    @property
    def is_ready(self) -> bool:
        """Whether the other side could take over without any reservation."""
        return self.readiness is not None and all(check.is_ok for check in self.checks)

    @property
    def findings(self) -> list[Finding]:
        """The same in words, blocking ones marked."""
        found = self.checks
        return [Finding(str(check.title), check.is_ok, check.is_blocking, self._detail(check)) for check in found]

    def _detail(self, check: Any) -> str:
        """The number of another switch is for those who may see switches."""
        return "" if check.code == "no_other_switch" and not self.may_see_switches else self.detail_of(check)

    def detail_of(self, check: Any) -> str:
        """What a check saw, sides by their names."""
        names = {side.role: side.name for side in self.part.sides.all()}
        return names.get(check.detail, str(check.detail)) if check.code == "traffic_on_old_side" else problem_words(check.detail, names=names)

    @cached_property
    def outage(self) -> Outage | None:
        """The open outage, when the reader may know of it."""
        return switchover.open_outage(self.part) if self.may_see_switches else None

    @cached_property
    def may_see_switches(self) -> bool:
        """Administrators see the part, not what business does with it."""
        return records.may_read(self.actor, records.get(Switch.journal_kind), self.part)

    @cached_property
    def switch(self) -> Switch | None:
        """The running switch, else the last one."""
        return switchover.switch_list(self.actor, part=self.slug).first() if self.may_see_switches else None

    @cached_property
    def switch_buttons(self) -> list[Button]:
        """What may be done with it now."""
        return buttons.buttons(self.actor, self.switch) if self.switch is not None else []

    @property
    def failure(self) -> str:
        """Why the switch failed, in words."""
        return failure_words(self.switch.failure) if self.switch is not None else ""

    @property
    def instruction(self) -> str:
        """What people do next, in words."""
        return instruction_words(self.switch.instruction) if self.switch is not None else ""

    @property
    def is_switching(self) -> bool:
        """Whether a switch is under way."""
        return self.switch is not None and not self.switch.is_settled

    @property
    def ways(self) -> list[tuple[str, str]]:
        """(direction, words) of the guides that make sense now: away from where business is."""
        if self.readiness is None or self.is_switching:
            return []
        serving = self.readiness.view.serving
        home, away = (self.outage.origin, self.outage.spare) if self.outage is not None else ("primary", "standby")
        over, back = (Direction.OVER.value, str(Direction.OVER.label)), (Direction.BACK.value, str(Direction.BACK.label))
        if serving == home:
            return [over]
        return [back] if serving == away else [over, back]

    @cached_property
    def tests(self) -> list[Button]:
        """The dry run."""
        return buttons.buttons(self.actor, self.part, only=("incidents.switch_dry_run",))

    @property
    def verdict(self) -> str:
        """The readiness in one sentence."""
        if self.readiness is None:
            return _("This part has no gateway: it cannot be switched from here.")
        if self.is_ready:
            return _("The other side could take over now.")
        if any(not check.is_ok and check.is_blocking for check in self.checks):
            return _("The other side could not take over now.")
        return _("The other side could take over, with reservations.")


class Switchboard:
    """All guarded parts that the person may see."""

    def __init__(self, actor: Actor, now: datetime) -> None:
        self.actor = actor
        self.now = now

    @cached_property
    def boards(self) -> list[Board]:
        """In the order in which they were defined. Asks each gateway (one second at most); never inside a transaction."""
        return [Board(self.actor, part, self.now) for part in _parts(self.actor)]

    @property
    def may_see_switches(self) -> bool:
        """Whether the list of switches is offered."""
        return records.may_read(self.actor, records.get(Switch.journal_kind), None)


def _parts(actor: Actor) -> list[Part]:
    record_type = records.get(Part.journal_kind)
    if not records.may_read(actor, record_type, None):
        return []
    found = record_type.list_for(actor).select_related("unit", "gateway").prefetch_related("sides")[:MOST]
    return sorted(found, key=lambda part: part.pk)


def board_get(actor: Actor, slug: str, now: datetime) -> Board:
    """One part's board, for somebody who may know of its switches. Raises NotFound."""
    record_type = records.get(Part.journal_kind)
    part: Any = record_type.list_for(actor, slug=slug).first() if records.may_read(actor, record_type, None) else None
    if part is None or not records.may_read(actor, record_type, part):
        raise NotFound(kind=_("guarded part"))
    board = Board(actor, part, now)
    if not board.may_see_switches:
        raise NotFound(kind=_("guarded part"))
    return board
