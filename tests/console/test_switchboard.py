"""The switchboard: what it draws and says, the guide before an order, the paper."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contingency.catalog.models import Side
from incidents.switchover import services as switchover
from incidents.switchover.models import Outage, PartCheck, Switch, SwitchStep
from kernel import clock
from tests.console.conftest import see_traffic
from tests.console.reading import words

XSS = "<script>alert(1)</script>"


def drawing(answer) -> str:
    found = re.search(r"<svg class=\"board-drawing\".*?</svg>", answer.content.decode(), re.DOTALL)
    assert found is not None
    return found.group()


@pytest.mark.req("SWO-04")
def test_the_picture_says_in_a_sentence_what_it_draws(company, traffic, browser):
    page = browser("engineer").get("/switchboard/")
    assert page.status_code == 200
    drawn = drawing(page)
    assert 'role="img"' in drawn
    title = re.search(r"<title id=\"(.+?)\">(.+?)</title>", drawn)
    assert f'aria-labelledby="{title.group(1)}"' in drawn
    assert title.group(2) == (
        "Order system: Traffic flows to Primary hall. Primary hall: carries business. Standby hall: ready, waiting. "
        "Replication from Primary hall to Standby hall: keeps up."
    )
    assert "style=" not in page.content.decode()


@pytest.mark.req("SWO-04")
def test_the_picture_follows_traffic(company, browser):
    see_traffic(company.part, serving="standby")
    page = browser("engineer").get("/switchboard/")
    assert "Traffic flows to Standby hall." in drawing(page)
    assert "/switchboard/orders/back/" in page.content.decode()
    assert "/switchboard/orders/over/" not in page.content.decode()
    assert "The other side could take over now." in words(page)  # the question is asked of the side that waits


def test_a_gateway_that_does_not_answer_is_drawn_as_that(company, browser):
    page = browser("engineer").get("/switchboard/")
    assert page.status_code == 200
    assert "The gateway does not answer: where traffic goes is unknown." in drawing(page)
    assert "The other side could not take over now." in words(page)


@pytest.mark.req("SWO-04")
def test_the_last_dry_run_is_shown_with_its_age_and_outcome(company, traffic, browser):
    client = browser("engineer")
    assert "Last dry run never" in words(client.get("/switchboard/"))
    at = clock.now() - timedelta(days=3)
    PartCheck.objects.create(part=company.part, kind="dry_run", at=at, is_ok=False, took_ms=5)
    assert "Last dry run found something · 3 days ago" in words(client.get("/switchboard/"))


def _switch(company, **fields) -> Switch:
    now = clock.now()
    values = {"direction": "over", "mode": "planned", "from_side": "primary", "to_side": "standby", "needs_second": False, "ordered_at": now}
    switch = Switch.objects.create(number="SWI-2026-0007", part=company.part, **{**values, **fields})
    for order, name in enumerate(("fence", "grant"), start=1):
        texts = {"title_en": name.title(), "title_zh": f"步骤{order}", "effect_en": f"does {name}", "effect_zh": f"执行{order}"}
        SwitchStep.objects.create(switch=switch, order=order, name=name, point_of_no_return=name == "grant", **texts)
    return switch


@pytest.mark.req("SWO-01")
def test_a_running_switch_is_shown_step_by_step_in_full_and_as_a_fragment(company, traffic, browser):
    _switch(company)
    client = browser("lead")
    page = client.get("/switchboard/")
    for expected in ("Switch under way", "SWI-2026-0007", "Fence", "does grant", "no way back after this", "Stop the switch"):
        assert expected in words(page)
    assert "/switchboard/orders/over/" not in page.content.decode()  # no second order while one runs
    fragment = client.get("/switchboard/?parts=board-orders-switch").content.decode().strip()
    assert fragment.startswith('<div id="board-orders-switch" data-live="switch switch_step outage"')
    assert fragment in page.content.decode() or "SWI-2026-0007" in fragment


@pytest.mark.req("SWO-02")
def test_a_failed_switch_says_why_and_what_people_do_now(company, traffic, browser):
    switch = _switch(company)
    Switch.objects.filter(pk=switch.pk).update(state="approved", approved_at=clock.now())
    Switch.objects.filter(pk=switch.pk).update(state="executing")
    fields = {"failure": "stuck_past_return", "instruction": "finish_by_hand", "settled_at": clock.now()}
    Switch.objects.filter(pk=switch.pk).update(state="failed", **fields)
    shown = words(browser("engineer").get("/switchboard/"))
    assert "A step after the point of no return did not work." in shown
    assert "following the printed manual" in shown


@pytest.mark.req("SWO-01")
def test_the_guide_shows_exactly_the_steps_before_the_order_button(company, traffic, browser):
    page = browser("lead").get("/switchboard/orders/over/")
    shown = words(page)
    for expected in (
        "Traffic now Primary hall",
        "Traffic afterwards Standby hall",
        "Hold new orders",
        "Primary hall loses the right to write orders and payments",
        "Taken back by: Give Primary hall back the right to write",
        "from here no way back but forward",
        "No other switch of this part is under way",
    ):
        assert expected in shown
    html = page.content.decode()
    assert html.index("Exactly these steps") < html.index('action="/do/incidents.switch_order/"')


@pytest.mark.req("SWO-01")
def test_the_guides_form_orders_that_switch(company, traffic, browser):
    client = browser("lead")
    html = client.get("/switchboard/orders/over/").content.decode()
    form = html[html.index('action="/do/incidents.switch_order/"') :]
    sent = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    sent.pop("csrfmiddlewaretoken", None)
    assert (sent["part"], sent["direction"]) == ("orders", "over")
    answer = client.post("/do/incidents.switch_order/", {**sent, "reason": "window of Saturday"})
    assert answer.status_code == 302, words(answer)
    switch = Switch.objects.get()
    assert (switch.direction, switch.ordered_by) == ("over", company.users["lead"])


@pytest.mark.req("SWO-01")
def test_within_an_outage_the_order_is_the_outages_and_says_that_a_second_person_is_needed(company, confirmed, browser):
    see_traffic(company.part)
    switchover.outage_grade_record(outage=confirmed.outage, grade="major", commanders=[], actor=company.actor("lead"), cause=None)
    page = browser("lead").get("/switchboard/orders/over/")
    assert f"/do/incidents.switch_over/{confirmed.outage.public_id}/" in page.content.decode()
    assert "a second, different person must approve it" in words(page)


def test_what_forbids_an_order_is_said_instead_of_the_button(company, browser):
    page = browser("lead").get("/switchboard/orders/over/")
    shown = words(page)
    assert "It cannot be ordered now." in shown
    assert "not met: forbids it" in shown
    assert "The gateway's control answers" in shown
    assert "incidents.switch_order" not in page.content.decode()


@pytest.mark.req("SEC-01")
@pytest.mark.parametrize(
    "name,may",
    [("engineer", "order"), ("lead", "order"), ("business", "propose"), ("service", ""), ("auditor", ""), ("director", ""), ("admin", "")],
)
def test_who_may_order_on_the_guide(company, traffic, browser, name, may):
    page = browser(name).get("/switchboard/orders/over/")
    assert page.status_code == (404 if name == "admin" else 200)
    has_form = 'action="/do/incidents.switch_order/"' in page.content.decode()
    assert has_form == bool(may)
    assert ("Propose: Switch over" in words(page)) == (may == "propose")


@pytest.mark.req("SEC-01")
def test_a_lead_of_another_team_sees_no_switch_and_orders_none(company, traffic, browser):
    _switch(company)
    client = browser("stranger")
    assert "SWI-2026-0007" not in words(client.get("/switchboard/"))
    assert client.get("/switchboard/orders/over/").status_code == 404
    assert client.get("/switchboard/orders/by-hand/").status_code == 404


@pytest.mark.parametrize("address", ["/switchboard/nothing/over/", "/switchboard/orders/sideways/", "/switchboard/nothing/by-hand/"])
def test_unknown_parts_and_directions_are_not_found(company, traffic, browser, address):
    assert browser("lead").get(address).status_code == 404


@pytest.mark.req("SWO-02")
def test_the_paper_has_every_step_in_both_languages_with_its_command_and_whom_to_call(company, traffic, browser):
    page = browser("engineer").get("/switchboard/orders/by-hand/")
    shown = words(page)
    for step in ("close_gate", "fence", "catch_up", "compare_quick", "reverse", "grant", "open_gate", "confirm_down", "detach_subscription"):
        assert f"lab step {step} primary standby" in shown
    assert "lab step fence standby primary" in shown
    assert "lab step unfence primary standby" in shown
    for expected in ("Isolate the old side", "隔离旧主（防双写）", "Emergency: Primary hall is dead", "应急", "+86 10 5550 0101", "Engineer"):
        assert expected in shown


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_papers_title_names_the_part_in_both_languages_whoever_prints_it(company, traffic, browser, language):
    client = browser("engineer")
    client.cookies["django_language"] = language
    shown = words(client.get("/switchboard/orders/by-hand/"))
    assert f"Switching by hand: {company.part.name_en} 人工切换操作单：{company.part.name_zh} " in shown


def test_a_caddy_gateways_paper_gives_the_admin_call(company, traffic, browser):
    gateway = company.part.gateway
    gateway.kind, gateway.admin_url = "caddy", "http://127.0.0.1:2019#shop"
    gateway.save()
    shown = words(browser("engineer").get("/switchboard/orders/by-hand/"))
    assert """curl -X PATCH http://127.0.0.1:2019/id/shop/upstreams -H 'Content-Type: application/json' -d '[{"dial": "127.0.0.1:9"}]'""" in shown


@pytest.mark.parametrize("address", ["/switchboard/", "/switchboard/orders/over/", "/switchboard/orders/by-hand/"])
def test_names_with_markup_are_only_text(company, traffic, browser, address):
    Side.objects.filter(part=company.part).update(name=XSS)
    company.part.name_en = XSS
    company.part.save()
    assert XSS not in browser("lead").get(address).content.decode()


def test_in_chinese(company, traffic, browser):
    client = browser("lead")
    client.cookies["django_language"] = "zh-hans"
    assert "订单系统：流量流向 Primary hall。" in drawing(client.get("/switchboard/"))
    assert "当前流量 Primary hall" in words(client.get("/switchboard/orders/over/"))


def test_the_overviews_queries_do_not_grow_with_what_happened(company, traffic, browser):
    client = browser("lead")
    client.get("/switchboard/")
    with CaptureQueriesContext(connection) as few:
        client.get("/switchboard/")
    for number in range(3):
        _switch_done(company, number)
    with CaptureQueriesContext(connection) as many:
        client.get("/switchboard/")
    assert len(many) <= len(few) + 2, [query["sql"][:90] for query in many]
    assert len(many) <= 45


def _switch_done(company, number: int) -> None:
    switch = _switch(company, settled_at=None)
    now = clock.now()
    Switch.objects.filter(pk=switch.pk).update(number=f"SWI-2026-1{number}", state="reverted", settled_at=now)


@pytest.mark.req("SWO-04")
def test_the_side_that_failed_is_not_called_ready_before_its_repair_is_recorded(company, confirmed, browser):
    see_traffic(company.part, serving="standby")
    client = browser("engineer")
    assert "Primary hall: up, not repaired." in drawing(client.get("/switchboard/"))
    Outage.objects.filter(pk=confirmed.outage_id).update(repaired_at=clock.now())
    assert "Primary hall: ready, waiting." in drawing(client.get("/switchboard/"))
