"""What comes round: schedules and regular meetings of the plan."""

from datetime import datetime, timedelta

from contingency.plan.services.rounds import DEADLINE, rounds_ensure, rounds_remind
from kernel.deadlines import on_due
from kernel.models import Deadline
from kernel.sweeps import sweep


@on_due(DEADLINE, every=timedelta(seconds=30), queue="default")
def fire_rounds(due: list[Deadline], now: datetime) -> None:
    """Something that the plan wants done again is due, or still open a week later (PLN-02)."""
    rounds_remind(due, now)


@sweep("plan_rounds", every=timedelta(minutes=5), queue="default", oldest=lambda: None)
def plan_rounds() -> int:
    """What the plan in force wants done again has its round, whichever version of the console approved it."""
    return rounds_ensure()
