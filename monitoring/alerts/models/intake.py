"""The bodies as they came, and those that we could not read."""

import zlib
from datetime import datetime
from typing import ClassVar

import pgtrigger
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from kernel.models import Stateful
from monitoring.alerts.models.sources import Source


class IntakeBody(models.Model):
    """One accepted body, byte for byte, as evidence and for replay. Written in the transaction of its alerts; kept for two weeks.

    `public_id` is made at the door: a body that is stored twice (a retry after a lost connection, the spool) is stored once.
    """

    id = models.BigAutoField(primary_key=True)
    public_id = models.UUIDField(unique=True)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)  # as of Alert
    format = models.CharField(max_length=20)
    received_at = models.DateTimeField()
    headers = models.JSONField(default=dict)
    sha256 = models.BinaryField()
    body = models.BinaryField()
    is_packed = models.BooleanField(default=False)
    alert_count = models.PositiveIntegerField()

    class Meta:
        db_table = "alerts_intake_body"
        indexes = [BrinIndex(fields=["received_at"], name="intake_body_received", pages_per_range=32)]

    def __str__(self) -> str:
        return str(self.public_id)

    def as_it_came(self) -> bytes:
        """The body, byte for byte."""
        return zlib.decompress(self.body) if self.is_packed else bytes(self.body)


class FailedIntake(Stateful):
    """A body, or a part of one, that was authenticated but could not be stored as alerts: the failed-intake inbox.

    The same body failing for the same reason again only counts up. `body` is empty where it was too large to keep.
    """

    journal_kind: ClassVar[str] = "failed_intake"
    journal_exclude: ClassVar[frozenset[str]] = frozenset({"body", "sha256", "headers"})

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        REPLAYED = "replayed", _("Replayed")
        DISCARDED = "discarded", _("Discarded")

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="failed_intakes")
    format = models.CharField(max_length=20)
    state = FSMField(choices=State.choices, default=State.WAITING, protected=True)
    code = models.CharField(max_length=40)
    detail = models.CharField(max_length=500)
    headers = models.JSONField(default=dict)
    size_bytes = models.PositiveBigIntegerField()
    sha256 = models.BinaryField()
    body = models.BinaryField(null=True)
    times_seen = models.PositiveIntegerField(default=1)
    received_at = models.DateTimeField()
    last_received_at = models.DateTimeField()
    replayed_at = models.DateTimeField(null=True)
    alert_count = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "alerts_failed_intake"
        triggers: ClassVar = [pgtrigger.FSM(name="legal_changes", field="state", transitions=[("waiting", "replayed"), ("waiting", "discarded")])]
        ordering: ClassVar[list[str]] = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["source", "sha256", "code"], name="failed_intake_waits_once", condition=Q(state="waiting")),
            models.CheckConstraint(condition=Q(state__in=["waiting", "replayed", "discarded"]), name="failed_intake_state_known"),
            models.CheckConstraint(condition=~Q(state="replayed") | Q(replayed_at__isnull=False), name="failed_intake_replayed_says_when"),
        ]
        indexes = [models.Index(fields=["-id"], name="failed_intake_waiting", condition=Q(state="waiting"))]

    def __str__(self) -> str:
        return f"{self.format}: {self.code}"

    def journal_label(self) -> str:
        """The source and what went wrong."""
        return f"{self.source.name}: {self.code}"

    @transition(field=state, source=State.WAITING, target=State.REPLAYED)
    def replay(self, *, at: datetime, alert_count: int) -> None:
        """After the mapping was mended it could be read: so many alerts came of it."""
        self.replayed_at = at
        self.alert_count = alert_count

    @transition(field=state, source=State.WAITING, target=State.DISCARDED)
    def discard(self) -> None:
        """Nothing in it worth an alert."""
