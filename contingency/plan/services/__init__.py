"""Use cases of the plan."""

from contingency.plan.services.founding import organisation_found
from contingency.plan.services.reading import plan_read_confirm
from contingency.plan.services.rounds import round_done, round_skip
from contingency.plan.services.versions import plan_approve, plan_export, plan_load, plan_send_back, plan_submit

__all__ = [
    "organisation_found",
    "plan_approve",
    "plan_export",
    "plan_load",
    "plan_read_confirm",
    "plan_send_back",
    "plan_submit",
    "round_done",
    "round_skip",
]
