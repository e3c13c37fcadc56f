"""The wallboard: what Now shows, without a move to make, with the signs that must be heard."""

from __future__ import annotations

import re
from typing import Any

import pytest

from contingency.catalog.models import Part
from incidents.response import services as response
from kernel import clock
from monitoring.alerts.models import Alert, Source
from tests.console.reading import words

pytestmark = pytest.mark.django_db


def alert(part: Part, severity: str, summary: str, **fields: Any) -> Alert:
    source, _made = Source.objects.get_or_create(name="Monitoring", defaults={"kind": "generic", "default_part": part, "created_at": clock.now()})
    moment = clock.now()
    known = {"source": source, "dedup_key": summary, "episode_start": moment, "first_seen_at": moment, "last_seen_at": moment, "times_seen": 1}
    return Alert.objects.create(**known, part=part, fault_class="software", severity=severity, summary=summary, **fields)


def signs(client: Any) -> dict[str, list[str]]:
    html = client.get("/wallboard/?parts=wall-signs").content.decode()
    return {name: re.search(rf'data-{name}="([^"]*)"', html).group(1).split() for name in ("loud", "soft")}  # type: ignore[union-attr]


@pytest.mark.req("MON-08")
def test_critical_and_major_are_loud_everything_else_is_soft(company, browser):
    client = browser("engineer")
    assert signs(client) == {"loud": [], "soft": []}
    loud, soft = alert(company.part, "critical", "orders refused"), alert(company.part, "warning", "disk is filling")
    assert signs(client) == {"loud": [f"alert-{loud.public_id}"], "soft": [f"alert-{soft.public_id}"]}
    Alert.objects.filter(pk=loud.pk).update(state="acknowledged", acknowledged_at=clock.now())
    assert signs(client)["loud"] == []


def test_an_incident_is_a_sign_until_somebody_has_it(company, incident, browser):
    client = browser("engineer")
    assert signs(client)["soft"] == [f"incident-{incident.public_id}"]
    response.incident_confirm(
        public_id=incident.public_id, version=incident.version, actor=company.actor("lead"), grade="general", stops_business="no"
    )
    assert signs(client) == {"loud": [], "soft": []}


def test_the_board_says_the_state_in_words_and_offers_no_move(company, confirmed, browser, traffic):
    page = browser("engineer").get("/wallboard/")
    assert page.status_code == 200
    html = page.content.decode()
    assert 'data-theme="dark"' in html
    assert "/do/" not in html
    assert "Orders cannot be paid" in words(page)
    assert "Lead commands" in words(page)


def test_a_list_of_alerts_that_is_not_whole_says_of_how_many(company, browser):
    for number in range(8):
        alert(company.part, "warning", f"disk {number} is filling")
    address, client = "/wallboard/?parts=wall-alerts", browser("engineer")
    assert "newest of" not in words(client.get(address))
    alert(company.part, "warning", "one more disk is filling")
    assert "Alerts nobody has acknowledged newest of 9" in words(client.get(address))


@pytest.mark.req("SEC-01")
def test_the_board_shows_each_person_only_what_they_may_see(company, confirmed, browser):
    alert(company.part, "critical", "secret of operations")
    assert "Orders cannot be paid" not in words(browser("stranger").get("/wallboard/"))
    assert "secret of operations" not in words(browser("stranger").get("/wallboard/"))
