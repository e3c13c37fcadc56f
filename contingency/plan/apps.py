"""App configuration."""

from django.utils.translation import gettext_lazy as _

from kernel.apps import RoomConfig


class PlanConfig(RoomConfig):
    """The contingency plan."""

    name = "contingency.plan"
    label = "plan"
    verbose_name = _("Plan")
