"""What comes round: actions whose day has come."""

from datetime import datetime, timedelta

from incidents.reports.services.actions import DEADLINE, actions_overdue
from kernel.deadlines import on_due
from kernel.models import Deadline


@on_due(DEADLINE, every=timedelta(seconds=30), queue="default")
def fire_actions(due: list[Deadline], now: datetime) -> None:
    """An improvement action is not done in time (RPT-02)."""
    actions_overdue(due, now)
