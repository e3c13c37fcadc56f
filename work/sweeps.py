"""What happens when a task's time is up."""

from datetime import datetime, timedelta

from kernel.deadlines import on_due
from kernel.models import Deadline
from work import services


@on_due(services.DUE, every=timedelta(seconds=5), queue="clocks")
def task_due(due: list[Deadline], now: datetime) -> None:
    """Not finished in time."""
    services.tasks_fall_due(due, now)
