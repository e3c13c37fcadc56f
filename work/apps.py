"""App configuration."""

from django.utils.translation import gettext_lazy as _

from kernel.apps import RoomConfig


class WorkConfig(RoomConfig):
    """Task lists and tasks."""

    name = "work"
    label = "work"
    verbose_name = _("Work")
