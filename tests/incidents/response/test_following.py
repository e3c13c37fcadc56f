"""Tasks follow the console: a step that names one of its moves is done when that move is, by whomever and from wherever."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.utils.translation import override

from contingency.plan.document import read
from contingency.plan.models import PlaybookStep
from contingency.plan.shipped import shipped_plan
from incidents.response import services
from incidents.response.models import Incident
from incidents.switchover.events import BusinessNormal, Repaired, RepairedInPlace, SwitchedBack, SwitchedOver
from incidents.switchover.models import Outage
from incidents.switchover.services import outage_open
from kernel import clock, deadlines, journal, moves, sentences
from kernel.actors import SYSTEM
from kernel.journal.relay import relay
from kernel.models import Entry
from tests.incidents.response.world import World, fresh
from work import services as work
from work.models import Task

pytestmark = pytest.mark.django_db
AT_STANDBY = Outage.State.ON_STANDBY


def named(**steps: str) -> None:
    """Steps of both playbooks name these moves; `check_log` stands for check-log."""
    for slug, move in steps.items():
        PlaybookStep.objects.filter(slug=slug.replace("_", "-")).update(move=move, is_safe=False)


def states(incident: Incident, playbook: str = "application-failed") -> dict[str, str]:
    return dict(Task.objects.filter(task_list__subject_id=incident.public_id, task_list__playbook=playbook).values_list("slug", "state"))


def happened(incident: Incident, event: type, **more: Any) -> Entry:
    """An entry of the incident's outage, as the switchboard records it."""
    assert incident.outage is not None
    return journal.record(event(outage_id=incident.outage.public_id, evidence={}, **more), subject=incident.outage, actor=SYSTEM)


def switched(event: type, incident: Incident) -> Entry:
    return happened(incident, event, switch_id=uuid4(), part_id=incident.part.public_id, mode="planned", moved_at=clock.now())


FACTS = {
    "incidents.switch_over": lambda incident: switched(SwitchedOver, incident),
    "incidents.switch_back": lambda incident: switched(SwitchedBack, incident),
    "incidents.repair_record": lambda incident: happened(incident, Repaired, repaired_at=clock.now()),
    "incidents.business_normal_record": lambda incident: happened(incident, BusinessNormal, since=clock.now(), overridden=False),
}


@pytest.mark.req("INC-04")
@pytest.mark.parametrize("move", FACTS)
def test_the_step_is_done_when_the_console_did_it_and_its_record_is_the_evidence(world: World, move: str) -> None:
    named(restart=move)
    incident = world.confirmed(stops_business="yes")
    relay()
    assert set(states(incident).values()) == {"open"}
    entry = FACTS[move](incident)
    relay()
    assert states(incident) == {"check-log": "open", "restart": "done", "tell-sales": "open"}
    task = Task.objects.get(slug="restart")
    assert (task.evidence, task.ended_at is not None, task.by_move) == (entry.subject_label, True, True)
    assert not deadlines.armed_of(task, work.DUE)  # nobody is called about it any more
    done = Entry.objects.get(name="work.task_done.v1")
    assert (done.cause_id, done.payload["by_move"], done.actor_kind) == (entry.pk, move, SYSTEM.kind)
    assert sentences.sentence(done) == f"“restart” was done in the console ({entry.subject_label})."
    with override("zh-hans"):
        assert "控制台" in sentences.sentence(done)


def test_a_repair_where_it_failed_is_a_repair(world: World) -> None:
    named(restart="incidents.repair_record")
    incident = world.confirmed(stops_business="yes")
    happened(incident, RepairedInPlace, overridden=True)
    relay()
    assert states(incident)["restart"] == "done"


def test_every_playbook_of_the_incident_that_asks_for_it_and_no_other_incident(world: World) -> None:
    named(restart="incidents.switch_over")
    incident = world.confirmed(stops_business="yes")
    other = world.confirmed(fault_class="network", stops_business="no")
    other = services.playbook_start(public_id=other.public_id, version=other.version, actor=world.actor("lena"), playbook="application-failed")
    current = fresh(incident)
    services.playbook_start(public_id=current.public_id, version=current.version, actor=world.actor("lena"), playbook="database-failed")
    switched(SwitchedOver, incident)
    relay()
    assert states(incident)["restart"] == states(incident, "database-failed")["restart"] == "done"
    assert states(other)["restart"] == "open"


@pytest.mark.parametrize("finished", ["task_done", "task_skip"])
def test_what_people_have_ended_stays_as_they_said(world: World, finished: str) -> None:
    named(restart="incidents.switch_over")
    incident = world.confirmed(stops_business="yes")
    task = Task.objects.get(slug="restart")
    said = {"evidence": "by hand"} if finished == "task_done" else {"reason": "not needed"}
    getattr(work, finished)(public_id=task.public_id, version=task.version, actor=world.actor("lena"), **said)
    before = Task.objects.filter(pk=task.pk).values().get()
    switched(SwitchedOver, incident)
    relay()
    assert Task.objects.filter(pk=task.pk).values().get() == before


@pytest.mark.req("INC-04")
def test_an_update_does_the_first_step_that_asks_for_one_and_never_the_cadence(world: World) -> None:
    named(check_log="incidents.update", restart="incidents.update")
    incident = world.confirmed()
    for _update in range(3):
        current = fresh(incident)
        services.update_post(public_id=current.public_id, version=current.version, actor=world.actor("lena"), body="We are at it.")
    assert states(incident) == {"check-log": "done", "restart": "open", "tell-sales": "open"}


def test_the_end_is_a_step_too_and_done_before_anybody_hears_of_it(world: World) -> None:
    """The report is drafted by what is heard: it must not count the declaration itself as not done."""
    named(restart="incidents.resolve")
    incident = world.resolved()
    assert states(incident)["restart"] == "done"


@pytest.mark.req("INC-04")
def test_what_was_done_before_the_playbook_began_is_not_asked_for_again(world: World) -> None:
    """The automatic policy may have switched before anybody confirmed."""
    named(check_log="incidents.switch_over", restart="incidents.business_normal_record", tell_sales="incidents.repair_record")
    incident = world.confirmed(stops_business="yes")
    relay()
    outage = incident.outage
    assert outage is not None
    Outage.objects.filter(pk=outage.pk).update(state="switching")
    Outage.objects.filter(pk=outage.pk).update(state=AT_STANDBY, business_normal_at=clock.now())
    current = fresh(incident)
    services.playbook_start(public_id=current.public_id, version=current.version, actor=world.actor("lena"), playbook="database-failed")
    relay()
    assert states(incident, "database-failed") == {"check-log": "done", "restart": "done", "tell-sales": "open"}
    assert Task.objects.filter(state="done").values_list("evidence", flat=True).distinct().get() == outage.number


def test_an_outage_that_joins_with_business_on_the_standby_brings_what_was_done(world: World) -> None:
    named(restart="incidents.switch_over")
    incident = world.confirmed(stops_business="no")
    relay()
    outage = outage_open(part=world.part, failing_since=clock.now(), actor=SYSTEM)
    for state in ("switching", AT_STANDBY):
        Outage.objects.filter(pk=outage.pk).update(state=state)
    relay()
    assert fresh(incident).outage == outage
    assert states(incident)["restart"] == "done"


def test_an_entry_that_is_delivered_twice_does_it_once(world: World) -> None:
    named(restart="incidents.switch_over")
    incident = world.confirmed(stops_business="yes")
    entry = switched(SwitchedOver, incident)
    relay()
    services.tasks_follow(entry)
    assert Entry.objects.filter(name="work.task_done.v1").count() == 1


def test_every_move_that_the_shipped_plan_names_is_followed() -> None:
    """A step whose move no entry tells of would stay open for ever."""
    wanted = {step.move for playbook in read(shipped_plan()).playbooks for step in playbook.steps if step.move}
    assert wanted
    assert wanted <= {*services.TASKS_DONE_BY.values(), *services.DONE_AT_ONCE}
    assert all(moves.get(move) for move in wanted)
