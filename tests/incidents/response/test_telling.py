"""Who hears how an incident goes on: updates reach everybody concerned, and a switch that begins is known to all who work on the part."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents.response import services
from incidents.response.models import Incident
from incidents.response.services.calling import IncidentCall
from incidents.switchover.events import SwitchApproved
from incidents.switchover.models import Switch
from kernel import clock, deadlines, journal
from kernel.actors import SYSTEM
from kernel.journal.relay import relay
from notify.models import Message, Page
from notify.rendering import render
from notify.services import page_acknowledge
from tests.incidents.response.test_switching import ordered, told
from tests.incidents.response.world import World, fresh

pytestmark = pytest.mark.django_db


def post(world: World, incident: Incident, *, by: str = "lena", body: str = "Orders run again.") -> Incident:
    current = fresh(incident)
    return services.update_post(public_id=current.public_id, version=current.version, actor=world.actor(by), body=body)


@pytest.mark.req("COM-03")
def test_an_update_reaches_roles_the_informed_and_the_reporter_and_not_its_author(world: World) -> None:
    incident = world.confirmed(grade="major", stops_business="yes", reported_by="oscar")
    relay()
    roles = {role.user.username for role in incident.roles.filter(ended_at=None)}
    assert {"dora", "dirk"} & roles == set()
    post(world, incident)
    assert told("update-posted") == (roles | {"dora", "dirk", "oscar"}) - {"lena"}
    (message,) = Message.objects.filter(text="update-posted")
    assert (message.kind, message.subject_kind) == (Message.Kind.NOTICE, "incident")  # nobody has to answer it


@pytest.mark.req("INC-08")
def test_who_answered_for_another_hears_of_updates_and_of_the_end(world: World) -> None:
    """Nobody of those who should know answered; the chain went on to somebody else, who did."""
    incident = world.confirmed(grade="major", stops_business="no")
    assert not incident.roles.filter(user=world.users["oscar"], ended_at=None).exists()
    clock.allow_winding(True)
    clock.wind(timedelta(minutes=12))
    deadlines.sweep("page_escalation")
    page = Page.objects.get(subject_kind=IncidentCall.journal_kind)
    assert "oscar" not in {call.user.username for call in page.calls.filter(step=None)}
    page_acknowledge(public_id=page.public_id, version=None, actor=world.actor("oscar"))
    relay()
    post(world, incident)
    assert "oscar" in told("update-posted")


def test_people_called_within_another_incident_are_left_alone(world: World) -> None:
    world.confirmed(grade="major", stops_business="no")
    other = world.confirmed(fault_class="network", grade="general", stops_business="no")
    relay()
    post(world, other)
    assert not told("update-posted") & {"dora", "dirk"}


@pytest.mark.parametrize("language, says", [("en", "Lena: Zeile eins\nline two"), ("zh-hans", "Lena: Zeile eins\nline two")])
def test_without_a_text_in_the_plan_it_is_read_all_the_same(world: World, language: str, says: str) -> None:
    incident = world.confirmed(grade="severe")
    post(world, incident, body="Zeile eins\nline two")
    reader = world.users["olga"]
    reader.language = language
    shown = render(Message.objects.get(text="update-posted"), reader)
    assert says in shown.body
    assert incident.title in shown.title
    assert f"/incidents/{incident.number}/" in shown.body


def approved(world: World, incident: Incident, *, ordered_by: str, by: str) -> None:
    switch = ordered(world, incident, by=ordered_by, needs_second=ordered_by != by)
    assert incident.outage is not None
    event = SwitchApproved(switch_id=switch.public_id, at_once=ordered_by == by, outage_id=incident.outage.public_id)
    journal.record(event, subject=switch, actor=world.actor(by))
    relay()


@pytest.mark.req("SWO-01")
@pytest.mark.parametrize("ordered_by, by, also", [("lena", "lena", set()), ("oscar", "lena", {"oscar"})])
def test_a_switch_that_begins_is_told_to_everybody_at_work_but_who_began_it(world: World, ordered_by: str, by: str, also: set[str]) -> None:
    incident = world.confirmed(grade="severe", stops_business="yes")
    approved(world, incident, ordered_by=ordered_by, by=by)
    roles = {role.user.username for role in incident.roles.filter(ended_at=None)}
    assert told("switch-ordered") == (roles | also) - {by}


def test_what_the_policy_orders_has_a_name(world: World) -> None:
    incident = world.confirmed(grade="severe", stops_business="yes")
    switch = ordered(world, incident, by="lena", needs_second=False)
    Switch.objects.filter(pk=switch.pk).update(ordered_by=None)
    assert incident.outage is not None
    journal.record(SwitchApproved(switch_id=switch.public_id, at_once=True, outage_id=incident.outage.public_id), subject=switch, actor=SYSTEM)
    relay()
    assert Message.objects.get(text="switch-ordered").params["ordered_by"] == {"en": "The console's policy", "zh": "控制台自动策略"}
