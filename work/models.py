"""Task lists, started from playbooks and from then on independent of the plan."""

import uuid
from datetime import datetime
from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from kernel.actors import Actor
from kernel.i18n import both, pick
from kernel.journal import Ref
from kernel.models import Stateful

# Every legal change, and nothing else: the trigger on the table refuses the rest.
CHANGES = [
    ("open", "started"),
    ("open", "done"),
    ("started", "done"),
    ("open", "skipped"),
    ("started", "skipped"),
    ("done", "open"),
    ("skipped", "open"),
    ("started", "open"),
]
OWNER = "owner"  # the role of whom a task is given to


class TaskList(models.Model):
    """The tasks of one playbook for one record of a higher room (an incident, an upgrade, a drill)."""

    journal_kind: ClassVar[str] = "task_list"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    subject_kind = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    subject_label = models.CharField(max_length=300)
    unit_path = models.CharField(max_length=500, blank=True)
    fence = models.CharField(max_length=80, blank=True)
    url = models.CharField(max_length=500, blank=True)  # where the work stands, for the messages to its owners
    playbook = models.CharField(max_length=80)
    name_en = models.CharField(max_length=200)
    name_zh = models.CharField(max_length=200)
    started_at = models.DateTimeField()

    class Meta:
        db_table = "work_task_list"
        constraints = [models.UniqueConstraint(fields=["subject_kind", "subject_id", "playbook"], name="task_list_once_per_subject")]

    def __str__(self) -> str:
        return f"{self.subject_label}: {self.name_en}"

    def journal_label(self) -> str:
        """The playbook's name in both languages."""
        return both(self.name_en, self.name_zh)

    @property
    def about(self) -> Ref:
        """The record that the tasks are for."""
        return Ref(self.subject_kind, str(self.subject_id), self.subject_label)


class Task(Stateful):
    """One step of a playbook, to be done by somebody by a certain time: open → started → done | skipped (with a reason).

    The texts are copied: changing the plan does not change work that has begun.
    """

    journal_kind: ClassVar[str] = "task"
    journal_exclude: ClassVar[frozenset[str]] = frozenset(
        {f"{field}_{language}" for field in ("instruction", "where", "success", "otherwise") for language in ("en", "zh")}
    )

    class State(models.TextChoices):
        OPEN = "open", _("To do")
        STARTED = "started", _("Started")
        DONE = "done", _("Done")
        SKIPPED = "skipped", _("Skipped")

    class Track(models.TextChoices):
        TECHNICAL = "technical", _("Technical")
        BUSINESS = "business", _("Business")

    UNFINISHED: ClassVar[tuple[str, ...]] = (State.OPEN, State.STARTED)

    task_list = models.ForeignKey(TaskList, on_delete=models.PROTECT, related_name="tasks")
    slug = models.CharField(max_length=80)
    order = models.PositiveSmallIntegerField()
    track = models.CharField(max_length=10, choices=Track.choices)
    role = models.CharField(max_length=20)
    name_en = models.CharField(max_length=200)
    name_zh = models.CharField(max_length=200)
    instruction_en = models.TextField()
    instruction_zh = models.TextField()
    where_en = models.TextField(blank=True)
    where_zh = models.TextField(blank=True)
    success_en = models.TextField(blank=True)
    success_zh = models.TextField(blank=True)
    otherwise_en = models.TextField(blank=True)
    otherwise_zh = models.TextField(blank=True)
    move = models.CharField(max_length=60, blank=True)  # the console's own move that does this step, offered beside it
    is_safe = models.BooleanField(default=False)
    needs_evidence = models.BooleanField(default=False)
    expected_minutes = models.PositiveSmallIntegerField()
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="tasks")
    state = FSMField(choices=State.choices, default=State.OPEN, protected=True)
    due_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    overdue_at = models.DateTimeField(null=True)
    evidence = models.TextField(blank=True)
    by_move = models.BooleanField(default=False, db_default=False)  # the console's own move did it, whoever has the task
    skip_reason = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["task_list_id", "order", "id"]
        triggers: ClassVar = [pgtrigger.FSM(name="legal_changes", field="state", transitions=CHANGES)]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["open", "started", "done", "skipped"]), name="task_state_known"),
            models.CheckConstraint(condition=Q(track__in=["technical", "business"]), name="task_track_known"),
            models.CheckConstraint(condition=Q(state__in=["open", "started"]) ^ Q(ended_at__isnull=False), name="task_ended_has_time"),
            models.CheckConstraint(condition=~Q(state="skipped") | ~Q(skip_reason=""), name="task_skipped_has_reason"),
            models.CheckConstraint(condition=~Q(state="done", needs_evidence=True, evidence=""), name="task_done_has_evidence"),
            models.UniqueConstraint(fields=["task_list", "slug"], name="task_slug_once"),
        ]
        indexes = [models.Index(fields=["owner", "due_at"], name="task_of_person", condition=Q(state__in=["open", "started"]))]

    def __str__(self) -> str:
        return f"{self.name_en} ({self.state})"

    def journal_label(self) -> str:
        """What is to be done, in both languages."""
        return both(self.name_en, self.name_zh)

    def permission_path(self) -> str:
        """The unit of the record that the work is for."""
        return self.task_list.unit_path

    def extra_roles(self, actor: Actor) -> frozenset[str]:
        """Whom it is given to may work on it."""
        return frozenset({OWNER}) if actor.user_id is not None and actor.user_id == self.owner_id else frozenset()

    @property
    def name(self) -> str:
        """In the reader's language."""
        return pick(self, "name")

    @property
    def is_finished(self) -> bool:
        """Whether nothing is left to do."""
        return self.state not in self.UNFINISHED

    def is_overdue(self, at: datetime) -> bool:
        """Whether it should have been finished by now."""
        return not self.is_finished and at >= self.due_at

    @transition(field=state, source=State.OPEN, target=State.STARTED)
    def start(self, *, at: datetime, owner_id: int | None) -> None:
        """Somebody works on it."""
        self.started_at = at
        self.owner_id = owner_id

    @property
    def inputs_needed(self) -> tuple[str, ...]:
        """What a form must not leave out here though the move allows it."""
        return ("evidence",) if self.needs_evidence else ()

    @transition(field=state, source=[State.OPEN, State.STARTED], target=State.DONE)
    def finish(self, *, at: datetime, evidence: str, by_move: bool = False) -> None:
        """It was done, and this is how one can tell."""
        self.by_move = by_move
        self.started_at = self.started_at or at
        self.ended_at = at
        self.evidence = evidence

    @transition(field=state, source=[State.OPEN, State.STARTED], target=State.SKIPPED)
    def skip(self, *, at: datetime, reason: str) -> None:
        """It is not needed here, for a reason."""
        self.ended_at = at
        self.skip_reason = reason

    @transition(field=state, source=[State.DONE, State.SKIPPED], target=State.OPEN)
    def reopen(self) -> None:
        """It turns out that it must be done (again)."""
        self.started_at = self.ended_at = None
        self.evidence = self.skip_reason = ""
        self.by_move = False

    @transition(field=state, source=[State.OPEN, State.STARTED], target=State.OPEN)
    def hand_over(self, *, owner_id: int) -> None:
        """Somebody else has it, and begins anew."""
        self.owner_id = owner_id
        self.started_at = None
