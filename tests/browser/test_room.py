"""The room and the wallboard in a real browser: sound is unlocked by a press and remembered, keys lead where they say."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from incidents.response import services as response
from incidents.response.models import Incident
from tests.browser.test_screens import confirm, opened

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.needs_tool("chromium"), pytest.mark.browser]

LISTENING = "window.sounded = []; document.addEventListener('switchback:sounded', (event) => window.sounded.push(event.detail))"


def test_sound_is_unlocked_by_a_press_tested_and_remembered(company, open_page):
    page = open_page("engineer", "/wallboard/")
    page.evaluate(LISTENING)
    assert page.get_attribute(".wall", "data-sound") == "off"
    page.click("#sound-switch")
    page.wait_for_selector('.wall[data-sound="on"]')
    page.wait_for_selector(".wall-sound :text('Sound is on')")
    page.click("#sound-test")
    page.wait_for_selector('.wall[data-alarm="loud"]')
    assert page.evaluate("window.sounded") == [{"kind": "soft", "heard": True}, {"kind": "siren", "heard": True}]
    page.reload()
    page.wait_for_selector('.wall:not([data-sound="off"])')  # on, or waiting for the press that browsers want
    page.click(".wall-state")
    page.wait_for_selector('.wall[data-sound="on"]')
    page.click("#sound-switch")
    page.reload()
    page.wait_for_selector('.wall[data-sound="off"]')


def test_a_new_major_incident_is_a_siren_once_and_a_light_until_somebody_has_it(company, open_page):
    page = open_page("engineer", "/wallboard/")
    page.evaluate(LISTENING)
    page.click("#sound-switch")
    page.wait_for_selector('.wall[data-sound="on"]')
    page.wait_for_selector('.live[data-state="live"]')
    incident = opened(company)
    Incident.objects.filter(pk=incident.pk).update(proposed_grade="major")
    page.wait_for_selector('.wall[data-alarm="loud"]', timeout=20000)
    page.wait_for_selector("#wall-signs :text('1 critical sign waits for an answer.')")
    response.note_add(public_id=incident.public_id, version=None, actor=company.actor("engineer"), body="looking")
    page.wait_for_timeout(2000)
    assert [sound["kind"] for sound in page.evaluate("window.sounded")].count("siren") == 1
    confirm(company, incident)
    page.wait_for_selector('.wall[data-alarm="none"]', timeout=20000)


def test_flashing_stands_still_for_those_who_want_no_motion(company, open_page):
    page = open_page("engineer", "/wallboard/", reduced_motion="reduce")
    page.click("#sound-test")
    page.wait_for_selector('.wall[data-alarm="loud"] .wall-light', state="attached")
    assert page.evaluate("getComputedStyle(document.querySelector('.wall-light')).animationName") == "none"
    assert page.evaluate("getComputedStyle(document.querySelector('.wall-light')).display") == "block"  # the frame is there all the same


def test_keys_lead_where_the_list_says(company, open_page):
    incident = opened(company)
    page = open_page("lead", f"/incidents/{incident.number}/")
    page.wait_for_selector("#keys", state="attached")
    page.keyboard.press("?")
    page.wait_for_selector("dialog#keys[open] :text('confirm and grade')")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    page.keyboard.type("cgin?")
    assert page.input_value("#composer") == "cgin?"  # typing is typing
    page.locator("#composer").blur()
    page.keyboard.press("c")
    page.wait_for_selector("dialog#dialog[open] form")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("i")
    page.wait_for_url("**/incidents/")
    page.keyboard.press("g")
    page.keyboard.press("n")
    page.wait_for_selector("#now-headline")


def test_what_was_typed_outlives_a_filter_and_a_reload(company, open_page):
    incident = confirm(company, opened(company))
    page = open_page("lead", f"/incidents/{incident.number}/")
    page.fill("#composer", "half a sentence")
    page.click("#show-people")
    page.wait_for_selector("#show-people[aria-current]")
    assert page.input_value("#composer") == "half a sentence"
    response.decision_record(public_id=incident.public_id, version=None, actor=company.actor("lead"), body="live and narrowed")
    page.wait_for_selector("#room-timeline :text('live and narrowed')", timeout=20000)
    assert page.locator("#show-people[aria-current]").count() == 1  # the live update keeps the filter
    page.reload()
    assert page.input_value("#composer") == "half a sentence"
    page.click("button:has-text('Add a note')")
    page.wait_for_selector("#room-timeline :text('half a sentence')", timeout=20000)
    expect(page.locator("#composer")).to_have_value("")  # the timeline's news may come before the answer to the press
    page.reload()
    assert page.input_value("#composer") == ""
