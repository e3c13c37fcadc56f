"""App configuration."""

from django.utils.translation import gettext_lazy as _

from kernel.apps import RoomConfig


class OrgConfig(RoomConfig):
    """People, positions, groups, rosters."""

    name = "contingency.org"
    label = "org"
    verbose_name = _("Organisation")
