"""The app `response`."""

from django.utils.translation import gettext_lazy as _

from kernel.apps import RoomConfig


class ResponseConfig(RoomConfig):
    """The life of an incident."""

    name = "incidents.response"
    label = "response"
    verbose_name = _("Incidents")
