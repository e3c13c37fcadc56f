"""App configuration of the console."""

from kernel.apps import RoomConfig


class ConsoleConfig(RoomConfig):
    """Screens, REST, live feed."""

    name = "console"
    label = "console"
