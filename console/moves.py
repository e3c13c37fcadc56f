"""Agreeing to what another proposed, or declining it. Who may is decided by the proposed move's own rule."""

from django.utils.translation import gettext_lazy as _

from contingency.org.roles import OPERATING
from kernel import moves
from kernel.models import Proposal
from kernel.permissions import Grant

MAY_DECIDE = dict.fromkeys([*sorted(OPERATING), "administrator"], Grant.ALL)

moves.register(
    moves.Move(
        id="console.accept",
        record=Proposal.journal_kind,
        title=_("Agree"),
        effect=_("Agrees as the second person: the proposed move is carried out at once, in both names."),
        service="kernel.proposals.proposal_accept",
        rule=MAY_DECIDE,
        apart_from="proposer",
        source=("proposed",),
        target="accepted",
        method="accept",
        dangerous=True,
        undo=_("The undo of the move itself."),
        scope="proposals:write",
        requirements=("SEC-01",),
    ),
    moves.Move(
        id="console.decline",
        record=Proposal.journal_kind,
        title=_("Decline"),
        effect=_("The proposal is closed; nothing else happens. Whoever proposed it may take it back the same way."),
        service="kernel.proposals.proposal_decline",
        rule=MAY_DECIDE,
        source=("proposed",),
        target="declined",
        method="decline",
        undo=_("Propose it again."),
        scope="proposals:write",
        requirements=("SEC-01",),
    ),
)
