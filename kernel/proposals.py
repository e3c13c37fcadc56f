"""Carrying out a move from an edge: at once, or as a proposal that a second person accepts."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.db import transaction
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from kernel import clock, fsm, journal, moves, permissions, records
from kernel.actors import Actor
from kernel.errors import Conflict, NotFound, NotPermitted, ReasonRequired, Stale
from kernel.journal import Ref
from kernel.journal.plain import plain
from kernel.models import Proposal
from kernel.moves import Move
from kernel.permissions import Grant


@dataclass(frozen=True, kw_only=True)
class MoveProposed:
    """Somebody asked for a move that another must agree to."""

    name: ClassVar[str] = "kernel.move_proposed.v1"
    proposal_id: UUID
    move: str
    inputs: dict[str, Any]
    at: datetime


@dataclass(frozen=True, kw_only=True)
class ProposalAccepted:
    """A second person agreed and the move was carried out."""

    name: ClassVar[str] = "kernel.proposal_accepted.v1"
    proposal_id: UUID
    move: str
    proposed_by: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class ProposalDeclined:
    """The move was refused or taken back."""

    name: ClassVar[str] = "kernel.proposal_declined.v1"
    proposal_id: UUID
    move: str
    proposed_by: str
    at: datetime


def perform(
    move_id: str, *, actor: Actor, public_id: UUID | None = None, version: int | None = None, inputs: dict[str, Any] | None = None, reason: str = ""
) -> Any:
    """Do what the person asked: returns the record, or the Proposal when somebody else must agree first.

    Raises NotFound (also for a record that may not be known), NotPermitted, ProofNeeded, Invalid, ReasonRequired, Stale,
    and what the service raises.
    """
    move = moves.get(move_id)
    record = None if move.creates else records.fetch(move.record, actor, _given(public_id, move))
    grant = permissions.can(actor, move_id, record)
    if grant not in (Grant.ALL, Grant.OWN, Grant.SECOND, Grant.PROPOSE):
        raise NotPermitted(action=move.title)
    permissions.proof_require(move, actor)
    cleaned = move.clean(inputs or {})
    if move.reason_required and not reason.strip():
        raise ReasonRequired(action=move.title)
    if grant == Grant.PROPOSE or (grant == Grant.SECOND and move.wants_second(record)):
        return _propose(move, record=record, version=version, actor=actor, inputs=inputs or {}, reason=reason)
    return _carry_out(move, public_id=public_id, version=version, actor=actor, inputs=cleaned, reason=reason)


def _given(public_id: UUID | None, move: Move) -> UUID:
    if public_id is None:
        raise NotFound(kind=move.record)
    return public_id


def _carry_out(move: Move, *, public_id: UUID | None, version: int | None, actor: Actor, inputs: dict[str, Any], reason: str) -> Any:
    service = import_string(move.service)
    if move.creates:
        return service(actor=actor, reason=reason, **inputs)
    return service(public_id=public_id, version=version, actor=actor, reason=reason, **inputs)


@transaction.atomic
def _propose(move: Move, *, record: Any, version: int | None, actor: Actor, inputs: dict[str, Any], reason: str) -> Proposal:
    if not actor.is_person:
        raise NotPermitted(action=move.title)
    if record is not None and version is not None and record.version != version:
        raise Stale(state=record.state_label(), version=record.version)
    if record is not None and move.source and getattr(record, "state", None) not in move.source:
        raise Conflict(problem=_("This move is not possible in the present state."))
    if record is not None and Proposal.objects.filter(move=move.id, record_id=record.public_id, state=Proposal.State.PROPOSED).exists():
        raise Conflict(problem=_("This is already proposed and waits for somebody to agree."))
    now = clock.now()
    proposal = Proposal.objects.create(
        move=move.id,
        record_kind=move.record,
        record_id=record.public_id if record is not None else None,
        record_label=record.journal_label() if record is not None else "",
        inputs=plain(inputs),
        reason=reason,
        proposer={"id": actor.id, "label": actor.label, "user_id": actor.user_id},
        proposed_at=now,
    )
    event = MoveProposed(proposal_id=proposal.public_id, move=move.id, inputs=plain(inputs), at=now)
    journal.record(event, subject=proposal, under=[record] if record is not None else [], actor=actor, reason=reason)
    return proposal


@transaction.atomic
def proposal_accept(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> Any:
    """Agree to a proposal, which carries its move out in the same transaction, as this person's act. Returns the move's record.

    Raises NotPermitted for the proposer and for anybody without the right, and what the move itself raises.
    """
    proposal = Proposal.lock(public_id, version=version)
    move = moves.get(proposal.move)
    proposer = _proposer(proposal)
    if actor.is_same_person(proposer):
        raise NotPermitted(action=_("agreeing to one's own proposal"))
    record = records.fetch(move.record, actor, proposal.record_id) if proposal.record_id else None
    seconded = replace(actor, second=proposer)
    permissions.require(seconded, move.id, record)
    now = clock.now()
    fsm.move(proposal, proposal.accept, at=now)
    event = ProposalAccepted(proposal_id=proposal.public_id, move=move.id, proposed_by=proposer.label, at=now)
    journal.record(event, subject=proposal, under=_under(proposal), actor=actor, reason=reason)
    present = record.version if record is not None else None
    return _carry_out(
        move, public_id=proposal.record_id, version=present, actor=seconded, inputs=move.clean(proposal.inputs), reason=reason or proposal.reason
    )


@transaction.atomic
def proposal_decline(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> Proposal:
    """Refuse a proposal (anybody who could accept it), or take one's own back."""
    proposal = Proposal.lock(public_id, version=version)
    move = moves.get(proposal.move)
    if not actor.is_same_person(_proposer(proposal)):
        record = records.fetch(move.record, actor, proposal.record_id) if proposal.record_id else None
        permissions.require(replace(actor, second=_proposer(proposal)), move.id, record)
    now = clock.now()
    fsm.move(proposal, proposal.decline, at=now)
    event = ProposalDeclined(proposal_id=proposal.public_id, move=move.id, proposed_by=_proposer(proposal).label, at=now)
    journal.record(event, subject=proposal, under=_under(proposal), actor=actor, reason=reason)
    return proposal


def open_proposals(record: Any) -> list[Proposal]:
    """What waits for a second person on this record, oldest first."""
    return list(Proposal.objects.filter(record_id=record.public_id, state=Proposal.State.PROPOSED).order_by("proposed_at"))


def _proposer(proposal: Proposal) -> Actor:
    return Actor(kind="person", id=proposal.proposer["id"], label=proposal.proposer["label"], user_id=proposal.proposer["user_id"])


def _under(proposal: Proposal) -> list[Ref]:
    return [Ref(proposal.record_kind, str(proposal.record_id), proposal.record_label)] if proposal.record_id else []
