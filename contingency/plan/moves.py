"""What can be done to the plan, and by whom."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from contingency.org import roles
from contingency.plan.models import PlanVersion, Round
from kernel import moves
from kernel.inputs import Text
from kernel.moves import Move, of_anybody
from kernel.permissions import Grant

State = PlanVersion.State
# Reliability's table: whoever runs the business or the system may write the plan; only the project director approves it.
WRITERS = {roles.OPS_ENGINEER: Grant.ALL, roles.TEAM_LEAD: Grant.ALL, roles.BUSINESS_OPS: Grant.ALL, roles.DIRECTOR: Grant.ALL}
REVIEWERS = {roles.TEAM_LEAD: Grant.ALL, roles.DIRECTOR: Grant.ALL}
DIRECTOR = {roles.DIRECTOR: Grant.ALL}
# Who sees to it (whoever holds the position, with whatever role), and those who lead.
CLOSERS = {"owner": Grant.ALL, roles.TEAM_LEAD: Grant.ALL, roles.DIRECTOR: Grant.ALL}
EVERYBODY = dict.fromkeys(roles.POSITION_ROLES, Grant.ALL)

moves.register(
    Move(
        id="plan.load",
        record=PlanVersion.journal_kind,
        title=_("Load a plan document"),
        effect=_("A new draft of the plan, with you as its author. Nothing is in force before the project director approves it."),
        service="contingency.plan.services.plan_load",
        rule=WRITERS,
        creates=True,
        target=State.DRAFT.value,
        inputs=(Text(name="text", label=_("Document (YAML)"), required=True, multiline=True, max_length=2_000_000),),
        undo=_("Load the earlier document again."),
        requirements=("PLN-01", "PLN-03"),
        scope="plan-versions:write",
    ),
    Move(
        id="plan.submit",
        record=PlanVersion.journal_kind,
        title=_("Submit for review"),
        effect=_("The draft goes to the project director."),
        service="contingency.plan.services.plan_submit",
        rule=WRITERS,
        source=(State.DRAFT.value,),
        target=State.IN_REVIEW.value,
        method="submit",
        undo="plan.send_back",
        requirements=("PLN-01",),
        scope="plan-versions:write",
    ),
    Move(
        id="plan.send_back",
        record=PlanVersion.journal_kind,
        title=_("Send back"),
        effect=_("The version becomes a draft again, with your reason."),
        service="contingency.plan.services.plan_send_back",
        rule=REVIEWERS,
        source=(State.IN_REVIEW.value,),
        target=State.DRAFT.value,
        method="send_back",
        reason_required=True,
        undo="plan.submit",
        requirements=("PLN-01",),
        scope="plan-versions:write",
    ),
    Move(
        id="plan.approve",
        record=PlanVersion.journal_kind,
        title=_("Approve"),
        effect=_(
            "The version is in force at once: positions, levels, targets, playbooks, chains and texts become what it says."
            " Running work keeps what it began with."
        ),
        service="contingency.plan.services.plan_approve",
        rule=DIRECTOR,
        source=(State.IN_REVIEW.value,),
        target=State.APPROVED.value,
        method="approve",
        apart_from="author",
        dangerous=True,
        undo=_("Approve another version."),
        requirements=("PLN-01", "SEC-01"),
        asks_proof=of_anybody,  # a plan says which role a position has
        scope="plan-versions:write",
    ),
    Move(
        id="plan.read_confirm",
        record=PlanVersion.journal_kind,
        title=_("I have read and understood it"),
        effect=_("Your name and the time are kept with this version. A new version asks again."),
        service="contingency.plan.services.plan_read_confirm",
        rule=EVERYBODY,
        source=(State.APPROVED.value,),
        target=State.APPROVED.value,
        undo=_("There is none: it says what you said."),
        requirements=("PLN-02",),
        scope="plan-versions:write",
    ),
    Move(
        id="plan.round_done",
        record=Round.journal_kind,
        title=_("Done"),
        effect=_("What was found is kept with your name. It comes round again as long after now as the plan says."),
        service="contingency.plan.services.round_done",
        rule=CLOSERS,
        source=(Round.State.DUE.value,),
        target=Round.State.DONE.value,
        method="finish",
        inputs=(
            Text(
                name="note",
                label=pgettext_lazy("a round of a schedule", "What was found"),
                required=True,
                multiline=True,
                help=_("Also when all was well: how one knows. What has to be mended, and who does it."),
            ),
        ),
        evidence=pgettext_lazy("a round of a schedule", "What was found"),
        undo=_("There is none: the next round is open. What was found later is written down there."),
        requirements=("PLN-02",),
        scope="plan-rounds:write",
    ),
    Move(
        id="plan.round_skip",
        record=Round.journal_kind,
        title=_("Skip this time"),
        effect=_("It is left out this once, with your name and reason; the next one keeps its day."),
        service="contingency.plan.services.round_skip",
        rule=REVIEWERS,
        source=(Round.State.DUE.value,),
        target=Round.State.SKIPPED.value,
        method="skip",
        reason_required=True,
        undo=_("There is none: the next round is open. What was found later is written down there."),
        requirements=("PLN-02",),
        scope="plan-rounds:write",
    ),
)
