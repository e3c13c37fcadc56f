"""Who is on duty when."""

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q

from contingency.org.models.people import User
from contingency.org.models.structure import Unit, time_range
from kernel.models import Stateful


class Roster(Stateful):
    """A duty roster that has to be kept. The plan says which there are; the shifts in it are living data (ORG-03)."""

    journal_kind: ClassVar[str] = "roster"

    slug = models.SlugField(max_length=60, unique=True)
    name_en = models.CharField(max_length=120)
    name_zh = models.CharField(max_length=120)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="rosters")
    ranks = models.PositiveSmallIntegerField(default=1)
    order = models.PositiveSmallIntegerField(default=0)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["order", "id"]
        constraints = [models.CheckConstraint(condition=Q(ranks__gte=1), name="roster_has_a_rank")]

    def __str__(self) -> str:
        return self.name_en

    def journal_label(self) -> str:
        """Its name."""
        return self.name_en

    def permission_path(self) -> str:
        """Its unit's."""
        return self.unit.path


class Shift(Stateful):
    """One person's duty from–to (end excluded) at a rank: 1 is called first, 2 is the second on duty."""

    journal_kind: ClassVar[str] = "shift"

    roster = models.ForeignKey(Roster, on_delete=models.PROTECT, related_name="shifts")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="shifts")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    rank = models.PositiveSmallIntegerField(default=1)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["starts_at", "rank", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="shift_ends_after_start"),
            models.CheckConstraint(condition=Q(rank__gte=1), name="shift_rank_from_one"),
            ExclusionConstraint(
                name="shift_one_person_per_roster_and_rank",
                expressions=[
                    ("roster", RangeOperators.EQUAL),
                    ("rank", RangeOperators.EQUAL),
                    (time_range(), RangeOperators.OVERLAPS),
                ],
                condition=Q(cancelled_at=None),
            ),
        ]
        indexes = [models.Index(fields=["roster", "starts_at"], name="shift_of_roster", condition=Q(cancelled_at=None))]

    def __str__(self) -> str:
        return f"{self.roster} {self.rank}: {self.user}"

    def journal_label(self) -> str:
        """Which roster and rank, and who."""
        return f"{self.roster.name_en} {self.rank}: {self.user.display_name}"

    def permission_path(self) -> str:
        """The roster's unit."""
        return self.roster.unit.path
