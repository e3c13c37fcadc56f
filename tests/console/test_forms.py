"""The HTML edge of moves: asks, keeps what was typed, says the new state, does once; with script and without."""

from __future__ import annotations

import json
import re

import pytest

from incidents.response import services as response
from incidents.response.models import Note
from kernel import moves
from kernel.models import Entry, Proposal
from tests.console.conftest import see_traffic
from tests.console.reading import words

HTMX = {"HX-Request": "true"}


def form_of(client, address, **headers):
    text = client.get(address, headers=headers).content.decode()
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text))


def test_the_form_says_what_the_move_will_do_and_how_it_is_undone(incident, browser):
    shown = words(browser("engineer").get(f"/do/incidents.confirm/{incident.public_id}/"))
    move = moves.get("incidents.confirm")
    for expected in (str(move.title), str(move.effect), "Way back:", "General Severe Major", incident.number):
        assert expected in shown


def test_a_move_without_script_is_carried_out_and_leads_back_to_where_one_was(incident, browser):
    client = browser("engineer")
    address = f"/do/incidents.confirm/{incident.public_id}/"
    fields = form_of(client, address, Referer=f"http://testserver/incidents/{incident.number}/")
    answer = client.post(address, {**fields, "grade": "severe", "stops_business": "no"}, follow=True)
    assert answer.redirect_chain[-1][0].endswith(f"/incidents/{incident.number}/")
    assert "“Confirm and grade” is recorded." in words(answer)
    incident.refresh_from_db()
    assert incident.state == "confirmed"


def test_a_move_from_the_dialog_answers_with_an_event_and_no_page(incident, browser):
    client = browser("engineer")
    address = f"/do/incidents.confirm/{incident.public_id}/"
    fields = form_of(client, address, **HTMX)
    answer = client.post(address, {**fields, "grade": "severe", "stops_business": "no"}, headers=HTMX)
    assert answer.status_code == 204
    assert json.loads(answer["HX-Trigger"])["moved"]["says"] == f"{incident.number}: “Confirm and grade” is recorded."


def test_a_refused_form_keeps_what_was_typed_and_marks_the_field(incident, browser):
    client = browser("engineer")
    address = f"/do/incidents.confirm/{incident.public_id}/"
    answer = client.post(address, {**form_of(client, address), "scope": "all <payments>", "reason": "because"}, headers=HTMX)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "all &lt;payments&gt;" in text
    assert ">because</textarea>" in text
    assert 'aria-invalid="true"' in text
    assert "this is needed" in text
    assert "<html" not in text


def test_a_form_that_is_out_of_date_gets_409_the_new_state_and_what_was_typed(company, incident, browser):
    client = browser("engineer")
    address = f"/do/incidents.confirm/{incident.public_id}/"
    fields = form_of(client, address)
    response.incident_confirm(public_id=incident.public_id, version=1, actor=company.actor("lead"), grade="general", stops_business="no")
    entries = Entry.objects.count()
    answer = client.post(address, {**fields, "grade": "severe", "scope": "typed at three in the morning"})
    assert answer.status_code == 409
    assert "It is now “Confirmed”." in words(answer)
    assert "typed at three in the morning" in answer.content.decode()
    assert Entry.objects.count() == entries


@pytest.mark.parametrize("version", ["", "x", "-1", "99999999999999999999"])
def test_a_form_with_a_nonsense_version_is_refused(incident, browser, version):
    assert browser("engineer").post(f"/do/incidents.confirm/{incident.public_id}/", {"version": version, "grade": "severe"}).status_code in (409, 422)


def test_sending_the_same_form_twice_has_one_effect_and_the_same_answer(incident, browser):
    client = browser("engineer")
    address = f"/do/incidents.note/{incident.public_id}/"
    fields = {**form_of(client, address), "body": "Seen on the big screen"}
    first = client.post(address, fields, headers=HTMX)
    again = client.post(address, fields, headers=HTMX)
    assert (first.status_code, again.status_code) == (204, 204)
    assert first["HX-Trigger"] == again["HX-Trigger"]
    assert Note.objects.count() == 1


def test_the_composer_of_the_room_writes_a_note_and_a_decision(confirmed, browser):
    client = browser("lead")
    text = client.get(f"/incidents/{confirmed.number}/").content.decode()
    assert re.search(rf'formaction="/do/incidents.decision/{confirmed.public_id}/"', text)
    mark = re.search(r'name="mark" value="(\w+)"', text).group(1)
    answer = client.post(
        f"/do/incidents.decision/{confirmed.public_id}/",
        {"version": confirmed.version, "mark": mark, "body": "Prepare <b>the</b> switch"},
        headers=HTMX,
    )
    assert answer.status_code == 204
    shown = client.get(f"/incidents/{confirmed.number}/").content.decode()
    assert "Prepare &lt;b&gt;the&lt;/b&gt; switch" in shown


@pytest.mark.req("SWO-01")
def test_a_switch_shows_its_exact_steps_before_it_is_confirmed(confirmed, company, browser):
    see_traffic(company.part)
    shown = words(browser("lead").get(f"/do/incidents.switch_over/{confirmed.outage.public_id}/"))
    assert "Traffic flows to Primary hall now and to Standby hall afterwards." in shown
    steps = [
        "Hold new orders",
        "Isolate the old side",
        "Replication caught up",
        "Give the new side the right to write from here no way back but forward",
        "Let orders flow",
    ]
    places = [shown.index(step) for step in steps]
    assert places == sorted(places)


@pytest.mark.req("SEC-01")
def test_what_needs_a_second_person_says_so_and_becomes_a_proposal(confirmed, company, browser):
    clock = confirmed.outage.clocks.get(kind="switchover")
    address = f"/do/incidents.clock_waive/{clock.public_id}/"
    client = browser("lead")
    assert "A second, different person must agree" in words(client.get(address))
    answer = client.post(address, {**form_of(client, address), "reason": "warehouse is closed today"}, follow=True)
    assert "Somebody else must agree." in words(answer)
    proposal = Proposal.objects.get()
    assert clock.state == "running"
    room = words(browser("lead2").get(f"/incidents/{confirmed.number}/"))
    assert "Waiting for a second person" in room
    assert "warehouse is closed today" in room
    accept = f"/do/console.accept/{proposal.public_id}/"
    assert browser("lead").post(accept, form_of(client, accept)).status_code == 403
    other = browser("lead2")
    assert other.post(accept, form_of(other, accept)).status_code == 302
    clock.refresh_from_db()
    assert clock.state == "waived"


def test_only_legal_moves_are_offered(incident, browser):
    """By state: nothing of a handled incident yet. By right: an auditor is offered nothing."""
    offered = re.findall(r'(?:href|action)="/do/([\w.]+)/', browser("lead").get(f"/incidents/{incident.number}/").content.decode())
    assert "incidents.confirm" in offered
    assert not {"incidents.handle", "incidents.resolve", "incidents.close", "incidents.switch_over"} & set(offered)
    room = browser("auditor").get(f"/incidents/{incident.number}/").content.decode()
    assert "/do/" not in room


@pytest.mark.parametrize("next_page", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example", "http:///evil.example"])
def test_a_form_never_leads_away_from_the_console(incident, browser, next_page):
    answer = browser("engineer").post(f"/do/incidents.note/{incident.public_id}/", {"version": 1, "body": "x", "next": next_page})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/")
    assert not answer["Location"].startswith("//")


def test_a_disturbance_is_reported_by_hand(company, browser):
    client = browser("business")
    answer = client.post("/do/incidents.open/", {"part": "orders", "fault_class": "business", "title": "Refunds stand still"}, headers=HTMX)
    assert answer.status_code == 204
    assert json.loads(answer["HX-Trigger"])["moved"]["go"].startswith("/incidents/INC-")


PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}",
    "' onmouseover='alert(1)",
    "</textarea><script>alert(1)</script>",
    "javascript:alert(1)",
]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_text_is_shown_as_text_everywhere(company, browser, payload):
    incident = response.incident_open(actor=company.actor("lead"), part="orders", fault_class="software", title=payload)
    response.note_add(public_id=incident.public_id, version=None, actor=company.actor("lead"), body=payload)
    client = browser("engineer")
    for address in (
        "/",
        "/incidents/",
        f"/incidents/{incident.number}/",
        f"/do/incidents.confirm/{incident.public_id}/?scope={payload.replace('%', '%25').replace('#', '%23')}",
    ):
        answer = client.get(address)
        text = answer.content.decode()
        assert payload not in text or payload in ("{{7*7}}", "javascript:alert(1)"), address
        assert "49" not in re.findall(r"<strong><bdi>(.*?)</bdi>", text)
        assert not re.search(r'href="javascript:', text)
        policy = answer["Content-Security-Policy"]
        assert "unsafe-inline" not in policy
        assert "default-src 'self'" in policy


@pytest.mark.parametrize("language,expected", [("en", "Confirm and grade"), ("zh-hans", "确认")])
def test_screens_and_forms_speak_the_readers_language(incident, browser, language, expected):
    client = browser("lead")
    client.post("/language/", {"language": language})
    assert expected in words(client.get(f"/incidents/{incident.number}/"))
    page = client.get("/")
    assert f'<html lang="{language}"' in page.content.decode()
    assert page["Content-Language"] == language


def test_no_english_is_left_on_the_chinese_screens(confirmed, company, browser):
    """Everything of the console itself; names and titles are people's own words."""
    see_traffic(company.part)
    client = browser("lead")
    client.post("/language/", {"language": "zh-hans"})
    allowed = {
        "Enter",  # as it is printed on the key
        "Alertmanager",
        "Prometheus",
        "PagerDuty",
        "Switchback",
        "English",
        "manage",
        "source",
        "create",
        "INC",
        "OUT",
        "Orders",
        "cannot",
        "be",
        "paid",
        "Primary",
        "Standby",
        "hall",
        "Engineer",
        "Lead",
        "Software",
        "Business",
        "zh",
        "hans",
    }
    allowed |= (
        {name.title() for name in company.users}
        | set(company.users)
        | {"Freeze", "Tell", "Service", "instruction", "where", "success", "otherwise", "freeze", "tell", "service", "application", "fault"}
    )
    for address in ("/", "/alerts/", "/incidents/", "/switches/", "/proposals/", f"/incidents/{confirmed.number}/"):
        page = client.get(address)
        page.content = re.sub(rb"<(pre|code)[^>]*>.*?</\1>", b" ", page.content, flags=re.S)  # what is to be copied is no sentence
        found = set(re.findall(r"[A-Za-z]{3,}", words(page))) - allowed
        assert not {word for word in found if word not in allowed}, (address, found)
