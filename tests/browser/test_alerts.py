"""The triage table by keyboard alone, live, and without script."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from incidents.response import services as response
from incidents.response.models.joined import IncidentAlert
from kernel import clock
from monitoring.alerts.models import Alert, Silence, Source
from monitoring.alerts.services.words import words_write

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.needs_tool("chromium"), pytest.mark.browser]


@pytest.fixture
def alerts(company: Any) -> list[Alert]:
    """Four of one cause and part, one that nobody claims."""
    now = clock.now()
    source = Source.objects.create(kind="alertmanager", name="Prometheus", created_at=now)
    made = [
        Alert(
            source=source, dedup_key=f"key-{number}", episode_start=now, severity="critical" if number < 4 else "warning",
            summary=f"Orders refused by node {number}" if number < 4 else "库存同步失败", part=company.part if number < 4 else None,
            labels={"alertname": "OrdersFailing" if number < 4 else "Stock", "node": str(number)}, fault_class="software" if number < 4 else "",
            first_seen_at=now, last_seen_at=now, times_seen=number + 1, is_flapping=number == 2,
        )
        for number in range(5)
    ]  # fmt: skip
    Alert.objects.bulk_create(made)
    words_write()
    return made


def rows(page: Any) -> Any:
    return page.locator("[data-row]")


@pytest.mark.req("MON-04")
def test_alerts_are_triaged_by_keyboard_alone(alerts: list[Alert], open_page: Any) -> None:
    page = open_page("engineer", "/alerts/?view=flat")
    assert rows(page).count() == 5
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("[data-count]")).to_have_text("2 ticked")
    page.keyboard.press("a")
    expect(rows(page)).to_have_count(3)
    expect(page.locator("#toasts")).to_contain_text("2 done")
    expect(page.locator("[data-count]")).to_have_text("With the ticked ones:")
    page.keyboard.press("j")
    page.keyboard.press("s")
    page.wait_for_selector("dialog[open] #silence-reason")
    page.get_by_label("1 h", exact=True).check()
    page.fill("#silence-reason", "planned work")
    page.locator("#dialog button.go").click()
    page.wait_for_selector(".tag.silenced")
    assert Silence.objects.get().reason == "planned work"
    page.keyboard.press("/")
    page.keyboard.type("库存")
    page.keyboard.press("Enter")
    page.wait_for_url("**/alerts/?*q=*")
    page.get_by_text("No alert matches").wait_for()


def test_what_is_ticked_stays_ticked_while_the_list_is_renewed(alerts: list[Alert], company: Any, open_page: Any) -> None:
    incident = response.incident_open(actor=company.actor("engineer"), part="orders", fault_class="software", title="Orders cannot be paid")
    IncidentAlert.objects.create(incident=incident, alert=alerts[1], joined_at=clock.now())
    page = open_page("engineer", "/alerts/?view=flat")
    page.locator(f"#row-{alerts[1].public_id} input[type=checkbox]").check()
    page.locator(f"#row-{alerts[0].public_id}").get_by_role("button", name="Acknowledge alert").click()
    expect(rows(page)).to_have_count(4)
    assert page.locator(f"#row-{alerts[1].public_id} input[type=checkbox]").is_checked()
    assert page.locator("[data-count]").inner_text() == "1 ticked"
    page.locator(f"#row-{alerts[1].public_id}").focus()
    page.keyboard.press("o")
    page.wait_for_url(f"**/incidents/{incident.number}/")


def test_without_script_boxes_and_buttons_do_the_same(alerts: list[Alert], open_page: Any) -> None:
    page = open_page("engineer", "/alerts/", java_script_enabled=False)
    for alert in alerts[1:3]:
        page.locator(f"#row-{alert.public_id} input[type=checkbox]").check()
    page.get_by_role("button", name="Acknowledge", exact=True).click()
    expect(page.locator("main")).to_contain_text("2 done")
    assert Alert.objects.filter(state="acknowledged").count() == 2


@pytest.mark.parametrize("address", ["/alerts/", "/alerts/?view=flat", "/alerts/silences/", "/alerts/unrouted/", "/alerts/inbox/", "one"])
def test_nothing_sticks_out_on_a_phone(alerts: list[Alert], open_page: Any, address: str) -> None:
    address = f"/alerts/{alerts[2].public_id}/" if address == "one" else address
    page = open_page("engineer", address, viewport={"width": 360, "height": 760})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
