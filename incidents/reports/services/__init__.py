"""Use cases of this room. Each: lock, permit, guard, move, record."""

from incidents.reports.services.actions import action_add, action_change, action_done, action_drop, actions_overdue
from incidents.reports.services.drafting import incident_resolved, report_draft, report_redraft
from incidents.reports.services.writing import report_approve, report_revise, report_send_back, report_submit, section_put

__all__ = [
    "action_add",
    "action_change",
    "action_done",
    "action_drop",
    "actions_overdue",
    "incident_resolved",
    "report_approve",
    "report_draft",
    "report_redraft",
    "report_revise",
    "report_send_back",
    "report_submit",
    "section_put",
]
