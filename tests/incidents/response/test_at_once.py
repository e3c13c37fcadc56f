"""Two people, or two workers, at the same moment (T16): one wins, the other is told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from incidents.response import services
from incidents.response.models import Incident
from kernel import journal
from kernel.actors import SYSTEM
from kernel.errors import DomainError, InvalidTransition, Stale
from kernel.models import Entry
from notify.models import Page
from tests.incidents.response.test_life_cycle import at
from tests.incidents.response.world import World, build, fresh

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 20


@pytest.fixture
def world(transactional_db: None) -> World:
    """Committed, so that every thread sees it."""
    with transaction.atomic():
        return build()


def together(*acts: Callable[[], Any]) -> list[Any]:
    """Run these at once, each in a thread with a connection of its own. Returns results and refusals."""
    gate = threading.Barrier(len(acts))
    results: list[Any] = [None] * len(acts)

    def run(place: int, act: Callable[[], Any]) -> None:
        try:
            gate.wait(timeout=10)
            results[place] = act()
        except DomainError as refused:
            results[place] = refused
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place, act)) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return results


def version_of(incident: Incident) -> int:
    return fresh(incident).version


def confirm(world: World, incident: Incident, who: str) -> Callable[[], Any]:
    actor = world.actor(who)
    return lambda: services.incident_confirm(**at(incident), actor=actor, grade="general", stops_business="no")


def test_of_two_who_confirm_one_wins_and_the_other_sees_the_new_state(world: World) -> None:
    for _round in range(ROUNDS):
        incident = world.opened()
        results = together(confirm(world, incident, "olga"), confirm(world, incident, "lena"))
        refused = [result for result in results if isinstance(result, DomainError)]
        assert [type(result) for result in refused] == [Stale]
        assert refused[0].http_status == 409
        assert "Confirmed" in refused[0].message
        assert version_of(incident) == incident.version + 1
        assert Entry.objects.filter(name="incidents.incident_confirmed.v1", subject_id=str(incident.public_id)).count() == 1
        services.incident_false_alarm(public_id=incident.public_id, version=None, actor=world.actor("lena"), reason="next round")


def _raise_and_lower(world: World, incident: Incident) -> tuple[Callable[[], Any], Callable[[], Any]]:
    lena, leo = world.actor("lena"), world.actor("leo")
    return (
        lambda: services.declare_major(**at(incident), actor=lena, reason="worse"),
        lambda: services.grade_lower(**at(incident), actor=leo, grade="general", reason="better"),
    )


def _assign_twice(world: World, incident: Incident) -> tuple[Callable[[], Any], Callable[[], Any]]:
    lena, leo = world.actor("lena"), world.actor("leo")
    oscar, cyril = world.users["oscar"].public_id, world.users["cyril"].public_id
    return (
        lambda: services.role_assign(**at(incident), actor=lena, role="scribe", user=oscar),
        lambda: services.role_assign(**at(incident), actor=leo, role="scribe", user=cyril),
    )


def _handle_and_dismiss(world: World, incident: Incident) -> tuple[Callable[[], Any], Callable[[], Any]]:
    lena, leo = world.actor("lena"), world.actor("leo")
    return (
        lambda: services.incident_handle(**at(incident), actor=lena),
        lambda: services.incident_false_alarm(**at(incident), actor=leo, reason="nothing"),
    )


@pytest.mark.parametrize("pair", [_raise_and_lower, _assign_twice, _handle_and_dismiss])
def test_of_two_different_acts_at_once_one_wins_too(world: World, pair: Callable[..., Any]) -> None:
    for _round in range(5):
        incident = world.confirmed(grade="severe")
        results = together(*pair(world, incident))
        refused = [result for result in results if isinstance(result, DomainError)]
        assert [type(result) for result in refused] == [Stale]
        assert version_of(incident) == incident.version + 1
        Incident.objects.filter(pk=incident.pk).exclude(state="false_alarm").update(fault_class="data")
        left = fresh(incident)
        if left.state == "confirmed":
            services.incident_false_alarm(public_id=left.public_id, version=None, actor=world.actor("lena"), reason="next round")
        elif left.state == "handling":
            target = world.confirmed(fault_class="network", grade="severe")
            services.incident_merge(public_id=left.public_id, version=None, actor=world.actor("lena"), into=target.public_id)
            services.incident_false_alarm(public_id=target.public_id, version=None, actor=world.actor("lena"), reason="next round")


def test_sending_the_same_form_twice_has_one_effect(world: World) -> None:
    """T17: a double click is two requests with the same version."""
    incident = world.opened()
    lena = world.actor("lena")
    results = together(*[lambda: services.incident_confirm(**at(incident), actor=lena, grade="severe", stops_business="yes")] * 2)
    assert sum(isinstance(result, Stale | InvalidTransition) for result in results) == 1
    notes = together(*[lambda: services.note_add(**at(incident), actor=lena, body="Customers call.")] * 2)
    assert all(isinstance(result, Incident) for result in notes)
    assert incident.notes.count() == 1
    assert Page.objects.filter(subject_kind="incident").count() == 1


def test_workers_that_hear_alerts_of_one_part_at_once_open_one_incident(world: World) -> None:
    for _round in range(5):
        Incident.objects.update(fault_class="data")
        for incident in Incident.objects.filter(state="discovered"):
            services.incident_false_alarm(public_id=incident.public_id, version=None, actor=world.actor("lena"), reason="next round")
        before = Incident.objects.count()
        batches = []
        for _worker in range(4):
            with transaction.atomic():
                alerts = [world.alert() for _number in range(5)]
                records = [journal.Record(event=world.raised(alert), subject=alert) for alert in alerts]
                batches.append(journal.record_many(records, actor=SYSTEM))
        results = together(*[lambda batch=batch: services.alerts_heard(batch) for batch in batches])
        assert not [result for result in results if isinstance(result, DomainError) or result is None]
        assert Incident.objects.count() == before + 1
        assert Incident.objects.order_by("-id")[0].joined_alerts.count() == 20


def test_two_who_merge_crosswise_do_not_wait_for_each_other(world: World) -> None:
    lena, leo = world.actor("lena"), world.actor("leo")
    for _round in range(5):
        first, second = world.opened(), world.opened(fault_class="network")
        results = together(
            lambda first=first, second=second: services.incident_merge(**at(first), actor=lena, into=second.public_id),
            lambda first=first, second=second: services.incident_merge(**at(second), actor=leo, into=first.public_id),
        )
        assert sum(isinstance(result, DomainError) for result in results) == 1
        assert sorted(Incident.objects.filter(pk__in=[first.pk, second.pk]).values_list("state", flat=True)) == ["discovered", "merged"]
        for incident in Incident.objects.filter(state="discovered"):
            services.incident_false_alarm(public_id=incident.public_id, version=None, actor=lena, reason="next round")
