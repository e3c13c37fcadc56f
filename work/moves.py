"""The room's moves."""

from django.utils.translation import gettext_lazy as _

from kernel.inputs import Person, Text
from kernel.moves import Move, register
from kernel.permissions import Grant
from work.models import OWNER

WORKERS = {OWNER: Grant.ALL, "ops_engineer": Grant.OWN, "team_lead": Grant.OWN}
LEADERS = {OWNER: Grant.ALL, "team_lead": Grant.OWN}

register(
    Move(
        id="work.task_start",
        record="task",
        title=_("Begin"),
        effect=_("The task is marked as begun; if nobody has it, it becomes yours."),
        service="work.services.task_start",
        source=("open",),
        target="started",
        method="start",
        rule={**WORKERS, "business_ops": Grant.OWN, "customer_service": Grant.OWN},
        undo=_("Give it to somebody else."),
        requirements=("INC-04",),
        scope="tasks:write",
    ),
    Move(
        id="work.task_done",
        record="task",
        title=_("Done"),
        effect=_("The task is finished; what you write becomes part of the record."),
        service="work.services.task_done",
        source=("open", "started"),
        target="done",
        method="finish",
        inputs=(Text(name="evidence", label=_("Evidence"), help=_("What shows that it worked."), multiline=True, max_length=4000),),
        rule={**WORKERS, "business_ops": Grant.OWN, "customer_service": Grant.OWN},
        evidence=_("What shows that it worked, where the step asks for it."),
        undo="work.task_reopen",
        requirements=("INC-04",),
        scope="tasks:write",
    ),
    Move(
        id="work.task_skip",
        record="task",
        title=_("Skip"),
        effect=_("The task is left out, for the reason that you give."),
        service="work.services.task_skip",
        source=("open", "started"),
        target="skipped",
        method="skip",
        reason_required=True,
        rule=LEADERS,
        undo="work.task_reopen",
        requirements=("INC-04",),
        scope="tasks:write",
    ),
    Move(
        id="work.task_reopen",
        record="task",
        title=_("Reopen"),
        effect=_("The task must be done after all; its time begins anew."),
        service="work.services.task_reopen",
        source=("done", "skipped"),
        target="open",
        method="reopen",
        rule=LEADERS,
        undo="work.task_done",
        requirements=("INC-04",),
        scope="tasks:write",
    ),
    Move(
        id="work.task_reassign",
        record="task",
        title=_("Give to"),
        effect=_("Somebody else has the task, and is told."),
        service="work.services.task_reassign",
        source=("open", "started"),
        target="open",
        method="hand_over",
        inputs=(Person(name="owner", label=_("Person"), required=True),),
        rule=LEADERS,
        undo="work.task_reassign",
        requirements=("INC-04",),
        scope="tasks:write",
    ),
)
