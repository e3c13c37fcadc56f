"""Proposals as a kind of record: what waits for a second person, seen by all who may see the record it is about."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from contingency.org.roles import ALL_ROLES
from kernel import moves, records
from kernel.actors import Actor
from kernel.errors import NotFound
from kernel.models import Proposal
from kernel.permissions import Grant

READ = dict.fromkeys(ALL_ROLES, Grant.ALL)


def list_for(actor: Actor, *, state: str = "", record: str = "") -> QuerySet[Proposal]:
    """Proposals about records that the actor may see, newest first."""
    seen = Q(pk__in=[])
    for record_type in records.all_types():
        if record_type.kind == Proposal.journal_kind or not records.may_read(actor, record_type, None):
            continue
        about = Q(record_kind=record_type.kind)
        if records.readable_paths(actor, record_type.read) is not None:
            about &= Q(record_id__in=record_type.list_for(actor).order_by().values("public_id")) | Q(record_id=None)
        seen |= about
    query = Proposal.objects.filter(seen)
    if state:
        query = query.filter(state=state)
    if record:
        query = query.filter(record_id=record)
    return query.order_by("-id")


def get_for(actor: Actor, public_id: Any) -> Proposal:
    """One proposal. Raises NotFound."""
    found = list_for(actor).filter(public_id=public_id).first()
    if found is None:
        raise NotFound(kind=_("proposal"))
    return found


def output(proposal: Proposal) -> dict[str, Any]:
    """A proposal for API and command line."""
    return {
        "id": str(proposal.public_id),
        "version": proposal.version,
        "state": proposal.state,
        "move": proposal.move,
        "title": str(moves.get(proposal.move).title),
        "record": {"kind": proposal.record_kind, "id": str(proposal.record_id) if proposal.record_id else None, "label": proposal.record_label},
        "inputs": proposal.inputs,
        "reason": proposal.reason,
        "proposed_by": {"id": proposal.proposer["id"], "label": proposal.proposer["label"]},
        "proposed_at": proposal.proposed_at.isoformat(),
        "decided_at": proposal.decided_at.isoformat() if proposal.decided_at else None,
    }


records.register(
    records.RecordType(
        kind=Proposal.journal_kind,
        collection="proposals",
        title=_("Proposal"),
        model=Proposal,
        list_for=list_for,
        get_for=get_for,
        output=output,
        read=READ,
        filters=("state", "record"),
    )
)
