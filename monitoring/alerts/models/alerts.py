"""One row per episode of an alert."""

from datetime import datetime
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from contingency.catalog.models import FaultClass, FaultKind, Part
from kernel.models import Stateful
from monitoring.alerts.models.search import NOTED_FOR_SEARCH
from monitoring.alerts.models.sources import Source

OPEN_STATES = ("firing", "acknowledged")
# What the database lets pass; the intake changes states in statements of its own, so this is the last word.
CHANGES = [("firing", "acknowledged"), ("firing", "resolved"), ("acknowledged", "resolved"), ("resolved", "firing")]


class Alert(Stateful):
    """One episode of one alert: from its start until the sender says it is over, or stops repeating it, or a person ends it.

    Identity is (source, dedup key), an episode is (identity, start). The intake writes these rows in multi-row statements
    of its own (`services/intake.py`); people and sweeps move them by the methods below. *Suppressed* is no state: it is read
    from the silences in force. `times_seen` counts how often it was told as firing, the first time too.
    """

    journal_kind: ClassVar[str] = "alert"
    journal_exclude: ClassVar[frozenset[str]] = frozenset({"labels", "annotations", "description"})

    class State(models.TextChoices):
        FIRING = "firing", _("Firing")
        ACKNOWLEDGED = "acknowledged", _("Acknowledged")
        RESOLVED = "resolved", _("Resolved")

    class ResolvedBy(models.TextChoices):
        SENDER = "sender", _("The sender")
        GROUP = "group", _("The end of its group")
        EXPIRED = "expired", _("No repetition")
        SUPERSEDED = "superseded", _("A newer episode")
        PERSON = "person", _("A person")

    # Without a constraint in the database: a source cannot be deleted (trigger), and the check of each row would lock the one
    # row of a busy source for all writers at once.
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="alerts", db_index=False, db_constraint=False)
    dedup_key = models.CharField(max_length=255)
    episode_start = models.DateTimeField()
    state = FSMField(choices=State.choices, default=State.FIRING, protected=True)
    severity = models.CharField(max_length=10, choices=Source.Severity.choices)
    summary = models.CharField(max_length=1100)
    description = models.TextField(blank=True)
    labels = models.JSONField(default=dict)
    annotations = models.JSONField(default=dict)
    part = models.ForeignKey(Part, null=True, blank=True, on_delete=models.PROTECT, related_name="alerts", db_index=False)
    fault_class = models.CharField(max_length=10, choices=FaultClass.choices, blank=True)
    fault_kind = models.ForeignKey(FaultKind, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    opens_incident = models.BooleanField(default=False)
    times_seen = models.PositiveBigIntegerField(default=0)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    group_key = models.CharField(max_length=255, blank=True)
    is_group_cut = models.BooleanField(default=False)  # a message of its group left alerts out: the end of the group ends it
    generator_url = models.CharField(max_length=2000, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.CharField(max_length=12, choices=ResolvedBy.choices, blank=True)
    resolve_told_at = models.DateTimeField(null=True, blank=True)  # the latest end that the sender told, by its own clock
    refires = models.PositiveIntegerField(default=0)  # how many episodes of the same alert came shortly one after another
    is_flapping = models.BooleanField(default=False)
    announced_at = models.DateTimeField(null=True, blank=True)  # when the journal last told of this alert's firing
    announce_at = models.DateTimeField(null=True, blank=True)  # flapping: held back until then, and told if it still fires

    class Meta:
        db_table = "alerts_alert"
        triggers: ClassVar = [pgtrigger.FSM(name="legal_changes", field="state", transitions=CHANGES), *NOTED_FOR_SEARCH]
        ordering: ClassVar[list[str]] = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["source", "dedup_key", "episode_start"], name="alert_one_per_episode"),
            models.UniqueConstraint(fields=["source", "dedup_key"], name="alert_one_open_per_identity", condition=Q(state__in=OPEN_STATES)),
            models.CheckConstraint(condition=Q(state__in=["firing", "acknowledged", "resolved"]), name="alert_state_known"),
            models.CheckConstraint(condition=Q(severity__in=["critical", "error", "warning", "info"]), name="alert_severity_known"),
            models.CheckConstraint(
                condition=(Q(state="resolved") & Q(resolved_at__isnull=False) & ~Q(resolved_by=""))
                | (~Q(state="resolved") & Q(resolved_at__isnull=True) & Q(resolved_by="")),
                name="alert_resolved_says_when_and_by_whom",
            ),
            models.CheckConstraint(condition=~Q(dedup_key=""), name="alert_has_a_key"),
            models.CheckConstraint(condition=Q(part__isnull=False) | Q(opens_incident=False), name="alert_unrouted_opens_nothing"),
        ]
        indexes = [
            models.Index(fields=["expires_at"], name="alert_expiring", condition=Q(state__in=OPEN_STATES, expires_at__isnull=False)),
            models.Index(fields=["source", "group_key"], name="alert_open_in_group", condition=Q(state__in=OPEN_STATES) & ~Q(group_key="")),
            models.Index(fields=["part", "-id"], name="alert_of_part", condition=Q(part__isnull=False)),
            models.Index(fields=["-id"], name="alert_unrouted", condition=Q(part__isnull=True)),
            models.Index(fields=["state", "-id"], name="alert_by_state"),
            models.Index(fields=["announce_at"], name="alert_held_back", condition=Q(announce_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.summary

    @property
    def started_at(self) -> datetime:
        """When it began; by our clock where the sender's says a time that has not come yet."""
        return min(self.episode_start, self.first_seen_at)

    @property
    def is_open(self) -> bool:
        """Whether it still fires as far as we know."""
        return self.state in OPEN_STATES

    def journal_label(self) -> str:
        """What it says."""
        return self.summary[:120]

    def permission_path(self) -> str:
        """The unit of the part it is routed to; unrouted ones are everybody's."""
        return self.part.unit.path if self.part_id and self.part else ""

    @transition(field=state, source=State.FIRING, target=State.ACKNOWLEDGED)
    def acknowledge(self, *, at: datetime) -> None:
        """Somebody has seen it."""
        self.acknowledged_at = at

    @transition(field=state, source=[State.FIRING, State.ACKNOWLEDGED], target=State.RESOLVED)
    def resolve(self, *, at: datetime, by: str) -> None:
        """It is over. Resolving an alert never resolves an incident."""
        self.resolved_at = at
        self.resolved_by = by
        self.expires_at = None
        self.announce_at = None

    @transition(field=state, source=State.RESOLVED, target=State.FIRING)
    def go_on(self) -> None:
        """It had only not been repeated in time, and is repeated after all."""
        self.resolved_at = None
        self.resolved_by = ""


class OrphanResolve(models.Model):
    """The end of an alert that never reached us: kept, because it beats the older trigger should that still come.

    `episode_start`: which episode it ended, where the sender said so. One row per alert; the latest end counts.
    """

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="+", db_index=False)
    dedup_key = models.CharField(max_length=255)
    episode_start = models.DateTimeField(null=True)
    ended_at = models.DateTimeField()
    received_at = models.DateTimeField()
    times_seen = models.PositiveIntegerField(default=1)

    class Meta:
        db_table = "alerts_orphan_resolve"
        ordering: ClassVar[list[str]] = ["-id"]
        constraints = [models.UniqueConstraint(fields=["source", "dedup_key"], name="orphan_resolve_one_per_identity")]
        indexes = [models.Index(fields=["received_at"], name="orphan_resolve_received")]

    def __str__(self) -> str:
        return self.dedup_key
