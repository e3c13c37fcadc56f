"""App configuration shared by all rooms."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.db import connection
from django.db.models.signals import post_migrate

ROOM_MODULES = ("records", "moves", "sentences", "handlers", "sweeps", "own_sweeps")


class RoomConfig(AppConfig):
    """Base of every room's AppConfig: loads the modules that register themselves with the kernel."""

    # Django sees two candidates in every room's apps.py, this import and the room's own, and would take neither.
    default = False
    default_auto_field = "django.db.models.BigAutoField"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """A room's own configuration is the one to use."""
        super().__init_subclass__(**kwargs)
        cls.default = True

    def ready(self) -> None:
        """Import records, moves, sentences, handlers and sweeps where the room has them."""
        for module in ROOM_MODULES:
            name = f"{self.name}.{module}"
            if find_spec(name) is not None:
                import_module(name)


class KernelConfig(RoomConfig):
    """The kernel itself."""

    name = "kernel"
    label = "kernel"

    def ready(self) -> None:
        """Also keep the clock's one row, and whether this installation's clock may be wound."""
        super().ready()
        post_migrate.connect(keep_clock, sender=self)


def keep_clock(**_: Any) -> None:
    """After each migrate: the clock's row is there and follows the setting CLOCK_MAY_BE_WOUND."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO kernel_clock (id, wound_by, windable) VALUES (1, interval '0', %s)"
            " ON CONFLICT (id) DO UPDATE SET windable = excluded.windable",
            [settings.CLOCK_MAY_BE_WOUND],
        )
