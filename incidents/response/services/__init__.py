"""Use cases of the response that write. Each: lock, permit, guard, move, record."""

from incidents.response.services.cadence import updates_overdue
from incidents.response.services.conditions import end_condition_check, end_condition_override, end_condition_report
from incidents.response.services.confirming import incident_confirm, incident_confirm_major
from incidents.response.services.ending import incident_close, incident_false_alarm, incident_reopen, incident_resolve, incident_review
from incidents.response.services.following import DONE_AT_ONCE, TASKS_DONE_BY, tasks_catch_up, tasks_follow
from incidents.response.services.grading import business_stop, declare_major, grade_lower, grade_raise
from incidents.response.services.handling import incident_handle, incident_locate, incident_verify
from incidents.response.services.hearing import alerts_cleared, alerts_flapping, alerts_heard
from incidents.response.services.merging import incident_merge, incident_unmerge
from incidents.response.services.notes import decision_record, note_add, update_post
from incidents.response.services.opening import incident_open
from incidents.response.services.playbooks import playbook_start
from incidents.response.services.reacting import (
    business_normal,
    clock_breached,
    clock_warned,
    move_proposed,
    outage_opened,
    page_answered,
    page_unanswered,
    repaired_in_place,
    switched_back,
    task_overdue,
)
from incidents.response.services.reporting import report_accepted
from incidents.response.services.roles import role_acknowledge, role_assign, role_take
from incidents.response.services.silencing import alerts_silence, alerts_unsilence
from incidents.response.services.switching import switch_approved, switch_failed, switch_ordered
from incidents.response.services.timeline import can_report, entry_annotate, entry_pin, entry_retime, entry_unpin

__all__ = [
    "DONE_AT_ONCE",
    "TASKS_DONE_BY",
    "alerts_cleared",
    "alerts_flapping",
    "alerts_heard",
    "alerts_silence",
    "alerts_unsilence",
    "business_normal",
    "business_stop",
    "can_report",
    "clock_breached",
    "clock_warned",
    "decision_record",
    "declare_major",
    "end_condition_check",
    "end_condition_override",
    "end_condition_report",
    "entry_annotate",
    "entry_pin",
    "entry_retime",
    "entry_unpin",
    "grade_lower",
    "grade_raise",
    "incident_close",
    "incident_confirm",
    "incident_confirm_major",
    "incident_false_alarm",
    "incident_handle",
    "incident_locate",
    "incident_merge",
    "incident_open",
    "incident_reopen",
    "incident_resolve",
    "incident_review",
    "incident_unmerge",
    "incident_verify",
    "move_proposed",
    "note_add",
    "outage_opened",
    "page_answered",
    "page_unanswered",
    "playbook_start",
    "repaired_in_place",
    "report_accepted",
    "role_acknowledge",
    "role_assign",
    "role_take",
    "switch_approved",
    "switch_failed",
    "switch_ordered",
    "switched_back",
    "task_overdue",
    "tasks_catch_up",
    "tasks_follow",
    "update_post",
    "updates_overdue",
]
