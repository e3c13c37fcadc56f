"""Who may file alerts, and with which keys."""

from datetime import timedelta
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from contingency.catalog.models import FaultClass, Part
from kernel.models import Stateful

# Processes remember sources, keys and silences and compare a stamp; the database itself raises it, whoever changes the rows.
RAISES_THE_STAMP = [
    pgtrigger.Trigger(
        name="raise_intake_stamp",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        func="""
            INSERT INTO alerts_intake_stamp AS stamp (id, number) VALUES (1, 1)
            ON CONFLICT (id) DO UPDATE SET number = stamp.number + 1;
            RETURN NULL;
        """,
    )
]


class Source(Stateful):
    """A monitoring tool that files alerts here. The identity of an alert is its source and its dedup key.

    `severity_map`: the tool's words → ours; what it does not name is read as people commonly use it, and an unknown word as
    `default_severity`. `mapping`: for `generic`, where our fields lie in its bodies. `default_part`: where alerts go that no
    matcher claims; without it they are unrouted.
    """

    journal_kind: ClassVar[str] = "source"

    class Kind(models.TextChoices):
        ALERTMANAGER = "alertmanager", _("Alertmanager")
        PROMETHEUS = "prometheus", _("Prometheus")
        PAGERDUTY = "pagerduty", _("PagerDuty Events v2")
        GENERIC = "generic", _("Any JSON")
        HEARTBEAT = "heartbeat", _("Heartbeat")
        PROBE = "probe", _("Our own probes")

    class Severity(models.TextChoices):
        CRITICAL = "critical", _("Critical")
        ERROR = "error", _("Error")
        WARNING = "warning", _("Warning")
        INFO = "info", _("Information")

    kind = models.CharField(max_length=20, choices=Kind.choices)
    name = models.CharField(max_length=100, unique=True)
    default_part = models.ForeignKey(Part, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    default_fault_class = models.CharField(max_length=10, choices=FaultClass.choices, default=FaultClass.SOFTWARE)
    default_severity = models.CharField(max_length=10, choices=Severity.choices, default=Severity.ERROR)
    severity_map = models.JSONField(default=dict, blank=True)
    mapping = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "alerts_source"
        triggers: ClassVar = [*RAISES_THE_STAMP, pgtrigger.Protect(name="source_is_never_deleted", operation=pgtrigger.Delete)]
        ordering: ClassVar[list[str]] = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["alertmanager", "prometheus", "pagerduty", "generic", "heartbeat", "probe"]), name="source_kind_known"
            ),
            models.CheckConstraint(condition=Q(default_severity__in=["critical", "error", "warning", "info"]), name="source_severity_known"),
        ]

    def __str__(self) -> str:
        return self.name

    def journal_label(self) -> str:
        """Its name."""
        return self.name

    def hint_choices(self) -> list[tuple[str, str]]:
        """The keys in force by their beginnings, for the form that revokes one. One query."""
        return [(key.hint, f"{key.hint}…") for key in self.keys.filter(revoked_at=None).order_by("slot")]


class SourceKey(models.Model):
    """One intake key of a source: 32 characters, kept only as a digest. Two may be in force at once, for changing over.

    A fast digest is enough: the key has 190 bits of chance in it, there is nothing to guess.
    """

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="keys")
    slot = models.PositiveSmallIntegerField(choices=[(1, "1"), (2, "2")])
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=4)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "alerts_source_key"
        triggers: ClassVar = RAISES_THE_STAMP
        constraints = [
            models.UniqueConstraint(fields=["source", "slot"], name="source_key_two_in_force", condition=Q(revoked_at=None)),
            models.CheckConstraint(condition=Q(slot__in=[1, 2]), name="source_key_slot_known"),
        ]

    def __str__(self) -> str:
        return f"{self.hint}…"


class Heartbeat(models.Model):
    """A job that must report every so often: silence past `period` and `grace`, or a failure, raises an alert.

    `due_at` is when silence becomes an alert; empty until the first ping. `is_late`: an alert of it is open.
    """

    source = models.OneToOneField(Source, on_delete=models.CASCADE, related_name="heartbeat")
    period = models.DurationField(default=timedelta(days=1))
    grace = models.DurationField(default=timedelta(hours=1))
    last_ping_at = models.DateTimeField(null=True)
    last_started_at = models.DateTimeField(null=True)
    last_took = models.DurationField(null=True)
    last_exit_status = models.PositiveSmallIntegerField(null=True)
    last_body = models.TextField(blank=True)
    ping_count = models.BigIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    is_late = models.BooleanField(default=False)

    class Meta:
        db_table = "alerts_heartbeat"
        indexes = [models.Index(fields=["due_at"], name="heartbeat_due", condition=Q(is_late=False))]
        constraints = [
            models.CheckConstraint(condition=Q(period__gt=timedelta(0)) & Q(grace__gte=timedelta(0)), name="heartbeat_has_a_period"),
            models.CheckConstraint(
                condition=Q(due_at=None) | Q(last_ping_at__lte=F("due_at")) | Q(last_ping_at=None), name="heartbeat_due_after_ping"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source_id}"


class IntakeStamp(models.Model):
    """One row whose number rises with every change of sources, keys and silences: processes compare it with what they remember."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    number = models.BigIntegerField(default=1)

    class Meta:
        db_table = "alerts_intake_stamp"
        constraints = [models.CheckConstraint(condition=Q(id=1), name="intake_stamp_is_one")]

    def __str__(self) -> str:
        return str(self.number)
