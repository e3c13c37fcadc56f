"""Guarded parts: anything with a main and a spare that the company switches between."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from contingency.catalog.models.taxonomy import FaultClass, FaultKind
from contingency.org.models import Roster, Unit
from kernel.models import Stateful


class Part(Stateful):
    """A guarded part. Living data, not of the plan; `chain` names the plan's escalation chain for it.

    `fence`: name of the practice ground it stands in; empty means the real world, with no limit on who is reached.
    `base_url`: where its users reach it, through the gateway.
    """

    journal_kind: ClassVar[str] = "part"

    class Kind(models.TextChoices):
        ORDER_SYSTEM = "order_system", _("Order system")
        PAYMENT_CHANNEL = "payment_channel", _("Payment channel")
        NETWORK_LINE = "network_line", _("Network line")

    slug = models.SlugField(max_length=60, unique=True)
    name_en = models.CharField(max_length=120)
    name_zh = models.CharField(max_length=120)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="parts")
    roster = models.ForeignKey(Roster, on_delete=models.PROTECT, related_name="parts")
    stops_business = models.BooleanField(default=True)
    chain = models.SlugField(max_length=60)
    base_url = models.URLField(max_length=500, blank=True)
    fence = models.SlugField(max_length=60, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        constraints = [models.CheckConstraint(condition=Q(kind__in=["order_system", "payment_channel", "network_line"]), name="part_kind_known")]

    def __str__(self) -> str:
        return self.name_en

    def journal_label(self) -> str:
        """Its name."""
        return self.name_en

    def permission_path(self) -> str:
        """The unit that runs it."""
        return self.unit.path


class Side(Stateful):
    """One of a part's two sides. Which of them carries traffic now is read at the gateway, not here."""

    journal_kind: ClassVar[str] = "side"

    class Role(models.TextChoices):
        PRIMARY = "primary", _("Primary")
        STANDBY = "standby", _("Standby")

    part = models.ForeignKey(Part, on_delete=models.PROTECT, related_name="sides")
    role = models.CharField(max_length=10, choices=Role.choices)
    name = models.CharField(max_length=120)
    url = models.URLField(max_length=500)
    ready_url = models.URLField(max_length=500, blank=True)
    metrics_url = models.URLField(max_length=500, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["part_id", "role"]
        constraints = [
            models.UniqueConstraint(fields=["part", "role"], name="side_one_per_role"),
            models.CheckConstraint(condition=Q(role__in=["primary", "standby"]), name="side_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.part} – {self.name}"

    def journal_label(self) -> str:
        """The part and the side's name."""
        return f"{self.part.name_en} – {self.name}"

    def permission_path(self) -> str:
        """The part's unit."""
        return self.part.unit.path


class Gateway(Stateful):
    """Where the traffic of a part is moved. `secret_file` holds the key of its control address; the key is never stored here."""

    journal_kind: ClassVar[str] = "gateway"

    class Kind(models.TextChoices):
        LAB = "lab", _("Practice order system")
        CADDY = "caddy", _("Caddy")

    part = models.OneToOneField(Part, on_delete=models.PROTECT, related_name="gateway")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    control_url = models.URLField(max_length=500, blank=True)
    admin_url = models.URLField(max_length=500, blank=True)
    secret_file = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["lab", "caddy"]), name="gateway_kind_known"),
            models.CheckConstraint(condition=~Q(control_url="", admin_url=""), name="gateway_has_an_address"),
        ]

    def __str__(self) -> str:
        return f"{self.part} – {self.kind}"

    def journal_label(self) -> str:
        """The part and the kind of gateway."""
        return f"{self.part.name_en} – {self.kind}"

    def permission_path(self) -> str:
        """The part's unit."""
        return self.part.unit.path


class Matcher(models.Model):
    """“An alert with this label = value concerns this part, and is of this fault class.” First in `order` wins.

    `severities`: those that open an incident; others are kept as alerts only.
    """

    part = models.ForeignKey(Part, on_delete=models.CASCADE, related_name="matchers")
    label = models.CharField(max_length=200)
    value = models.CharField(max_length=500)
    fault_class = models.CharField(max_length=10, choices=FaultClass.choices)
    fault_kind = models.ForeignKey(FaultKind, null=True, blank=True, on_delete=models.PROTECT, related_name="matchers")
    severities = ArrayField(models.CharField(max_length=20))
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering: ClassVar[list[str]] = ["order", "id"]
        constraints = [
            models.UniqueConstraint(fields=["part", "label", "value"], name="matcher_once_per_part"),
            models.CheckConstraint(condition=Q(fault_class__in=FaultClass.values), name="matcher_class_known"),
            models.CheckConstraint(condition=~Q(label="") & ~Q(value=""), name="matcher_says_what"),
        ]

    def __str__(self) -> str:
        return f"{self.label}={self.value}"


class RoutingStamp(models.Model):
    """One row whose number rises with every change of parts and matchers: readers that keep them in memory compare it."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    number = models.BigIntegerField(default=1)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="routing_stamp_is_one")]

    def __str__(self) -> str:
        return str(self.number)
