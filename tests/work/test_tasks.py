"""Work from a playbook: who, by when, how one can tell, and what if not in time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from pytest_django import DjangoAssertNumQueries

from contingency.org import selectors as org
from contingency.org.models import User
from contingency.plan.models import Playbook, PlaybookStep
from kernel import clock, deadlines, journal, moves, permissions, records
from kernel.actors import SYSTEM, Actor
from kernel.errors import Conflict, Invalid, InvalidTransition, NotFound, NotPermitted, ReasonRequired, Stale
from kernel.journal import Ref
from kernel.models import Deadline, Entry
from notify.models import Delivery
from tests.harness.still import clock_stands_still
from work import selectors, services
from work.models import Task, TaskList

Make = Callable[..., User]
pytestmark = pytest.mark.django_db


def incident() -> Ref:
    return Ref("incident", str(uuid4()), "INC-2026-0042")


def lead_of(user: User) -> Actor:
    return Actor(kind="person", id=str(user.public_id), label=user.display_name, user_id=user.pk, holdings=frozenset({("team_lead", "/")}))


def start(playbook: Playbook, **owners: User) -> tuple[Ref, dict[str, Task]]:
    """Start the playbook; owners by role."""
    subject = incident()
    services.task_list_start(subject=subject, playbook=playbook, owner_of=lambda step: owners.get(step.role), actor=SYSTEM)
    return subject, {task.slug: task for task in Task.objects.all()}


def pass_time(delta: timedelta) -> None:
    clock.allow_winding(True)
    clock.wind(delta)
    deadlines.sweep(services.DUE)


@pytest.mark.req("INC-04")
def test_a_playbook_becomes_tasks_with_owner_texts_and_time_on_two_tracks(person: Make, playbook: Playbook) -> None:
    tech, business = person("Tech"), person("Business")
    subject, tasks = start(playbook, technical_lead=tech, business_lead=business)
    technical, of_business = selectors.tasks_of(subject)
    assert [task.slug for task in technical.tasks] == ["check-log", "restart", "verify"]
    assert [task.slug for task in of_business.tasks] == ["tell-shops"]
    began = TaskList.objects.get().started_at
    minutes = {slug: (task.due_at - began).total_seconds() / 60 for slug, task in tasks.items()}
    assert minutes == {"check-log": 5, "restart": 15, "verify": 35, "tell-shops": 15}
    assert {slug: task.owner for slug, task in tasks.items()} == {"check-log": tech, "restart": tech, "verify": None, "tell-shops": business}
    assert (tasks["restart"].success_en, tasks["restart"].success_zh) == ("success restart en", "success restart zh")
    assert [entry.payload["tasks"] for entry in journal.timeline(subject)] == [4]


@pytest.mark.req("INC-04")
def test_changing_the_plan_does_not_change_work_that_has_begun(playbook: Playbook) -> None:
    _subject, tasks = start(playbook)
    PlaybookStep.objects.update(name_en="changed", expected_minutes=1)
    playbook.steps.all().delete()
    task = Task.objects.get(slug="restart")
    assert (task.name_en, task.due_at) == ("name restart en", tasks["restart"].due_at)


def test_the_same_playbook_twice_for_a_record_changes_nothing(playbook: Playbook) -> None:
    subject, _tasks = start(playbook)
    services.task_list_start(subject=subject, playbook=playbook, owner_of=lambda step: None, actor=SYSTEM)
    assert (TaskList.objects.count(), Task.objects.count(), Deadline.objects.count()) == (1, 4, 4)


@pytest.mark.req("INC-04")
def test_a_task_is_begun_and_done_and_leaves_its_trace(person: Make, playbook: Playbook) -> None:
    tech = person("Tech")
    subject, tasks = start(playbook, technical_lead=tech)
    actor = org.actor_of_user(tech)
    begun = services.task_start(public_id=tasks["check-log"].public_id, version=1, actor=actor)
    assert (begun.state, begun.owner) == ("started", tech)
    done = services.task_done(public_id=begun.public_id, version=begun.version, actor=actor)
    assert done.state == "done"
    names = [entry.name for entry in journal.timeline(subject)]
    assert names == ["work.task_list_started.v1", "work.task_started.v1", "work.task_done.v1"]
    assert deadlines.armed_of(done, services.DUE) == []
    assert selectors.unfinished_count(subject) == 3


@pytest.mark.req("INC-04")
def test_a_step_that_can_do_harm_is_done_only_with_evidence(person: Make, playbook: Playbook) -> None:
    tech = person("Tech")
    _subject, tasks = start(playbook, technical_lead=tech)
    actor = org.actor_of_user(tech)
    for nothing in ("", "   "):
        with pytest.raises(Invalid):
            services.task_done(public_id=tasks["restart"].public_id, version=None, actor=actor, evidence=nothing)
    assert Task.objects.get(slug="restart").state == "open"
    services.task_done(public_id=tasks["restart"].public_id, version=None, actor=actor, evidence="log clean, 200 orders a minute")
    assert Entry.objects.get(name="work.task_done.v1").payload["evidence"] == "log clean, 200 orders a minute"
    with pytest.raises(IntegrityError), transaction.atomic():
        Task.objects.filter(slug="restart").update(evidence="")  # the database is the referee


@pytest.mark.req("INC-04")
def test_skipping_needs_a_reason_and_somebody_who_may(person: Make, playbook: Playbook) -> None:
    tech, engineer = person("Tech"), person("Engineer")
    _subject, tasks = start(playbook, technical_lead=tech)
    task = tasks["check-log"]
    with pytest.raises(ReasonRequired):
        services.task_skip(public_id=task.public_id, version=None, actor=org.actor_of_user(tech), reason=" ")
    other = Actor(kind="person", id="e", label="E", user_id=engineer.pk, holdings=frozenset({("ops_engineer", "/")}))
    with pytest.raises(NotPermitted):
        services.task_skip(public_id=task.public_id, version=None, actor=other, reason="not needed")
    skipped = services.task_skip(public_id=task.public_id, version=None, actor=org.actor_of_user(tech), reason="no database here")
    assert (skipped.state, skipped.skip_reason) == ("skipped", "no database here")
    with pytest.raises(InvalidTransition):
        services.task_start(public_id=task.public_id, version=None, actor=org.actor_of_user(tech))


def test_a_finished_task_can_be_reopened_and_its_time_begins_anew(person: Make, playbook: Playbook) -> None:
    tech = person("Tech")
    _subject, tasks = start(playbook, technical_lead=tech)
    actor = org.actor_of_user(tech)
    done = services.task_done(public_id=tasks["check-log"].public_id, version=None, actor=actor)
    pass_time(timedelta(minutes=30))
    again = services.task_reopen(public_id=done.public_id, version=None, actor=actor, reason="it came back")
    assert again.state == "open"
    assert again.due_at - clock.now() > timedelta(minutes=4)
    pass_time(timedelta(minutes=5))
    assert Task.objects.get(slug="check-log").overdue_at is not None


@pytest.mark.req("INC-04")
def test_a_task_is_given_to_somebody_else_who_is_told(person: Make, playbook: Playbook) -> None:
    tech, other = person("Tech"), person("Other")
    _subject, tasks = start(playbook, technical_lead=tech)
    task = tasks["restart"]
    given = services.task_reassign(public_id=task.public_id, version=1, actor=lead_of(tech), owner=other.public_id)
    assert (given.owner, given.state) == (other, "open")
    assert list(Delivery.objects.values_list("user", flat=True)) == [other.pk]
    with pytest.raises(Stale):
        services.task_reassign(public_id=task.public_id, version=1, actor=lead_of(tech), owner=tech.public_id)
    with pytest.raises(Conflict):
        services.task_reassign(public_id=task.public_id, version=None, actor=lead_of(tech), owner=other.public_id)
    with pytest.raises(Invalid):
        services.task_reassign(public_id=task.public_id, version=None, actor=lead_of(tech), owner=uuid4())
    services.task_start(public_id=task.public_id, version=None, actor=org.actor_of_user(other))
    with pytest.raises(NotPermitted):
        services.task_start(public_id=tasks["verify"].public_id, version=None, actor=org.actor_of_user(other))


def test_a_task_that_nobody_has_becomes_the_beginners(person: Make, playbook: Playbook) -> None:
    tech = person("Tech")
    _subject, tasks = start(playbook)
    begun = services.task_start(public_id=tasks["verify"].public_id, version=None, actor=lead_of(tech))
    assert begun.owner == tech


@pytest.mark.req("INC-04")
def test_what_is_not_finished_in_time_is_recorded_once_and_its_owner_is_told_once(person: Make, playbook: Playbook) -> None:
    clock_stands_still()
    tech, business = person("Tech"), person("Business")
    subject, tasks = start(playbook, technical_lead=tech, business_lead=business)
    services.task_done(public_id=tasks["check-log"].public_id, version=None, actor=org.actor_of_user(tech))
    pass_time(timedelta(minutes=14, seconds=59))
    assert not Entry.objects.filter(name="work.task_overdue.v1").exists()
    pass_time(timedelta(seconds=1))
    overdue = Entry.objects.filter(name="work.task_overdue.v1", links__record_id=subject.id)
    assert {entry.subject_label for entry in overdue} == {"name restart en · name restart zh", "name tell-shops en · name tell-shops zh"}
    assert sorted(Delivery.objects.values_list("user__display_name", flat=True)) == ["Business", "Tech"]
    pass_time(timedelta(hours=5))
    assert Entry.objects.filter(name="work.task_overdue.v1").count() == 3
    assert Delivery.objects.count() == 2  # the last one belongs to nobody
    assert [task.slug for task in selectors.overdue_tasks(clock.now())] == ["tell-shops", "restart", "verify"]
    done = services.task_done(public_id=tasks["restart"].public_id, version=None, actor=org.actor_of_user(tech), evidence="up")
    assert Entry.objects.get(name="work.task_done.v1", subject_id=done.public_id).payload["late"] is True


def test_a_storm_of_overdue_tasks_is_one_message_per_owner(person: Make, playbook: Playbook) -> None:
    tech = person("Tech")
    for _ in range(5):
        start(playbook, technical_lead=tech, business_lead=tech, scribe=tech)
    pass_time(timedelta(hours=1))
    assert Entry.objects.filter(name="work.task_overdue.v1").count() == 20
    assert Delivery.objects.count() == 1


def test_lists_show_ones_own_and_ones_units_tasks_only(person: Make, playbook: Playbook, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    tech, stranger = person("Tech"), person("Stranger")
    subject, tasks = start(playbook, technical_lead=tech)
    TaskList.objects.update(unit_path="/technology/operations/")
    mine = org.actor_of_user(tech)
    assert {task.slug for task in selectors.task_list_for(mine)} == {"check-log", "restart"}
    assert selectors.task_list_for(org.actor_of_user(stranger)).count() == 0
    here = Actor(kind="person", id="h", label="H", user_id=stranger.pk, holdings=frozenset({("ops_engineer", "/technology/")}))
    elsewhere = Actor(kind="person", id="x", label="X", user_id=stranger.pk, holdings=frozenset({("ops_engineer", "/business/")}))
    assert selectors.task_list_for(here, subject=subject.id, state="open", track="technical").count() == 3
    assert selectors.task_list_for(elsewhere).count() == 0
    assert selectors.task_list_for(here, subject="nonsense").count() == 0
    with pytest.raises(NotFound):
        records.fetch("task", elsewhere, tasks["restart"].public_id)
    with django_assert_num_queries(1):
        shown = [records.get("task").output(task) for task in selectors.task_list_for(here)]
    assert shown[0]["name"] == {"en": "name verify en", "zh": "name verify zh"}
    with django_assert_num_queries(1):
        selectors.tasks_of(subject)


@pytest.mark.parametrize(
    "roles, may",
    [
        (("ops_engineer",), {"work.task_start", "work.task_done"}),
        (("team_lead",), {"work.task_start", "work.task_done", "work.task_skip", "work.task_reopen", "work.task_reassign"}),
        (("business_ops",), {"work.task_start", "work.task_done"}),
        (("customer_service",), {"work.task_start", "work.task_done"}),
        (("auditor",), set()),
        (("administrator",), set()),
        ((), set()),
    ],
)
def test_who_may_what(person: Make, playbook: Playbook, roles: tuple[str, ...], may: set[str]) -> None:
    _subject, tasks = start(playbook)
    actor = Actor(kind="person", id="a", label="A", user_id=person("A").pk, holdings=frozenset((role, "/") for role in roles))
    every = {move.id for move in moves.for_record("task")}
    assert {move for move in every if permissions.can(actor, move, tasks["restart"])} == may


def test_every_move_of_the_table_is_one_of_the_life_cycle() -> None:
    methods = {move.name for move in Task._meta.get_field("state").get_all_transitions(Task)}  # type: ignore[union-attr]
    assert {move.method for move in moves.for_record("task")} == methods


def never_wait() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '200ms'")


@pytest.mark.django_db(transaction=True)
@pytest.mark.attack
def test_finished_and_overdue_at_the_same_moment_do_not_wait_for_each_other(person: Make, playbook: Playbook) -> None:
    """The sweep holds the timer and wants the task; the person holds the task and wants the timer."""
    tech = person("Tech")
    _subject, tasks = start(playbook, technical_lead=tech)
    clock.allow_winding(True)
    clock.wind(timedelta(minutes=5))

    def sweep() -> None:
        deadlines.sweep(services.DUE)
        connection.close()

    sweeping = threading.Thread(target=sweep)
    with transaction.atomic():
        Task.lock(tasks["check-log"].public_id)
        sweeping.start()
        time.sleep(0.7)  # by now it has claimed the timer and waits for the task
        never_wait()
        services.task_done(public_id=tasks["check-log"].public_id, version=None, actor=org.actor_of_user(tech))
    sweeping.join(timeout=20)
    task = Task.objects.get(slug="check-log")
    assert (task.state, task.overdue_at) == ("done", None)
    assert not Entry.objects.filter(name="work.task_overdue.v1").exists()
