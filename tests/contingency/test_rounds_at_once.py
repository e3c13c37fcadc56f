"""Two at once: on one round, and on a round whose schedule the plan is just dropping (PLN-02)."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Event, Thread
from time import sleep
from typing import Any

import pytest
from django.db import connection

from contingency.org.models import User
from contingency.plan import services
from contingency.plan.models import Round
from contingency.plan.services.rounds import rounds_follow
from kernel.errors import InvalidTransition, Stale

from .conftest import entries
from .test_plan_versions import act, edited, load
from .test_rounds import WEEKLY, close, open_round, without

pytestmark = pytest.mark.req("PLN-02")


def at_once(*calls: Callable[[], Any]) -> list[BaseException]:
    start, failures = Barrier(len(calls)), []

    def run(call: Callable[[], Any]) -> None:
        start.wait()
        try:
            call()
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


@pytest.mark.attack
@pytest.mark.django_db(transaction=True)
def test_two_who_close_it_at_once_leave_one_next_round():
    from contingency.plan.demo import demo_company_create

    demo_company_create(weeks=1)
    users = {user.username: user for user in User.objects.all()}
    row = open_round()
    failures = at_once(*(lambda name=name: close(users, row, name) for name in ("chen.yu", "zhao.min", "zhou.hong", "chen.yu")))
    assert [type(failure) for failure in failures] == [Stale] * 3
    assert Round.objects.filter(schedule__slug=WEEKLY).count() == 2
    assert len(entries("plan.round_done.v1")) == 1


@pytest.mark.attack
@pytest.mark.django_db(transaction=True)
def test_closing_while_the_plan_drops_it_leaves_nothing_open(monkeypatch):
    """In the middle of an approval, with positions and schedules locked: the one who closes waits and is refused; no deadlock, and no
    round of what the plan no longer has."""
    from contingency.plan.demo import demo_company_create

    demo_company_create(weeks=1)
    users = {user.username: user for user in User.objects.all()}
    version = load(users, without(edited(), "schedules", WEEKLY, "planned-switch"))
    version = services.plan_submit(public_id=version.public_id, version=None, actor=act(users, "zhao.min"))
    row, actor, in_the_middle = open_round(), act(users, "chen.yu"), Event()

    def follow(**given: Any) -> None:
        in_the_middle.set()
        sleep(0.5)  # time for the other to try
        rounds_follow(**given)

    def close_it() -> None:
        assert in_the_middle.wait(20)
        services.round_done(public_id=row.public_id, version=None, actor=actor, note="All well.")

    monkeypatch.setattr("contingency.plan.services.versions.rounds_follow", follow)
    failures = at_once(lambda: services.plan_approve(public_id=version.public_id, version=None, actor=act(users, "zhou.hong")), close_it)
    assert [type(failure) for failure in failures] == [InvalidTransition]
    assert not Round.objects.filter(schedule__slug=WEEKLY, state="due").exists()
