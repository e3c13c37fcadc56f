"""The room's moves."""

from django.utils.translation import gettext_lazy as _

from kernel.moves import Move, register
from kernel.permissions import Grant
from notify.models.pages import CALLED

EVERYBODY = dict.fromkeys(("ops_engineer", "team_lead", "business_ops", "customer_service", "auditor", "administrator", "director"), Grant.ALL)

register(
    Move(
        id="notify.page_acknowledge",
        record="page",
        title=_("Acknowledge"),
        effect=_("You have it: nobody further is called, and what has not been sent yet is not sent."),
        service="notify.services.page_acknowledge",
        source=("calling", "exhausted"),
        target="acknowledged",
        method="acknowledge",
        rule={CALLED: Grant.ALL, "ops_engineer": Grant.OWN, "team_lead": Grant.OWN},
        undo=_("None: page again where somebody else must be called."),
        requirements=("INC-03",),
        scope="pages:write",
        screen="/ack/",
    ),
    Move(
        id="notify.page_escalate",
        record="page",
        title=_("Call the next now"),
        effect=_("The next of the escalation chain is called at once, without waiting for an answer."),
        service="notify.services.page_escalate",
        source=("calling",),
        target="calling",
        method="advance",
        rule={CALLED: Grant.ALL, "ops_engineer": Grant.OWN, "team_lead": Grant.OWN},
        undo=_("None: a call cannot be taken back."),
        requirements=("INC-03",),
        scope="pages:write",
    ),
    Move(
        id="notify.page_cancel",
        record="page",
        title=_("Call off"),
        effect=_("Nobody further is called, although nobody has answered."),
        service="notify.services.page_stop",
        source=("calling",),
        target="cancelled",
        method="cancel",
        reason_required=True,
        rule={"team_lead": Grant.OWN},
        undo=_("None: page again."),
        requirements=("INC-03",),
        scope="pages:write",
    ),
    Move(
        id="notify.contact_point_test",
        record="contact_point",
        title=_("Send a test"),
        effect=_("A test message goes to this contact point of yours."),
        service="notify.services.contact_point_test",
        rule=EVERYBODY,
        undo=_("None: nothing changes."),
        requirements=("ORG-04",),
        scope="contact-points:write",
    ),
)
