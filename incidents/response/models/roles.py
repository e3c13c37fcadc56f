"""Who does what in one incident."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from contingency.plan.models import ResponseRole


class IncidentRole(models.Model):
    """INC-03: a role held by one person from–to. A hand-over ends one row and begins the next."""

    journal_kind: ClassVar[str] = "incident_role"
    Role = ResponseRole

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    incident = models.ForeignKey("response.Incident", on_delete=models.PROTECT, related_name="roles")
    role = models.CharField(max_length=20, choices=ResponseRole.choices)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    assigned_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    note = models.TextField(blank=True)

    class Meta:
        db_table = "response_incident_role"
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(fields=["incident", "role"], name="incident_role_one_holder", condition=Q(ended_at=None)),
            models.CheckConstraint(condition=Q(role__in=ResponseRole.values), name="incident_role_known"),
            models.CheckConstraint(condition=Q(ended_at=None) | Q(ended_at__gte=F("assigned_at")), name="incident_role_ends_after_start"),
            models.CheckConstraint(
                condition=Q(acknowledged_at=None) | Q(acknowledged_at__gte=F("assigned_at")), name="incident_role_answered_after_start"
            ),
        ]
        indexes = [models.Index(fields=["user"], name="incident_role_held", condition=Q(ended_at=None))]

    def __str__(self) -> str:
        return f"{self.role}: {self.user_id}"

    def journal_label(self) -> str:
        """The incident's number; which role it is, the sentence says in the reader's language."""
        return self.incident.number

    def permission_path(self) -> str:
        """The incident's unit."""
        return self.incident.permission_path()
