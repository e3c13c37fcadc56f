"""What a ring says of a clock."""

from datetime import UTC, datetime, timedelta

from console.selectors.clocks import ring
from incidents.switchover.models import RecoveryClock

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOURS = timedelta(hours=2)


def clock(**fields):
    return RecoveryClock(kind="recovery", target=HOURS, **fields)


def test_a_clock_that_was_met_shows_what_it_took_even_if_that_was_nothing():
    for took in (timedelta(0), timedelta(minutes=7)):
        assert ring(clock(state="met", started_at=AT, stopped_at=AT + took), AT + HOURS).shown == took


def test_a_clock_that_waits_shows_its_target():
    assert ring(clock(state="waiting"), AT).shown == HOURS
