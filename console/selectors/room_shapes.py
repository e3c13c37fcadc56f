"""The shapes and orders of the incident room: its steps, roles and task rows, which buttons come first, who sees which section."""

from dataclasses import dataclass
from datetime import datetime

from console.selectors import room_marks
from console.selectors.buttons import Button
from incidents.response import selectors as response
from incidents.response.models.states import State
from work.models import Task

TIMELINE = 150
FILTERED_FROM = 600  # entries that a narrowed timeline is picked from
RECENT = 25
ALERTS = 12
WAY = (State.DISCOVERED, State.CONFIRMED, State.LOCATED, State.HANDLING, State.VERIFYING, State.RESOLVED, State.IN_REVIEW, State.CLOSED)
REACHED = {
    State.DISCOVERED: "discovered_at",
    State.CONFIRMED: "confirmed_at",
    State.LOCATED: "located_at",
    State.HANDLING: "handling_at",
    State.VERIFYING: "verifying_at",
    State.RESOLVED: "resolved_at",
    State.IN_REVIEW: "reviewed_at",
    State.CLOSED: "closed_at",
}
# The order of the buttons: what usually comes next first; the rest follows behind “More”.
FORWARD = (
    "incidents.confirm",
    "incidents.confirm_major",
    "incidents.switch_approve",
    "incidents.role_acknowledge",
    "incidents.switch_over",
    "incidents.handle",
    "incidents.locate",
    "incidents.business_normal_record",
    "incidents.repair_record",
    "incidents.switch_back",
    "incidents.verify",
    "incidents.end_condition_check",
    "incidents.resolve",
    "incidents.review",
    "incidents.close",
)
ORDERS = frozenset({"incidents.switch_over", "incidents.switch_back", "incidents.switch_dry_run"})  # not while one is under way
ADD_WORK = "incidents.playbook_start"
WRITING = ("incidents.note", "incidents.decision", "incidents.update")  # the composer's, not the bar's
BESIDE = ("incidents.can_report", "incidents.role_take", ADD_WORK, *room_marks.MARKING)  # where they belong: composer, roles, tasks, timeline
# What each cut view of an incident shows of the room (reliability: business view; impact and approved texts).
SECTIONS = {
    response.View.BUSINESS: ("header", "clocks", "actions", "timeline", "cadence", "end", "tasks", "roles", "version"),
    response.View.IMPACT: ("header", "impact", "actions", "timeline", "cadence", "tasks", "version"),
    response.View.TITLES: ("header",),
}
PROMINENT = 4
QUICK = frozenset({"task_start", "task_done"})


@dataclass(frozen=True)
class Step:
    """One step of the way through an incident's life."""

    label: str
    at: datetime | None
    look: str  # done, now, or nothing


@dataclass(frozen=True)
class Role:
    """One role in the incident: who has it, whether they answered, what one may do about it."""

    label: str
    who: str
    who_id: int
    acknowledged_at: datetime | None
    take: str = ""  # where the person may take it


@dataclass(frozen=True)
class TaskRow:
    """One task and what may be done with it."""

    task: Task
    is_late: bool
    buttons: list[Button]
    more: list[Button]
