"""Tables of the alert intake."""

from monitoring.alerts.models.alerts import Alert, OrphanResolve
from monitoring.alerts.models.intake import FailedIntake, IntakeBody
from monitoring.alerts.models.search import AlertWords, AlertWordsDue
from monitoring.alerts.models.silences import Silence
from monitoring.alerts.models.sources import Heartbeat, IntakeStamp, Source, SourceKey

__all__ = [
    "Alert",
    "AlertWords",
    "AlertWordsDue",
    "FailedIntake",
    "Heartbeat",
    "IntakeBody",
    "IntakeStamp",
    "OrphanResolve",
    "Silence",
    "Source",
    "SourceKey",
]
