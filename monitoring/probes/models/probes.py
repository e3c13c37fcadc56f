"""What is asked, how often, and what the answer was."""

from datetime import datetime, timedelta
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from contingency.catalog.models import FaultClass, Part, Side
from kernel.models import Stateful
from monitoring.alerts.models import Source
from monitoring.probes.models.series import Series

CHANGES = [
    ("unknown", "healthy"),
    ("unknown", "failing"),
    ("unknown", "paused"),
    ("healthy", "failing"),
    ("healthy", "paused"),
    ("failing", "healthy"),
    ("failing", "paused"),
    ("paused", "unknown"),
]


class AllowedTarget(Stateful):
    """An address range and ports that probes may reach. What no row allows is refused: probes must reach private networks,
    so a list of forbidden ones could never be complete."""

    journal_kind: ClassVar[str] = "allowed_target"

    network = models.CharField(max_length=43)
    port_from = models.PositiveIntegerField(default=1)
    port_to = models.PositiveIntegerField(default=65535)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "probes_allowed_target"
        ordering: ClassVar[list[str]] = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["network", "port_from", "port_to"], name="allowed_target_once"),
            models.CheckConstraint(condition=Q(port_from__gte=1, port_from__lte=F("port_to"), port_to__lte=65535), name="allowed_target_ports"),
        ]

    def __str__(self) -> str:
        return f"{self.network}:{self.port_from}–{self.port_to}"

    def journal_label(self) -> str:
        """Network and ports."""
        return str(self)


class Probe(Stateful):
    """A regular look at one address: does it answer as it should, and how fast (or: what does it measure).

    A failure is tried a second time at once; `fail_after` failures in a row make it failing and raise an alert, one success
    makes it healthy again. `failing_since` is the first failure of the present row, also before the threshold is reached.
    `metric` reads one number from a Prometheus page into a series and has no opinion of it, but fails when it cannot be read.
    """

    journal_kind: ClassVar[str] = "probe"
    journal_exclude: ClassVar[frozenset[str]] = frozenset({"next_at", "lease_until", "last_at", "last_took_ms"})

    class Kind(models.TextChoices):
        HTTP = "http", _("HTTP request")
        TCP = "tcp", _("TCP connection")
        METRIC = "metric", _("A measure from a metrics page")

    class State(models.TextChoices):
        UNKNOWN = "unknown", _("Not probed yet")
        HEALTHY = "healthy", _("Healthy")
        FAILING = "failing", _("Failing")
        PAUSED = "paused", _("Paused")

    name = models.CharField(max_length=120, unique=True)
    part = models.ForeignKey(Part, on_delete=models.PROTECT, related_name="probes")
    side = models.ForeignKey(Side, null=True, blank=True, on_delete=models.PROTECT, related_name="probes")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    target = models.CharField(max_length=500)
    metric = models.CharField(max_length=200, blank=True)
    severity = models.CharField(max_length=10, choices=Source.Severity.choices, default=Source.Severity.CRITICAL)
    fault_class = models.CharField(max_length=10, choices=FaultClass.choices, default=FaultClass.SOFTWARE)
    every = models.DurationField(default=timedelta(seconds=5))
    timeout_ms = models.PositiveIntegerField(default=2000)
    fail_after = models.PositiveSmallIntegerField(default=2)
    series = models.ForeignKey(Series, on_delete=models.PROTECT, related_name="+")
    state = FSMField(choices=State.choices, default=State.UNKNOWN, protected=True)
    state_since = models.DateTimeField()
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True, blank=True)
    last_at = models.DateTimeField(null=True, blank=True)
    last_is_ok = models.BooleanField(null=True, blank=True)
    last_took_ms = models.PositiveIntegerField(null=True, blank=True)
    last_problem = models.CharField(max_length=40, blank=True)
    next_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "probes_probe"
        triggers: ClassVar = [pgtrigger.FSM(name="legal_changes", field="state", transitions=CHANGES)]
        ordering: ClassVar[list[str]] = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["http", "tcp", "metric"]), name="probe_kind_known"),
            models.CheckConstraint(condition=Q(state__in=["unknown", "healthy", "failing", "paused"]), name="probe_state_known"),
            models.CheckConstraint(
                condition=Q(every__gte=timedelta(seconds=1)) & Q(timeout_ms__gte=50) & Q(timeout_ms__lte=60_000), name="probe_pace"
            ),
            models.CheckConstraint(condition=Q(fail_after__gte=1), name="probe_has_a_threshold"),
            models.CheckConstraint(condition=~Q(state="failing") | Q(failing_since__isnull=False), name="probe_failing_says_since_when"),
        ]
        indexes = [models.Index(fields=["next_at"], name="probe_due", condition=~Q(state="paused"))]

    def __str__(self) -> str:
        return self.name

    def journal_label(self) -> str:
        """Its name."""
        return self.name

    def permission_path(self) -> str:
        """The unit of its part."""
        return self.part.unit.path

    @transition(field=state, source=[State.UNKNOWN, State.HEALTHY], target=State.FAILING)
    def fail(self, *, at: datetime) -> None:
        """So many failures in a row as the threshold says."""
        self.state_since = at

    @transition(field=state, source=[State.UNKNOWN, State.FAILING], target=State.HEALTHY)
    def recover(self, *, at: datetime) -> None:
        """It answers as it should."""
        self.state_since = at

    @transition(field=state, source=[State.UNKNOWN, State.HEALTHY, State.FAILING], target=State.PAUSED)
    def pause(self, *, at: datetime) -> None:
        """Nobody asks it until it is resumed."""
        self.state_since = at
        self.failures = 0
        self.failing_since = None
        self.last_is_ok = None

    @transition(field=state, source=State.PAUSED, target=State.UNKNOWN)
    def resume(self, *, at: datetime) -> None:
        """It is asked again."""
        self.state_since = at
        self.next_at = at
