"""What people who saw the console for the first time stumbled over: each of these was once read as something else."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from console.selectors import frame
from console.selectors.probes import rows_of
from console.selectors.setup_sources import snippets
from contingency.org.models import ContactPoint
from incidents.switchover.models import RecoveryClock
from kernel import clock
from kernel.actors import SYSTEM
from monitoring.alerts.services.sources import source_create
from monitoring.probes.models import Probe
from monitoring.probes.services import probe_define, target_allow
from tests.console.reading import words
from work.models import Task

pytestmark = pytest.mark.django_db

HIDDEN = re.compile(rb"<span data-(?:before|over) hidden>.*?</span>", re.DOTALL)

IN_LINE = re.compile(rb"</?(?:b|time)\b[^>]*>")


def seen(answer: Any) -> str:
    """What stands on the page, without what is hidden."""
    answer.content = IN_LINE.sub(b"", HIDDEN.sub(b" ", re.sub(rb"\s+hidden>", b" hidden>", answer.content)))
    return words(answer)


@pytest.mark.req("RTO-01")
@pytest.mark.parametrize("address", ["/", "/wallboard/"])
def test_the_headline_says_that_its_number_is_the_time_left_and_afterwards_by_how_much_it_is_late(confirmed, browser, address):
    client = browser("engineer")
    line = seen(client.get(address))
    assert re.search(r" \d\d:\d\d left to get business onto the standby ", line)
    assert "late in getting" not in line
    clock.wind(timedelta(hours=1, minutes=5))
    line = seen(client.get(address))
    assert re.search(r" 0[45]:\d\d late in getting business onto the standby ", line)
    assert "left to get business" not in line


@pytest.mark.req("RTO-01")
@pytest.mark.parametrize(
    "kind,english", [("recovery", "left until business must be normal again"), ("switchback", "left to bring business back onto the primary")]
)
def test_each_clock_has_its_own_sentence(confirmed, browser, kind, english):
    now = clock.now()
    clocks = RecoveryClock.objects.filter(outage=confirmed.outage)
    clocks.exclude(kind=kind).update(state="met", started_at=now, stopped_at=now)
    clocks.filter(kind=kind).update(state="running", started_at=now, due_at=now + timedelta(minutes=30))
    assert re.search(rf" (30:00|29:\d\d) {english} ", seen(browser("engineer").get("/")))


@pytest.mark.req("MON-05")
def test_before_grading_the_room_does_not_say_that_no_clock_runs_beside_a_number_that_runs(incident, browser):
    client = browser("engineer")
    room = f"/incidents/{incident.number}/?parts=room-clocks"
    shown = seen(client.get(room))
    assert re.search(r"Not running yet\. If business has stopped: on the standby by [-\d ]*\d\d:\d\d, \d\d:\d\d left ", shown)
    assert re.search(r"It counts from the failure \([-\d ]*\d\d:\d\d\) once the incident is confirmed", shown)
    assert "No recovery clock runs" not in shown
    assert "late by" not in shown
    clock.wind(timedelta(hours=1, minutes=5))
    assert re.search(r"on the standby by [-\d ]*\d\d:\d\d at the latest, late by 0[45]:\d\d ", seen(client.get(room)))


@pytest.mark.req("RTO-01")
def test_each_clock_is_waived_by_a_button_that_names_it(confirmed, browser):
    shown = words(browser("lead").get(f"/incidents/{confirmed.number}/?parts=room-actions"))
    for name in ("Onto the standby", "Business normal", "Back on the primary"):
        assert shown.count(f"Waive this clock: {name}…") == 1


@pytest.mark.req("INC-04")
@pytest.mark.parametrize("is_needed", [True, False])
def test_evidence_that_a_step_asks_for_is_not_called_optional(confirmed, browser, is_needed):
    task = Task.objects.filter(task_list__subject_id=str(confirmed.public_id)).first()
    Task.objects.filter(pk=task.pk).update(needs_evidence=is_needed)
    page = browser("lead").get(f"/do/work.task_done/{task.public_id}/").content.decode()
    field = re.search(r'<label for="field-evidence">.*?</textarea>', page, re.DOTALL)[0]
    assert ("(optional)" in field) is not is_needed
    assert (" required>" in field) is is_needed


@pytest.mark.req("INC-03")
def test_the_role_that_was_pressed_is_chosen_and_stands_first(confirmed, browser):
    page = browser("lead").get(f"/do/incidents.role_take/{confirmed.public_id}/?role=scribe").content.decode()
    first = re.search(r'<input type="radio" name="role"[^>]*>', page)[0]
    assert 'value="scribe"' in first
    assert "checked" in first


def test_who_does_not_administer_is_not_sent_to_a_command_line(company, browser, monkeypatch):
    monkeypatch.setattr(frame, "late_sweeps", lambda: ["relay"])
    for person, is_sent in (("lead", False), ("admin", True)):
        shown = words(browser(person).get("/"))
        assert "The console itself is late" in shown
        assert ("manage.py doctor" in shown) is is_sent
        assert ("Tell the administrator" in shown) is not is_sent


@pytest.mark.req("MON-05")
def test_a_number_that_was_read_is_no_green_answer(company, browser, incident):
    target_allow(actor=SYSTEM, network="127.0.0.0/8", port_from=1, port_to=65535)
    made = {
        kind: probe_define(actor=SYSTEM, name=kind, part=company.part, kind=kind, target="http://127.0.0.1:9/m", metric=metric)
        for kind, metric in (("metric", "orders_success_ratio"), ("http", ""))
    }
    Probe.objects.update(last_is_ok=True, state="healthy")
    assert {row.name: row.is_reading for row in rows_of(company.part, clock.now())} == {"metric": True, "http": False}
    text = browser("engineer").get(f"/incidents/{incident.number}/?parts=room-probes").content.decode()
    assert len(made) == 2
    assert text.count('class="tag ok"') == 1
    assert "measured" in text
    Probe.objects.update(last_is_ok=False)
    assert not any(row.is_reading for row in rows_of(company.part, clock.now()))


@pytest.mark.req("MON-06")
@pytest.mark.parametrize("kind", ["alertmanager", "generic", "pagerduty"])
def test_the_answer_that_is_promised_below_a_snippet_is_the_one_that_comes(company, kind):
    source, key = source_create(kind=kind, name=kind, part=company.part, actor=company.actor("lead"))
    tried = [snippet for snippet in snippets(source, key) if snippet.answer]
    assert tried
    for snippet in tried:
        body = re.search(r"-d '(.*)'$", snippet.text)[1].replace("'\"$(date -u +%FT%TZ)\"'", clock.now().isoformat())
        path = urlsplit(re.search(r"curl -X POST (\S+)", snippet.text)[1]).path
        answer = Client().post(path, body, content_type="application/json")
        assert answer.status_code in (200, 202)
        assert answer.content.decode() == snippet.answer


@pytest.mark.req("MON-06")
def test_who_connects_a_tool_and_may_not_see_alerts_sees_that_one_came(company, browser):
    source, key = source_create(kind="generic", name="Tool", part=company.part, actor=company.actor("admin"))
    page = browser("admin")
    address = f"/setup/sources/{source.public_id}/"
    assert "Nothing came yet. Your role connects tools" in words(page.get(address))
    body = {"id": "1", "summary": "Cable cut", "severity": "info", "status": "firing"}
    assert Client().post(f"/in/generic/{key}", body, content_type="application/json").status_code == 202
    shown = words(page.get(address))
    assert "1 alert · last heard of" in shown
    assert "Cable cut" not in shown


def test_heartbeat_fields_say_to_which_choice_they_belong(company, browser):
    page = browser("lead").get("/do/monitoring.source_create/").content.decode()
    assert page.count('data-only-with="kind=heartbeat"') == 2


@pytest.mark.parametrize("address", ["/offline/call-tree/", "/offline/by-hand/orders/"])
def test_who_has_no_telephone_number_is_not_a_bare_line(company, traffic, browser, address):
    client = browser("lead")
    phones = ContactPoint.objects.filter(kind="phone")
    people = list(phones.values_list("user", flat=True))
    phones.delete()
    shown = words(client.get(address))
    assert "no number on file" in shown
    assert "Some people have no telephone number on file" in shown
    ContactPoint.objects.bulk_create(ContactPoint(user_id=user, kind="phone", address="+86 10 5550 0101", order=1) for user in people)
    assert "no number on file" not in words(client.get(address))
