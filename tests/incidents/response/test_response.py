"""What a grade sets going: roles from rosters, calls that go on until somebody answers, lists, outages, cadence."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents.response import services
from incidents.response.errors import NoRoleToAcknowledge
from incidents.response.models import Incident
from incidents.switchover.models import Outage
from incidents.switchover.services import outage_open
from kernel import clock, deadlines, journal
from kernel.actors import SYSTEM
from kernel.errors import Invalid, NotPermitted
from kernel.journal.relay import relay
from kernel.models import Entry
from notify.models import Message, Page
from notify.services import page_acknowledge
from tests.incidents.response.test_life_cycle import at
from tests.incidents.response.world import World, entries, fresh, names
from work.selectors import tasks_of

pytestmark = pytest.mark.django_db


def holders(incident: Incident) -> dict[str, str]:
    """Who has which role now."""
    return {role.role: role.user.username for role in incident.roles.filter(ended_at=None).select_related("user")}


def role_pages(incident: Incident) -> dict[str, Page]:
    """The page of each role of this incident."""
    roles = {str(role.public_id): role.role for role in incident.roles.all()}
    return {roles[str(page.subject_id)]: page for page in Page.objects.filter(subject_kind="incident_role").order_by("id")}


@pytest.mark.req("INC-02")
@pytest.mark.req("INC-03")
@pytest.mark.req("ORG-02")
@pytest.mark.parametrize(
    "grade, roles, minutes",
    [
        ("general", {"technical_lead": "olga", "commander": "lena"}, 60),
        ("severe", {"commander": "lena", "technical_lead": "olga", "business_lead": "bea"}, 30),
        ("major", {"commander": "lena", "technical_lead": "olga", "business_lead": "bea", "communications_lead": "cyril"}, 15),
    ],
)
def test_each_grade_calls_whom_its_level_names(world: World, grade: str, roles: dict[str, str], minutes: int) -> None:
    incident = world.confirmed(grade=grade)
    assert holders(incident) == roles
    assert set(role_pages(incident)) == set(roles) - {"commander"}  # Lena confirms: she is here
    assert incident.update_every == timedelta(minutes=minutes)
    assert incident.level["grade"] == grade
    assert incident.level["groups"][0]["slug"] == "technical-group"
    assert incident.plan_version == world.version
    directors = Page.objects.filter(subject_kind="incident_call", calls__user=world.users["dora"])
    assert directors.count() == (1 if grade == "major" else 0)


def test_editing_the_plan_does_not_change_a_running_response(world: World) -> None:
    from contingency.plan.models import ResponseLevel

    incident = world.confirmed(grade="severe")
    ResponseLevel.objects.update(update_every=timedelta(hours=9))
    assert fresh(incident).update_every == timedelta(minutes=30)


def test_without_a_plan_the_one_who_confirms_commands(world: World) -> None:
    from contingency.plan.models import ResponseLevel

    ResponseLevel.objects.update(retired_at=clock.now())
    incident = world.confirmed(by="olga")
    assert holders(incident) == {"commander": "olga"}
    assert incident.update_due_at is None


@pytest.mark.req("INC-04")
def test_the_lists_start_once_with_owners_by_role(world: World) -> None:
    incident = world.confirmed(grade="severe")
    technical, business = tasks_of(incident)
    assert [task.owner.username for task in technical.tasks] == ["olga", "olga"]
    assert [task.owner.username for task in business.tasks] == ["bea"]
    incident = services.declare_major(**at(incident), actor=world.actor("lena"), reason="all down")
    assert {task.task_list.playbook for task in tasks_of(incident)[0].tasks} == {"application-failed", "emergency-plan"}
    services.incident_locate(**at(incident), actor=world.actor("lena"), finding="the database", fault_kind="database")
    assert {task.task_list.playbook for task in tasks_of(incident)[0].tasks} == {"application-failed", "emergency-plan", "database-failed"}


@pytest.mark.req("INC-02")
def test_a_higher_grade_adds_people_and_relieves_nobody(world: World) -> None:
    incident = world.confirmed(grade="general", by="olga")
    assert holders(incident)["commander"] == "olga"
    incident = services.grade_raise(**at(incident), actor=world.actor("olga"), grade="severe")
    assert holders(incident) == {"commander": "olga", "technical_lead": "olga", "business_lead": "bea"}
    informed = Page.objects.filter(subject_kind="incident_call", calls__user=world.users["lena"])
    assert informed.count() == 1  # the severe level names Lena as commander: she must know


@pytest.mark.req("INC-03")
def test_a_role_is_called_until_its_holder_answers(world: World) -> None:
    incident = world.confirmed(grade="severe")
    page = role_pages(incident)["business_lead"]
    page_acknowledge(public_id=page.public_id, version=None, actor=world.actor("bea"))
    relay()
    assert incident.roles.get(role="business_lead").acknowledged_at is not None
    told = [(entry.name, entry.subject_label) for entry in journal.timeline(incident)]
    assert ("notify.page_acknowledged.v1", incident.number) in told
    assert entries(incident, "incidents.role_acknowledged.v1")[0].payload["roles"] == ["business_lead"]


@pytest.mark.req("INC-03")
def test_who_answers_for_a_silent_holder_has_the_role(world: World) -> None:
    incident = world.confirmed(grade="severe")
    page = role_pages(incident)["technical_lead"]
    clock.wind(timedelta(minutes=6))
    deadlines.sweep("page_escalation")
    page_acknowledge(public_id=page.public_id, version=None, actor=world.actor("oscar"))
    relay()
    assert holders(incident)["technical_lead"] == "oscar"
    last = entries(incident, "incidents.role_assigned.v1")[-1]
    assert (last.payload["earlier"], last.payload["person"]) == ("Olga", "Oscar")


@pytest.mark.req("INC-03")
def test_i_have_it_answers_the_call_too(world: World) -> None:
    incident = world.confirmed(grade="severe")
    services.role_acknowledge(**at(incident), actor=world.actor("bea"))
    assert role_pages(incident)["business_lead"].state == "acknowledged"
    with pytest.raises(NoRoleToAcknowledge):
        services.role_acknowledge(**at(incident), actor=world.actor("bea"))
    with pytest.raises(NotPermitted):
        services.role_acknowledge(**at(incident), actor=world.actor("leo"))


def test_confirming_answers_the_duty_engineers_page(world: World) -> None:
    incident = world.confirmed(by="olga", grade="general")
    page = Page.objects.get(subject_kind="incident", subject_id=incident.public_id)
    assert page.state == "acknowledged"


def test_an_answer_to_the_first_call_is_kept_with_its_time(world: World) -> None:
    world.hear(world.alert())
    incident = Incident.objects.get()
    page = Page.objects.get(subject_kind="incident")
    page_acknowledge(public_id=page.public_id, version=None, actor=world.actor("olga"))
    relay()
    assert fresh(incident).answered_at is not None


@pytest.mark.req("INC-03")
def test_nobody_answering_to_the_end_of_the_chain_is_shouted(world: World) -> None:
    world.hear(world.alert())
    for _step in range(4):
        clock.wind(timedelta(minutes=6))
        deadlines.sweep("page_escalation")
        relay()
    incident = Incident.objects.get()
    assert incident.unanswered_since is not None
    assert names(incident).count("incidents.page_unanswered.v1") == 1
    page = Page.objects.get(subject_kind="incident")
    page_acknowledge(public_id=page.public_id, version=None, actor=world.actor("oscar"))
    relay()
    assert fresh(incident).unanswered_since is None


def exhausted(world: World) -> Incident:
    """An incident about which nobody answered to the end of the chain."""
    world.hear(world.alert())
    for _step in range(4):
        clock.wind(timedelta(minutes=6))
        deadlines.sweep("page_escalation")
    relay()
    incident = Incident.objects.get()
    assert incident.unanswered_since is not None
    return incident


def test_whoever_confirms_or_takes_a_role_ends_the_silence(world: World) -> None:
    incident = exhausted(world)
    incident = services.incident_confirm(**at(incident), actor=world.actor("lena"), grade="severe", stops_business="no")
    assert fresh(incident).unanswered_since is None
    for _step in range(4):
        clock.wind(timedelta(minutes=6))
        deadlines.sweep("page_escalation")
    relay()
    assert fresh(incident).unanswered_since is not None
    services.role_acknowledge(**at(incident), actor=world.actor("bea"))
    assert fresh(incident).unanswered_since is None


@pytest.mark.req("RTO-01")
def test_a_clock_that_runs_out_before_anybody_confirmed_calls_along_the_chain(world: World) -> None:
    outage_open(part=world.part, failing_since=clock.now(), actor=SYSTEM)
    world.hear(world.alert())
    incident = exhausted_by_clock(world)
    assert incident.unanswered_since is not None


def exhausted_by_clock(world: World) -> Incident:
    """The duty engineer answered; an hour later the clock runs out and nobody answers that call."""
    incident = Incident.objects.get()
    page_acknowledge(public_id=Page.objects.get(subject_kind="incident").public_id, version=None, actor=world.actor("olga"))
    clock.wind(timedelta(minutes=61))
    deadlines.sweep("recovery_clock")
    relay()
    assert [call.user.username for call in Page.objects.get(text="clock-breached").calls.all()] == ["olga"]
    for _step in range(4):
        clock.wind(timedelta(minutes=6))
        deadlines.sweep("page_escalation")
    relay()
    return fresh(incident)


@pytest.mark.req("INC-01")
def test_reopening_after_the_end_calls_those_who_lead_again(world: World) -> None:
    incident = world.resolved(grade="severe")
    services.incident_reopen(**at(incident), actor=world.actor("lena"), reason="it is back")
    page = Page.objects.get(text="page-incident-opened", subject_kind="incident_call")
    assert [call.user.username for call in page.calls.all()] == ["olga"]


@pytest.mark.req("INC-03")
def test_handing_over_needs_a_note_and_is_told_down_to_the_outage(world: World) -> None:
    incident = world.confirmed(grade="severe", stops_business="yes")
    oscar = world.users["oscar"]
    with pytest.raises(Invalid):
        services.role_assign(**at(incident), actor=world.actor("lena"), role="commander", user=oscar.public_id)
    incident = services.role_assign(**at(incident), actor=world.actor("lena"), role="commander", user=oscar.public_id, note="restart failed twice")
    assert holders(incident)["commander"] == "oscar"
    assert Outage.objects.get().commanders == [str(oscar.public_id)]
    assert "commander" in fresh(incident).extra_roles(world.actor("oscar"))
    assert "commander" not in fresh(incident).extra_roles(world.actor("lena"))
    with pytest.raises(Invalid):
        services.role_assign(**at(incident), actor=world.actor("oscar"), role="commander", user=oscar.public_id, note="again")


def test_whoever_is_relieved_is_called_no_more(world: World) -> None:
    incident = world.confirmed(grade="severe")
    first = role_pages(incident)["business_lead"]
    services.role_assign(**at(incident), actor=world.actor("lena"), role="business_lead", user=world.users["cyril"].public_id, note="Bea is away")
    first.refresh_from_db()
    assert first.state == "cancelled"
    assert Page.objects.filter(subject_kind="incident_role", calls__user=world.users["cyril"], state="calling").count() == 1


@pytest.mark.req("COM-03")
def test_an_update_that_does_not_come_is_asked_for_again_and_again(world: World) -> None:
    incident = world.confirmed(grade="severe")
    for _turn in range(2):
        clock.wind(timedelta(minutes=31))
        deadlines.sweep("update_due")
    assert len(entries(incident, "incidents.update_overdue.v1")) == 2
    assert Message.objects.filter(text="update-due").count() == 2


@pytest.mark.req("COM-03")
def test_an_update_begins_the_cadence_anew(world: World) -> None:
    incident = world.confirmed(grade="severe")
    clock.wind(timedelta(minutes=20))
    incident = services.update_post(**at(incident), actor=world.actor("lena"), body="Still locating.")
    clock.wind(timedelta(minutes=20))
    deadlines.sweep("update_due")
    assert not entries(incident, "incidents.update_overdue.v1")
    clock.wind(timedelta(minutes=11))
    deadlines.sweep("update_due")
    assert len(entries(incident, "incidents.update_overdue.v1")) == 1


def test_a_timer_of_an_earlier_update_that_fires_after_all_says_nothing(world: World) -> None:
    """The sweep may have claimed it just when the update was posted."""
    incident = world.confirmed(grade="severe")
    old = deadlines.armed_of(incident, "update_due")
    incident = services.update_post(**at(incident), actor=world.actor("lena"), body="Still locating.")
    services.updates_overdue(old, clock.now())
    assert not entries(incident, "incidents.update_overdue.v1")
    services.updates_overdue(deadlines.armed_of(incident, "update_due"), clock.now())
    assert len(entries(incident, "incidents.update_overdue.v1")) == 1


def test_after_the_end_nobody_is_asked_for_updates(world: World) -> None:
    incident = world.resolved(grade="severe")
    assert deadlines.armed_of(incident, "update_due") == []
    clock.wind(timedelta(hours=3))
    deadlines.sweep("update_due")
    assert not entries(incident, "incidents.update_overdue.v1")


def test_late_tasks_are_told_to_the_commander(world: World) -> None:
    world.confirmed(grade="severe")
    clock.wind(timedelta(minutes=45))
    deadlines.sweep("task_due")
    relay()
    told = Message.objects.filter(text="task-overdue", deliveries__user=world.users["lena"])
    assert told.count() == 1


def test_a_proposal_is_told_to_the_commander(world: World) -> None:
    from kernel.proposals import perform

    incident = world.confirmed(grade="severe")
    perform("incidents.grade_lower", actor=world.actor("olga"), **at(incident), inputs={"grade": "general"}, reason="one function only")
    relay()
    assert Message.objects.filter(text="proposal-waiting", deliveries__user=world.users["lena"]).count() == 1


@pytest.mark.req("INC-07")
def test_evidence_from_below_reports_the_end_conditions_it_shows(world: World) -> None:
    incident = world.handling(stops_business="yes")
    outage = incident.outage
    from incidents.switchover.events import BusinessNormal, RepairedInPlace

    normal = BusinessNormal(outage_id=outage.public_id, since=clock.now(), overridden=False, evidence={"order": "A-1 read back"})
    journal.record(normal, subject=outage, actor=SYSTEM)
    vouched = RepairedInPlace(outage_id=outage.public_id, overridden=True, evidence={})
    journal.record(vouched, subject=outage, actor=SYSTEM)
    relay()
    assert {row.kind: row.outcome for row in incident.end_conditions.all()} == {"business": "passed"}
    assert "A-1 read back" in incident.end_conditions.get().evidence


@pytest.mark.req("INC-08")
def test_the_end_is_told_to_everybody_with_a_role(world: World) -> None:
    world.resolved(grade="severe", reported_by="cyril")
    message = Message.objects.get(text="incident-resolved")
    assert {delivery.user.username for delivery in message.deliveries.all()} == {"lena", "olga", "bea", "cyril"}


@pytest.mark.req("INC-05")
def test_notes_and_decisions_stand_in_the_timeline_once_each(world: World) -> None:
    incident = world.confirmed()
    for _click in range(2):
        services.note_add(**at(incident), actor=world.actor("cyril"), body="Customers call.")
        services.decision_record(**at(incident), actor=world.actor("lena"), body="We wait until 10:50.")
    assert [entry.payload["text"] for entry in entries(incident, "incidents.note_added.v1")] == ["Customers call."]
    assert [entry.payload["text"] for entry in entries(incident, "incidents.decision_recorded.v1")] == ["We wait until 10:50."]
    clock.wind(timedelta(minutes=2))
    services.note_add(**at(incident), actor=world.actor("cyril"), body="Customers call.")
    assert incident.notes.filter(kind="note").count() == 2
    assert Entry.objects.filter(name="incidents.note_added.v1").count() == 2
