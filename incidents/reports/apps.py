"""The app `reports`."""

from django.utils.translation import gettext_lazy as _

from kernel.apps import RoomConfig


class ReportsConfig(RoomConfig):
    """What is learned from incidents."""

    name = "incidents.reports"
    label = "reports"
    verbose_name = _("Reports")
