"""The work that comes round: every sweep claims due rows until none is due, whoever calls it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from kernel import clock

Run = TypeVar("Run", bound=Callable[[], int])


@dataclass(frozen=True)
class Sweep:
    """One kind of due work.

    every: how often beat pokes it; queue: whose worker runs it; oldest: since when its oldest undone row is due (None:
    nothing is); late_after: from when the watchdog runs it itself.
    """

    name: str
    run: Callable[[], int]
    every: timedelta
    queue: str
    late_after: timedelta
    oldest: Callable[[], datetime | None]


_sweeps: dict[str, Sweep] = {}

TURN_S = 0.25  # how long a sweep with much to do keeps a worker process before the others have their turn


def register_sweep(sweep: Sweep) -> None:
    """Add a sweep to the table that beat, workers, watchdog and metrics share."""
    _sweeps[sweep.name] = sweep


def sweep(
    name: str, *, every: timedelta, queue: str, oldest: Callable[[], datetime | None], late_after: timedelta = timedelta(seconds=10)
) -> Callable[[Run], Run]:
    """Declare a function as a sweep. It returns how many rows it worked on, and is safe to run twice, late, in parallel."""

    def register(function: Run) -> Run:
        register_sweep(Sweep(name=name, run=function, every=every, queue=queue, late_after=late_after, oldest=oldest))
        return function

    return register


def for_a_turn(batch: Callable[[], int]) -> int:
    """Repeat until nothing is due or the turn is over; the next poke goes on. Returns how much was done."""
    done, began = 0, time.monotonic()
    while count := batch():
        done += count
        if time.monotonic() - began > TURN_S:
            break
    return done


def all_sweeps() -> list[Sweep]:
    """Every sweep, by name."""
    return [_sweeps[name] for name in sorted(_sweeps)]


def get(name: str) -> Sweep:
    """One sweep. Raises KeyError for an unknown name."""
    return _sweeps[name]


def run(name: str) -> int:
    """Run one sweep by name. Raises KeyError for an unknown one."""
    return _sweeps[name].run()


def lateness() -> dict[str, timedelta]:
    """For each sweep the age of its oldest undone row; zero when nothing is due. One query per sweep."""
    now = clock.now()
    ages = {}
    for item in all_sweeps():
        oldest = item.oldest()
        ages[item.name] = max(now - oldest, timedelta(0)) if oldest else timedelta(0)
    return ages


def late() -> list[Sweep]:
    """The sweeps whose oldest undone row is older than they promise."""
    ages = lateness()
    return [item for item in all_sweeps() if ages[item.name] > item.late_after]
