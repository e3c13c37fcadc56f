"""What the plan wants done again and again: meetings, reviews, checks, backups, drills, training (COM-01, PLN-02)."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from contingency.org.models import EmergencyGroup, Position
from contingency.plan.models.choices import ScheduleKind
from contingency.plan.models.rows import PlanRow


class MeetingKind(PlanRow):
    """A meeting that belongs to the plan. `every` or an occasion says when; what it decides is written down."""

    journal_kind: ClassVar[str] = "meeting_kind"

    name_en = models.CharField(max_length=120)
    name_zh = models.CharField(max_length=120)
    every = models.DurationField(null=True, blank=True)
    occasion_en = models.TextField(blank=True)
    occasion_zh = models.TextField(blank=True)
    minutes = models.PositiveSmallIntegerField()
    led_by = models.ForeignKey(Position, on_delete=models.PROTECT, related_name="+")
    groups = models.ManyToManyField(EmergencyGroup, related_name="+")
    positions = models.ManyToManyField(Position, related_name="+")
    agenda_en = ArrayField(models.TextField(), default=list)
    agenda_zh = ArrayField(models.TextField(), default=list)
    outcome_en = models.TextField()
    outcome_zh = models.TextField()

    class Meta(PlanRow.Meta):
        constraints = [
            models.CheckConstraint(condition=Q(every__isnull=False) | ~Q(occasion_en=""), name="meeting_kind_has_a_time"),
            models.CheckConstraint(condition=Q(minutes__gte=1), name="meeting_kind_takes_time"),
        ]

    @property
    def owner(self) -> Position:
        """Who sees to it that it takes place; called so of a schedule."""
        return self.led_by

    @property
    def what_en(self) -> list[str]:
        """What is done there; called so of a schedule."""
        return self.agenda_en

    @property
    def what_zh(self) -> list[str]:
        """The same in Chinese."""
        return self.agenda_zh


class Schedule(PlanRow):
    """Something that comes round again, and the position that sees to it."""

    journal_kind: ClassVar[str] = "schedule"

    kind = models.CharField(max_length=10, choices=ScheduleKind.choices)
    name_en = models.CharField(max_length=200)
    name_zh = models.CharField(max_length=200)
    every = models.DurationField(null=True, blank=True)
    occasion_en = models.TextField(blank=True)
    occasion_zh = models.TextField(blank=True)
    owner = models.ForeignKey(Position, on_delete=models.PROTECT, related_name="+")
    what_en = ArrayField(models.TextField(), default=list)
    what_zh = ArrayField(models.TextField(), default=list)

    class Meta(PlanRow.Meta):
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=ScheduleKind.values), name="schedule_kind_known"),
            models.CheckConstraint(condition=Q(every__isnull=False) | ~Q(occasion_en=""), name="schedule_has_a_time"),
        ]
