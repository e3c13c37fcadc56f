"""The plan without the network, in a real browser with a real service worker: kept, shown with its age, cleared at log-out."""

from __future__ import annotations

import hashlib
import re
import time
from typing import Any

import pytest
from playwright.sync_api import expect

from contingency.plan.models import PlanVersion
from contingency.plan.shipped import shipped_plan
from incidents.response import services as response

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.needs_tool("chromium"), pytest.mark.browser]

KEPT = "caches.match('/offline/list/').then(Boolean)"
GONE = "caches.has('switchback-copies-1').then(has => !has)"
BODIES = """caches.open('switchback-copies-1').then(async c => Object.fromEntries(
    await Promise.all((await c.keys()).map(async r => [new URL(r.url).pathname, await (await c.match(r)).text()]))))"""


def until(page: Any, question: str) -> None:
    """Asks the page until the answer is yes. (`wait_for_function` takes a promise for a yes.)"""
    end = time.monotonic() + 20
    while not page.evaluate(question):
        assert time.monotonic() < end, question
        time.sleep(0.1)


def put_in_force() -> None:
    text = shipped_plan()
    PlanVersion.objects.filter(number=1).update(text=text, digest=hashlib.sha256(text.encode()).hexdigest())


@pytest.mark.req("PLN-02")
def test_plan_playbook_call_tree_and_paper_are_read_without_the_network_and_gone_after_log_out(company, open_page):
    put_in_force()
    incident = response.incident_open(actor=company.actor("engineer"), part="orders", fault_class="software", title="Nobody can pay")
    page = open_page("engineer", f"/incidents/{incident.number}/", quiet=False, service_workers="allow")
    until(page, KEPT)

    bodies = page.evaluate(BODIES)
    assert {"/offline/", "/offline/plan/", "/offline/call-tree/", "/offline/by-hand/orders/"} <= set(bodies)
    for path, body in bodies.items():
        assert path.startswith(("/offline/", "/static/switchback/")), path
        for sign in ("csrfmiddlewaretoken", incident.number, "Nobody can pay", "/do/"):
            assert sign not in body, (path, sign)

    page.context.set_offline(True)
    page.goto("/plan/playbooks/server-crash/")
    assert page.url.endswith("/offline/plan/#book-server-crash")
    assert page.locator("#book-server-crash h3").first.inner_text() == "Server crash"
    assert re.search(r"Made on \d{4}-\d\d-\d\d \d\d:\d\d", page.locator(".says").first.inner_text())
    assert page.evaluate("getComputedStyle(document.querySelector('.hand-paper')).display") == "grid", "the style sheets are kept as well"
    page.goto("/switchboard/orders/by-hand/")
    assert page.url.endswith("/offline/by-hand/orders/")
    page.goto(f"/incidents/{incident.number}/")
    assert page.locator("h1").inner_text() == "The console cannot be reached"
    assert "Nobody can pay" not in page.content()
    page.click("a:has-text('Call tree') >> nth=0")
    expect(page.locator("h1")).to_have_text("Call tree")

    page.context.set_offline(False)
    page.goto("/")
    page.locator(".side form[action='/logout/'] button").click()
    page.wait_for_url(re.compile("/login/"))
    until(page, GONE)
    page.context.set_offline(True)
    with pytest.raises(Exception, match=r"ERR_|interrupted"):
        page.goto("/plan/")


@pytest.mark.req("PLN-02")
def test_the_next_person_at_the_same_browser_gets_copies_of_their_own(company, open_page):
    put_in_force()
    page = open_page("director", "/plan/", quiet=False, service_workers="allow")
    until(page, KEPT)
    page.context.clear_cookies()  # the session ends without a log-out
    page.goto("/")
    page.wait_for_url(re.compile("/login/"))
    until(page, GONE)
