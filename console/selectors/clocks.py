"""Recovery clocks as rings: share used, time left, state by shape and word."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from incidents.switchover.models import RecoveryClock

NAMES = ("switchover", "recovery", "switchback")
MARKS = {  # drawn inside the ring, so that the state reads without colour
    "waiting": "M26 25v14M38 25v14",
    "running": "",
    "met": "M23 33l6 6 12-13",
    "breached": "M32 22v13M32 41v1",
    "met_late": "M20 33l5 5 9-11M42 24v10M42 40v1",
    "waived": "M22 42l20-20",
    "cancelled": "M24 24l16 16M40 24l-16 16",
}


@dataclass(frozen=True)
class Ring:
    """One clock, ready to be drawn."""

    clock: RecoveryClock
    title: str
    state: str
    word: str
    mark: str
    share: float
    left: timedelta | None
    shown: timedelta
    note: str
    level: str

    @property
    def runs(self) -> bool:
        """Whether it counts now."""
        return self.left is not None

    @property
    def late(self) -> timedelta | None:
        """By how much it is late already."""
        return -self.left if self.left is not None and self.left < timedelta(0) else None


def title_of(kind: str) -> str:
    """What the business reads, not what the machine counts; where it is to come, not a claim that it has come."""
    return {"switchover": _("Onto the standby"), "recovery": _("Business normal"), "switchback": _("Back on the primary")}.get(kind, kind)


def ring(clock: RecoveryClock, now: datetime) -> Ring:
    """A clock at this moment."""
    seconds = clock.seconds_left(now)
    left = None if seconds is None else timedelta(seconds=seconds)
    share = 0.0
    if left is not None:
        share = 1 - left / clock.target
    elif clock.state in ("met", "met_late") and clock.started_at and clock.stopped_at:
        share = (clock.stopped_at - clock.started_at) / clock.target
    taken = clock.stopped_at - clock.started_at if clock.stopped_at and clock.started_at else None
    return Ring(
        clock=clock,
        title=title_of(clock.kind),
        state=clock.state,
        word=clock.state_label(),
        mark=MARKS.get(clock.state, ""),
        share=min(1.0, max(0.0, share)),
        left=left,
        shown=next(span for span in (left, taken, clock.target) if span is not None),
        note=_note(clock, taken),
        level=next((str(percent) for percent in (95, 80, 50) if left is not None and share * 100 >= percent), ""),
    )


def _note(clock: RecoveryClock, taken: timedelta | None) -> str:
    if clock.state == "waiting":
        return {"recovery": _("starts with the switch"), "switchback": _("starts with the repair")}.get(clock.kind, _("waits"))
    if clock.state in ("met", "met_late"):
        return _("that is how long it took; proved by evidence")
    return {
        "waived": _("given up by two persons, with a reason"),
        "cancelled": _("nothing to count"),
        "breached": _("the target is used up; it counts on"),
    }.get(clock.state, "")


def rings(clocks: list[RecoveryClock], now: datetime) -> list[Ring]:
    """In the order in which they start."""
    return [ring(clock, now) for clock in sorted(clocks, key=lambda clock: NAMES.index(clock.kind))]


def most_urgent(shown: list[Ring]) -> Ring | None:
    """The running clock with the least time left."""
    running = [item for item in shown if item.left is not None]
    return min(running, key=lambda item: item.left or timedelta(0)) if running else None
