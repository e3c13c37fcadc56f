"""The console in a real browser: live, without script, on a phone, by keyboard, and never running what others wrote."""

from __future__ import annotations

import re

import pytest
from django.db import transaction
from playwright.sync_api import expect

from incidents.response import services as response
from incidents.response.models import Incident
from tests.console.conftest import Company

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.needs_tool("chromium"), pytest.mark.browser]

PAYLOADS = (
    "<script>window.broken=1</script>", '"><img src=x onerror="window.broken=1">', "<svg onload=window.broken=1>", "javascript:window.broken=1",
    "' onfocus='window.broken=1' autofocus='", "</textarea><script>window.broken=1</script>", "{{constructor.constructor('window.broken=1')()}}",
    '<a href="javascript:window.broken=1">x</a>', "<iframe srcdoc='<script>parent.broken=1</script>'>", "<div hx-get=/logout/ hx-trigger=load>x",
)  # fmt: skip


def opened(company: Company, title: str = "Orders cannot be paid", fault_class: str = "software") -> Incident:
    return response.incident_open(actor=company.actor("engineer"), part="orders", fault_class=fault_class, title=title)


def confirm(company: Company, incident: Incident) -> Incident:
    lead = company.actor("lead")
    return response.incident_confirm(public_id=incident.public_id, version=incident.version, actor=lead, grade="severe", stops_business="yes")


def test_an_incident_appears_on_the_open_home_screen_without_reloading(company, open_page):
    page = open_page("engineer")
    page.wait_for_selector('.foot .live[data-state="live"]')
    assert page.locator("#now-headline").inner_text().startswith("Quiet")
    page.evaluate("window.mark = 1")
    incident = opened(company)
    page.wait_for_selector(f"#now-incidents :text('{incident.number}')", timeout=20000)
    page.wait_for_selector("#now-headline :text('Orders cannot be paid')", timeout=20000)
    assert page.evaluate("window.mark") == 1
    assert page.get_attribute(".foot .live", "data-state") == "live"  # it was told, it did not ask


def test_without_events_the_page_asks_every_five_seconds(company, open_page):
    page = open_page("engineer", "/login/", quiet=False)
    page.route(re.compile(r"/feed/(\?.*)?$"), lambda route: route.abort())
    page.goto("/")
    page.wait_for_selector('.foot .live[data-state="polling"]')
    incident = opened(company)
    page.wait_for_selector(f"#now-incidents :text('{incident.number}')", timeout=12000)


def test_an_age_in_days_counts_and_never_says_yesterday(company, open_page):
    page = open_page("engineer")
    page.evaluate(
        """() => {
          const time = document.createElement("time");
          time.dateTime = new Date(Date.now() - 47 * 3600 * 1000).toISOString();
          time.id = "old";
          time.dataset.age = "";
          document.querySelector("main").append(time);
        }"""
    )
    page.wait_for_selector("#old:text-matches('ago')")
    assert page.locator("#old").inner_text() == "1 day ago", "the date beside it is that of the day before yesterday"


def test_a_move_is_made_in_the_dialog_and_the_room_follows(company, open_page):
    incident = opened(company)
    page = open_page("engineer", f"/incidents/{incident.number}/")
    page.fill("#composer", "half a sentence")
    page.click("#room-actions a:has-text('Confirm and grade')")
    page.wait_for_selector("dialog[open] form")
    page.check("input[name=grade][value=severe]")
    page.check("input[name=stops_business][value=yes]")
    page.click("#dialog button[type=submit]")
    page.wait_for_selector("#toasts :text('“Confirm and grade” is recorded.')")
    page.wait_for_selector("#room-header li.now:has-text('Confirmed')")
    page.wait_for_selector("#room-clocks .ring[data-state=running]")
    assert not page.locator("#dialog").is_visible()
    assert page.input_value("#composer") == "half a sentence"
    left = page.locator("#room-clocks .ring[data-state=running] [data-left]")
    expect(left).not_to_have_text(left.inner_text())  # it runs


def test_a_stale_dialog_shows_the_new_state_and_keeps_what_was_typed(company, open_page):
    incident = opened(company)
    page = open_page("engineer", f"/incidents/{incident.number}/")
    page.click("#room-actions a:has-text('Confirm and grade')")
    page.wait_for_selector("dialog[open] form")
    page.fill("#dialog textarea[name=scope]", "all payments")
    confirm(company, incident)
    page.check("#dialog input[name=grade][value=general]")
    page.click("#dialog button[type=submit]")
    page.wait_for_selector("dialog [role=alert]:has-text('It is now “Confirmed”')")
    assert page.input_value("#dialog textarea[name=scope]") == "all payments"


def test_two_quick_presses_are_one(company, open_page):
    incident = confirm(company, opened(company))
    page = open_page("lead", f"/incidents/{incident.number}/")
    page.fill("#composer", "once")
    page.evaluate("() => { const b = document.querySelector('#composer').form.querySelector('button'); b.click(); b.click(); }")
    page.wait_for_selector("#room-timeline :text('once')")
    expect(page.locator("#composer")).to_have_value("")  # the timeline's news may come before the answer to the press
    page.wait_for_timeout(500)
    assert incident.notes.count() == 1
    page.fill("#composer", "twice")
    page.click("#composer ~ .row button >> nth=0")
    page.wait_for_selector("#room-timeline :text('twice')")
    assert incident.notes.count() == 2


def test_everything_works_without_script(company, open_page):
    incident = opened(company)
    page = open_page("engineer", f"/incidents/{incident.number}/", java_script_enabled=False)
    page.click("#room-actions a:has-text('Confirm and grade')")
    page.check("input[name=grade][value=severe]")
    page.check("input[name=stops_business][value=no]")
    page.click("button[type=submit]:has-text('Confirm and grade')")
    expect(page.locator("main")).to_contain_text("“Confirm and grade” is recorded.")
    assert page.url.endswith(f"/incidents/{incident.number}/")
    page.fill("#composer", "written without script")
    page.click("button:has-text('Record a decision')")
    expect(page.locator("#room-timeline")).to_contain_text("written without script")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_scrolls_in_one_direction_and_has_targets_for_thumbs(company, open_page, language, scheme):
    incident = confirm(company, opened(company, title="Orders cannot be paid after the upgrade " + "verylongword" * 8))
    for path in ("/", f"/incidents/{incident.number}/", "/alerts/", "/incidents/", f"/do/incidents.note/{incident.public_id}/"):
        page = open_page("lead", path, viewport={"width": 360, "height": 740}, has_touch=True, color_scheme=scheme, language=language)
        page.wait_for_timeout(300)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
        small = page.evaluate(
            """() => [...document.querySelectorAll('main .btn, nav .nav, input:not([type=hidden]):not([type=radio]):not([type=checkbox]), select')]
                .filter(e => e.offsetParent).map(e => [e.textContent.trim().slice(0, 30), e.getBoundingClientRect()])
                .filter(([, r]) => r.height < 43.5 || r.width < 43.5).map(([t]) => t)"""
        )
        assert not small, (path, small)
        page.context.close()


def test_what_others_wrote_never_runs(company, open_page):
    from kernel import clock
    from monitoring.alerts.models import Alert, Source

    now = clock.now()
    source = Source.objects.create(kind="generic", name="x<script>window.broken=1</script>", default_part=company.part, created_at=now)
    classes = ["software", "network", "data", "hardware", "security", "business"]
    rooms = [opened(company, title=payload, fault_class=fault_class) for payload, fault_class in zip(PAYLOADS, classes, strict=False)]
    for number, payload in enumerate(PAYLOADS):
        Alert.objects.create(
            source=source, dedup_key=f"k{number}", episode_start=now, severity="critical", summary=payload, labels={"service": payload},
            generator_url=payload, first_seen_at=now, last_seen_at=now, times_seen=1,
        )  # fmt: skip
        with transaction.atomic():
            response.note_add(public_id=rooms[0].public_id, version=None, actor=company.actor("engineer"), body=payload)
    page = open_page("engineer", "/")
    for path in ("/", "/alerts/", "/incidents/", *(f"/incidents/{room.number}/" for room in rooms)):
        page.goto(path)
        page.wait_for_timeout(250)
        assert page.evaluate("window.broken") is None, path
        assert page.locator("a[href^='javascript:']").count() == 0
    assert page.url.startswith("http://127.0.0.1")


def test_by_keyboard_alone(company, open_page):
    incident = opened(company)
    page = open_page("engineer", f"/incidents/{incident.number}/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    link = page.locator("#room-actions a:has-text('Confirm and grade')")
    link.focus()
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open] form")
    assert page.evaluate("document.querySelector('dialog').contains(document.activeElement)")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="hidden")
    assert page.evaluate("document.activeElement.id") == link.get_attribute("id")
    assert outline != "none"


def test_the_switch_of_language_and_look_holds(company, open_page):
    page = open_page("engineer")
    page.click(".foot button:has-text('Dark')")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.click(".foot button:has-text('简体中文')")
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    page.reload()
    assert page.inner_text("h1") == "当前态势"
