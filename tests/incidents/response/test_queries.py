"""A list and a room cost the same number of queries, however much there is in them."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.response import services
from incidents.response.models import Incident
from incidents.response.records import output
from incidents.response.selectors import incident_get_for, incident_list, incident_room
from kernel.errors import Invalid
from tests.incidents.response.test_life_cycle import at
from tests.incidents.response.world import World

pytestmark = pytest.mark.django_db

CLASSES = ("software", "network", "data", "hardware", "business", "security")


def listed(world: World, name: str) -> int:
    """How many queries listing and showing everything takes."""
    with CaptureQueriesContext(connection) as queries:
        shown = [output(incident) for incident in incident_list(world.actor(name)).select_related("fault_kind", "outage", "merged_into")]
        assert len(shown) == Incident.objects.count()
    return len(queries)


def test_listing_more_incidents_takes_no_more_queries(world: World) -> None:
    world.confirmed(stops_business="yes")
    few = {name: listed(world, name) for name in ("olga", "anton", "ada")}
    for fault_class in CLASSES[1:]:
        world.confirmed(fault_class=fault_class, stops_business="yes")
    assert {name: listed(world, name) for name in ("olga", "anton", "ada")} == few
    assert max(few.values()) <= 3  # holdings (at most two), list


def test_the_list_filters_and_pages_by_key(world: World) -> None:
    made = [world.opened(fault_class=fault_class) for fault_class in CLASSES]
    lena = world.actor("lena")
    assert [incident.pk for incident in incident_list(lena)] == sorted((incident.pk for incident in made), reverse=True)
    assert list(incident_list(lena, fault_class="data", state="open", part="orders")) == [made[2]]
    assert list(incident_list(lena, part=str(world.part.public_id), grade="", number=made[0].number)) == [made[0]]
    assert not incident_list(lena, state="closed").exists()
    for wrong in ({"state": "lost"}, {"grade": "huge"}, {"fault_class": "magic"}, {"colour": "red"}):
        with pytest.raises(Invalid):
            incident_list(lena, **wrong)


def entered(world: World, incident: Incident) -> int:
    """How many queries the whole room takes."""
    lena = world.actor("lena")
    found = incident_get_for(lena, incident.public_id)
    with CaptureQueriesContext(connection) as queries:
        room = incident_room(found, lena)
        [str(role.user) for role in room.roles]
        [joined.alert.source.name for joined in room.alerts]
        [task.owner and task.owner.display_name for track in room.tracks for task in track.tasks]
        [view.clock.outage.number for view in room.clocks]
    return len(queries)


@pytest.mark.req("INC-05")
def test_a_fuller_room_takes_no_more_queries(world: World) -> None:
    world.hear(world.alert())
    incident = Incident.objects.get()
    incident = services.incident_confirm(**at(incident), actor=world.actor("lena"), grade="severe")
    few = entered(world, incident)
    world.hear(*[world.alert() for _number in range(40)])
    for number in range(30):
        services.note_add(**at(incident), actor=world.actor("lena"), body=f"note {number}")
    incident = services.declare_major(**at(incident), actor=world.actor("lena"), reason="all down")
    assert entered(world, incident) <= few
    assert few <= 22


def test_the_room_has_what_belongs_to_the_incident(world: World) -> None:
    world.hear(world.alert(), world.alert())
    incident = Incident.objects.get()
    services.incident_confirm(**at(incident), actor=world.actor("lena"), grade="severe")
    lena = world.actor("lena")
    room = incident_room(incident_get_for(lena, incident.public_id), lena)
    assert [view.clock.kind for view in room.clocks] == ["switchover", "recovery", "switchback"]
    assert (room.alert_count, room.firing_count, len(room.roles)) == (2, 2, 3)
    assert [len(track.tasks) for track in room.tracks] == [2, 1]
    told = [entry.name for entry in room.timeline]
    assert {"incidents.incident_opened.v1", "incidents.incident_confirmed.v1", "incidents.outage_opened.v1", "work.task_list_started.v1"} <= set(told)
    assert "notify.page_called.v1" in told
    assert not [entry for entry in room.timeline if entry.name == "kernel.linked.v1" and entry.payload["child_kind"] == "incident_role"]


def test_the_command_lists_incidents(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    import json

    incident = world.confirmed(grade="severe")
    world.false_alarm(fault_class="network")
    call_command("incidents", "--state", "open")
    line = capsys.readouterr().out
    assert line.count("INC-") == 1
    assert incident.number in line
    assert "severe" in line
    call_command("incidents", "--json")
    assert {row["state"] for row in json.loads(capsys.readouterr().out)} == {"confirmed", "false_alarm"}
