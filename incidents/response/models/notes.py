"""What people write during an incident."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Note(models.Model):
    """A remark, a decision, or an update for those who wait. Never edited: a correction is another note."""

    class Kind(models.TextChoices):
        NOTE = "note", _("Note")
        DECISION = "decision", _("Decision")
        UPDATE = "update", _("Update")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    incident = models.ForeignKey("response.Incident", on_delete=models.PROTECT, related_name="notes")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    body = models.TextField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    author_label = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        db_table = "response_note"
        ordering = ("id",)
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["note", "decision", "update"]), name="note_kind_known"),
            models.CheckConstraint(condition=~Q(body=""), name="note_not_empty"),
        ]
        indexes = [models.Index(fields=["incident", "-id"], name="note_of_incident")]

    def __str__(self) -> str:
        return f"{self.kind} by {self.author_label}"
