"""Which alerts belong to which incident."""

from django.db import models
from django.db.models import Q


class IncidentAlert(models.Model):
    """One episode of an alert joined to an incident; written in bulk, so a storm costs one statement, not one entry each."""

    incident = models.ForeignKey("response.Incident", on_delete=models.PROTECT, related_name="joined_alerts")
    alert = models.ForeignKey("alerts.Alert", on_delete=models.PROTECT, related_name="+")
    joined_at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "response_incident_alert"
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(fields=["incident", "alert"], name="incident_alert_once"),
        ]
        indexes = [
            models.Index(fields=["incident"], name="incident_alert_firing", condition=Q(cleared_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} ← {self.alert_id}"
