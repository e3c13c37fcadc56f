"""Reads of the room."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from kernel.actors import Actor
from kernel.journal import ref_of
from kernel.permissions import Grant
from kernel.records import readable_paths
from work.models import Task

READERS = {
    "ops_engineer": Grant.OWN,
    "team_lead": Grant.OWN,
    "business_ops": Grant.OWN,
    "customer_service": Grant.OWN,
    "auditor": Grant.ALL,
    "director": Grant.ALL,
}


@dataclass(frozen=True)
class TrackOfTasks:
    """One track of a record's work, worked beside the other."""

    track: str
    label: str
    tasks: Sequence[Task]

    @property
    def finished(self) -> int:
        """How many need nothing more."""
        return sum(task.is_finished for task in self.tasks)


def tasks_of(subject: Any) -> list[TrackOfTasks]:
    """The tasks of a record by track, technical first, each in the playbook's order. One query; both tracks are always there."""
    ref = ref_of(subject)
    tasks = list(
        Task.objects.filter(task_list__subject_kind=ref.kind, task_list__subject_id=ref.id)
        .select_related("task_list", "owner")
        .order_by("task_list__started_at", "task_list_id", "order", "id")
    )
    return [TrackOfTasks(track.value, str(track.label), [task for task in tasks if task.track == track]) for track in Task.Track]


def unfinished_count(subject: Any) -> int:
    """How many tasks of a record are still to do (end conditions ask)."""
    ref = ref_of(subject)
    return Task.objects.filter(task_list__subject_kind=ref.kind, task_list__subject_id=ref.id, state__in=Task.UNFINISHED).count()


def tasks_of_person(user_id: int) -> QuerySet[Task]:
    """What a person still has to do, the most urgent first."""
    return Task.objects.filter(owner_id=user_id, state__in=Task.UNFINISHED).select_related("task_list").order_by("due_at", "id")


def overdue_tasks(at: datetime) -> QuerySet[Task]:
    """Everything that should have been finished by now."""
    return Task.objects.filter(state__in=Task.UNFINISHED, due_at__lte=at).select_related("task_list", "owner").order_by("due_at", "id")


def task_list_for(actor: Actor, *, state: str = "", subject: str = "", owner: str = "", track: str = "") -> QuerySet[Task]:
    """Tasks that the actor may see: by role and unit, and their own."""
    tasks = Task.objects.select_related("task_list", "owner").order_by("-id")
    paths = readable_paths(actor, READERS)
    if paths is not None:
        tasks = tasks.filter(_in_units(paths) | Q(owner_id=actor.user_id) if actor.user_id is not None else _in_units(paths))
    if state:
        tasks = tasks.filter(state=state)
    if track:
        tasks = tasks.filter(track=track)
    if subject:
        tasks = tasks.filter(task_list__subject_id=_uuid(subject))
    return tasks.filter(owner__public_id=_uuid(owner)) if owner else tasks


def _in_units(paths: list[str]) -> Q:
    """Of these units and those below; what belongs to no unit is everybody's who holds any."""
    wanted = Q(task_list__unit_path="") if paths else Q(pk__in=[])
    for path in paths:
        wanted |= Q(task_list__unit_path__startswith=path)
    return wanted


def _uuid(text: str) -> UUID:
    try:
        return UUID(str(text))
    except ValueError:
        return UUID(int=0)  # an id that no record has
