"""Alerts become incidents: one per part and class, however many come, and nobody's page is lost or repeated."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.response import services
from incidents.response.models import Incident, IncidentAlert
from kernel import clock, journal
from kernel.actors import SYSTEM
from kernel.journal.relay import relay
from kernel.models import Entry
from notify.models import Delivery, Page
from tests.incidents.response.world import World, entries, fresh, names

pytestmark = pytest.mark.django_db


@pytest.mark.req("INC-01")
def test_an_alert_opens_an_incident_and_calls_the_duty_engineer_at_once(world: World) -> None:
    alert = world.alert(started_at=clock.now() - timedelta(minutes=3))
    world.hear(alert)
    incident = Incident.objects.get()
    assert (incident.state, incident.fault_class, incident.title) == ("discovered", "software", alert.summary)
    assert incident.failing_since == alert.episode_start
    assert incident.proposed_grade == "severe"
    assert incident.proposal["stops_business"] is True
    assert incident.proposal["playbooks"][0] == "application-failed"
    page = Page.objects.get(subject_kind="incident", subject_id=incident.public_id)
    assert [call.user.username for call in page.calls.all()] == ["olga"]
    assert Delivery.objects.filter(user=world.users["olga"], state="queued").count() == 1


def test_hearing_the_same_entry_twice_changes_nothing(world: World) -> None:
    alert = world.alert()
    world.hear(alert)
    entry = Entry.objects.get(name="monitoring.alert_raised.v1")
    before = (names(Incident.objects.get()), Page.objects.count(), IncidentAlert.objects.count())
    services.alerts_heard([entry])
    assert (names(Incident.objects.get()), Page.objects.count(), IncidentAlert.objects.count()) == before


def test_further_alerts_of_the_same_part_and_class_join(world: World) -> None:
    first = world.alert()
    world.hear(first)
    earlier = world.alert(started_at=clock.now() - timedelta(minutes=10))
    world.hear(earlier, world.alert())
    incident = Incident.objects.get()
    assert incident.joined_alerts.count() == 3
    assert incident.failing_since == earlier.episode_start
    joined = entries(incident, "incidents.alerts_joined.v1")
    assert [entry.payload["alert_count"] for entry in joined] == [2]
    assert incident.proposed_grade == "major"  # three critical alerts of the order system
    assert Page.objects.filter(subject_kind="incident").count() == 1


def test_another_class_or_part_is_another_incident(world: World) -> None:
    world.hear(world.alert())
    world.hear(world.alert(), fault_class="network")
    world.hear(world.alert(part=world.other_part))
    assert Incident.objects.count() == 3


def test_an_alert_that_opens_nothing_joins_what_is_open_and_else_is_left_alone(world: World) -> None:
    world.hear(world.alert(severity="warning"), opens=False)
    assert not Incident.objects.exists()
    world.hear(world.alert())
    world.hear(world.alert(severity="warning"), opens=False)
    assert Incident.objects.get().joined_alerts.count() == 2


def test_an_unrouted_alert_is_nobodys_incident(world: World) -> None:
    alert = world.alert()
    alert.part = None
    world.hear(alert)
    assert not Incident.objects.exists()


@pytest.mark.req("INC-01")
def test_a_storm_is_one_incident_per_part_and_class_and_a_few_statements(world: World) -> None:
    """T9 in the small: 500 alerts at once, over two parts."""
    storm = [world.alert(part=world.part if number % 2 else world.other_part) for number in range(500)]
    records = [journal.Record(event=world.raised(alert), subject=alert) for alert in storm]
    heard = journal.record_many(records, actor=SYSTEM)
    with CaptureQueriesContext(connection) as queries:
        services.alerts_heard(heard)
    assert Incident.objects.count() == 2
    assert IncidentAlert.objects.count() == 500
    assert sum('INSERT INTO "response_incident_alert"' in query["sql"] for query in queries) == 2
    assert len(queries) < 150
    assert Page.objects.filter(subject_kind="incident").count() == 2
    assert Entry.objects.filter(name__startswith="incidents.").count() == 2
    called = [call.is_coalesced for page in Page.objects.all() for call in page.calls.all()]
    assert called == [False, False]


def test_a_storm_that_goes_on_writes_one_entry_per_batch(world: World) -> None:
    world.hear(world.alert())
    for _batch in range(3):
        world.hear(*[world.alert() for _number in range(50)])
    incident = Incident.objects.get()
    assert incident.joined_alerts.count() == 151
    assert len(entries(incident, "incidents.alerts_joined.v1")) == 3


@pytest.mark.req("INC-01")
def test_flapping_makes_one_incident_one_page_and_few_lines(world: World) -> None:
    """T10 in the small: the alert fires and resolves again and again; from the third turn on the intake calls it flapping."""
    for turn in range(20):
        alert = world.alert(key="flapping", started_at=clock.now() - timedelta(minutes=20 - turn), is_flapping=turn >= 3)
        world.hear(alert)
        if turn == 3:
            world.flap(alert, turns=4)
        world.resolve(alert)
    incident = Incident.objects.get()
    assert incident.joined_alerts.count() == 20
    assert Page.objects.count() == 1
    told = names(incident)
    assert told.count("incidents.alerts_flapping.v1") == 1
    assert told.count("incidents.alerts_joined.v1") == 2
    assert told.count("incidents.alerts_cleared.v1") == 3


def test_the_last_alert_resolved_is_a_line_and_never_the_end(world: World) -> None:
    first, second = world.alert(), world.alert()
    world.hear(first, second)
    world.resolve(first)
    incident = Incident.objects.get()
    assert not entries(incident, "incidents.alerts_cleared.v1")
    world.resolve(second)
    assert len(entries(incident, "incidents.alerts_cleared.v1")) == 1
    assert fresh(incident).state == "discovered"


def test_an_alert_that_was_over_before_it_was_heard_still_counts(world: World) -> None:
    alert = world.alert()
    journal.record(world.raised(alert), subject=alert, actor=SYSTEM)
    alert.resolve(at=clock.now(), by="sender")
    alert.save()
    relay()
    assert Incident.objects.get().joined_alerts.get().cleared_at is not None


def test_after_a_merge_alerts_go_to_the_incident_that_goes_on(world: World) -> None:
    world.hear(world.alert())
    incident = Incident.objects.get()
    target = world.opened(fault_class="network")
    services.incident_merge(public_id=incident.public_id, version=incident.version, actor=world.actor("lena"), into=target.public_id)
    world.hear(world.alert())
    assert Incident.objects.count() == 2
    assert target.joined_alerts.count() == 1


def test_a_false_alarm_stays_one_although_its_alert_is_told_again(world: World) -> None:
    alert = world.alert()
    world.hear(alert)
    incident = Incident.objects.get()
    services.incident_false_alarm(public_id=incident.public_id, version=incident.version, actor=world.actor("lena"), reason="a test")
    world.hear(alert)
    assert Incident.objects.count() == 1
    world.hear(world.alert())
    assert Incident.objects.filter(state="discovered").count() == 1
