"""Installing the console, and the pages that a browser may keep: readable without the network, and of nothing that lives."""

from __future__ import annotations

import hashlib
import json
import re

import pytest
from django.contrib.staticfiles import finders
from django.utils import timezone

from contingency.plan.models import PlanVersion
from contingency.plan.shipped import shipped_plan
from incidents.response import services as response
from tests.console.reading import words

from .conftest import ROLES

ALIVE = ("csrfmiddlewaretoken", "<form", "<button", "/do/", "hx-post", "hx-get", "data-feed")


@pytest.fixture
def in_force(company) -> PlanVersion:
    text = shipped_plan()
    PlanVersion.objects.filter(number=1).update(text=text, digest=hashlib.sha256(text.encode()).hexdigest())
    return PlanVersion.objects.get(number=1)


def listed(client) -> dict[str, list[str]]:
    return json.loads(client.get("/offline/list/").content)


def test_manifest_and_worker_are_served_to_everybody_from_the_root(client, db):
    manifest = client.get("/manifest.webmanifest")
    told = json.loads(manifest.content)
    assert manifest["Content-Type"] == "application/manifest+json"
    assert (told["start_url"], told["scope"], told["display"]) == ("/", "/", "standalone")
    assert finders.find(told["icons"][0]["src"].removeprefix("/static/"))
    worker = client.get("/service-worker.js")
    assert worker["Content-Type"].startswith("text/javascript")
    assert worker["Cache-Control"] == "no-cache"
    assert '<link rel="manifest" href="/manifest.webmanifest">' in client.get("/login/").content.decode()


@pytest.mark.parametrize("address", ["/offline/", "/offline/list/", "/offline/plan/", "/offline/call-tree/", "/offline/by-hand/orders/"])
@pytest.mark.attack
def test_a_stranger_gets_no_copy(client, company, in_force, address):
    answer = client.get(address)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/login/")


@pytest.mark.req("PLN-02")
@pytest.mark.attack
@pytest.mark.parametrize("name", sorted(ROLES))
def test_copies_hold_nothing_alive_and_nothing_of_an_incident(company, in_force, browser, name):
    incident = response.incident_open(actor=company.actor("engineer"), part="orders", fault_class="software", title="Nobody can pay")
    client = browser(name)
    years = {timezone.localtime().year}
    told = listed(client)
    assert told["who"].startswith(str(company.users[name].public_id))
    assert {"/offline/", "/offline/plan/", "/offline/call-tree/"} <= set(told["pages"])
    for address in told["pages"]:
        answer = client.get(address)
        html = answer.content.decode()
        assert answer.status_code == 200, address
        for sign in (*ALIVE, incident.number, "Nobody can pay"):
            assert sign not in html, (address, sign)
        years.add(timezone.localtime().year)  # the new year may come while the page is made
        assert any(f"{year}-" in html for year in years), address
    for address in told["files"]:
        assert finders.find(address.removeprefix("/static/")), address


@pytest.mark.req("PLN-02", "SEC-01")
def test_the_paper_for_switching_by_hand_goes_to_those_who_may_read_it_on_the_switchboard(company, in_force, browser):
    for name in ROLES:
        client = browser(name)
        may = client.get("/switchboard/orders/by-hand/").status_code
        assert client.get("/offline/by-hand/orders/").status_code == may, name
        assert ("/offline/by-hand/orders/" in listed(client)["pages"]) == (may == 200), name


@pytest.mark.req("PLN-02")
def test_plan_and_call_tree_are_whole(company, in_force, browser):
    client = browser("engineer")
    plan = client.get("/offline/plan/").content.decode()
    ids = re.findall(r'\bid="([^"]+)"', plan)
    assert len(ids) == len(set(ids)), "a link into the copy would lead to the wrong step"
    assert 'id="book-server-crash"' in plan
    shown = words(client.get("/offline/plan/"))
    for expected in (
        "Server crash",
        "Keep the dead server away",
        "It worked when",
        "Texts to send",
        "Customers: first notice",
        "Monthly general meeting",
    ):
        assert expected in shown, expected
    calls = words(client.get("/offline/call-tree/"))
    for expected in ("Duty", "at once", "5 min after the one before", "Lead", "+86 10 5550 0101", "On duty in the next two weeks"):
        assert expected in calls, expected


@pytest.mark.req("PLN-02")
def test_who_the_copies_are_for_changes_with_the_language(company, in_force, browser):
    client = browser("engineer")
    english = listed(client)["who"]
    client.cookies["django_language"] = "zh-hans"
    assert listed(client)["who"] != english
    page = client.get("/offline/").content.decode()
    assert "无法连接控制台" in page
    assert f'<meta name="offline-copies" content="{listed(client)["who"]}">' in page
