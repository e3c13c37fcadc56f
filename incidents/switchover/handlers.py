"""What falls due and what is heard."""

from datetime import datetime, timedelta

from incidents.switchover import services
from kernel.deadlines import on_due
from kernel.models import Deadline


@on_due("recovery_clock", every=timedelta(milliseconds=250))
def recovery_clock_due(due: list[Deadline], now: datetime) -> None:
    """Thresholds of recovery clocks: 50, 80, 95 % warn, 100 % is the breach."""
    services.clock_deadlines_fire(due, now)
