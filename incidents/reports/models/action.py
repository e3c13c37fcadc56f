"""Improvement actions (RPT-02)."""

from datetime import datetime
from typing import ClassVar, Final

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy
from django_fsm import FSMField, transition

from incidents.reports.models.report import Report
from kernel.actors import Actor
from kernel.models import Stateful

CHANGES: Final = [("open", "done"), ("open", "dropped")]


class Action(Stateful):
    """Something that is to be done better: open → done (with evidence) | dropped (with a reason)."""

    journal_kind: ClassVar[str] = "improvement_action"

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("improvement action", "Open")
        DONE = "done", pgettext_lazy("improvement action", "Done")
        DROPPED = "dropped", pgettext_lazy("improvement action", "Dropped")

    number = models.CharField(max_length=20, unique=True, editable=False)
    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="actions")
    title = models.CharField(max_length=300)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    state = FSMField(choices=State.choices, default=State.OPEN, protected=True)
    due_at = models.DateTimeField()
    generation = models.PositiveIntegerField(default=1)
    added_at = models.DateTimeField()
    overdue_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    evidence = models.TextField(blank=True)
    drop_reason = models.TextField(blank=True)

    class Meta:
        db_table = "reports_action"
        triggers: ClassVar = [pgtrigger.FSM(name="legal_changes", field="state", transitions=CHANGES)]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["open", "done", "dropped"]), name="action_state_known"),
            models.CheckConstraint(condition=Q(state="open") ^ Q(ended_at__isnull=False), name="action_ended_has_time"),
            models.CheckConstraint(condition=~Q(state="done") | ~Q(evidence=""), name="action_done_has_evidence"),
            models.CheckConstraint(condition=~Q(state="dropped") | ~Q(drop_reason=""), name="action_dropped_has_reason"),
        ]
        indexes = [models.Index(fields=["due_at"], name="action_open_by_day", condition=Q(state="open"))]

    def __str__(self) -> str:
        return f"{self.number} {self.state}"

    def journal_label(self) -> str:
        """Number and what is to be done."""
        return f"{self.number} · {self.title}"[:300]

    def permission_path(self) -> str:
        """The unit of the incident's part."""
        return self.report.permission_path()

    def extra_roles(self, actor: Actor) -> frozenset[str]:
        """Its owner, and the rights held in the incident."""
        own = frozenset({"owner"}) if actor.user_id is not None and actor.user_id == self.owner_id else frozenset()
        return own | self.report.extra_roles(actor)

    def is_overdue(self, now: datetime) -> bool:
        """Whether its day has come and it is not done."""
        return self.state == self.State.OPEN and now >= self.due_at

    @transition(field=state, source=State.OPEN, target=None)
    def change(self, *, owner_id: int, due_at: datetime) -> None:
        """Another owner or another day; an older reminder then speaks for nothing."""
        self.owner_id = owner_id
        if due_at != self.due_at:
            self.due_at = due_at
            self.overdue_at = None
            self.generation += 1

    @transition(field=state, source=State.OPEN, target=None)
    def become_overdue(self, *, at: datetime) -> None:
        """Its day has come."""
        self.overdue_at = at

    @transition(field=state, source=State.OPEN, target=State.DONE)
    def finish(self, *, evidence: str, at: datetime) -> None:
        """Done, and this shows it."""
        self.evidence = evidence
        self.ended_at = at

    @transition(field=state, source=State.OPEN, target=State.DROPPED)
    def drop(self, *, reason: str, at: datetime) -> None:
        """It will not be done."""
        self.drop_reason = reason
        self.ended_at = at
