"""Moving traffic of a part from one side to the other, step by step (SWO-01, SWO-02)."""

import uuid
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import pgettext_lazy
from django_fsm import FSMField, transition

from incidents.switchover.models.outage import Outage
from kernel.actors import Actor
from kernel.i18n import pick
from kernel.models import Stateful


class Direction(models.TextChoices):
    """Away from the side that carries business in good times, or back to it."""

    OVER = "over", pgettext_lazy("switch", "Switch over")
    BACK = "back", pgettext_lazy("switch", "Switch back")


class Mode(models.TextChoices):
    """Planned: both sides alive, no order fails. Emergency: the old side is dead. Verify: traffic is there already."""

    PLANNED = "planned", pgettext_lazy("switch", "Planned")
    EMERGENCY = "emergency", pgettext_lazy("switch", "Emergency")
    VERIFY = "verify", pgettext_lazy("switch", "Verification only")


UNSTARTED = ["ordered", "approved"]
WORKABLE = ["approved", "executing", "verifying", "failed"]

# The changes that the database lets pass; a test compares them with the methods below.
CHANGES = [
    ("ordered", "approved"),
    ("ordered", "reverted"),
    ("approved", "reverted"),
    ("approved", "executing"),
    ("executing", "verifying"),
    ("verifying", "done"),
    ("executing", "failed"),
    ("verifying", "failed"),
    ("failed", "reverted"),
    ("done", "reverted"),
]


class Switch(Stateful):
    """One order to move traffic, with its steps copied at the order; at most one unsettled per part.

    `settled_at`: from here on the console does nothing more about it (done, taken back, or left to people).
    `lease_token`/`lease_until`: which worker may act; a worker whose lease was taken over writes nothing.
    `failure` and `instruction` are codes with a text in `texts.py`.
    """

    journal_kind: ClassVar[str] = "switch"
    journal_exclude: ClassVar[frozenset[str]] = frozenset({"lease_token", "lease_until"})

    class State(models.TextChoices):
        ORDERED = "ordered", pgettext_lazy("switch", "Ordered")
        APPROVED = "approved", pgettext_lazy("switch", "Approved")
        EXECUTING = "executing", pgettext_lazy("switch", "Executing")
        VERIFYING = "verifying", pgettext_lazy("switch", "Verifying")
        DONE = "done", pgettext_lazy("switch", "Done")
        FAILED = "failed", pgettext_lazy("switch", "Failed")
        REVERTED = "reverted", pgettext_lazy("switch", "Reverted")

    number = models.CharField(max_length=20, unique=True)
    part = models.ForeignKey("catalog.Part", on_delete=models.PROTECT, related_name="switches")
    outage = models.ForeignKey(Outage, null=True, blank=True, on_delete=models.PROTECT, related_name="switches")
    direction = models.CharField(max_length=4, choices=Direction.choices)
    mode = models.CharField(max_length=10, choices=Mode.choices)
    may_turn_emergency = models.BooleanField(default=False)
    from_side = models.CharField(max_length=10)
    to_side = models.CharField(max_length=10)
    state = FSMField(choices=State.choices, default=State.ORDERED, protected=True)
    needs_second = models.BooleanField()
    ordered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    ordered_at = models.DateTimeField()
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True)
    reverts = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="reverted_by")
    seen_at_order = models.JSONField(default=dict, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    moved_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    abort_asked_at = models.DateTimeField(null=True, blank=True)
    failure = models.CharField(max_length=40, blank=True, default="")
    failure_detail = models.TextField(blank=True, default="")
    instruction = models.CharField(max_length=40, blank=True, default="")
    evidence = models.JSONField(default=dict, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        triggers: ClassVar = [pgtrigger.FSM(name="legal_changes", field="state", transitions=CHANGES)]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["part"], condition=Q(settled_at__isnull=True), name="switch_one_active_per_part"),
            models.CheckConstraint(
                condition=Q(state__in=["ordered", "approved", "executing", "verifying"], settled_at__isnull=True)
                | Q(state="failed")
                | Q(state="reverted", settled_at__isnull=False)
                | Q(state="done", settled_at__isnull=False, done_at__isnull=False),
                name="switch_state_known_and_fits_times",
            ),
            models.CheckConstraint(condition=Q(direction__in=["over", "back"]), name="switch_direction_known"),
            models.CheckConstraint(condition=Q(mode__in=["planned", "emergency", "verify"]), name="switch_mode_known"),
            models.CheckConstraint(condition=~Q(from_side=F("to_side")), name="switch_changes_side"),
            models.CheckConstraint(
                condition=Q(needs_second=False) | Q(approved_by=None) | ~Q(approved_by=F("ordered_by")), name="switch_second_is_another"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "executing", "verifying", "done"]) | Q(approved_at__isnull=False),
                name="switch_acts_approved",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["id"], name="switch_workable", condition=Q(settled_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return self.number

    def journal_label(self) -> str:
        return self.number

    def permission_path(self) -> str:
        return self.part.permission_path()

    def extra_roles(self, actor: Actor) -> frozenset[str]:
        return self.outage.extra_roles(actor) if self.outage is not None else frozenset()

    @property
    def is_settled(self) -> bool:
        """Whether the console has nothing more to do about it."""
        return self.settled_at is not None

    @property
    def is_undoing(self) -> bool:
        """Whether a worker is taking its steps back."""
        return self.state == self.State.FAILED and self.settled_at is None

    def lease(self, *, token: uuid.UUID, until: datetime) -> None:
        """Note who may act and how long. No move: a lease is the workers' business alone."""
        self.lease_token = token
        self.lease_until = until
        type(self).objects.filter(pk=self.pk).update(lease_token=token, lease_until=until)

    @transition(field=state, source=State.ORDERED, target=State.APPROVED)
    def approve(self, *, at: datetime, by_id: int | None) -> None:
        """Free to be carried out: at once, or when the second person agreed."""
        self.approved_at = at
        self.approved_by_id = by_id

    @transition(field=state, source=UNSTARTED, target=State.REVERTED)
    def withdraw(self, *, at: datetime) -> None:
        """Taken back before anything was done."""
        self.settled_at = at
        self.abort_asked_at = at

    @transition(field=state, source=State.APPROVED, target=State.EXECUTING)
    def execute(self, *, at: datetime) -> None:
        """A worker begins with the steps."""
        self.started_at = at

    @transition(field=state, source=State.EXECUTING, target=None)
    def ask_abort(self, *, at: datetime) -> None:
        """A person wants it stopped; the worker takes the steps back before it does another."""
        self.abort_asked_at = at

    @transition(field=state, source=State.EXECUTING, target=None)
    def turn_emergency(self) -> None:
        """The old side died on the way: go on without it."""
        self.mode = Mode.EMERGENCY

    @transition(field=state, source=State.EXECUTING, target=State.VERIFYING)
    def verify(self, *, at: datetime) -> None:
        """Traffic moved; now it has to be proved."""
        self.moved_at = at

    @transition(field=state, source=State.VERIFYING, target=State.DONE)
    def complete(self, *, at: datetime, evidence: dict[str, Any]) -> None:
        """Proved: business runs on the other side."""
        self.done_at = at
        self.settled_at = at
        self.evidence = evidence

    @transition(field=state, source=[State.EXECUTING, State.VERIFYING], target=State.FAILED)
    def fail(self, *, failure: str, detail: str, instruction: str, settled_at: datetime | None) -> None:
        """A step failed. Not settled yet when its steps are to be taken back."""
        self.failure = failure
        self.failure_detail = detail
        self.instruction = instruction
        self.settled_at = settled_at

    @transition(field=state, source=State.FAILED, target=None)
    def give_up(self, *, at: datetime, detail: str, instruction: str) -> None:
        """Taking back failed too: people must go on by hand."""
        self.failure_detail = detail
        self.instruction = instruction
        self.settled_at = at

    @transition(field=state, source=State.FAILED, target=State.REVERTED)
    def restore(self, *, at: datetime) -> None:
        """Every step is taken back: traffic is where it was."""
        self.settled_at = at

    @transition(field=state, source=State.DONE, target=State.REVERTED)
    def be_reverted(self) -> None:
        """A switch the other way, ordered as its reversal, is done."""


class SwitchStep(Stateful):
    """One step of a switch, copied with its exact effect when the switch was ordered.

    `limit` is the hard time limit of one try; before the point of no return a failed step leads to taking back.
    `is_perhaps_done`: it failed without a clear answer, so taking back includes it.
    """

    journal_kind: ClassVar[str] = "switch_step"

    class State(models.TextChoices):
        PENDING = "pending", pgettext_lazy("switch", "Pending")
        RUNNING = "running", pgettext_lazy("switch", "Running")
        DONE = "done", pgettext_lazy("switch", "Done")
        FAILED = "failed", pgettext_lazy("switch", "Failed")
        UNDONE = "undone", pgettext_lazy("switch", "Undone")
        SKIPPED = "skipped", pgettext_lazy("switch", "Skipped")

    switch = models.ForeignKey(Switch, on_delete=models.CASCADE, related_name="steps")
    order = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=40)
    is_verification = models.BooleanField(default=False)
    title_en = models.CharField(max_length=200)
    title_zh = models.CharField(max_length=200)
    effect_en = models.TextField()
    effect_zh = models.TextField()
    undo = models.CharField(max_length=40, blank=True, default="")
    otherwise = models.CharField(max_length=40, blank=True, default="")
    point_of_no_return = models.BooleanField(default=False)
    limit = models.DurationField(default=timedelta(seconds=5))
    state = FSMField(choices=State.choices, default=State.PENDING, protected=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    is_perhaps_done = models.BooleanField(default=False)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    took_ms = models.PositiveIntegerField(null=True, blank=True)
    evidence = models.JSONField(default=dict, blank=True)
    error = models.TextField(blank=True, default="")

    class Meta:
        ordering: ClassVar[list[str]] = ["order"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["switch", "order"], name="switch_step_order_once"),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "running", "done", "failed", "undone", "skipped"]), name="switch_step_state_known"
            ),
            models.CheckConstraint(condition=~Q(state="done") | Q(finished_at__isnull=False), name="switch_step_done_has_time"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.order})"

    def journal_label(self) -> str:
        return f"{self.switch.number} {self.order} {self.name}"

    def permission_path(self) -> str:
        return self.switch.permission_path()

    @property
    def title(self) -> str:
        """In the reader's language."""
        return pick(self, "title")

    @property
    def effect(self) -> str:
        """What exactly it does, in the reader's language."""
        return pick(self, "effect")

    @transition(field=state, source=[State.PENDING, State.RUNNING], target=State.RUNNING)
    def begin(self, *, at: datetime) -> None:
        """A worker claims it; again, when an earlier worker died or a proof is not there yet."""
        self.started_at = self.started_at or at
        self.attempts += 1

    @transition(field=state, source=State.RUNNING, target=State.DONE)
    def finish(self, *, at: datetime, took_ms: int, evidence: dict[str, Any]) -> None:
        """It worked, and this shows it."""
        self.finished_at = at
        self.took_ms = took_ms
        self.evidence = evidence
        self.error = ""

    @transition(field=state, source=State.RUNNING, target=None)
    def note_try(self, *, error: str, evidence: dict[str, Any]) -> None:
        """Not yet: it will be tried again."""
        self.error = error
        self.evidence = evidence

    @transition(field=state, source=[State.DONE, State.FAILED, State.RUNNING], target=None)
    def note_undo_try(self, *, tries: int, error: str) -> None:
        """Taking it back did not work yet."""
        self.error = error
        self.evidence = {**self.evidence, "undo_tries": tries}

    @transition(field=state, source=State.RUNNING, target=State.FAILED)
    def fail(self, *, at: datetime, took_ms: int, error: str, is_perhaps_done: bool) -> None:
        """It did not work, as far as anybody answered."""
        self.is_perhaps_done = is_perhaps_done
        self.finished_at = at
        self.took_ms = took_ms
        self.error = error

    @transition(field=state, source=[State.DONE, State.FAILED, State.RUNNING], target=State.UNDONE)
    def be_undone(self, *, evidence: dict[str, Any]) -> None:
        """Its effect is taken back."""
        self.evidence = {**self.evidence, "undo": evidence}

    @transition(field=state, source=State.PENDING, target=State.SKIPPED)
    def skip(self) -> None:
        """Not needed any more: the switch took another way or was taken back."""
