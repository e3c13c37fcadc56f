"""What a person still has to do: their own tasks of all open work, the most urgent first."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from urllib.parse import urlsplit

from kernel.actors import Actor
from work import selectors as work
from work.models import Task

SHOWN = 4


@dataclass(frozen=True)
class MyTask:
    """One task as its owner looks at it. `address`: where it stands among the others."""

    task: Task
    is_late: bool
    address: str


class MyTasks:
    """One query, whatever their number."""

    def __init__(self, actor: Actor, now: datetime) -> None:
        self.actor = actor
        self.now = now

    @cached_property
    def _all(self) -> list[MyTask]:
        return [MyTask(task, task.due_at <= self.now, _address(task)) for task in work.tasks_of_person(self.actor.user_id or 0)]

    @property
    def first(self) -> list[MyTask]:
        """The most urgent few."""
        return self._all[:SHOWN]

    @property
    def more(self) -> int:
        """How many besides."""
        return max(0, len(self._all) - SHOWN)


def _address(task: Task) -> str:
    return f"{urlsplit(task.task_list.url).path}#row-{task.public_id}"
