"""A timer is a row."""

import uuid

from django.db import models
from django.db.models import F, Q


class Deadline(models.Model):
    """Something falls due at `due_at` for one record. Fired or cancelled once; a newer generation replaces an older."""

    public_id = models.UUIDField(default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=40)
    subject_kind = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    key = models.CharField(max_length=40)
    generation = models.PositiveIntegerField(default=1)
    payload = models.JSONField(default=dict)
    due_at = models.DateTimeField()
    next_try_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)
    fired_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "kernel_deadline"
        constraints = [
            models.UniqueConstraint(fields=["kind", "subject_id", "key", "generation"], name="deadline_once"),
            models.CheckConstraint(condition=Q(fired_at=None) | Q(cancelled_at=None), name="deadline_fired_or_cancelled"),
            models.CheckConstraint(condition=Q(fired_at=None) | Q(fired_at__gte=F("due_at")), name="deadline_never_early"),
        ]
        indexes = [
            models.Index(fields=["kind", "next_try_at"], name="deadline_due", condition=Q(fired_at=None, cancelled_at=None)),
            models.Index(fields=["subject_id", "kind"], name="deadline_of_subject"),
        ]
