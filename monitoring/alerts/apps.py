"""The app `alerts`."""

from django.utils.translation import gettext_lazy as _

from kernel.apps import RoomConfig


class AlertsConfig(RoomConfig):
    """Intake, alerts, silences, heartbeats."""

    name = "monitoring.alerts"
    label = "alerts"
    verbose_name = _("Alerts")
