"""App configuration."""

from django.utils.translation import gettext_lazy as _

from kernel.apps import RoomConfig


class NotifyConfig(RoomConfig):
    """Messages, pages, channels, fences."""

    name = "notify"
    label = "notify"
    verbose_name = _("Messages and pages")
