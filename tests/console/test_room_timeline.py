"""The room's timeline, composer, tasks and roles as people see them; and what a cut view never shows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from incidents.response import services as response
from incidents.response.models import Incident
from kernel import clock, journal
from kernel.models import Entry
from tests.console.conftest import Company
from tests.console.reading import words
from work.models import Task

pytestmark = pytest.mark.django_db


def room(client: Any, incident: Incident, query: str = "") -> Any:
    answer = client.get(f"/incidents/{incident.number}/{query}")
    assert answer.status_code == 200
    return answer


def note(company: Company, incident: Incident, text: str, by: str = "engineer") -> Entry:
    response.note_add(public_id=incident.public_id, version=None, actor=company.actor(by), body=text)
    return journal.timeline(incident)[-1]


def timeline_of(client: Any, incident: Incident, show: str = "all") -> str:
    return words(room(client, incident, f"?show={show}&parts=room-timeline"))


def mark(company: Company, incident: Incident, entry: Entry, by: str = "lead", **fields: Any) -> dict[str, Any]:
    return {"public_id": incident.public_id, "version": None, "actor": company.actor(by), "entry": entry.public_id, **fields}


@pytest.mark.req("INC-05")
def test_a_pinned_line_stands_above_and_its_remark_beneath(company, confirmed, browser):
    entry = note(company, confirmed, "the lamp is out")
    response.entry_pin(**mark(company, confirmed, entry))
    response.entry_annotate(**mark(company, confirmed, entry, text="seen here too"))
    shown = timeline_of(browser("engineer"), confirmed)
    assert shown.index("Pinned") < shown.index("the lamp is out") < shown.index("seen here too")
    assert shown.count("the lamp is out") == 2  # above, and in its place
    assert "pinned by Lead" in shown
    assert "remarked on an entry" not in shown  # stands beneath the line, not as a line


@pytest.mark.req("INC-05")
def test_a_line_placed_in_time_says_who_placed_it_and_when_it_was_recorded(company, confirmed, browser):
    entry = note(company, confirmed, "smoke in the hall")
    clock.wind(timedelta(minutes=30))
    response.entry_retime(**mark(company, confirmed, entry, placed_at=confirmed.failing_since - timedelta(minutes=17), reason="door log"))
    shown = timeline_of(browser("engineer"), confirmed)
    assert "by Lead, recorded" in shown
    assert "door log" in shown
    assert shown.index("smoke in the hall") > shown.index("reported a disturbance")  # older than the first line now


@pytest.mark.req("INC-05")
def test_the_timeline_is_narrowed_by_kind(company, confirmed, browser):
    note(company, confirmed, "only people say this")
    client = browser("engineer")
    assert "only people say this" in timeline_of(client, confirmed, "people")
    assert "only people say this" not in timeline_of(client, confirmed, "messages")
    assert "only people say this" not in timeline_of(client, confirmed, "clocks")
    assert "outage" in timeline_of(client, confirmed, "clocks").lower()
    assert "reported a disturbance" in timeline_of(client, confirmed, "alerts")
    assert "only people say this" in timeline_of(client, confirmed, "nonsense")


def test_plumbing_is_no_line(company, confirmed, browser):
    assert Entry.objects.filter(name="kernel.linked.v1").exists()
    assert "was linked to" not in timeline_of(browser("engineer"), confirmed)


@pytest.mark.req("INC-05")
def test_a_report_in_three_lines_is_sent_by_one_form_and_read_as_three(company, confirmed, browser):
    client = browser("engineer")
    address = f"/do/incidents.can_report/{confirmed.public_id}/"
    said = {"version": confirmed.version, "condition": "no orders", "actions": "switch prepared", "needs": "a second person"}
    assert client.post(address, said).status_code == 302
    shown = timeline_of(client, confirmed)
    assert "Condition no orders Actions switch prepared Needs a second person" in shown


def test_a_mark_is_made_by_form_with_the_line_shown_in_it(company, confirmed, browser):
    entry = note(company, confirmed, "which line is it")
    client = browser("engineer")
    address = f"/do/incidents.entry_annotate/{confirmed.public_id}/?entry={entry.public_id}"
    asked = client.get(address)
    assert "which line is it" in words(asked)
    assert f'<input type="hidden" name="entry" value="{entry.public_id}">' in asked.content.decode()
    done = client.post(address, {"version": confirmed.version, "entry": str(entry.public_id), "text": "this one"})
    assert done.status_code == 302
    assert "this one" in timeline_of(client, confirmed)


def test_both_tracks_stand_side_by_side_with_foldable_instructions(company, confirmed, browser):
    shown = words(room(browser("engineer"), confirmed, "?parts=room-tasks"))
    assert shown.index("Technical") < shown.index("Freeze") < shown.index("Business") < shown.index("Tell-Service")
    for said in ("instruction freeze", "where freeze", "success freeze", "otherwise freeze", "about 10 minutes"):
        assert said in shown


@pytest.mark.req("INC-03")
def test_a_free_role_can_be_taken_and_an_answer_is_shown(company, confirmed, browser):
    client = browser("engineer2")
    assert "Scribe nobody Take it…" in words(room(client, confirmed, "?parts=room-roles"))
    address = f"/do/incidents.role_take/{confirmed.public_id}/?role=scribe"
    assert client.post(address, {"version": confirmed.version, "role": "scribe"}).status_code == 302
    assert "Scribe Engineer2 answered" in words(room(client, confirmed, "?parts=room-roles"))
    assert "Take it" not in words(room(browser("auditor"), confirmed, "?parts=room-roles"))


def test_facts_once_recorded_are_not_offered_again(company, confirmed, browser, traffic):
    client = browser("lead")
    assert "The original is repaired" in words(room(client, confirmed, "?parts=room-actions"))
    confirmed.outage.__class__.objects.filter(pk=confirmed.outage.pk).update(repaired_at=clock.now(), repaired_evidence={"what": "fixed"})
    assert "The original is repaired" not in words(room(client, confirmed, "?parts=room-actions"))


def test_what_an_update_does_is_said_to_those_who_may_post_one(company, confirmed, browser):
    for name, says in {"engineer": True, "business": False}.items():
        shown = words(room(browser(name), confirmed))
        assert "A note or a decision notifies nobody." in shown, name
        assert ("An update is sent to everybody concerned" in shown) is says, name


def test_a_task_that_its_move_did_is_nobodys_doing(company, confirmed, browser):
    """Done by a button of the console, whoever pressed it: the one who has the task may not even have answered."""
    Task.objects.filter(slug="freeze").update(move="incidents.update", owner=company.users["engineer2"])
    client = browser("engineer")
    assert "To do · Engineer2" in words(room(client, confirmed))
    response.update_post(public_id=confirmed.public_id, version=None, actor=company.actor("lead"), body="Payments are delayed.")
    shown = words(room(client, confirmed))
    assert "Done in the console" in shown
    assert "Done · Engineer2" not in shown


SECRETS = ("port 5432 refuses", "lag of the replica", "Freeze")


@pytest.fixture
def told(company: Company, confirmed: Incident) -> Incident:
    """An incident with technical words in every corner, and one text for those who wait."""
    note(company, confirmed, SECRETS[0])
    lead = company.actor("lead")
    incident = response.incident_locate(public_id=confirmed.public_id, version=None, actor=lead, finding=SECRETS[1])
    response.update_post(public_id=incident.public_id, version=None, actor=lead, body="Payments are delayed.")
    response.decision_record(public_id=incident.public_id, version=None, actor=lead, body="We prepare the standby.")
    return incident


@pytest.mark.req("SEC-01")
@pytest.mark.parametrize("name, decision", [("business", True), ("service", False)])
def test_business_and_customer_service_see_no_technical_inside(company, told, browser, api, name, decision):
    """On the screen, in the record and in the timeline of the API; also for parts of the page asked for by name."""
    everything = "room-" + ",room-".join(("alerts", "probes", "series", "changes", "earlier", "part", "switch", "header", "timeline"))
    client, tool = browser(name), api(name)
    address = f"/api/v1/incidents/{told.public_id}/"
    pages = [room(client, told), room(client, told, f"?parts={everything}"), tool.get(address), tool.get(f"{address}timeline/?limit=200")]
    for page in pages:
        assert page.status_code == 200
        for secret in SECRETS:
            assert secret not in page.content.decode(), (page.request["PATH_INFO"], secret)
    assert 'id="room-alerts"' not in pages[1].content.decode()
    assert "Payments are delayed." in words(pages[0])
    assert ("We prepare the standby." in words(pages[0])) == decision
    assert "finding" not in pages[2].json()
    assert "Payments are delayed." in pages[3].content.decode()
    sentences = [item["sentence"] for item in pages[3].json()["items"]]
    assert sentences
    assert all("—" not in sentence for sentence in sentences)


def test_customer_service_reads_what_it_means_for_customers(company, told, browser):
    client = browser("service")
    assert "Orders Business stands still" in words(room(client, told))
    part = client.get(f"/incidents/{told.number}/?parts=room-impact").content.decode().strip()
    assert part.startswith('<section id="room-impact"')
    assert room(browser("engineer"), told, "?parts=room-impact").content == b""


@pytest.mark.req("SEC-01")
def test_the_answer_to_ones_own_comment_is_cut_as_well(company, told, api):
    body = {"version": told.version, "body": "a customer asks"}
    answer = api("service").post(f"/api/v1/incidents/{told.public_id}/note/", body, content_type="application/json")
    assert answer.status_code == 200
    assert SECRETS[1] not in answer.content.decode()
    assert "a customer asks" in api("service").get(f"/api/v1/incidents/{told.public_id}/timeline/").content.decode()  # one's own words stay


@pytest.mark.req("SEC-01")
def test_whoever_commands_sees_all_of_it(company, told, browser):
    told.roles.filter(role="commander", ended_at=None).update(user=company.users["business"])
    assert SECRETS[0] in words(room(browser("business"), told))


@pytest.mark.req("SEC-01")
def test_an_administrator_sees_titles_only_also_in_the_api(company, told, browser, api):
    page = words(room(browser("admin"), told))
    record = api("admin").get(f"/api/v1/incidents/{told.public_id}/")
    history = api("admin").get(f"/api/v1/incidents/{told.public_id}/timeline/?limit=200")
    for said in (*SECRETS, "Payments are delayed.", "We prepare the standby."):
        for text in (page, record.content.decode(), history.content.decode()):
            assert said not in text
    assert record.json()["title"] == told.title
    assert "scope" not in record.json()
    assert history.json()["items"] == []
