"""Who is on duty now, and how to call them with one tap."""

from dataclasses import dataclass
from datetime import datetime

from contingency.org import selectors as org
from kernel.i18n import pick


@dataclass(frozen=True)
class OnDuty:
    """A person on duty."""

    name: str
    phone: str


@dataclass(frozen=True)
class Duty:
    """One roster now."""

    name: str
    people: list[OnDuty]
    until: datetime | None


def duty_now(at: datetime) -> list[Duty]:
    """Every roster with its people, by rank. Three queries."""
    found = org.on_duty_everywhere(at)
    points = org.contact_points_of([shift.user for _roster, shifts in found for shift in shifts])
    duties = []
    for roster, shifts in found:
        people = [
            OnDuty(pick(shift.user, "display_name"), next((point.address for point in points[shift.user_id] if point.kind == "phone"), ""))
            for shift in shifts
        ]
        duties.append(Duty(pick(roster, "name"), people, min((shift.ends_at for shift in shifts), default=None)))
    return duties
