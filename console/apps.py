"""App configuration of the console."""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from kernel.apps import RoomConfig


class ConsoleConfig(RoomConfig):
    """Screens, REST, live feed."""

    name = "console"
    label = "console"

    def ready(self) -> None:
        """Also refuse a rule about second factors that names no role: it would silently protect nobody."""
        super().ready()
        from contingency.org.roles import POSITION_ROLES

        if unknown := set(settings.SECOND_FACTOR_ROLES) - {*POSITION_ROLES, "all"}:
            raise ImproperlyConfigured(f"SECOND_FACTOR_ROLES names {', '.join(sorted(unknown))}; there are: {', '.join(POSITION_ROLES)}, and “all”.")
