"""The one table of moves: routes, buttons, forms, the permission matrix and the documents come from it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext

from kernel.actors import Actor
from kernel.errors import Invalid, NotFound
from kernel.inputs import Input

Words = str | Promise


@dataclass(frozen=True, kw_only=True)
class Move:
    """One thing that can be done to one kind of record.

    id: `incidents.confirm`; record: the journal kind; method: the FSM method (empty when no state changes);
    service: dotted path, called as service(public_id=, version=, actor=, reason=, **inputs), without the first two when
    it `creates`; rule: role → Grant; needs_second: asks a record whether a SECOND grant needs the second person
    (default: always); apart_from: who else it must be than (the author, who ordered it), which the service sees to;
    effect: what will happen, said before it does; undo: the move or the words that bring it back;
    asks_proof: of whom the move asks a password or factor given a short while ago at this browser, which no token ever has.
    """

    id: str
    record: str
    title: Words
    effect: Words
    service: str
    rule: Mapping[str, Any]
    source: tuple[str, ...] = ()
    target: str = ""
    method: str = ""
    inputs: tuple[Input, ...] = ()
    reason_required: bool = False
    needs_second: Callable[[Any], bool] | None = None
    apart_from: str = ""
    creates: bool = False
    dangerous: bool = False
    evidence: Words = ""
    screen: str = ""
    undo: Words = ""
    requirements: tuple[str, ...] = ()
    asks_proof: Callable[[Actor], bool] | None = None
    scope: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def verb(self) -> str:
        """The last part of its id; the last part of its address."""
        return self.id.rpartition(".")[2]

    def wants_second(self, record: Any) -> bool:
        """Whether a SECOND grant needs the second person for this record now."""
        return True if self.needs_second is None or record is None else self.needs_second(record)

    def wants_proof(self, actor: Actor) -> bool:
        """Whether this person must prove first that it is them. The console itself need not."""
        return self.asks_proof is not None and actor.kind != "system" and not actor.proved and self.asks_proof(actor)

    def clean(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The service's inputs from what came in. Raises Invalid for a wrong, missing or unknown one."""
        known = {item.name for item in self.inputs}
        for name in given:
            if name not in known:
                raise Invalid(field=name, problem=gettext("there is no such input."))
        return {item.name: item.clean(given.get(item.name)) for item in self.inputs}


def of_anybody(_actor: Actor) -> bool:
    """`asks_proof` of what lets somebody in or into control: never by a token or from a forgotten screen."""
    return True


_moves: dict[str, Move] = {}


def register(*moves: Move) -> None:
    """Add moves to the table. Raises ValueError for an id used twice."""
    for move in moves:
        if move.id in _moves and _moves[move.id] != move:
            raise ValueError(f"The move {move.id} is registered twice.")
        _moves[move.id] = move


def get(move_id: str) -> Move:
    """One move. Raises NotFound."""
    try:
        return _moves[move_id]
    except KeyError:
        raise NotFound(kind=move_id) from None


def all_moves() -> list[Move]:
    """The whole table, by id."""
    return [_moves[move_id] for move_id in sorted(_moves)]


def for_record(kind: str) -> list[Move]:
    """The moves of one kind of record, in the order in which they were registered."""
    return [move for move in _moves.values() if move.record == kind]


def title_of(kind: str, method: str) -> Words:
    """What people call the FSM method of a record."""
    return next((move.title for move in _moves.values() if move.record == kind and move.method == method), method.replace("_", " "))
