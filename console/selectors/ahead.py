"""What people have to know before anybody has confirmed: which clock would run."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from contingency.catalog.models import Part
from contingency.plan.models import Clock
from contingency.plan.selectors import targets_for
from incidents.response.models import Incident
from incidents.response.models.states import State


@dataclass(frozen=True)
class Expected:
    """The first clock as confirming would start it: from the failure, so that it is running out already."""

    due_at: datetime
    target: timedelta
    left: timedelta

    @property
    def late(self) -> timedelta | None:
        """By how much it would be late already."""
        return -self.left if self.left < timedelta(0) else None


def expected_clocks(incidents: Iterable[Incident], now: datetime) -> dict[int, Expected]:
    """Incident → the clock it would get, for those that nobody has confirmed yet. One query per part."""
    targets: dict[int, timedelta | None] = {}
    found = {}
    for incident in incidents:
        if incident.state != State.DISCOVERED or not incident.part.stops_business:
            continue
        if incident.part_id not in targets:
            targets[incident.part_id] = _switchover_target(incident.part)
        target = targets[incident.part_id]
        if target is not None:
            due_at = incident.failing_since + target
            found[incident.pk] = Expected(due_at, target, due_at - now)
    return found


def _switchover_target(part: Part) -> timedelta | None:
    return next((target.target for target in targets_for(part) if target.clock == Clock.SWITCHOVER), None)
