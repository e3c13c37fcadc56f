"""What somebody who was never taught must read off the screen: how long is left, who has it, what comes next, what is waited for."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.utils.html import strip_tags

from contingency.org.models import Position, Unit
from incidents.switchover import services as switchover
from incidents.switchover.models import Outage, Switch
from kernel import clock, moves
from kernel.actors import SYSTEM
from kernel.models import Proposal
from monitoring.probes.models import Probe
from monitoring.probes.services import probe_define, target_allow
from notify.models import Page
from notify.services import page_acknowledge

pytestmark = pytest.mark.django_db


def words(answer: Any, part: str = "") -> str:
    """What a page, or one part of it, says."""
    text = answer.content.decode()
    if part:
        found = re.search(rf'<(\w+) id="{part}".*?(?=<\w+ id="(?:room|now)-|</main>)', text, re.DOTALL)
        assert found is not None, part
        text = found[0]
    return re.sub(r"\s+", " ", strip_tags(text))


def outage_of(incident: Any) -> Outage:
    """The outage as the database has it."""
    return Outage.objects.get(pk=incident.outage_id)


@pytest.mark.req("MON-05")
def test_before_anybody_confirmed_the_time_that_is_running_out_is_shown(incident, browser):
    for address, part in (("/", "now-headline"), ("/", "now-incidents"), (f"/incidents/{incident.number}/", "room-clocks")):
        page = browser("engineer").get(address)
        assert re.search(r"on the standby by [-\d ]*\d\d:\d\d, (59|60|1:00):\d\d left", words(page, part)), (address, part)
        assert f'data-due="{(incident.failing_since + clock_target()).isoformat()}"' in page.content.decode()


def clock_target() -> Any:
    """One hour, as the company's plan says."""
    from contingency.plan.models import RecoveryTarget

    return RecoveryTarget.objects.get(clock="switchover").target


def test_a_part_whose_failure_stops_nothing_promises_no_clock(company, incident, browser):
    company.part.stops_business = False
    company.part.save(update_fields=["stops_business"])
    assert "on the standby by" not in words(browser("engineer").get("/"))


def test_the_home_screen_says_whom_it_calls_and_what_to_do_next(incident, browser):
    page = browser("engineer").get("/")
    assert "calling Engineer" in words(page, "now-incidents")
    assert "calling Engineer" in words(page, "now-headline")
    assert "Next: Confirm and grade" in words(page, "now-headline")
    assert "Next:" not in words(browser("auditor").get("/"), "now-headline")


def test_who_answered_the_call_has_it_until_somebody_has_a_role(company, incident, browser):
    page = Page.objects.get(subject_kind="incident", subject_id=str(incident.public_id))
    page_acknowledge(public_id=page.public_id, version=None, actor=company.actor("engineer"))
    room = browser("lead").get(f"/incidents/{incident.number}/")
    assert "Engineer answered the call" in words(room, "room-actions")


def test_the_confirmation_begins_with_the_answer_that_is_proposed(company, incident, browser):
    def checked() -> list[str]:
        form = browser("engineer").get(f"/do/incidents.confirm/{incident.public_id}/").content.decode()
        return re.findall(r'name="stops_business" value="(\w+)" checked', form)

    incident.proposed_grade = "severe"
    incident.save(update_fields=["proposed_grade"])
    assert checked() == ["yes"]
    incident.proposed_grade = "general"
    incident.save(update_fields=["proposed_grade"])
    assert checked() == ["no"]


@pytest.mark.req("INC-02")
def test_the_confirmation_says_what_speaks_for_which_grade(incident, browser):
    from contingency.plan.models import ResponseLevel

    ResponseLevel.objects.filter(grade="severe").update(criteria_en=["Several modules cannot be used.", "More."], criteria_zh=["多个模块不可用。"])
    form = f"/do/incidents.confirm/{incident.public_id}/"
    assert "Severe: Several modules cannot be used." in words(browser("engineer").get(form))
    assert "Severe: Several modules" not in words(browser("engineer").get(f"/do/incidents.note/{incident.public_id}/"))


@pytest.mark.req("SWO-02")
def test_who_orders_is_told_beforehand_that_another_person_must_approve(traffic, confirmed, browser):
    order = f"/do/incidents.switch_over/{outage_of(confirmed).public_id}/"
    assert "Nothing moves until a second person has approved it: Lead or Lead2." in words(browser("engineer").get(order))
    assert "Nothing moves until" not in words(browser("lead").get(order))


@pytest.mark.req("SWO-02")
def test_an_order_that_waits_says_so_at_once(traffic, confirmed, browser):
    outage = outage_of(confirmed)
    form = {"version": outage.version, "mark": "m", "next": f"/incidents/{confirmed.number}/"}
    answer = browser("engineer").post(f"/do/incidents.switch_over/{outage.public_id}/", form, headers={"HX-Request": "true"})
    assert "“Switch over to the standby” is recorded. It waits for a second person." in json.loads(answer["HX-Trigger"])["moved"]["says"]


@pytest.mark.req("SWO-02")
def test_a_switch_that_waits_says_for_whom_and_stands_first_where_it_can_be_approved(company, traffic, confirmed, browser):
    outage = outage_of(confirmed)
    switch = switchover.switch_over(public_id=outage.public_id, version=outage.version, actor=company.actor("engineer"))
    assert switch.state == Switch.State.ORDERED
    room = f"/incidents/{confirmed.number}/"
    mine = words(browser("engineer").get(room), "room-actions")
    assert f"{switch.number} waits for a second person" in mine
    assert "one of these approves it: Lead" in mine
    confirmed.roles.filter(role="commander").update(acknowledged_at=None)  # called, and has not answered: even then approving comes first
    theirs = browser("lead").get(room)
    assert "I have it" in words(theirs, "room-actions")
    assert "Engineer ordered it. Nothing moves until you" in words(theirs, "room-actions")
    bar = re.search(r'class="actions sticky"[^>]*>(.*?)</div>', theirs.content.decode(), re.DOTALL)
    assert bar is not None
    assert strip_tags(bar[1]).split()[:3] == ["Approve", "the", "switch…"]
    home = browser("lead").get("/")
    assert "you may approve it" in words(home, "now-headline")
    assert re.search(r"Waiting for a second person 1 ", words(home, "now-numbers"))


@pytest.mark.req("SWO-05")
def test_switching_back_is_not_offered_before_the_repair_but_what_is_missing_is_said(company, confirmed, browser):
    rows = Outage.objects.filter(pk=confirmed.outage_id)
    rows.update(state="switching")
    rows.update(state="on_standby")
    client, room = browser("lead"), f"/incidents/{confirmed.number}/"
    back = f"/do/incidents.switch_back/{outage_of(confirmed).public_id}/"
    page = client.get(room)
    assert back not in page.content.decode()
    assert "Switch back to the primary: Switching back needs more first" in words(page, "room-actions")
    assert "the repair of the original, recorded" in words(page, "room-actions")
    asked = client.get(back)
    assert "the repair of the original, recorded" in words(asked)
    assert 'type="submit">' not in re.search(r'class="form-end".*?</div>', asked.content.decode(), re.DOTALL)[0]
    over = Switch(direction="over", outage=outage_of(confirmed))  # to reverse it would be switching back by another name
    refusal = moves.get("incidents.switch_revert").extra["refusal"]
    assert "the repair of the original, recorded" in str(refusal(over).message)
    assert refusal(Switch(direction="back", outage=outage_of(confirmed))) is None
    rows.update(repaired_at=clock.now(), business_normal_at=clock.now())
    assert refusal(Switch(direction="over", outage=outage_of(confirmed))) is None
    page = client.get(room)
    assert back in page.content.decode()
    assert "needs more first" not in words(page, "room-actions")


@pytest.mark.req("MON-05")
def test_a_side_that_fails_its_probes_does_not_look_well(company, traffic, browser):
    side = company.part.sides.get(role="primary")
    target_allow(actor=SYSTEM, network="127.0.0.0/8", port_from=1, port_to=65535)
    probe = probe_define(actor=SYSTEM, name="orders", part=company.part, side=side, kind="http", target="http://127.0.0.1:9/")
    assert "fails its probes" not in words(browser("lead").get("/"))
    Probe.objects.filter(pk=probe.pk).update(state="failing", failing_since=clock.now())
    page = browser("lead").get("/")
    assert "carries business · answers the gateway, but fails its probes" in words(page)
    assert 'class="on fails"' in page.content.decode()


@pytest.mark.req("INC-04")
def test_a_playbook_is_added_from_the_tasks_of_the_room(company, confirmed, browser):
    from contingency.plan.models import Playbook

    Playbook.objects.create(slug="database-fault", plan_version=company_plan(), name_en="Database fault", name_zh="数据库故障", fault_class="data")
    room = f"/incidents/{confirmed.number}/"
    client, address = browser("lead"), f"/do/incidents.playbook_start/{confirmed.public_id}/"
    assert address in client.get(room).content.decode()
    assert address not in browser("service").get(room).content.decode()
    assert "Data · Database fault" in client.get(address).content.decode()
    confirmed.refresh_from_db()
    answer = client.post(address, {"version": confirmed.version, "playbook": "database-fault", "mark": "m1", "next": room})
    assert answer.status_code == 302
    assert "Lead added the playbook “Database fault”." in words(client.get(room))
    confirmed.refresh_from_db()
    again = client.post(address, {"version": confirmed.version, "playbook": "database-fault", "mark": "m2", "next": room})
    assert again.status_code == 409
    assert "runs in this incident already" in words(again)


@pytest.mark.req("INC-04")
def test_a_tool_adds_a_playbook_by_rest_once(company, confirmed, api):
    from contingency.plan.models import Playbook

    Playbook.objects.create(slug="database-fault", plan_version=company_plan(), name_en="Database fault", name_zh="数据库故障", fault_class="data")
    address = f"/api/v1/incidents/{confirmed.public_id}/playbook_start/"
    tool = api("lead")

    def add(playbook: str) -> Any:
        confirmed.refresh_from_db()
        return tool.post(address, {"playbook": playbook, "version": confirmed.version}, content_type="application/json")

    assert add("database-fault").status_code == 200
    assert add("database-fault").json()["code"] == "playbook_runs_already"
    assert add("no-such-book").status_code == 422
    tool = api("service")
    assert add("database-fault").status_code == 403


def company_plan() -> Any:
    """The version in force."""
    from contingency.plan.models import PlanVersion

    return PlanVersion.objects.get(state="approved")


@pytest.mark.req("MON-06")
def test_who_may_not_connect_a_tool_learns_who_may(company, browser):
    assert "These people may: Lead" in words(browser("engineer").get("/setup/sources/"))
    assert "These people may" not in words(browser("lead").get("/setup/sources/"))


@pytest.mark.req("MON-06")
def test_a_tool_is_connected_once_something_came_from_it(company, browser):
    from monitoring.alerts.models import Alert
    from monitoring.alerts.services.sources import source_create

    source, _key = source_create(kind="alertmanager", name="prod", actor=company.actor("lead"))
    client = browser("lead")
    assert "nothing came yet" in words(client.get("/setup/sources/"))
    now = clock.now()
    Alert.objects.create(source=source, dedup_key="a", episode_start=now, severity="critical", summary="Slow", first_seen_at=now, last_seen_at=now)
    page = words(client.get("/setup/sources/"))
    assert "connected" in page
    assert "nothing came yet" not in page
    assert "group_wait: 5s" in words(client.get(f"/setup/sources/{source.public_id}/"))


@pytest.mark.req("SEC-02")
def test_at_an_address_in_numbers_the_log_in_says_where_passkeys_work(company, client, settings):
    page = client.get("/login/?next=/plan/", headers={"host": "127.0.0.1:8000"}).content.decode()
    assert f'href="{settings.PASSKEY_ORIGINS[-1]}/login/?next=/plan/"' in page
    assert "data-passkey=" not in page
    named = client.get("/login/", headers={"host": settings.PASSKEY_HOST}).content.decode()
    assert 'data-passkey="get"' in named
    assert "data-passkeys-at" not in named


def test_business_says_that_business_is_normal_and_whoever_commands_agrees(confirmed, company, browser):
    """The plan gives this step to business, whose unit is not the one that runs the part."""
    outage = Outage.objects.get(pk=confirmed.outage_id)
    for state in ("switching", "on_standby"):
        Outage.objects.filter(pk=outage.pk).update(state=state)
    sales = Unit.objects.create(slug="sales", name_en="Sales", name_zh="销售部", layer="execution", path="/sales/")
    Position.objects.filter(role="business_ops").update(unit=sales)
    business = browser("business")
    assert company.actor("business").holdings == {("business_ops", "/sales/")}
    room = business.get(f"/incidents/{confirmed.number}/")
    assert "Business is normal on the standby" in words(room)
    form = words(business.get(f"/do/incidents.business_normal_record/{outage.public_id}/"))
    assert "Propose: Business is normal on the standby" in form
    outage.refresh_from_db()
    sent = {"version": outage.version, "mark": "m", "reason": "orders flow"}
    assert business.post(f"/do/incidents.business_normal_record/{outage.public_id}/", sent).status_code == 302
    assert Proposal.objects.get().move == "incidents.business_normal_record"
