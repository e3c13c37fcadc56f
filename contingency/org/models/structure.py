"""The org chart: units, positions, who holds them, and the emergency organisation drawn from them."""

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from contingency.org.models.people import User
from contingency.org.roles import POSITION_ROLES, Role
from kernel.models import Stateful


def time_range() -> Func:
    """`tstzrange(starts_at, ends_at, '[)')`, for constraints that refuse overlaps. A plain Func, so migrations import nothing of ours."""
    return Func("starts_at", "ends_at", RangeBoundary(), function="TSTZRANGE", output_field=DateTimeRangeField())


class Layer(models.TextChoices):
    """The three layers of the org chart (ORG-01)."""

    LEADERSHIP = "leadership", _("Leadership")
    EXECUTION = "execution", _("Execution")
    SUPPORT = "support", _("Support")


class Unit(Stateful):
    """A box of the org chart. Comes from the plan; one that the plan drops is retired, never deleted."""

    journal_kind: ClassVar[str] = "unit"

    slug = models.SlugField(max_length=60, unique=True)
    name_en = models.CharField(max_length=120)
    name_zh = models.CharField(max_length=120)
    layer = models.CharField(max_length=12, choices=Layer.choices)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    path = models.CharField(max_length=500, unique=True)
    order = models.PositiveSmallIntegerField(default=0)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["order", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(layer__in=Layer.values), name="unit_layer_known"),
            models.CheckConstraint(condition=Q(path__startswith="/") & Q(path__endswith="/"), name="unit_path_has_slashes"),
        ]

    def __str__(self) -> str:
        return self.name_en

    def journal_label(self) -> str:
        """Its name."""
        return self.name_en

    def permission_path(self) -> str:
        """Itself."""
        return self.path


class Position(Stateful):
    """A position with its written duties and the role its holder has (ORG-01). An empty role grants nothing."""

    journal_kind: ClassVar[str] = "position"

    slug = models.SlugField(max_length=60, unique=True)
    name_en = models.CharField(max_length=120)
    name_zh = models.CharField(max_length=120)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="positions")
    role = models.CharField(max_length=20, choices=Role.choices, blank=True)
    duties_en = ArrayField(models.TextField(), default=list)
    duties_zh = ArrayField(models.TextField(), default=list)
    order = models.PositiveSmallIntegerField(default=0)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["order", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(role__in=["", *POSITION_ROLES]), name="position_role_known"),
            models.CheckConstraint(condition=Q(duties_en__len=F("duties_zh__len")), name="position_duties_in_both_languages"),
        ]

    def __str__(self) -> str:
        return self.name_en

    def journal_label(self) -> str:
        """Its name."""
        return self.name_en

    def permission_path(self) -> str:
        """Its unit's."""
        return self.unit.path


class Holding(Stateful):
    """A person holds a position from–to. A deputy's holding always has an end."""

    journal_kind: ClassVar[str] = "holding"

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="holdings")
    position = models.ForeignKey(Position, on_delete=models.PROTECT, related_name="holdings")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    is_deputy = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar[list[str]] = ["position_id", "starts_at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at=None) | Q(ends_at__gte=F("starts_at")), name="holding_ends_after_start"),
            models.CheckConstraint(condition=Q(is_deputy=False) | Q(ends_at__isnull=False), name="holding_deputy_has_end"),
            ExclusionConstraint(
                name="holding_once_at_a_time",
                expressions=[
                    ("user", RangeOperators.EQUAL),
                    ("position", RangeOperators.EQUAL),
                    (time_range(), RangeOperators.OVERLAPS),
                ],
            ),
        ]
        indexes = [models.Index(fields=["user", "starts_at"], name="holding_of_person")]

    def __str__(self) -> str:
        return f"{self.user} – {self.position}"

    def journal_label(self) -> str:
        """Who holds what."""
        return f"{self.user.display_name} – {self.position.name_en}"

    def permission_path(self) -> str:
        """The unit of the position."""
        return self.position.unit.path


class EmergencyGroup(Stateful):
    """A group of the emergency organisation; its members are positions of the org chart (ORG-02)."""

    journal_kind: ClassVar[str] = "emergency_group"

    slug = models.SlugField(max_length=60, unique=True)
    name_en = models.CharField(max_length=120)
    name_zh = models.CharField(max_length=120)
    duties_en = ArrayField(models.TextField(), default=list)
    duties_zh = ArrayField(models.TextField(), default=list)
    order = models.PositiveSmallIntegerField(default=0)
    retired_at = models.DateTimeField(null=True, blank=True)
    members = models.ManyToManyField(Position, through="GroupMember", related_name="emergency_groups")

    class Meta:
        ordering: ClassVar[list[str]] = ["order", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(duties_en__len=F("duties_zh__len")), name="emergency_group_duties_in_both_languages"),
        ]

    def __str__(self) -> str:
        return self.name_en

    def journal_label(self) -> str:
        """Its name."""
        return self.name_en


class GroupMember(models.Model):
    """A position belongs to an emergency group; the first of a group leads it."""

    group = models.ForeignKey(EmergencyGroup, on_delete=models.CASCADE, related_name="memberships")
    position = models.ForeignKey(Position, on_delete=models.PROTECT, related_name="memberships")
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering: ClassVar[list[str]] = ["order", "id"]
        constraints = [models.UniqueConstraint(fields=["group", "position"], name="group_member_once")]

    def __str__(self) -> str:
        return f"{self.group} – {self.position}"
