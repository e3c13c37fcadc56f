"""The legal next moves of a record for one person, from the table of moves: nothing else is ever offered."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import pgettext

from kernel import moves, permissions
from kernel.actors import Actor
from kernel.errors import DomainError
from kernel.moves import Move
from kernel.permissions import Grant

NOBODY = "00000000-0000-0000-0000-000000000000"
ACTING = (Grant.ALL, Grant.OWN, Grant.SECOND, Grant.PROPOSE)


@dataclass(frozen=True)
class Button:
    """One move as a button: what it is called, what it will do, and how far the person's right goes."""

    move: Move
    title: str
    effect: str
    address: str
    tone: str  # go, stop, or plain
    proposes: bool
    record_id: str
    version: int

    @property
    def id(self) -> str:
        """Its id in the page."""
        return f"do-{self.move.id.replace('.', '-')}-{self.record_id}"

    @property
    def is_one_tap(self) -> bool:
        """Whether it asks nothing and is not dangerous: carried out by the first press."""
        return not (self.move.inputs or self.move.dangerous or self.move.reason_required or self.proposes)

    def of(self, name: str) -> "Button":
        """The same with the name of its record, where several records have it."""
        return replace(self, title=f"{self.title}{pgettext('between a name and what it is', ': ')}{name}")


def is_legal(move: Move, record: Any) -> bool:
    """Whether the record's state allows it, and what else its room asks before it offers it (`extra["available"]`)."""
    if move.source and getattr(record, "state", None) not in move.source:
        return False
    available = move.extra.get("available")
    return bool(available is None or available(record))


def refusal_of(move: Move, record: Any) -> DomainError | None:
    """Why a move that state and rights allow would be refused as things are (`extra["refusal"]`); None when it would not."""
    ask = move.extra.get("refusal")
    return ask(record) if ask is not None else None


@dataclass(frozen=True)
class HeldBack:
    """A move that comes next once what is missing is there: its words stand where the button will be."""

    move: Move
    title: str
    words: str


def held_back(actor: Actor, record: Any) -> list[HeldBack]:
    """The moves of a record that state and rights allow but that would be refused now, each with what is missing."""
    found = []
    for move in moves.for_record(record.journal_kind):
        if "refusal" not in move.extra or move.creates or not is_legal(move, record) or permissions.can(actor, move.id, record) not in ACTING:
            continue
        refusal = refusal_of(move, record)
        if refusal is not None:
            found.append(HeldBack(move, str(move.title), refusal.message))
    return found


def button(actor: Actor, move: Move, record: Any, **prefill: str) -> Button | None:
    """The button of one move; None when state or rights forbid it, or when it would be refused as things are."""
    if move.creates or not is_legal(move, record):
        return None
    grant = permissions.can(actor, move.id, record)
    if grant not in ACTING or refusal_of(move, record) is not None:
        return None
    proposes = grant == Grant.PROPOSE or (grant == Grant.SECOND and move.wants_second(record))
    address = _address_of(move.id).replace(NOBODY, str(record.public_id))
    return Button(
        move=move,
        title=str(move.title),
        effect=str(move.effect),
        address=f"{address}?{urlencode(prefill)}" if prefill else address,
        tone="stop" if move.dangerous else "",
        proposes=proposes,
        record_id=str(record.public_id),
        version=record.version,
    )


@cache
def _address_of(move_id: str) -> str:
    """Where this move is made, of the record NOBODY: long lists have it for every row."""
    return reverse("console:do", args=[move_id, NOBODY])


def buttons(actor: Actor, record: Any, *, skip: Iterable[str] = (), only: Iterable[str] = ()) -> list[Button]:
    """All legal next moves of a record, in the order of the table."""
    skip, only = set(skip), set(only)
    chosen = [move for move in moves.for_record(record.journal_kind) if move.id not in skip and (not only or move.id in only)]
    return [found for move in chosen if (found := button(actor, move, record))]


def makers(actor: Actor, kind: str) -> list[Button]:
    """The moves that make a new record of this kind."""
    made = []
    for move in moves.for_record(kind):
        grant = permissions.can(actor, move.id) if move.creates else None
        if grant is not None and grant != Grant.READ:
            address = reverse("console:make", args=[move.id])
            made.append(Button(move, str(move.title), str(move.effect), address, "", grant == Grant.PROPOSE, "new", 0))
    return made
