"""What comes round: updates that are due."""

from datetime import datetime

from incidents.response.services import updates_overdue
from kernel.deadlines import on_due
from kernel.models import Deadline


@on_due("update_due")
def fire_updates(due: list[Deadline], now: datetime) -> None:
    """The time to the next update is over (COM-03)."""
    updates_overdue(due, now)
