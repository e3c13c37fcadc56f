"""Timers as rows: once, never early, whoever sweeps."""

import threading
import time
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from celery import current_app
from django.db import connection

from kernel import clock, deadlines, sweeps
from kernel.journal import Ref
from kernel.models import Deadline
from kernel.pokes import poke
from tests.harness.planner import plan_as_if_empty

KIND = "tests.tick"


@pytest.fixture
def fired(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Keys of the deadlines that fired, in order."""
    keys: list[str] = []

    def fire(due: list[Deadline], _now: datetime) -> None:
        if any(deadline.key == "bad" for deadline in due):
            raise ValueError("bad")
        keys.extend(deadline.key for deadline in due)

    monkeypatch.setitem(deadlines._handlers, KIND, fire)
    return keys


def thing() -> Ref:
    return Ref("thing", str(uuid4()), "T")


@pytest.mark.django_db
@pytest.mark.req("RTO-01")
def test_fires_when_due_by_the_databases_clock_and_once(fired: list[str]) -> None:
    deadlines.arm(kind=KIND, subject=thing(), key="50", due_at=clock.now() + timedelta(hours=1))
    assert deadlines.sweep(KIND) == 0
    clock.allow_winding(True)
    clock.wind(timedelta(hours=1))
    assert deadlines.sweep(KIND) == 1
    assert deadlines.sweep(KIND) == 0
    assert fired == ["50"]


@pytest.mark.django_db
def test_arming_twice_changes_nothing_and_cancelled_never_fires(fired: list[str]) -> None:
    subject = thing()
    first = deadlines.arm(kind=KIND, subject=subject, key="k", due_at=clock.now())
    again = deadlines.arm(kind=KIND, subject=subject, key="k", due_at=clock.now() + timedelta(days=1))
    assert again.due_at == first.due_at
    assert deadlines.cancel(kind=KIND, subject=subject) == 1
    assert deadlines.sweep(KIND) == 0
    assert fired == []


@pytest.mark.django_db
def test_one_bad_row_is_kept_and_retried_later_and_the_others_fire(fired: list[str]) -> None:
    for key in ("a", "bad", "b"):
        deadlines.arm(kind=KIND, subject=thing(), key=key, due_at=clock.now())
    deadlines.sweep(KIND)
    assert sorted(fired) == ["a", "b"]
    left = Deadline.objects.get(key="bad")
    assert left.fired_at is None
    assert left.attempts == 1
    assert left.next_try_at > left.due_at


@pytest.mark.django_db(transaction=True)
@pytest.mark.req("RTO-01")
def test_four_sweepers_at_once_fire_each_deadline_exactly_once(fired: list[str]) -> None:
    now = clock.now()
    deadlines.arm_many([Deadline(kind=KIND, subject_kind="thing", subject_id=uuid4(), key=str(n), due_at=now) for n in range(3000)])

    def sweep() -> None:
        deadlines.sweep(KIND)
        connection.close()

    threads: list[Any] = [threading.Thread(target=sweep) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fired) == 3000
    assert len(set(fired)) == 3000
    assert Deadline.objects.filter(kind=KIND, fired_at=None).count() == 0


@pytest.mark.django_db
def test_the_clock_cannot_be_wound_where_it_is_not_allowed() -> None:
    from kernel.errors import Conflict

    clock.allow_winding(False)
    with pytest.raises(Conflict):
        clock.wind(timedelta(seconds=1))
    assert clock.offset() == timedelta(0)


@pytest.mark.django_db
@pytest.mark.req("RTO-01")
def test_a_poked_worker_waits_for_what_is_about_to_fall_due(fired: list[str]) -> None:
    deadlines.arm(kind=KIND, subject=thing(), key="soon", due_at=clock.now() + timedelta(milliseconds=120))
    deadlines.arm(kind=KIND, subject=thing(), key="later", due_at=clock.now() + timedelta(minutes=10))
    assert deadlines.turn(KIND) == 1
    assert fired == ["soon"]
    assert deadlines.turn(KIND) == 0
    assert clock.now() < Deadline.objects.get(key="later").due_at  # for that one nobody waited
    row = Deadline.objects.get(key="soon")
    assert row.fired_at is not None
    assert row.fired_at >= row.due_at


@pytest.mark.django_db
def test_a_full_batch_calls_a_second_worker_and_goes_on(fired: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    monkeypatch.setattr(deadlines, "poke", called.append)
    now = clock.now()
    deadlines.arm_many([Deadline(kind=KIND, subject_kind="thing", subject_id=uuid4(), key="k", due_at=now) for _ in range(deadlines.BATCH + 3)])
    assert deadlines.turn(KIND) == deadlines.BATCH + 3
    assert called == [f"deadlines.{KIND}"]
    deadlines.arm(kind=KIND, subject=thing(), key="k", due_at=clock.now())
    assert deadlines.turn(KIND) == 1
    assert len(called) == 1


@pytest.mark.django_db
def test_a_batch_never_claims_more_than_its_limit_whatever_the_plan(fired: list[str]) -> None:
    now = clock.now()
    deadlines.arm_many([Deadline(kind=KIND, subject_kind="thing", subject_id=uuid4(), key="k", due_at=now) for _ in range(12)])
    plan_as_if_empty("kernel_deadline")
    assert [deadlines.fire_batch(KIND, limit=5) for _ in range(4)] == [5, 5, 2, 0]


def test_a_poke_that_no_broker_takes_is_no_error(settings: Any) -> None:
    broker = current_app.conf.broker_url
    current_app.conf.broker_url = "redis://127.0.0.1:1/0"
    try:
        poke("relay")
    finally:
        current_app.conf.broker_url = broker


def test_a_sweep_with_much_to_do_gives_way_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    left = iter([10] * 1000)

    def batch() -> int:
        time.sleep(sweeps.TURN_S / 2)
        return next(left)

    assert 10 <= sweeps.for_a_turn(batch) <= 30
    few = iter([5, 5, 0])
    assert sweeps.for_a_turn(lambda: next(few)) == 10
