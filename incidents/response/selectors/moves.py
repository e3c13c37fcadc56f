"""What can be done with an incident now, by whom, and what still stands in the way."""

from dataclasses import dataclass

from incidents.response.models import Incident
from incidents.response.selectors.guards import blocker
from kernel import moves
from kernel.actors import Actor
from kernel.errors import DomainError
from kernel.moves import Move
from kernel.permissions import Grant, can


@dataclass(frozen=True, kw_only=True)
class NextMove:
    """A move that state and person allow. `proposes`: somebody else must agree; `refusal`: why it would be refused as things are."""

    move: Move
    proposes: bool
    refusal: DomainError | None


def next_moves(incident: Incident, actor: Actor) -> list[NextMove]:
    """The legal next moves, in the order of the table. A few queries for the guards, whatever the number of moves."""
    found = []
    for move in moves.for_record(Incident.journal_kind):
        if move.creates or (move.source and incident.state not in move.source):
            continue
        available = move.extra.get("available")
        if available is not None and not available(incident):
            continue
        grant = can(actor, move.id, incident)
        if grant in (Grant.ALL, Grant.OWN, Grant.SECOND, Grant.PROPOSE):
            proposes = grant == Grant.PROPOSE or (grant == Grant.SECOND and move.wants_second(incident))
            found.append(NextMove(move=move, proposes=proposes, refusal=blocker(incident, move.id)))
    return found
