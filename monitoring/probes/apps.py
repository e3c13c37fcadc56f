"""The app `probes`."""

from django.utils.translation import gettext_lazy as _

from kernel.apps import RoomConfig


class ProbesConfig(RoomConfig):
    """Probes and series."""

    name = "monitoring.probes"
    label = "probes"
    verbose_name = _("Probes")
