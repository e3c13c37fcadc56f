"""What can be put to the timeline, and taking a role oneself."""

from django.utils.translation import gettext_lazy as _

from incidents.response import rules
from incidents.response.moves import inputs
from incidents.response.moves.help_wanted import STAFFED
from incidents.response.moves.way import INCIDENT, SERVICES
from kernel.inputs import Identifier, Text, When
from kernel.moves import Move

ENTRY = Identifier(name="entry", label=_("Entry"), required=True, help=_("The id of an entry of this incident's timeline."))
GIVEN = {"given_inputs": ("entry",)}  # comes with the link that leads here; nobody types it

MOVES = (
    Move(
        id="incidents.role_take",
        record=INCIDENT,
        title=_("Take a role"),
        effect=_("You have the role from now on and are taken to have answered; whoever was called for it in vain is relieved."),
        service=f"{SERVICES}.role_take",
        rule=rules.TAKE_ROLE,
        source=STAFFED,
        method="staff",
        inputs=(inputs.ROLE,),
        extra={"chosen_first": ("role",)},
        undo="incidents.role_assign",
        requirements=("INC-03",),
        scope=rules.SCOPE_WRITE,
    ),
    Move(
        id="incidents.can_report",
        record=INCIDENT,
        title=_("CAN report"),
        effect=_("Condition, actions and needs stand in the timeline with your name."),
        service=f"{SERVICES}.can_report",
        rule=rules.FIND,
        inputs=(
            Text(name="condition", label=_("Condition"), required=True, multiline=True, max_length=4000, help=_("How things stand.")),
            Text(name="actions", label=_("Actions"), required=True, multiline=True, max_length=4000, help=_("What is being done.")),
            Text(name="needs", label=_("Needs"), multiline=True, max_length=4000, help=_("What is missing, and from whom. Empty: nothing.")),
        ),
        undo=_("Another report: nothing is deleted."),
        requirements=("INC-05",),
        scope=rules.SCOPE_WRITE,
    ),
    Move(
        id="incidents.entry_pin",
        record=INCIDENT,
        title=_("Pin"),
        effect=_("The entry stands above the timeline for everybody."),
        service=f"{SERVICES}.entry_pin",
        rule=rules.FIND,
        inputs=(ENTRY,),
        undo="incidents.entry_unpin",
        requirements=("INC-05",),
        scope=rules.SCOPE_WRITE,
        extra=GIVEN,
    ),
    Move(
        id="incidents.entry_unpin",
        record=INCIDENT,
        title=_("Unpin"),
        effect=_("The entry stands in its place again; that it was pinned stays in the record."),
        service=f"{SERVICES}.entry_unpin",
        rule=rules.FIND,
        inputs=(ENTRY,),
        undo="incidents.entry_pin",
        requirements=("INC-05",),
        scope=rules.SCOPE_WRITE,
        extra=GIVEN,
    ),
    Move(
        id="incidents.entry_annotate",
        record=INCIDENT,
        title=_("Add a remark"),
        effect=_("Your remark stands beneath the entry, for good. The entry itself is not changed."),
        service=f"{SERVICES}.entry_annotate",
        rule=rules.COMMENT,
        inputs=(ENTRY, Text(name="text", label=_("Remark"), required=True, multiline=True, max_length=4000)),
        undo=_("Another remark: nothing is deleted."),
        requirements=("INC-05",),
        scope=rules.SCOPE_WRITE,
        extra=GIVEN,
    ),
    Move(
        id="incidents.entry_retime",
        record=INCIDENT,
        title=_("Say when it happened"),
        effect=_("The entry stands where it belongs in time; when it was recorded, and by whom it was moved, stays beside it."),
        service=f"{SERVICES}.entry_retime",
        rule=rules.FIND,
        inputs=(ENTRY, When(name="placed_at", label=_("It happened at"), required=True)),
        reason_required=True,
        undo="incidents.entry_retime",
        requirements=("INC-05",),
        scope=rules.SCOPE_WRITE,
        extra=GIVEN,
    ),
)
