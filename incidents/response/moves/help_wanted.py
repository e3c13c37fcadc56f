"""Roles, answers, and what people write."""

from django.utils.translation import gettext_lazy as _

from incidents.response import rules
from incidents.response.models.states import NOT_OVER, State
from incidents.response.moves import inputs
from incidents.response.moves.way import GRADED, INCIDENT, SERVICES
from incidents.response.services.silencing import is_silenced
from kernel.moves import Move

STAFFED = tuple(state.value for state in NOT_OVER if state != State.DISCOVERED)

MOVES = (
    Move(
        id="incidents.role_assign",
        record=INCIDENT,
        title=_("Assign or hand over a role"),
        effect=_("The person has the role from now on and is called until they answer; whoever had it is relieved."),
        service=f"{SERVICES}.role_assign",
        rule=rules.STAFF,
        source=STAFFED,
        method="staff",
        inputs=(inputs.ROLE, inputs.PERSON, inputs.HAND_OVER),
        undo=_("Assign it back."),
        requirements=("INC-03",),
        scope=rules.SCOPE_WRITE,
    ),
    Move(
        id="incidents.role_acknowledge",
        record=INCIDENT,
        title=_("I have it"),
        effect=_("You answer for your roles in this incident; nobody further is called for them."),
        service=f"{SERVICES}.role_acknowledge",
        rule=rules.ANSWER,
        source=STAFFED,
        undo=_("Have the role handed over."),
        requirements=("INC-03",),
        scope=rules.SCOPE_WRITE,
    ),
    Move(
        id="incidents.playbook_start",
        record=INCIDENT,
        title=_("Add a playbook"),
        effect=_("The tasks of the playbook join those of this incident: each goes to whoever has its role, and its time runs from now."),
        service=f"{SERVICES}.playbook_start",
        rule=rules.ADD_WORK,
        source=GRADED,
        method="add_work",
        inputs=(inputs.PLAYBOOK,),
        undo=_("Skip the tasks that are not needed, each with a reason."),
        requirements=("INC-04",),
        scope=rules.SCOPE_WRITE,
    ),
    Move(
        id="incidents.note",
        record=INCIDENT,
        title=_("Add a note"),
        effect=_("The note stands in the timeline for good; it notifies nobody."),
        service=f"{SERVICES}.note_add",
        rule=rules.COMMENT,
        inputs=(inputs.BODY,),
        undo=_("Another note: nothing is deleted."),
        requirements=("INC-05",),
        scope=rules.SCOPE_WRITE,
    ),
    Move(
        id="incidents.decision",
        record=INCIDENT,
        title=_("Record a decision"),
        effect=_("The decision stands in the timeline with your name."),
        service=f"{SERVICES}.decision_record",
        rule=rules.ACT,
        inputs=(inputs.BODY,),
        undo=_("Another decision: nothing is deleted."),
        requirements=("INC-05",),
        scope=rules.SCOPE_WRITE,
    ),
    Move(
        id="incidents.update",
        record=INCIDENT,
        title=_("Post an update"),
        effect=_(
            "It is sent to everybody with a role, to those called to be informed and to whoever reported the incident; "
            "all who may see it can read it. The time to the next update begins anew."
        ),
        service=f"{SERVICES}.update_post",
        rule=rules.FIND,
        source=GRADED,
        method="tell",
        inputs=(inputs.BODY,),
        undo=_("Another update."),
        requirements=("COM-03",),
        scope=rules.SCOPE_WRITE,
    ),
    Move(
        id="incidents.alerts_silence",
        record=INCIDENT,
        title=_("Silence the part's alerts"),
        effect=_(
            "For that long, or until this incident ends, alerts of the part open no further incident. They are stored and counted all the same."
        ),
        service=f"{SERVICES}.alerts_silence",
        rule=rules.SILENCE,
        source=GRADED,
        method="quieten",
        inputs=(inputs.HOURS,),
        reason_required=True,
        undo="incidents.alerts_unsilence",
        requirements=("MON-02",),
        scope=rules.SCOPE_WRITE,
        extra={"available": lambda incident: not is_silenced(incident)},
    ),
    Move(
        id="incidents.alerts_unsilence",
        record=INCIDENT,
        title=_("End the silence"),
        effect=_("Alerts of the part open incidents again; those that fire now are announced."),
        service=f"{SERVICES}.alerts_unsilence",
        rule=rules.SILENCE,
        source=GRADED,
        method="unquieten",
        undo="incidents.alerts_silence",
        requirements=("MON-02",),
        scope=rules.SCOPE_WRITE,
        extra={"available": is_silenced},
    ),
)
