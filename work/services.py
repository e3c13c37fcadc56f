"""Use cases of the room: lock, permit, guard, move, record."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from contingency.org.models import User
from contingency.plan.models import Playbook, PlaybookStep
from kernel import clock, deadlines, fsm, journal
from kernel.actors import SYSTEM, Actor
from kernel.errors import Conflict, Invalid, ReasonRequired
from kernel.journal import Record, ref_of
from kernel.models import Deadline
from kernel.permissions import require
from notify import services as notify
from work import events
from work.models import Task, TaskList

DUE = "task_due"
OVERDUE_TEXT = "task-overdue"
ASSIGNED_TEXT = "task-assigned"

OwnerOf = Callable[[PlaybookStep], User | None]


@transaction.atomic
def task_list_start(
    *, subject: Any, playbook: Playbook, owner_of: OwnerOf, actor: Actor, cause: Any = None, fence: str = "", url: str = ""
) -> TaskList:
    """Copy a playbook's steps into tasks for a record, each with its owner and due time; the same playbook a second time changes nothing.

    The steps of a track follow one another, those of two tracks run side by side: a step is due when the expected minutes
    of its track up to and with it are over. Six queries, however many steps.
    """
    return task_list_ensure(subject=subject, playbook=playbook, owner_of=owner_of, actor=actor, cause=cause, fence=fence, url=url)[0]


@transaction.atomic
def task_list_ensure(
    *, subject: Any, playbook: Playbook, owner_of: OwnerOf, actor: Actor, cause: Any = None, fence: str = "", url: str = ""
) -> tuple[TaskList, bool]:
    """As `task_list_start`, and whether the list began now: False where the playbook ran already."""
    ref = ref_of(subject)
    now = clock.now()
    task_list, is_new = TaskList.objects.get_or_create(
        subject_kind=ref.kind,
        subject_id=ref.id,
        playbook=playbook.slug,
        defaults={
            "subject_label": ref.label,
            "unit_path": subject.permission_path() if hasattr(subject, "permission_path") else "",
            "fence": fence,
            "url": url,
            "name_en": playbook.name_en,
            "name_zh": playbook.name_zh,
            "started_at": now,
        },
    )
    if not is_new:
        return task_list, False
    tasks = Task.objects.bulk_create(_tasks(task_list, list(playbook.steps.all()), owner_of, at=now))
    deadlines.arm_many([_deadline(task) for task in tasks])
    event = events.TaskListStarted(
        task_list_id=task_list.public_id,
        about_kind=ref.kind,
        about_id=task_list.subject_id,
        playbook=playbook.slug,
        tasks=len(tasks),
        without_owner=sum(task.owner_id is None for task in tasks),
        at=now,
    )
    journal.record(event, subject=task_list, under=[ref], actor=actor, cause=cause)
    return task_list, True


@transaction.atomic
def task_start(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> Task:
    """Begin a task; one that nobody has becomes the beginner's own. Raises NotPermitted, InvalidTransition, Stale."""
    task = _lock(public_id, version, actor, "work.task_start")
    now = clock.now()
    fsm.move(task, task.start, at=now, owner_id=task.owner_id or actor.user_id)
    _record(task, events.TaskStarted(**_fields(task), at=now), actor=actor, reason=reason)
    return task


@transaction.atomic
def task_done(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "", evidence: str = "") -> Task:
    """Finish a task. Raises Invalid when the step asks for evidence and there is none, NotPermitted, InvalidTransition, Stale."""
    task = _lock(public_id, version, actor, "work.task_done")
    evidence = evidence.strip()
    if task.needs_evidence and not evidence:
        raise Invalid(field=_("Evidence"), problem=_("this step needs it: say what shows that it worked."))
    _finish(task, evidence=evidence, actor=actor, reason=reason)
    return task


@transaction.atomic
def tasks_done_by_move(*, subject: Any, move: str, evidence: str, cause: Any) -> list[Task]:
    """Finish what this move of the console did, in each of the record's lists; `evidence` is never empty: it says where that is recorded.

    Where several steps of a playbook name the same move, it does the first; the later ones ask for it again and again
    (an update at each promised time), and only a person can tell when that is over.
    """
    ref = ref_of(subject)
    found = Task.objects.select_for_update(of=("self",)).select_related("task_list")
    named = found.filter(task_list__subject_kind=ref.kind, task_list__subject_id=ref.id, move=move).order_by("task_list_id", "order")
    first = {task.task_list_id: task for task in reversed(named)}
    done = [task for task in first.values() if task.state in Task.UNFINISHED]
    for task in done:
        _finish(task, evidence=evidence, actor=SYSTEM, cause=cause, by_move=move)
    return done


@transaction.atomic
def task_skip(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> Task:
    """Leave a task out, for a reason. Raises ReasonRequired, NotPermitted, InvalidTransition, Stale."""
    task = _lock(public_id, version, actor, "work.task_skip")
    if not reason.strip():
        raise ReasonRequired(action=_("Skip"))
    now = clock.now()
    fsm.move(task, task.skip, at=now, reason=reason.strip())
    deadlines.cancel(kind=DUE, subject=task, wait=False)  # a sweep that fires it now waits for our lock
    _record(task, events.TaskSkipped(**_fields(task), at=now), actor=actor, reason=reason)
    return task


@transaction.atomic
def task_reopen(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> Task:
    """A finished or skipped task must be done after all; its time begins anew. Raises NotPermitted, InvalidTransition, Stale."""
    task = _lock(public_id, version, actor, "work.task_reopen")
    now = clock.now()
    task.due_at, task.overdue_at = now + timedelta(minutes=task.expected_minutes), None
    fsm.move(task, task.reopen)
    deadlines.arm_many([_deadline(task)])
    _record(task, events.TaskReopened(**_fields(task), at=now), actor=actor, reason=reason)
    return task


@transaction.atomic
def task_reassign(*, public_id: UUID, version: int | None, actor: Actor, owner: UUID, reason: str = "") -> Task:
    """Give a task to somebody else, who is told. Raises Invalid for an unknown person, NotPermitted, InvalidTransition, Stale."""
    task = _lock(public_id, version, actor, "work.task_reassign")
    person = User.objects.filter(public_id=owner, is_active=True).first()
    if person is None:
        raise Invalid(field=_("Person"), problem=_("there is no such person."))
    if person.pk == task.owner_id:
        raise Conflict(problem=_("This person has the task already."))
    now = clock.now()
    before = task.owner
    fsm.move(task, task.hand_over, owner_id=person.pk)
    event = events.TaskReassigned(
        **_fields(task), from_user_id=before.public_id if before else None, to_user_id=person.public_id, person=person.display_name, at=now
    )
    entry = _record(task, event, actor=actor, reason=reason)
    if person.pk != actor.user_id:
        notify.message_send(to=[person], text=ASSIGNED_TEXT, params=_told(task), subject=task, actor=actor, fence=task.task_list.fence, cause=entry)
    return task


def tasks_fall_due(due: Iterable[Deadline], now: datetime) -> None:
    """Mark and record what is not finished in time, and tell each owner once per batch. Runs where the deadlines are marked fired."""
    tasks = list(
        Task.objects.select_for_update(of=("self",))
        .select_related("task_list", "owner")
        .filter(public_id__in=[deadline.subject_id for deadline in due], state__in=Task.UNFINISHED, due_at__lte=now, overdue_at=None)
        .order_by("id")
    )
    for task in tasks:
        task.overdue_at = now
    Task.objects.bulk_update(tasks, ["overdue_at"])
    journal.record_many([Record(event=_overdue(task, now), subject=task, under=[task.task_list.about]) for task in tasks], actor=SYSTEM)
    late: dict[tuple[int, str], list[Task]] = defaultdict(list)
    for task in tasks:
        if task.owner is not None:
            late[task.owner.pk, task.task_list.fence].append(task)
    for (_owner, fence), theirs in late.items():
        first = theirs[0]
        if first.owner is not None:
            params = {**_told(first), "task": {"en": "; ".join(task.name_en for task in theirs), "zh": "；".join(task.name_zh for task in theirs)}}
            notify.message_send(to=[first.owner], text=OVERDUE_TEXT, params=params, subject=first.task_list.about, actor=SYSTEM, fence=fence)


def _tasks(task_list: TaskList, steps: list[PlaybookStep], owner_of: OwnerOf, *, at: datetime) -> list[Task]:
    minutes: dict[str, int] = defaultdict(int)
    tasks = []
    for step in steps:
        minutes[step.track] += step.expected_minutes
        copied = {
            f"{field}_{language}": getattr(step, f"{field}_{language}")
            for field in ("name", "instruction", "where", "success", "otherwise")
            for language in ("en", "zh")
        }
        tasks.append(
            Task(
                task_list=task_list,
                slug=step.slug,
                order=step.order,
                track=step.track,
                role=step.role,
                move=step.move,
                is_safe=step.is_safe,
                needs_evidence=not step.is_safe,  # what can do harm is finished only with a word on what shows that it worked
                expected_minutes=step.expected_minutes,
                owner=owner_of(step),
                due_at=at + timedelta(minutes=minutes[step.track]),
                **copied,
            )
        )
    return tasks


def _deadline(task: Task) -> Deadline:
    return Deadline(kind=DUE, subject_kind=Task.journal_kind, subject_id=task.public_id, key="due", due_at=task.due_at, generation=task.version)


def _lock(public_id: UUID, version: int | None, actor: Actor, move: str) -> Task:
    task = Task.lock(public_id, version=version)
    require(actor, move, task)
    return task


def _finish(task: Task, *, evidence: str, actor: Actor, reason: str = "", cause: Any = None, by_move: str = "") -> None:
    now = clock.now()
    late = task.is_overdue(now)
    fsm.move(task, task.finish, at=now, evidence=evidence, by_move=bool(by_move))
    deadlines.cancel(kind=DUE, subject=task, wait=False)  # a sweep that fires it now waits for our lock
    event = events.TaskDone(**_fields(task), evidence=evidence, late=late, at=now, by_move=by_move)
    _record(task, event, actor=actor, reason=reason, cause=cause)


def _record(task: Task, event: Any, *, actor: Actor, reason: str, cause: Any = None) -> Any:
    return journal.record(event, subject=task, under=[task.task_list, task.task_list.about], actor=actor, reason=reason, cause=cause)


def _fields(task: Task) -> dict[str, Any]:
    return {"task_id": task.public_id, "about_kind": task.task_list.subject_kind, "about_id": task.task_list.subject_id}


def _overdue(task: Task, now: datetime) -> events.TaskOverdue:
    owner_id = task.owner.public_id if task.owner is not None else None
    return events.TaskOverdue(**_fields(task), owner_id=owner_id, due_at=task.due_at, at=now)


def _told(task: Task) -> dict[str, Any]:
    """What the plan's texts may speak of."""
    told = {"task": {"en": task.name_en, "zh": task.name_zh}, "due_at": task.due_at, "number": task.task_list.subject_label}
    return told | ({"url": task.task_list.url} if task.task_list.url else {})
