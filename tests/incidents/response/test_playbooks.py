"""A playbook added by hand: who may, what it brings, and that it is worked through once."""

from __future__ import annotations

import pytest

from incidents.response import services
from incidents.response.errors import PlaybookRunsAlready
from incidents.response.models import Incident, IncidentRole
from kernel import clock, sentences
from kernel.errors import InvalidTransition, NotFound, NotPermitted, Stale
from kernel.models import Entry
from tests.incidents.response.test_life_cycle import at
from tests.incidents.response.world import World, entries, fresh
from work.models import TaskList
from work.selectors import tasks_of

pytestmark = [pytest.mark.django_db, pytest.mark.req("INC-04")]


def lists_of(incident: Incident) -> set[str]:
    """The playbooks that run in an incident."""
    return {task.task_list.playbook for track in tasks_of(incident) for task in track.tasks}


def test_its_tasks_join_those_of_the_incident_each_with_its_owner(world: World) -> None:
    incident = world.confirmed(grade="severe")
    assert lists_of(incident) == {"application-failed"}
    incident = services.playbook_start(**at(incident), actor=world.actor("lena"), playbook="database-failed")
    added = [task for track in tasks_of(incident) for task in track.tasks if task.task_list.playbook == "database-failed"]
    assert [task.owner.username for task in added if task.owner] == ["olga", "olga", "bea"]
    assert all(task.due_at > clock.now() for task in added)


def test_the_record_says_who_added_it_and_the_list_names_that_as_its_cause(world: World) -> None:
    incident = services.playbook_start(**at(world.confirmed()), actor=world.actor("lena"), playbook="database-failed")
    added = entries(incident, "incidents.playbook_added.v1")[0]
    assert added.payload["playbook"] == "database-failed"
    assert sentences.sentence(added) == "Lena added the playbook “database-failed”."
    assert Entry.objects.filter(name="work.task_list_started.v1", cause_id=added.pk).exists()


def test_a_playbook_that_runs_is_refused_and_nothing_of_the_attempt_stays(world: World) -> None:
    incident = world.confirmed()
    before = (fresh(incident).version, Entry.objects.count(), TaskList.objects.count())
    with pytest.raises(PlaybookRunsAlready) as refused:
        services.playbook_start(**at(incident), actor=world.actor("lena"), playbook="application-failed")
    assert "application-failed" in str(refused.value.message)
    assert (fresh(incident).version, Entry.objects.count(), TaskList.objects.count()) == before


def test_of_two_who_add_at_once_the_later_is_told_to_look_again(world: World) -> None:
    incident = world.confirmed()
    seen = at(incident)
    services.playbook_start(**seen, actor=world.actor("lena"), playbook="database-failed")
    with pytest.raises(Stale):
        services.playbook_start(**seen, actor=world.actor("leo"), playbook="database-failed")


@pytest.mark.parametrize("state", ["discovered", "resolved"])
def test_it_needs_a_graded_incident_that_is_not_over(world: World, state: str) -> None:
    incident = world.in_state(state)
    with pytest.raises(InvalidTransition):
        services.playbook_start(**at(incident), actor=world.actor("lena"), playbook="database-failed")


def test_only_playbooks_of_the_plan_in_force(world: World) -> None:
    from contingency.plan.models import Playbook

    incident = world.confirmed()
    Playbook.objects.filter(slug="database-failed").update(retired_at=clock.now())
    with pytest.raises(NotFound):
        services.playbook_start(**at(incident), actor=world.actor("lena"), playbook="database-failed")


@pytest.mark.req("SEC-01")
@pytest.mark.parametrize("role, may", [("technical_lead", True), ("business_lead", True), ("commander", True), ("scribe", False)])
def test_who_leads_a_track_may_add_work_and_a_scribe_may_not(world: World, role: str, may: bool) -> None:
    incident = world.confirmed()
    incident.roles.filter(ended_at=None).update(ended_at=clock.now())
    IncidentRole.objects.create(incident=incident, role=role, user=world.users["sam"], assigned_at=clock.now())
    incident = fresh(incident)
    if may:
        services.playbook_start(**at(incident), actor=world.actor("sam"), playbook="database-failed")
        assert "database-failed" in lists_of(incident)
    else:
        with pytest.raises(NotPermitted):
            services.playbook_start(**at(incident), actor=world.actor("sam"), playbook="database-failed")
