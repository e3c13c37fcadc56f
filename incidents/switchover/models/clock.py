"""The three recovery clocks of an outage (RTO-01)."""

from datetime import datetime
from typing import Any, ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import pgettext_lazy
from django_fsm import FSMField, transition

from incidents.switchover.models.outage import Outage
from kernel.actors import Actor
from kernel.models import Stateful


class ClockKind(models.TextChoices):
    """Which of the three; their order is the order in which they start."""

    SWITCHOVER = "switchover", pgettext_lazy("recovery clock", "Switchover")
    RECOVERY = "recovery", pgettext_lazy("recovery clock", "Recovery")
    SWITCHBACK = "switchback", pgettext_lazy("recovery clock", "Switch back")


STATES_RUNNING = ["running", "breached"]
STATES_MET = ["met", "met_late"]

# The changes that the database lets pass; a test compares them with the methods below.
CHANGES = [
    ("waiting", "running"),
    ("breached", "running"),
    ("running", "breached"),
    ("waiting", "met"),
    ("running", "met"),
    ("breached", "met_late"),
    ("waiting", "cancelled"),
    ("running", "cancelled"),
    ("breached", "cancelled"),
    ("waiting", "waived"),
    ("running", "waived"),
    ("breached", "waived"),
]


class RecoveryClock(Stateful):
    """Counts one recovery-time objective of one outage; stopped by evidence, never paused.

    Target and thresholds (percent of the target) are copied from the plan at the start: editing the plan moves no
    running clock. `generation` rises when a corrected start arms the thresholds anew; older deadlines fire into nothing.
    """

    journal_kind: ClassVar[str] = "recovery_clock"

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("recovery clock", "Waiting")
        RUNNING = "running", pgettext_lazy("recovery clock", "Running")
        MET = "met", pgettext_lazy("recovery clock", "Met")
        BREACHED = "breached", pgettext_lazy("recovery clock", "Breached")
        MET_LATE = "met_late", pgettext_lazy("recovery clock", "Met late")
        CANCELLED = "cancelled", pgettext_lazy("recovery clock", "Cancelled")
        WAIVED = "waived", pgettext_lazy("recovery clock", "Waived")

    outage = models.ForeignKey(Outage, on_delete=models.PROTECT, related_name="clocks")
    kind = models.CharField(max_length=12, choices=ClockKind.choices)
    state = FSMField(choices=State.choices, default=State.WAITING, protected=True)
    target = models.DurationField()
    thresholds = models.JSONField()
    generation = models.PositiveIntegerField(default=1)
    started_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    breached_at = models.DateTimeField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)
    evidence = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        triggers: ClassVar = [pgtrigger.FSM(name="legal_changes", field="state", transitions=CHANGES)]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["outage", "kind"], name="clock_one_of_each_kind"),
            models.CheckConstraint(condition=Q(kind__in=["switchover", "recovery", "switchback"]), name="clock_kind_known"),
            models.CheckConstraint(
                condition=Q(state="waiting", started_at__isnull=True, stopped_at__isnull=True)
                | Q(state__in=STATES_RUNNING, started_at__isnull=False, due_at__isnull=False, stopped_at__isnull=True)
                | Q(state__in=[*STATES_MET, "cancelled", "waived"], stopped_at__isnull=False),
                name="clock_state_fits_times",
            ),
            models.CheckConstraint(condition=Q(due_at=None) | Q(due_at__gt=F("started_at")), name="clock_due_after_start"),
            models.CheckConstraint(condition=~Q(state__in=["breached", "met_late"]) | Q(breached_at__isnull=False), name="clock_breach_has_time"),
        ]

    def __str__(self) -> str:
        return f"{self.outage.number} {self.kind}"

    def journal_label(self) -> str:
        """The outage's number; which clock it is, the sentence says in the reader's language."""
        return self.outage.number

    def permission_path(self) -> str:
        return self.outage.permission_path()

    def extra_roles(self, actor: Actor) -> frozenset[str]:
        return self.outage.extra_roles(actor)

    def due_of(self, percent: int) -> datetime:
        """When this share of the target is used up. Only for a started clock."""
        assert self.started_at is not None
        return self.started_at + self.target * percent / 100

    def seconds_left(self, now: datetime) -> float | None:
        """Seconds until breach (negative: since), None unless it runs."""
        return (self.due_at - now).total_seconds() if self.due_at is not None and self.state in STATES_RUNNING else None

    @transition(field=state, source=State.WAITING, target=State.RUNNING)
    def start(self, *, at: datetime) -> None:
        """Begin to count at `at`, which may lie in the past."""
        self.started_at = at
        self.due_at = at + self.target

    @transition(field=state, source=[State.RUNNING, State.BREACHED], target=State.RUNNING)
    def correct_start(self, *, at: datetime) -> None:
        """Count from another moment: the thresholds are armed anew under the next generation."""
        self.started_at = at
        self.due_at = at + self.target
        self.breached_at = None
        self.generation += 1

    @transition(field=state, source=State.RUNNING, target=State.BREACHED)
    def breach(self, *, at: datetime) -> None:
        """The target is used up."""
        self.breached_at = at

    @transition(field=state, source=[State.WAITING, State.RUNNING], target=State.MET)
    def meet(self, *, at: datetime, evidence: dict[str, Any]) -> None:
        """Evidence shows the objective reached in time."""
        self.stopped_at = at
        self.evidence = evidence

    @transition(field=state, source=State.BREACHED, target=State.MET_LATE)
    def meet_late(self, *, at: datetime, evidence: dict[str, Any]) -> None:
        """Evidence shows the objective reached, after the breach."""
        self.stopped_at = at
        self.evidence = evidence

    @transition(field=state, source=[State.WAITING, State.RUNNING, State.BREACHED], target=State.CANCELLED)
    def cancel(self, *, at: datetime) -> None:
        """There is nothing to count (false alarm; repaired in place)."""
        self.stopped_at = at

    @transition(field=state, source=[State.WAITING, State.RUNNING, State.BREACHED], target=State.WAIVED)
    def waive(self, *, at: datetime, evidence: dict[str, Any]) -> None:
        """Two persons decided not to hold this objective; counted as waived, never as met."""
        self.stopped_at = at
        self.evidence = evidence
