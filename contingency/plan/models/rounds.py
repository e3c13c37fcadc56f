"""Rounds: each time that something of the plan's schedules and regular meetings falls due, and what became of it (PLN-02)."""

from datetime import datetime
from functools import cached_property
from typing import ClassVar, Final

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy
from django_fsm import FSMField, transition

from contingency.org.models import Holding, Position, User
from contingency.org.selectors import PresentMoment, in_force
from contingency.plan.models.schedules import MeetingKind, Schedule
from kernel.actors import Actor
from kernel.i18n import both
from kernel.models import Stateful

# The changes that the database lets pass; a test compares them with the methods below.
CHANGES: Final = [("due", "done"), ("due", "skipped"), ("due", "retired")]


class Round(Stateful):
    """One coming-round of a schedule, or of a regular meeting, which has `every`: due → done (with what was found) | skipped
    (with a reason) | retired (the plan no longer has it). There is one open round of each at a time."""

    journal_kind: ClassVar[str] = "plan_round"

    class State(models.TextChoices):
        DUE = "due", pgettext_lazy("a round of a schedule", "Open")
        DONE = "done", pgettext_lazy("a round of a schedule", "Done")
        SKIPPED = "skipped", pgettext_lazy("a round of a schedule", "Skipped")
        RETIRED = "retired", pgettext_lazy("a round of a schedule", "No longer in the plan")

    schedule = models.ForeignKey(Schedule, null=True, blank=True, on_delete=models.PROTECT, related_name="rounds")
    meeting = models.ForeignKey(MeetingKind, null=True, blank=True, on_delete=models.PROTECT, related_name="rounds")
    number = models.PositiveIntegerField()
    state = FSMField(choices=State.choices, default=State.DUE, protected=True)
    owner = models.ForeignKey(Position, on_delete=models.PROTECT, related_name="+")
    every = models.DurationField()
    counted_from = models.DateTimeField()
    due_at = models.DateTimeField()
    generation = models.PositiveIntegerField(default=1)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    note = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["due_at", "id"]
        triggers: ClassVar = [pgtrigger.FSM(name="legal_changes", field="state", transitions=CHANGES)]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["due", "done", "skipped", "retired"]), name="round_state_known"),
            models.CheckConstraint(condition=Q(schedule__isnull=True) ^ Q(meeting__isnull=True), name="round_of_one_thing"),
            models.CheckConstraint(condition=Q(state="due") ^ Q(closed_at__isnull=False), name="round_closed_has_time"),
            models.CheckConstraint(condition=~Q(state__in=["done", "skipped"]) | ~Q(note=""), name="round_closed_says_what"),
            models.UniqueConstraint(fields=["schedule"], name="round_one_open_per_schedule", condition=Q(state="due")),
            models.UniqueConstraint(fields=["meeting"], name="round_one_open_per_meeting", condition=Q(state="due")),
            models.UniqueConstraint(fields=["schedule", "number"], name="round_number_once_per_schedule"),
            models.UniqueConstraint(fields=["meeting", "number"], name="round_number_once_per_meeting"),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="round_open_by_day", condition=Q(state="due")),
            models.Index(fields=["-closed_at"], name="round_closed_lately", condition=Q(closed_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.name_en

    @property
    def item(self) -> Schedule | MeetingKind:
        """What comes round."""
        found = self.schedule or self.meeting
        assert found is not None  # a constraint of the table
        return found

    @property
    def name_en(self) -> str:
        """What comes round, and for which time."""
        return f"{self.item.name_en} ({self.number})"

    @property
    def name_zh(self) -> str:
        """The same in Chinese."""
        return f"{self.item.name_zh}（第 {self.number} 期）"

    def journal_label(self) -> str:
        """Its name in both languages."""
        return both(self.name_en, self.name_zh)

    @cached_property
    def holder_ids(self) -> list[int]:
        """Who holds the owner's position now. Lists bring it along (`selectors.rounds`); else one query."""
        brought: list[int] | None = self.__dict__.get("held_by")
        if brought is not None:
            return brought
        held = Holding.objects.filter(in_force(PresentMoment()), position=self.owner_id, user__is_active=True)
        return list(held.values_list("user_id", flat=True))

    def extra_roles(self, actor: Actor) -> frozenset[str]:
        """Whoever holds the position that sees to it, whatever role the position gives otherwise."""
        return frozenset({"owner"}) if actor.user_id is not None and actor.user_id in self.holder_ids else frozenset()

    def next_counts_from(self, at: datetime, *, is_done: bool) -> datetime:
        """From when the time until the next one runs, if this one is closed at that moment: from then when it was done, so that no two
        lie further apart than the plan says; when it is skipped from its own day, for the rhythm stays, unless that is past."""
        return at if is_done else max(self.due_at, at)

    def is_overdue(self, now: datetime) -> bool:
        """Whether its day has come and nobody has closed it."""
        return self.state == self.State.DUE and now >= self.due_at

    @transition(field=state, source=State.DUE, target=State.DONE)
    def finish(self, *, note: str, by: int | None, at: datetime) -> None:
        """It was done, and this was found."""
        self._close(note=note, by=by, at=at)

    @transition(field=state, source=State.DUE, target=State.SKIPPED)
    def skip(self, *, note: str, by: int | None, at: datetime) -> None:
        """It is left out this time."""
        self._close(note=note, by=by, at=at)

    @transition(field=state, source=State.DUE, target=State.RETIRED)
    def retire(self, *, at: datetime) -> None:
        """The plan in force no longer wants it at fixed times."""
        self.closed_at = at

    @transition(field=state, source=State.DUE, target=None)
    def follow(self, *, item: Schedule | MeetingKind, at: datetime) -> None:
        """Another version of the plan: its owner and, where the time between changed, another due date, never in the past.

        Reminders armed for an earlier date then speak for nothing.
        """
        self.owner = item.owner
        if item.every is not None and item.every != self.every:
            self.every = item.every
            self.due_at = max(self.counted_from + item.every, at)
            self.generation += 1

    def _close(self, *, note: str, by: int | None, at: datetime) -> None:
        self.note = note
        self.closed_by_id = by
        self.closed_at = at
