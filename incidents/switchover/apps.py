"""The app `switchover`."""

from kernel.apps import RoomConfig


class SwitchoverConfig(RoomConfig):
    """Outages, recovery clocks, switches."""

    name = "incidents.switchover"
    label = "switchover"
