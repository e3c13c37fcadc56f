"""Improvement actions: owner, day, evidence, and what happens when the day has come (RPT-02)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from incidents.reports import services
from incidents.reports.models import Action, Report
from incidents.reports.selectors import action_list
from kernel import clock, deadlines
from kernel.errors import Invalid, InvalidTransition, NotFound, NotPermitted, ReasonRequired, Stale
from kernel.journal.relay import relay
from kernel.models import Entry
from notify.models import Message
from tests.incidents.response.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.req("RPT-02")]


@pytest.fixture
def report(world: World) -> Report:
    clock.allow_winding(True)
    world.resolved(grade="severe")
    relay()
    return Report.objects.get()


def add(report: Report, world: World, *, by: str = "lena", owner: str = "olga", days: float = 7, title: str = "A probe for locks") -> Action:
    due_at = clock.now() + timedelta(days=days)
    actor = world.actor(by)
    services.action_add(public_id=report.public_id, version=None, actor=actor, title=title, owner=world.users[owner].public_id, due_at=due_at)
    return Action.objects.latest("id")


def act(service: Any, action: Action, world: World, name: str, **inputs: Any) -> Action:
    action.refresh_from_db()
    made: Action = service(public_id=action.public_id, version=action.version, actor=world.actor(name), **inputs)
    return made


def names(action: Action) -> list[str]:
    return list(Entry.objects.filter(subject_id=str(action.public_id)).order_by("id").values_list("name", flat=True))


def test_an_action_has_an_owner_and_a_day_and_ends_with_evidence(report: Report, world: World) -> None:
    action = add(report, world)
    assert (action.state, action.owner, action.number[:4]) == ("open", world.users["olga"], "ACT-")
    done = act(services.action_done, action, world, "olga", evidence="probe 17 fires on a lock")
    assert (done.state, done.evidence) == ("done", "probe 17 fires on a lock")
    assert names(action) == ["incidents.action_added.v1", "incidents.action_done.v1"]
    with pytest.raises(InvalidTransition):
        act(services.action_done, action, world, "olga", evidence="again")


def test_the_database_refuses_done_without_evidence_and_dropped_without_reason(report: Report, world: World) -> None:
    action = add(report, world)
    for state in ("done", "dropped"):
        with pytest.raises(IntegrityError), transaction.atomic():
            Action.objects.filter(pk=action.pk).update(state=state, ended_at=clock.now())


def test_dropping_and_changing_need_a_reason_and_a_lead(report: Report, world: World) -> None:
    action = add(report, world)
    with pytest.raises(ReasonRequired):
        act(services.action_drop, action, world, "lena")
    with pytest.raises(NotPermitted):
        act(services.action_drop, action, world, "olga", reason="no time")
    with pytest.raises(ReasonRequired):
        act(services.action_change, action, world, "lena", owner=world.users["leo"].public_id)
    changed = act(services.action_change, action, world, "lena", owner=world.users["leo"].public_id, reason="Olga is away")
    assert changed.owner == world.users["leo"]
    assert act(services.action_drop, action, world, "lena", reason="the table is gone").state == "dropped"


@pytest.mark.parametrize("name", ["anton", "ada", "cyril", "sam", "dora"])
def test_who_may_not_write_reports_agrees_on_no_action(report: Report, world: World, name: str) -> None:
    with pytest.raises(NotPermitted):
        add(report, world, by=name)


def test_an_owner_of_whatever_role_sees_and_finishes_their_own_action_only(report: Report, world: World) -> None:
    mine, other = add(report, world, owner="sam"), add(report, world, owner="olga")
    assert list(action_list(world.actor("sam"))) == [mine]
    with pytest.raises(NotPermitted):
        act(services.action_done, other, world, "sam", evidence="x")
    assert act(services.action_done, mine, world, "sam", evidence="seen").state == "done"


def test_what_cannot_be_is_refused(report: Report, world: World) -> None:
    with pytest.raises(Invalid):
        add(report, world, days=-1)
    action = add(report, world)
    with pytest.raises(Stale):
        services.action_done(public_id=action.public_id, version=action.version + 1, actor=world.actor("olga"), evidence="x")
    with pytest.raises(NotFound):
        services.action_done(public_id=report.public_id, version=None, actor=world.actor("olga"), evidence="x")


def test_an_overdue_action_is_told_once_to_its_owner_and_to_who_agreed_on_it(report: Report, world: World) -> None:
    action = add(report, world, days=7)
    clock.wind(timedelta(days=7, minutes=1))
    for _turn in range(2):
        deadlines.sweep("action_due")
    action.refresh_from_db()
    assert action.is_overdue(clock.now())
    assert action.overdue_at is not None
    assert names(action).count("incidents.action_overdue.v1") == 1
    message = Message.objects.get(subject_id=action.public_id)
    assert message.text == "task-overdue"
    assert message.params["task"] == action.title
    assert list(action_list(world.actor("lena"), state="overdue")) == [action]


def test_a_later_day_puts_the_reminder_off_and_done_calls_it_off(report: Report, world: World) -> None:
    late, done = add(report, world, days=7), add(report, world, days=7)
    act(services.action_change, late, world, "lena", due_at=clock.now() + timedelta(days=30), reason="needs a release")
    act(services.action_done, done, world, "olga", evidence="seen")
    clock.wind(timedelta(days=8))
    deadlines.sweep("action_due")
    assert not Entry.objects.filter(name="incidents.action_overdue.v1").exists()
    clock.wind(timedelta(days=30))
    deadlines.sweep("action_due")
    assert names(late)[-1] == "incidents.action_overdue.v1"
    assert "incidents.action_overdue.v1" not in names(done)
