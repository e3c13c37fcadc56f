"""What can go wrong (TAX-01), why upgrades fail and whom that hurts (TAX-02). All rows come from the plan."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from kernel.models import Stateful


class FaultClass(models.TextChoices):
    """The six fault classes. An incident has exactly one; the kinds below it are data."""

    HARDWARE = "hardware", _("Hardware")
    SOFTWARE = "software", _("Software")
    NETWORK = "network", _("Network")
    DATA = "data", _("Data")
    BUSINESS = "business", _("Business")
    SECURITY = "security", _("Security")


class FaultKind(Stateful):
    """A node of the tree below a fault class: software › application. Retired when the plan drops it."""

    journal_kind: ClassVar[str] = "fault_kind"

    slug = models.SlugField(max_length=60, unique=True)
    fault_class = models.CharField(max_length=10, choices=FaultClass.choices)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    name_en = models.CharField(max_length=120)
    name_zh = models.CharField(max_length=120)
    order = models.PositiveSmallIntegerField(default=0)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["order", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(fault_class__in=FaultClass.values), name="fault_kind_class_known"),
            models.CheckConstraint(condition=~Q(parent=F("id")), name="fault_kind_not_its_own_parent"),
        ]

    def __str__(self) -> str:
        return self.name_en

    def journal_label(self) -> str:
        """Its name."""
        return self.name_en


class FailureCause(Stateful):
    """Why an upgrade fails: compatibility › software version (TAX-02)."""

    journal_kind: ClassVar[str] = "failure_cause"

    slug = models.SlugField(max_length=60, unique=True)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    name_en = models.CharField(max_length=120)
    name_zh = models.CharField(max_length=120)
    order = models.PositiveSmallIntegerField(default=0)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["order", "id"]

    def __str__(self) -> str:
        return self.name_en

    def journal_label(self) -> str:
        """Its name."""
        return self.name_en


class ImpactArea(Stateful):
    """What a failed upgrade harms: operation, stability, reputation (TAX-02)."""

    journal_kind: ClassVar[str] = "impact_area"

    slug = models.SlugField(max_length=60, unique=True)
    name_en = models.CharField(max_length=120)
    name_zh = models.CharField(max_length=120)
    order = models.PositiveSmallIntegerField(default=0)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["order", "id"]

    def __str__(self) -> str:
        return self.name_en

    def journal_label(self) -> str:
        """Its name."""
        return self.name_en
