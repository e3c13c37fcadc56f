"""Who may do what: deny by default, roles per org unit, rights per record, second persons."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from kernel import moves
from kernel.actors import Actor
from kernel.errors import NeedsSecondPerson, NotPermitted, ProofNeeded
from kernel.moves import Move


class Grant(StrEnum):
    """How far a role's right to a move goes, best first."""

    ALL = "all"  # any record
    OWN = "own"  # records of one's own team: the unit of one's position and those below it
    SECOND = "second"  # only when a second, different person agrees
    PROPOSE = "propose"  # may ask; somebody with the right must accept
    READ = "read"


_ORDER = [Grant.ALL, Grant.OWN, Grant.SECOND, Grant.PROPOSE, Grant.READ]


def grant_by(rule: Mapping[str, Grant], actor: Actor, record: Any = None) -> Grant | None:
    """The best grant that a rule gives the actor for a record (None: the record is still to be made)."""
    if actor.kind == "system":
        return Grant.ALL
    path = record.permission_path() if record is not None and hasattr(record, "permission_path") else ""
    grants = {rule[role] for role, held in actor.holdings if role in rule and (rule[role] == Grant.ALL or not path or path.startswith(held))}
    if record is not None and hasattr(record, "extra_roles"):
        wanted = [role for role in rule if role not in actor.roles]
        if wanted and actor.user_id is not None:
            grants |= {rule[role] for role in record.extra_roles(actor) if role in rule}
    return next((grant for grant in _ORDER if grant in grants), None)


def can(actor: Actor, move_id: str, record: Any = None) -> Grant | None:
    """How far the actor may go with this move on this record; None: not at all. A token needs the move's scope too."""
    move = moves.get(move_id)
    if actor.scopes is not None and move.scope not in actor.scopes:
        return None
    return grant_by(move.rule, actor, record)


def require(actor: Actor, move_id: str, record: Any = None) -> Grant:
    """Refuse unless the actor may carry this move out now, alone or with the second person who proposed it.

    Raises NotPermitted; NeedsSecondPerson where a different person must agree first; ProofNeeded.
    """
    move = moves.get(move_id)
    grant = can(actor, move_id, record)
    if grant not in (Grant.ALL, Grant.OWN, Grant.SECOND):
        raise NotPermitted(action=move.title)
    proof_require(move, actor)
    if grant == Grant.SECOND and move.wants_second(record) and (actor.second is None or actor.is_same_person(actor.second)):
        raise NeedsSecondPerson(action=move.title)
    return grant


def proof_require(move: Move, actor: Actor) -> None:
    """Refuse a move that lets somebody in, or lets them do more, unless the person proved at this browser that it is them.

    The one place where this is asked, for doing as well as for proposing: a token or a forgotten screen must not make
    itself a way in. Raises ProofNeeded.
    """
    if move.wants_proof(actor):
        raise ProofNeeded
