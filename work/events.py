"""What the journal says about work."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class TaskListStarted:
    """A playbook's tasks were handed out."""

    name: ClassVar[str] = "work.task_list_started.v1"
    task_list_id: UUID
    about_kind: str
    about_id: UUID
    playbook: str
    tasks: int
    without_owner: int
    at: datetime


@dataclass(frozen=True, kw_only=True)
class TaskStarted:
    """Somebody works on a task."""

    name: ClassVar[str] = "work.task_started.v1"
    task_id: UUID
    about_kind: str
    about_id: UUID
    at: datetime


@dataclass(frozen=True, kw_only=True)
class TaskDone:
    """A task was done. `by_move`: the console's own move that did it; empty where a person said so."""

    name: ClassVar[str] = "work.task_done.v1"
    task_id: UUID
    about_kind: str
    about_id: UUID
    evidence: str
    late: bool
    at: datetime
    by_move: str = ""


@dataclass(frozen=True, kw_only=True)
class TaskSkipped:
    """A task was found not to be needed; the entry's reason says why."""

    name: ClassVar[str] = "work.task_skipped.v1"
    task_id: UUID
    about_kind: str
    about_id: UUID
    at: datetime


@dataclass(frozen=True, kw_only=True)
class TaskReopened:
    """A finished or skipped task must be done after all."""

    name: ClassVar[str] = "work.task_reopened.v1"
    task_id: UUID
    about_kind: str
    about_id: UUID
    at: datetime


@dataclass(frozen=True, kw_only=True)
class TaskReassigned:
    """Somebody else has the task now. `from_user_id` None: nobody had it."""

    name: ClassVar[str] = "work.task_reassigned.v1"
    task_id: UUID
    about_kind: str
    about_id: UUID
    from_user_id: UUID | None
    to_user_id: UUID
    person: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class TaskOverdue:
    """A task is not finished although its time is up. owner_id None: it was never given to anybody."""

    name: ClassVar[str] = "work.task_overdue.v1"
    task_id: UUID
    about_kind: str
    about_id: UUID
    owner_id: UUID | None
    due_at: datetime
    at: datetime
