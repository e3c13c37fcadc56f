"""What an incident that stops business does below: the outage, its beginning, its clocks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents.response import services
from incidents.response.errors import AlreadyStopsBusiness
from incidents.response.models import Incident
from incidents.switchover.models import Outage, RecoveryClock
from incidents.switchover.services import outage_open
from kernel import clock, deadlines, journal
from kernel.actors import SYSTEM
from kernel.journal.relay import relay
from monitoring.probes.models import Probe, Series
from notify.models import Message, Page
from tests.incidents.response.test_life_cycle import at
from tests.incidents.response.world import World, entries, fresh

pytestmark = pytest.mark.django_db


@pytest.mark.req("RTO-01")
def test_an_incident_that_stops_business_opens_the_outage_from_its_first_sign(world: World) -> None:
    alert = world.alert(started_at=clock.now() - timedelta(minutes=7))
    world.hear(alert)
    incident = Incident.objects.get()
    incident = services.incident_confirm(**at(incident), actor=world.actor("olga"), grade="severe")
    outage = Outage.objects.get()
    assert incident.outage == outage
    assert outage.failing_since == alert.episode_start
    assert (outage.grade, outage.needs_second) == ("severe", False)
    assert outage.commanders == [str(world.users["lena"].public_id)]
    assert RecoveryClock.objects.get(kind="switchover").started_at == alert.episode_start
    relay()
    timeline = [entry.name for entry in journal.timeline(incident)]
    assert "incidents.outage_opened.v1" in timeline
    assert Outage.objects.count() == 1


@pytest.mark.req("SEC-01")
def test_a_major_incidents_switch_needs_a_second_person(world: World) -> None:
    incident = world.confirmed(grade="severe", stops_business="yes")
    services.declare_major(**at(incident), actor=world.actor("lena"), reason="all down")
    assert Outage.objects.get().needs_second is True


@pytest.mark.req("RTO-01")
def test_the_first_failed_probe_or_a_late_alert_of_an_earlier_start_moves_the_beginning(world: World) -> None:
    began = clock.now() - timedelta(minutes=9)
    incident = world.confirmed(grade="severe", stops_business="no")
    world.hear(world.alert(started_at=began + timedelta(minutes=1)))
    incident = services.business_stop(**at(incident), actor=world.actor("lena"))
    assert incident.failing_since == began + timedelta(minutes=1)
    series = Series.objects.create(part=world.other_part, name="answer")
    probe = {"kind": "http", "target": "http://127.0.0.1/", "series": series, "state_since": began, "next_at": began}
    Probe.objects.create(name="payments", part=world.other_part, failing_since=began, **probe)
    assert world.confirmed(part=world.other_part).failing_since == began


@pytest.mark.parametrize(
    "grade, part, opens", [("general", "part", False), ("severe", "part", True), ("major", "part", True), ("severe", "other_part", False)]
)
def test_whether_business_stands_still_is_proposed_by_grade_and_kind(world: World, grade: str, part: str, opens: bool) -> None:
    incident = world.confirmed(grade=grade, stops_business="", part=getattr(world, part))
    assert (incident.outage is not None) is opens


def test_a_raised_grade_may_stop_business_after_all(world: World) -> None:
    incident = world.confirmed(grade="general")
    assert incident.outage is None
    incident = services.grade_raise(**at(incident), actor=world.actor("lena"), grade="severe")
    assert incident.outage is not None
    with pytest.raises(AlreadyStopsBusiness):
        services.business_stop(**at(incident), actor=world.actor("lena"))


def test_business_may_be_found_to_stand_still_later(world: World) -> None:
    incident = world.confirmed(grade="severe", stops_business="no")
    incident = services.business_stop(**at(incident), actor=world.actor("olga"))
    assert incident.outage is not None
    assert incident.stops_business is True


def test_an_outage_that_the_policy_opened_first_is_joined_not_doubled(world: World) -> None:
    outage = outage_open(part=world.part, failing_since=clock.now(), actor=SYSTEM)
    world.hear(world.alert())
    incident = Incident.objects.get()
    assert incident.outage == outage
    incident = services.incident_confirm(**at(incident), actor=world.actor("lena"), grade="severe")
    assert Outage.objects.count() == 1
    assert Outage.objects.get().grade == "severe"


def test_an_outage_stays_with_the_incident_that_drives_it(world: World) -> None:
    driving = world.confirmed(stops_business="yes")
    beside = world.confirmed(fault_class="network", stops_business="no")
    assert beside.outage is None
    beside = services.business_stop(**at(beside), actor=world.actor("lena"))
    assert beside.outage == driving.outage
    assert Outage.objects.count() == 1


def test_an_outage_opened_beside_an_open_incident_joins_it(world: World) -> None:
    incident = world.opened()
    outage = outage_open(part=world.part, failing_since=clock.now(), actor=SYSTEM)
    relay()
    assert fresh(incident).outage == outage
    relay()
    assert len(entries(incident, "incidents.outage_joined.v1")) == 1


@pytest.mark.req("RTO-01")
def test_a_clock_that_runs_out_calls_those_who_lead(world: World) -> None:
    incident = world.confirmed(grade="severe", stops_business="yes")
    clock.wind(timedelta(hours=1, minutes=1))
    deadlines.sweep("recovery_clock")
    relay()
    page = Page.objects.get(text="clock-breached")
    assert {call.user.username for call in page.calls.all()} == {"lena", "olga"}
    assert entries(incident, "incidents.leads_called.v1")[0].payload["what"] == "switchover"
    assert Message.objects.filter(text="clock-warning").count() == 3
    assert "notify.page_called.v1" in [entry.name for entry in journal.timeline(incident, limit=500)]
