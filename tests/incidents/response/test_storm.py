"""T9 in the small, through the real door: what monitoring tools post becomes few incidents and few calls."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from contingency.catalog.models import Matcher, RoutingStamp
from incidents.response.models import Incident, IncidentAlert
from kernel import clock
from kernel.actors import SYSTEM
from kernel.journal.relay import relay
from kernel.models import Entry
from monitoring.alerts.models import Alert
from monitoring.alerts.services.sources import source_create
from notify.models import Page, PageCall
from tests.incidents.response.world import World

pytestmark = pytest.mark.django_db

ALERTS, PER_BODY = 500, 50
GROUPS = (("orders", "software"), ("orders", "network"), ("payments", "software"))


@pytest.fixture
def door(world: World) -> str:
    """An Alertmanager's address; its alerts carry the label `group`, which the parts' matchers know."""
    parts = {"orders": world.part, "payments": world.other_part}
    for part, fault_class in GROUPS:
        Matcher.objects.create(
            part=parts[part], label="group", value=f"{part}-{fault_class}", fault_class=fault_class, severities=["critical", "error"]
        )
    RoutingStamp.objects.update_or_create(pk=1, defaults={"number": 4711})
    _source, key = source_create(kind="alertmanager", name="storm", actor=SYSTEM)
    return f"/in/alertmanager/{key}"


def body(numbers: range, *, since: datetime, status: str = "firing") -> dict[str, Any]:
    """A webhook of Alertmanager."""
    alerts = []
    for number in numbers:
        part, fault_class = GROUPS[number % len(GROUPS)]
        labels = {"alertname": f"Alert{number}", "severity": "critical", "group": f"{part}-{fault_class}", "instance": str(number)}
        ends = clock.now().isoformat() if status == "resolved" else "0001-01-01T00:00:00Z"
        alerts.append(
            {
                "status": status,
                "labels": labels,
                "annotations": {"summary": f"Alert {number} fires"},
                "startsAt": since.astimezone(UTC).isoformat(),
                "endsAt": ends,
                "generatorURL": "",
                "fingerprint": f"{number:016x}",
            }
        )
    return {
        "version": "4",
        "groupKey": "{}",
        "truncatedAlerts": 0,
        "status": status,
        "receiver": "switchback",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "",
        "alerts": alerts,
    }


def post(client: Client, door: str, what: dict[str, Any]) -> None:
    """As the tool does."""
    answer = client.post(door, what, content_type="application/json")
    assert answer.status_code == 200, answer.content


def test_a_storm_of_five_hundred_alerts_is_three_incidents_and_one_call(world: World, door: str, client: Client) -> None:
    since = clock.now() - timedelta(minutes=1)
    for _repeat in range(2):
        for first in range(0, ALERTS, PER_BODY):
            post(client, door, body(range(first, first + PER_BODY), since=since))
    relay()
    assert Alert.objects.count() == ALERTS
    assert sorted(Incident.objects.values_list("part__slug", "fault_class")) == sorted(GROUPS)
    assert IncidentAlert.objects.count() == ALERTS
    assert Page.objects.filter(subject_kind="incident").count() == 3
    called = PageCall.objects.filter(user=world.users["olga"])
    assert called.filter(is_coalesced=False).count() == 2  # once for each part; the second incident of one part follows in a digest
    told = Entry.objects.filter(name__startswith="incidents.").count()
    assert told <= 3 * (1 + ALERTS // 200 + 1)  # opening, and one line per batch of the relay


def test_an_alert_that_comes_and_goes_makes_one_incident_and_few_lines(world: World, door: str, client: Client) -> None:
    """T10 in the small: sixty turns in ten minutes."""
    for _turn in range(60):
        since = clock.now()
        post(client, door, body(range(1), since=since))
        clock.wind(timedelta(seconds=5))
        post(client, door, body(range(1), since=since, status="resolved"))
        clock.wind(timedelta(seconds=5))
        relay()
    assert Incident.objects.count() == 1
    assert Page.objects.count() == 1
    assert Entry.objects.filter(name="incidents.alerts_flapping.v1").count() == 1
    lines = Entry.objects.filter(name__startswith="incidents.").values_list("name", flat=True)
    assert len(lines) < 20, lines
    assert Alert.objects.filter(is_flapping=True).exists()
