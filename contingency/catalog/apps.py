"""App configuration."""

from django.utils.translation import gettext_lazy as _

from kernel.apps import RoomConfig


class CatalogConfig(RoomConfig):
    """Guarded parts and the fault taxonomy."""

    name = "contingency.catalog"
    label = "catalog"
    verbose_name = _("Catalogue")
