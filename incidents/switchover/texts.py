"""Words for the codes that switches carry: why one failed, what people do next, what a dry run looked at."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

FAILURES: dict[str, str | Promise] = {
    "step_failed": _("A step did not work."),
    "aborted": _("A person stopped it."),
    "not_verified": _("Traffic moved, but business could not be proved in time."),
    "stuck_past_return": _("A step after the point of no return did not work."),
}

INSTRUCTIONS: dict[str, str | Promise] = {
    "undoing": _("Wait: what was done is being taken back, step by step."),
    "order_again": _("Traffic is where it was. Look at the failed step, mend its cause, then order the switch again."),
    "order_again_to_verify": _(
        "Traffic is on the new side. Look at the failed proof and mend its cause; then order the same switch again: it will only verify."
    ),
    "finish_by_hand": _(
        "Traffic may stand still. Order the same switch again: every step is safe to repeat. If that fails too, give the new side the right to"
        " write and open its gate by hand, following the printed manual."
    ),
    "undo_by_hand": _(
        "Traffic may stand still. Taking back failed too: give the old side the right to write and open its gate by hand, following the"
        " printed manual; then record what you did."
    ),
}

CHECKS: dict[str, str | Promise] = {
    "control_answers": _("The gateway's control answers"),
    "target_alive": _("The new side lives and can take over"),
    "target_ready": _("The new side's service is up"),
    "traffic_on_old_side": _("Traffic is on the old side now"),
    "replication_streaming": _("Replication to the new side is running"),
    "no_other_switch": _("No other switch of this part is under way"),
    "facts_for_back": _("Business is normal and the original is repaired"),
}


def failure_words(code: str) -> str:
    """In the reader's language; empty for no failure."""
    return str(FAILURES.get(code, code)) if code else ""


def instruction_words(code: str) -> str:
    """In the reader's language; empty when there is nothing to do."""
    return str(INSTRUCTIONS.get(code, code)) if code else ""
