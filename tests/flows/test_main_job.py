"""The main job, from the failing upgrade to the resolved incident, judged by the customers' own count and the mail sink.

Nothing here knows the project's code: it uses what a user or a tool has. Times are printed (`pytest -s` or the summary).
"""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import psycopg2
import pytest

from tests.flows.running import Console, Person, links_in, moment, wait_for

pytestmark = [pytest.mark.story, pytest.mark.timeout(540), pytest.mark.xdist_group("main job")]

SCOPES = (
    "incidents:read", "incidents:write", "alerts:read", "alerts:write", "pages:read", "pages:write",
    "tasks:read", "tasks:write", "parts:read", "proposals:read", "proposals:write",
)  # fmt: skip


class Customers:
    """What the customers themselves count, as differences."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.before = self.now()

    def now(self) -> dict[str, Any]:
        """Totals."""
        counts: dict[str, Any] = self.console.lab("status")["customers"]
        return counts

    def since(self) -> dict[str, int]:
        """What was added since the last look."""
        now = self.now()
        added = {name: now[name] - self.before[name] for name in ("placed", "done", "failed", "lost", "duplicates")}
        self.before = now
        return added


@pytest.fixture(scope="module")
def engineer(console: Console) -> Person:
    """Chen Yu, on duty."""
    return console.as_person("chen.yu", *SCOPES)


@pytest.fixture(scope="module")
def lead(console: Console) -> Person:
    """Zhao Min, leads operations."""
    return console.as_person("zhao.min", *SCOPES)


def switched(person: Person, made: dict[str, Any], *, within_s: float = 60) -> dict[str, Any]:
    """Wait until a switch is through; fails with its own words when it is not."""
    number = made["id"]

    def ended() -> dict[str, Any] | None:
        switch: dict[str, Any] = person.get(f"/api/v1/switches/{number}/")
        assert switch["state"] not in {"failed", "reverted"}, json.dumps(switch, indent=1)
        return switch if switch["state"] == "done" else None

    return wait_for(f"switch {made['number']} done", ended, within_s=within_s)


def told(line: str) -> None:
    """A measured time, for whoever reads the run."""
    print(f"  main job: {line}", flush=True)


def ordered(console: Console, lead: Person, part: dict[str, Any], direction: str) -> dict[str, Any]:
    """Where a second person has to agree, one does."""
    switch = lead.do("/api/v1/switches/switch_order/", part=part["id"], direction=direction, reason="rehearsal at noon")
    if switch["state"] == "ordered":
        refused = lead.move("switches", switch, "switch_approve", expect=(403,))
        assert refused["code"] in {"not_permitted", "needs_second_person", "second_person_same"}
        console.as_person("sun.jie", *SCOPES).move("switches", switch, "switch_approve")
    return switch


def taken_back(person: Person, made: dict[str, Any]) -> str:
    """Wait for the switch's end; why it was taken back, empty when it was not."""

    def ended() -> dict[str, Any] | None:
        switch: dict[str, Any] = person.get(f"/api/v1/switches/{made['id']}/")
        return switch if switch["state"] in {"done", "reverted", "failed"} else None

    switch = wait_for(f"switch {made['number']} ended", ended, within_s=120)
    return str(switch["failure"]["detail"]) if switch["state"] == "reverted" else ""


@pytest.mark.req("SWO-01", "SWO-03", "SWO-04")
def test_a_planned_switch_there_and_back_costs_no_order(console: Console, lead: Person) -> None:
    customers = Customers(console)
    part = lead.items("parts")[0]
    for direction, serving in (("over", "standby"), ("back", "primary")):
        began = time.monotonic()
        switch = ordered(console, lead, part, direction)
        if (why := taken_back(lead, switch)) and "no answer" in why:
            # a machine that stands still for seconds: the switch was rightly taken back, no order may be hurt, and it is ordered once more
            told(f"planned switch {direction} was taken back once: {why}")
            switch = ordered(console, lead, part, direction)
        done = switched(lead, switch)
        assert console.lab("status")["gateway"]["serving"] == serving
        held = sum(step["took_ms"] for step in done["steps"] if not step["verification"])
        told(f"planned switch {direction}: done after {time.monotonic() - began:.1f} s, orders held about {held} ms")
        time.sleep(3)
    added = customers.since()
    told(f"planned switches: {added}")
    assert added["done"] > 0
    assert (added["failed"], added["lost"], added["duplicates"]) == (0, 0, 0)
    assert console.lab("status", "--verify")["verify"]["lost"] == 0


@pytest.mark.req("MON-01", "MON-06", "INC-01", "INC-02", "INC-03", "INC-05", "INC-07", "RTO-01", "SWO-01", "SWO-05")
def test_a_failing_upgrade_from_the_first_sign_to_resolved(console: Console, engineer: Person, lead: Person) -> None:
    customers = Customers(console)
    mails_before = len(console.sink.mails)
    broke = time.time()
    console.lab("break", "upgrade")

    alert = wait_for("an alert", lambda: next(iter(engineer.items("alerts", state="firing")), None), within_s=30)
    noticed = moment(alert["first_seen_at"]).timestamp() - broke
    incident = wait_for("an incident", lambda: next(iter(engineer.items("incidents", state="discovered")), None), within_s=15)
    page = wait_for("the page of the duty engineer", lambda: next(iter(console.sink.mails[mails_before:]), None), within_s=15)
    opened = moment(incident["discovered_at"]).timestamp()
    told(f"alert {noticed:.1f} s after the break, page {page.at - opened:.1f} s after the incident's opening")
    assert noticed < 15
    assert page.at - opened < 5
    assert page.to == "chen.yu@demo.example"
    assert incident["number"] in str(page.message["Subject"])

    acknowledged_by_link(console, page)

    incident = engineer.move("incidents", incident, "confirm", grade="severe", stops_business=True)
    assert incident["state"] == "confirmed"
    outage = engineer.items("outages")[0]
    clock = next(each for each in engineer.items("clocks") if each["kind"] == "switchover" and each["outage"] == outage["number"])
    failing_since = moment(outage["failing_since"])
    assert moment(clock["started_at"]) == failing_since
    assert failing_since < moment(incident["confirmed_at"])
    told(f"clock runs from {failing_since.timestamp() - broke:.1f} s after the break")
    assert clock["state"] == "running"

    lead.move("outages", outage, "switch_over")
    over = switched(lead, lead.items("switches")[0])
    assert console.lab("status")["gateway"]["serving"] == "standby"
    assert {"probes", "traffic", "business_check"} <= set(over["evidence"])
    clock = engineer.get(f"/api/v1/clocks/{clock['id']}/")
    assert clock["state"] == "met"
    assert clock["evidence"]["business_check"]["read_back"] is True
    told(f"on the standby {moment(clock['stopped_at']).timestamp() - broke:.1f} s after the break (mode {over['mode']})")
    flowing = Customers(console)
    time.sleep(6)
    added = flowing.since()
    assert added["done"] > 10
    assert added["lost"] == 0
    both_sides_have_a_database_of_their_own(console)

    incident = engineer.move("incidents", incident, "locate", finding="The migration of version 2.0.0 left orders unpayable.")
    incident = engineer.move("incidents", incident, "handle")
    normal = lead.move("outages", outage, "business_normal_record")
    assert normal["business_normal_at"]
    recovery = next(each for each in engineer.items("clocks") if each["kind"] == "recovery" and each["outage"] == outage["number"])
    assert recovery["state"] == "met"

    console.lab("fix")
    refused = lead.move("outages", outage, "switch_back", expect=(409, 422))
    assert refused["code"], "switching back before the repair is recorded must be refused"
    repaired = engineer.move("outages", outage, "repair_record", what="Version 2.0.1: migration mended, replicating with version 1 both ways.")
    assert repaired["repaired_at"]

    quiet = Customers(console)
    lead.move("outages", outage, "switch_back")
    back = switched(lead, lead.items("switches")[0])
    assert "replication_caught_up" in back["evidence"]
    assert console.lab("status")["gateway"]["serving"] == "primary"
    time.sleep(3)
    added = quiet.since()
    told(f"switch back: {added}")
    assert (added["failed"], added["lost"], added["duplicates"]) == (0, 0, 0)
    outage = lead.get(f"/api/v1/outages/{outage['id']}/")
    assert outage["state"] == "back_on_primary"
    assert {each["state"] for each in engineer.items("clocks") if each["outage"] == outage["number"]} == {"met"}

    resolve(engineer, lead, incident)
    total = customers.since()
    told(f"whole story: {total}; failed orders are those refused by the broken version")
    assert total["lost"] == 0
    assert console.lab("status", "--verify")["verify"]["lost"] == 0
    assert_the_record_is_whole(console, engineer, incident)


def acknowledged_by_link(console: Console, page: Any) -> None:
    """The link in the mail: looking at it changes nothing, the button does, once."""
    link = next(link for link in links_in(page) if "/ack/" in link)
    with httpx.Client(timeout=20, follow_redirects=False) as browser:
        for _ in range(2):
            assert browser.get(link).status_code == 200
        lead = console.as_person("zhao.min", *SCOPES)
        assert lead.items("pages")[0]["state"] == "calling"
        form = browser.get(link)
        token = form.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0] if "csrfmiddlewaretoken" in form.text else ""
        answer = browser.post(link, data={"csrfmiddlewaretoken": token}, headers={"Referer": link})
        assert answer.status_code in {200, 302, 303}, answer.text
        assert lead.items("pages")[0]["state"] == "acknowledged"
        again = browser.post(link, data={"csrfmiddlewaretoken": token}, headers={"Referer": link})
        assert again.status_code in {200, 400, 403, 409, 410}


def both_sides_have_a_database_of_their_own(console: Console) -> None:
    """Stop the one business moved away from: orders go on, and that database is gone."""
    before = console.lab("status")["sides"]
    assert before["primary"]["database"]["port"] != before["standby"]["database"]["port"]
    assert before["primary"]["database"]["system_identifier"] != before["standby"]["database"]["system_identifier"]
    console.lab("stop-database", "primary")
    try:
        with pytest.raises(psycopg2.OperationalError):
            psycopg2.connect(host="127.0.0.1", port=before["primary"]["database"]["port"], user="nobody", dbname="orders", connect_timeout=2)
        customers = Customers(console)
        time.sleep(8)
        added = customers.since()
        assert added["done"] > 0
        assert added["lost"] == 0
    finally:
        console.lab("start-database", "primary")
    wait_for("replication running again", lambda: console.lab("status")["replication"]["second_copy"], within_s=60, every_s=1)


def resolve(engineer: Person, lead: Person, incident: dict[str, Any]) -> None:
    """Verify the end conditions and resolve."""
    engineer.move("incidents", incident, "verify")
    refused = lead.move("incidents", incident, "resolve", expect=(200, 409, 422))
    if refused.get("state") == "resolved":
        return
    for condition in ("functions", "data", "business"):
        lead.move("incidents", incident, "end_condition_check", condition=condition, passed=True, evidence="Orders flow, lag 0, three clocks met.")
    resolved = lead.move("incidents", incident, "resolve")
    assert resolved["state"] == "resolved"


def assert_the_record_is_whole(console: Console, engineer: Person, incident: dict[str, Any]) -> None:
    """The timeline tells the story in order, and nobody touched it."""
    names = [entry["name"] for entry in engineer.get(f"/api/v1/incidents/{incident['id']}/timeline/", limit=200)["items"]]
    story = [
        "incidents.incident_opened.v1", "incidents.incident_confirmed.v1", "incidents.switched_over.v1",
        "incidents.switched_back.v1", "incidents.incident_resolved.v1",
    ]  # fmt: skip
    assert [name for name in names if name in story] == story
    wait_for("everything sealed", lambda: "0 not sealed yet" in console.manage("verify_journal"), within_s=60, every_s=3)


@pytest.mark.req("INC-03")
def test_an_unanswered_page_goes_to_the_end_of_the_chain(console: Console, lead: Person) -> None:
    part = lead.items("parts")[0]
    console.lab("clock", "301")  # past the five minutes in which a person called about a part gets the rest in a digest
    before = len(console.sink.mails)
    incident = lead.do("/api/v1/incidents/open/", part=part["slug"], fault_class="network", title="Branch cannot reach the warehouse")
    called: list[str] = []
    for expected in ("chen.yu", "wang.lei", "zhao.min", "sun.jie", "zhou.hong"):

        def seen(expected: str = expected) -> bool:
            to = f"{expected}@demo.example"
            return any(mail.to == to and incident["number"] in str(mail.message["Subject"]) for mail in console.sink.mails[before:])

        wait_for(f"a page to {expected}", seen, within_s=30)
        called.append(expected)
        console.lab("clock", "301")
    told(f"escalation: {' → '.join(called)}")

    def at_its_end() -> bool:
        return any(page["state"] == "exhausted" and page["about"]["label"] == incident["number"] for page in lead.items("pages"))

    wait_for("the page at its end", at_its_end, within_s=20)
    lead.move("incidents", incident, "false_alarm", reason="rehearsal")
