"""Reports at the console: read, written, approved by two people, printed; what people type runs nowhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from incidents.reports import services
from incidents.reports.models import Report, SectionText
from incidents.response import services as response
from incidents.response.models import Incident
from kernel.journal.relay import relay
from tests.console.conftest import Company
from tests.console.reading import words

pytestmark = pytest.mark.req("RPT-01")
Browser = Callable[..., Client]


@pytest.fixture
def report(company: Company, incident: Incident) -> Report:
    """A severe incident whose business went on, over: its report drafted itself."""

    def step(service: Any, **inputs: Any) -> None:
        present = Incident.objects.get(pk=incident.pk)
        service(public_id=present.public_id, version=present.version, actor=company.actor("lead"), **inputs)

    step(response.incident_confirm, grade="severe", stops_business="no")
    step(response.incident_handle)
    step(response.incident_verify)
    for condition in ("functions", "data", "business"):
        step(response.end_condition_check, condition=condition, passed="yes", evidence="checked")
    step(response.incident_resolve)
    relay()
    return Report.objects.get(incident=incident)


def save(client: Client, report: Report, section: str = "cause", **fields: str) -> Any:
    report.refresh_from_db()
    body = {"version": str(report.version), "text_en": "A lock.", "text_zh": "锁表。", **fields}
    return client.post(f"/reports/{report.number}/{section}/", body)


def do(client: Client, report: Report, move: str, **fields: str) -> Any:
    report.refresh_from_db()
    return client.post(f"/do/{move}/{report.public_id}/", {"version": str(report.version), **fields})


def test_from_the_draft_to_the_closed_incident_by_two_people(report: Report, browser: Browser) -> None:
    lead, second = browser("lead"), browser("lead2")
    shown = words(lead.get(f"/reports/{report.number}/"))
    assert "1 Summary" in shown
    assert "Submit for approval" in shown
    assert "drafted by the console" in shown
    assert report.number in words(lead.get(f"/incidents/{report.incident.number}/"))
    assert save(lead, report).status_code == 302
    assert "A lock." in words(lead.get(f"/reports/{report.number}/"))
    assert do(lead, report, "reports.submit").status_code == 302
    mine = words(lead.get(f"/reports/{report.number}/"))
    assert "Approve the report" not in mine
    assert "a team lead who did not must approve it" in mine
    assert do(lead, report, "reports.approve").status_code == 403
    assert "Approve the report" in words(second.get(f"/reports/{report.number}/"))
    assert do(second, report, "reports.approve").status_code == 302
    report.refresh_from_db()
    assert report.state == "approved"
    assert Incident.objects.get(pk=report.incident_id).report_accepted_at is not None


def test_what_was_typed_survives_another_ones_save(report: Report, browser: Browser) -> None:
    client = browser("lead")
    seen = report.version
    assert save(browser("engineer"), report, text_en="Theirs.", text_zh="他们的。").status_code == 302
    answer = save(client, report, version=str(seen), text_en="Mine, typed for an hour.", text_zh="我的。")
    assert answer.status_code == 409
    assert "Mine, typed for an hour." in answer.content.decode()
    assert "Theirs." in words(answer)
    report.refresh_from_db()
    assert f'name="version" value="{report.version}"' in answer.content.decode()
    empty = save(client, report, text_en="Only English", text_zh="")
    assert empty.status_code == 422
    assert "Only English" in empty.content.decode()


def test_versions_show_what_changed(report: Report, browser: Browser) -> None:
    client = browser("lead")
    save(client, report, text_en="37 orders were lost.")
    save(client, report, text_en="38 orders were lost.")
    page = client.get(f"/reports/{report.number}/cause/").content.decode()
    assert "<del>37</del>" in page
    assert "<ins>38</ins>" in page
    assert "the Chinese one still say the same" in page
    assert SectionText.objects.filter(report=report, section="cause").count() == 3


@pytest.mark.parametrize("language, wanted", [("en", "Summary"), ("zh-hans", "概要")])
def test_the_screens_speak_the_readers_language(report: Report, browser: Browser, language: str, wanted: str) -> None:
    client = browser("lead")
    client.cookies["django_language"] = language
    assert wanted in words(client.get(f"/reports/{report.number}/"))
    for address in ("/reports/", "/reports/actions/", "/reports/statistics/", f"/reports/{report.number}/cause/"):
        page = client.get(address)
        assert page.status_code == 200
        if language == "zh-hans":
            assert not re.search(r"\b(Reports|Statistics|Owner|Overdue|Versions)\b", words(page)), address


def test_the_papers_come_in_both_languages_and_no_other(report: Report, browser: Browser) -> None:
    client = browser("auditor")
    for language in ("en", "zh"):
        answer = client.get(f"/reports/{report.number}/{language}.pdf")
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
        assert answer.content.startswith(b"%PDF-")
    assert client.get(f"/reports/{report.number}/fr.pdf").status_code == 404


@pytest.mark.req("SEC-01")
@pytest.mark.parametrize(
    "name, may", [("auditor", True), ("director", True), ("business", True), ("service", False), ("admin", False), ("stranger", False)]
)
def test_every_door_is_closed_to_those_who_may_not_read(report: Report, browser: Browser, name: str, may: bool) -> None:
    client = browser(name)
    for address in ("", "cause/", "en.pdf"):
        assert client.get(f"/reports/{report.number}/{address}").status_code == (200 if may else 404), address
    listed = words(client.get("/reports/"))
    assert (report.number in listed) is may
    if name in ("service", "admin"):
        assert client.get("/reports/statistics/").status_code == 403
        assert client.get("/reports/statistics.csv").status_code == 403
    if not may:
        assert save(client, report).status_code == 404
    if name in ("auditor", "director"):
        assert save(client, report).status_code == 403


@pytest.mark.attack
def test_script_in_texts_titles_and_actions_is_shown_as_text(report: Report, company: Company, browser: Browser) -> None:
    from datetime import timedelta

    from kernel import clock

    bad = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    Incident.objects.filter(pk=report.incident_id).update(title=bad)
    client = browser("lead")
    save(client, report, text_en=bad, text_zh=f"- {bad}")
    owner, due_at = company.users["engineer"].public_id, clock.now() + timedelta(days=1)
    services.action_add(public_id=report.public_id, version=None, actor=company.actor("lead"), title=bad, owner=owner, due_at=due_at)
    for address in (
        "/reports/",
        "/reports/actions/",
        f"/reports/{report.number}/",
        f"/reports/{report.number}/?text=zh",
        f"/reports/{report.number}/cause/",
    ):
        page = client.get(address).content.decode()
        assert "<script>alert" not in page, address
        assert "<img src=x" not in page, address


def test_statistics_refuse_nonsense_and_export_what_they_show(report: Report, browser: Browser) -> None:
    client = browser("lead")
    for query in ("days=7", "days=x", "grade=huge", "fault_class=x"):
        assert client.get(f"/reports/statistics/?{query}").status_code == 422, query
    answer = client.get("/reports/statistics.csv?days=0&grade=severe")
    assert answer["Content-Type"].startswith("text/csv")
    assert report.incident.number in answer.content.decode("utf-8-sig")
    assert report.incident.number not in client.get("/reports/statistics.csv?days=0&grade=major").content.decode("utf-8-sig")


def test_the_list_costs_the_same_however_many_there_are(report: Report, browser: Browser, django_assert_max_num_queries: Any) -> None:
    client = browser("lead")
    client.get("/reports/")
    for address, most in (("/reports/", 30), (f"/reports/{report.number}/", 40), ("/reports/statistics/", 40)):
        with django_assert_max_num_queries(most):
            client.get(address)


def test_a_tool_reads_the_sections_by_rest(report: Report, api: Callable[..., Client]) -> None:
    shown = api("auditor", "reports:read").get(f"/api/v1/reports/{report.public_id}/").json()
    assert report.incident.number in shown["sections"]["summary"]["text_en"]
    assert shown["state"] == "draft"
