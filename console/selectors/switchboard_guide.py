"""The guide through a switch: what was looked at, what will happen exactly, and the order at its end."""

from functools import cached_property
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from console.forms import Field, MoveForm, move_form
from console.selectors import buttons
from console.selectors.buttons import Button
from console.selectors.switchboard import FACTS, Board, Finding
from incidents.switchover.models import Direction, Mode
from incidents.switchover.selectors import SwitchPreview, switch_preview
from kernel import moves, permissions
from kernel.errors import DomainError, NotFound
from kernel.moves import Move
from kernel.permissions import Grant

ORDERS = {Direction.OVER.value: "incidents.switch_over", Direction.BACK.value: "incidents.switch_back"}
MAY_ASK = (Grant.ALL, Grant.OWN, Grant.SECOND, Grant.PROPOSE)


class Guide:
    """One direction of one part, for one person. Asks the gateway: never inside a transaction."""

    def __init__(self, board: Board, direction: str) -> None:
        if direction not in ORDERS:
            raise NotFound(kind=_("direction"))
        self.board = board
        self.direction = direction
        self.title = str(Direction(direction).label)

    @cached_property
    def _seen(self) -> tuple[SwitchPreview | None, str]:
        try:
            return switch_preview(self.board.part, self.direction), ""
        except DomainError as problem:
            return None, problem.message

    @property
    def preview(self) -> SwitchPreview | None:
        """What ordering it now would do; None for a part that cannot be switched."""
        return self._seen[0]

    @property
    def problem(self) -> str:
        """Why there is no preview."""
        return self._seen[1]

    @property
    def checks(self) -> list[Finding]:
        """What was looked at."""
        found = self.preview.checks if self.preview is not None else []
        return [Finding(str(check.title), check.is_ok, check.is_blocking, self.board.detail_of(check)) for check in found]

    @property
    def mode(self) -> str:
        """Planned, emergency, verification only."""
        return str(Mode(self.preview.mode).label) if self.preview is not None else ""

    @property
    def mode_words(self) -> str:
        """What that mode means for orders."""
        return {
            Mode.PLANNED.value: _("Both sides live: orders wait a moment at the gateway, none is refused."),
            Mode.EMERGENCY.value: _("The old side is dead: it is shut out first, then the other takes over alone."),
            Mode.VERIFY.value: _("Traffic is there already: it is only proved."),
        }.get(self.preview.mode if self.preview is not None else "", "")

    def _name(self, role: str | None) -> str:
        sides = {side.role: side.name for side in self.board.part.sides.all()}
        return sides.get(role or "", _("nowhere, as far as is known"))

    @property
    def now(self) -> str:
        """Where traffic flows now."""
        return self._name(self.preview.traffic_now if self.preview is not None else None)

    @property
    def after(self) -> str:
        """Where it will flow."""
        return self._name(self.preview.traffic_after if self.preview is not None else None)

    @property
    def refusal(self) -> str:
        """What forbids the order now; empty when nothing does."""
        refused = self.preview.refusal if self.preview is not None else None
        return str(refused.title) if refused is not None else self.problem

    @cached_property
    def order(self) -> tuple[Move, Any] | None:
        """The move that orders it, and its record: the open outage, or none outside of one. None when neither fits now."""
        outage = self.board.outage
        if outage is None:
            return moves.get("incidents.switch_order"), None
        move = moves.get(ORDERS[self.direction])
        return (move, outage) if buttons.is_legal(move, outage) else None

    @cached_property
    def grant(self) -> Grant | None:
        """How far the person may go with it. A switch outside of an outage is asked of the part's team."""
        if self.order is None:
            return None
        move, record = self.order
        return permissions.can(self.board.actor, move.id, record if record is not None else self.board.part)

    @property
    def may_order(self) -> bool:
        """Whether the form is offered."""
        return self.order is not None and self.grant in MAY_ASK and not self.refusal and not self.board.is_switching

    @property
    def needs_second(self) -> bool:
        """Whether somebody else must approve before anything is done."""
        return self.preview is not None and self.preview.needs_second

    @property
    def proposes(self) -> bool:
        """Whether the person only asks for it."""
        return self.grant == Grant.PROPOSE

    @cached_property
    def form(self) -> MoveForm:
        """The order's form, part and direction filled in."""
        assert self.order is not None
        move, record = self.order
        return move_form(move, {"part": self.board.slug, "direction": self.direction}, record)

    @property
    def hidden(self) -> list[Field]:
        """What the guide knows already."""
        return [field for field in self.form.fields if field.name in ("part", "direction")]

    @property
    def asked(self) -> list[Field]:
        """What the person may still say."""
        return [field for field in self.form.fields if field.name not in ("part", "direction")]

    @property
    def action(self) -> str:
        """Where the order goes."""
        assert self.order is not None
        move, record = self.order
        return reverse("console:make", args=[move.id]) if record is None else reverse("console:do", args=[move.id, record.public_id])

    @property
    def record(self) -> Any:
        """The outage that the order belongs to."""
        return self.order[1] if self.order is not None else None

    @cached_property
    def facts(self) -> list[Button]:
        """Moves that record what a switch back waits for."""
        return buttons.buttons(self.board.actor, self.board.outage, only=FACTS) if self.board.outage is not None else []
