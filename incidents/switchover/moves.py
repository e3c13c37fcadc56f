"""What can be done to outages, clocks and switches, and by whom (the rows “switchover” and “waive” of the table of rights).

An operations engineer may order a switch, but not approve one: such an order waits for a lead or the commander. The second
person of a switch is the approver, never the one who ordered; the second person of a waiver agrees to a proposal.
"""

from typing import Any

from django.utils.translation import gettext_lazy as _

from contingency.catalog.models import Part
from contingency.org import roles
from incidents.switchover.models import Direction, Outage, RecoveryClock, Switch
from incidents.switchover.selectors import is_last_done, not_ready_to_revert, not_ready_to_switch_back
from incidents.switchover.selectors.second import waits_after, waits_before
from kernel import moves
from kernel.inputs import Choice, Flag, Text, When
from kernel.moves import Move
from kernel.permissions import Grant

ORDER = {roles.OPS_ENGINEER: Grant.OWN, roles.TEAM_LEAD: Grant.OWN, roles.COMMANDER: Grant.ALL, roles.BUSINESS_OPS: Grant.PROPOSE}
APPROVE = {roles.TEAM_LEAD: Grant.OWN, roles.COMMANDER: Grant.ALL}
OPERATE = {roles.OPS_ENGINEER: Grant.OWN, roles.TEAM_LEAD: Grant.OWN, roles.COMMANDER: Grant.ALL}
FACT = {**OPERATE, roles.BUSINESS_OPS: Grant.PROPOSE}
WAIVE = {roles.TEAM_LEAD: Grant.SECOND, roles.COMMANDER: Grant.SECOND}
DECIDE = {roles.OPS_ENGINEER: Grant.PROPOSE, roles.TEAM_LEAD: Grant.OWN, roles.COMMANDER: Grant.ALL}

SCOPE = "incidents:write"
SERVICES = "incidents.switchover.services."
OVERRIDE = Flag(name="override", label=_("Vouch for it without evidence"), help=_("A lead or the commander, with a reason; counted as that."))


def order_needs_second(record: Any) -> bool:
    """Whether an order on this record waits for another person, whoever gives it."""
    return bool(record.needs_second) if isinstance(record, Outage | Switch) else False


moves.register(
    Move(
        id="incidents.switch_over",
        record=Outage.journal_kind,
        title=_("Switch over to the standby"),
        effect=_("Orders are held at the gateway, the old side is isolated, the standby catches up and takes over; then it is proved."),
        service=SERVICES + "switch_over",
        rule=ORDER,
        source=(Outage.State.FAILING,),
        target=Outage.State.SWITCHING,
        needs_second=order_needs_second,
        dangerous=True,
        evidence=_("gateway, probes, a marked order"),
        undo=_("Stop it before the point of no return; afterwards switch back."),
        requirements=("SWO-01", "SWO-02"),
        scope=SCOPE,
        extra={"waits_before": waits_before, "waits_after": waits_after},
    ),
    Move(
        id="incidents.switch_back",
        record=Outage.journal_kind,
        title=_("Switch back to the primary"),
        effect=_("The same the other way: orders are held, replication catches up to lag 0, the repaired primary takes over; then it is proved."),
        service=SERVICES + "switch_back",
        rule=ORDER,
        source=(Outage.State.ON_STANDBY,),
        target=Outage.State.SWITCHING_BACK,
        needs_second=order_needs_second,
        dangerous=True,
        evidence=_("replication caught up; gateway, probes, a marked order"),
        undo=_("Stop it before the point of no return; afterwards switch over."),
        requirements=("SWO-01", "SWO-05"),
        scope=SCOPE,
        extra={"refusal": not_ready_to_switch_back, "waits_before": waits_before, "waits_after": waits_after},
    ),
    Move(
        id="incidents.business_normal_record",
        record=Outage.journal_kind,
        title=_("Business is normal on the standby"),
        effect=_("Stops the recovery clock, by the last marked order and the probes since the switch."),
        service=SERVICES + "business_normal_record",
        rule=FACT,
        source=(Outage.State.ON_STANDBY,),
        method="become_normal",
        inputs=(OVERRIDE,),
        evidence=_("a marked order placed and read back; probes"),
        undo=_("A recorded fact stays; note what was wrong with it."),
        requirements=("RTO-01", "SWO-01"),
        scope=SCOPE,
        extra={"available": lambda outage: outage.business_normal_at is None},
    ),
    Move(
        id="incidents.repair_record",
        record=Outage.journal_kind,
        title=_("The original is repaired"),
        effect=_("Starts the switchback clock; with business normal on the standby it allows switching back."),
        service=SERVICES + "repair_record",
        rule=OPERATE,
        source=(Outage.State.FAILING, Outage.State.SWITCHING, Outage.State.ON_STANDBY),
        method="become_repaired",
        inputs=(
            Text(name="what", label=_("What was done"), required=True, multiline=True),
            When(name="repaired_at", label=_("Repaired at"), help=_("Empty: now.")),
        ),
        evidence=_("what was done, and who says so"),
        undo=_("A recorded fact stays; note what was wrong with it."),
        requirements=("RTO-01", "SWO-01"),
        scope=SCOPE,
        extra={"available": lambda outage: outage.repaired_at is None},
    ),
    Move(
        id="incidents.repaired_in_place",
        record=Outage.journal_kind,
        title=_("Repaired in place"),
        effect=_("The failing side serves again without a switch: the first two clocks are met, the third is cancelled, the outage is over."),
        service=SERVICES + "repaired_in_place",
        rule=FACT,
        source=(Outage.State.FAILING,),
        target=Outage.State.REPAIRED_IN_PLACE,
        method="repair_in_place",
        inputs=(OVERRIDE,),
        evidence=_("a marked order placed and read back; probes"),
        undo=_("Should it fail again, that is a new outage."),
        requirements=("RTO-01",),
        scope=SCOPE,
    ),
    Move(
        id="incidents.outage_correct_start",
        record=Outage.journal_kind,
        title=_("Correct the start of the failure"),
        effect=_("The switchover clock counts from there; its warnings and its breach are judged again."),
        service=SERVICES + "outage_correct_start",
        rule=DECIDE,
        source=(Outage.State.FAILING,),
        target=Outage.State.FAILING,
        method="correct_start",
        inputs=(When(name="failing_since", label=_("Failing since"), required=True),),
        reason_required=True,
        undo="incidents.outage_correct_start",
        requirements=("RTO-01",),
        scope=SCOPE,
    ),
    Move(
        id="incidents.outage_call_off",
        record=Outage.journal_kind,
        title=_("Call off: there was no outage"),
        effect=_("All three clocks are cancelled and the outage is over."),
        service=SERVICES + "outage_call_off",
        rule=DECIDE,
        source=(Outage.State.FAILING,),
        target=Outage.State.CALLED_OFF,
        method="call_off",
        reason_required=True,
        undo=_("Should it be one after all, that is a new outage."),
        requirements=("RTO-01",),
        scope=SCOPE,
    ),
    Move(
        id="incidents.clock_waive",
        record=RecoveryClock.journal_kind,
        title=_("Waive this clock"),
        effect=_("This objective is not held any more; it counts as waived, never as met. Two persons and a reason."),
        service=SERVICES + "clock_waive",
        rule=WAIVE,
        source=(RecoveryClock.State.WAITING, RecoveryClock.State.RUNNING, RecoveryClock.State.BREACHED),
        target=RecoveryClock.State.WAIVED,
        method="waive",
        reason_required=True,
        dangerous=True,
        undo=_("There is none: a waived clock stays waived."),
        requirements=("RTO-01",),
        scope=SCOPE,
    ),
    Move(
        id="incidents.switch_order",
        record=Switch.journal_kind,
        title=_("Order a switch"),
        effect=_("Traffic of the part moves to the other side, with the steps shown beforehand; inside an outage it belongs to that outage."),
        service=SERVICES + "switch_order",
        rule=ORDER,
        target=Switch.State.ORDERED,
        inputs=(
            Text(name="part", label=_("Guarded part"), required=True, max_length=60, help=_("Its short name or id.")),
            Choice(name="direction", label=_("Direction"), required=True, choices=Direction.choices),
        ),
        creates=True,
        dangerous=True,
        evidence=_("gateway, probes, a marked order"),
        undo=_("Stop it before the point of no return; afterwards reverse it."),
        requirements=("SWO-01", "SWO-02"),
        scope=SCOPE,
    ),
    Move(
        id="incidents.switch_approve",
        record=Switch.journal_kind,
        title=_("Approve the switch"),
        effect=_("It is carried out at once, step by step."),
        service=SERVICES + "switch_approve",
        rule=APPROVE,
        source=(Switch.State.ORDERED,),
        target=Switch.State.APPROVED,
        method="approve",
        apart_from="who ordered it",
        dangerous=True,
        undo="incidents.switch_abort",
        requirements=("SWO-01", "SWO-02"),
        scope=SCOPE,
    ),
    Move(
        id="incidents.switch_abort",
        record=Switch.journal_kind,
        title=_("Stop the switch"),
        effect=_("What was done is taken back, step by step; traffic stays where it was. Not possible past the point of no return."),
        service=SERVICES + "switch_abort",
        rule=OPERATE,
        source=(Switch.State.ORDERED, Switch.State.APPROVED, Switch.State.EXECUTING),
        target=Switch.State.REVERTED,
        method="withdraw",
        undo=_("Order it again."),
        requirements=("SWO-01",),
        scope=SCOPE,
    ),
    Move(
        id="incidents.switch_revert",
        record=Switch.journal_kind,
        title=_("Reverse the switch"),
        effect=_("Orders a switch the other way; when that is done, this one counts as reverted."),
        service=SERVICES + "switch_revert",
        rule=ORDER,
        source=(Switch.State.DONE,),
        target=Switch.State.REVERTED,
        method="be_reverted",
        dangerous=True,
        undo=_("Order it again."),
        requirements=("SWO-01",),
        scope=SCOPE,
        extra={"available": is_last_done, "refusal": not_ready_to_revert},
    ),
    Move(
        id="incidents.switch_dry_run",
        record=Part.journal_kind,
        title=_("Dry run of a switch"),
        effect=_("Looks at everything a switch needs and keeps what it saw; changes nothing."),
        service=SERVICES + "switch_dry_run",
        rule=OPERATE,
        inputs=(Choice(name="direction", label=_("Direction"), choices=Direction.choices, help=_("Empty: over.")),),
        evidence=_("what the gateway and both sides answered"),
        undo=_("Nothing to bring back."),
        requirements=("SWO-04",),
        scope=SCOPE,
    ),
)
