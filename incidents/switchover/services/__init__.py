"""Use cases of this room."""

from incidents.switchover.services.clocks import clock_deadlines_fire, clock_waive
from incidents.switchover.services.durations import duration_record
from incidents.switchover.services.ordering import (
    switch_abort,
    switch_approve,
    switch_back,
    switch_dry_run,
    switch_order,
    switch_over,
    switch_revert,
)
from incidents.switchover.services.outages import (
    business_normal_record,
    outage_call_off,
    outage_correct_start,
    outage_grade_record,
    outage_open,
    repair_record,
    repaired_in_place,
)
from incidents.switchover.services.running import oldest_workable, switch_run
from incidents.switchover.services.watching import business_checks_run, gateway_watch, oldest_sample, oldest_unchecked

__all__ = [
    "business_checks_run",
    "business_normal_record",
    "clock_deadlines_fire",
    "clock_waive",
    "duration_record",
    "gateway_watch",
    "oldest_sample",
    "oldest_unchecked",
    "oldest_workable",
    "outage_call_off",
    "outage_correct_start",
    "outage_grade_record",
    "outage_open",
    "repair_record",
    "repaired_in_place",
    "switch_abort",
    "switch_approve",
    "switch_back",
    "switch_dry_run",
    "switch_order",
    "switch_over",
    "switch_revert",
    "switch_run",
]
