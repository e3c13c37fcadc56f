"""Use cases of the alert intake."""

from monitoring.alerts.services.alerts import alert_acknowledge, alert_resolve
from monitoring.alerts.services.intake import intake_store
from monitoring.alerts.services.silences import silence_create, silence_end
from monitoring.alerts.services.sources import source_create, url_for

__all__ = ["alert_acknowledge", "alert_resolve", "intake_store", "silence_create", "silence_end", "source_create", "url_for"]
