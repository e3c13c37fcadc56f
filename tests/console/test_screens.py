"""Home, incident room and lists: what they show, to whom, at what cost."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client

from contingency.catalog.models import Gateway, Matcher, Part, Side
from incidents.response import services as response
from kernel import clock
from notify.models import Page
from tests.console.reading import words
from work.models import Task


def test_the_home_screen_says_all_quiet_when_nothing_is_wrong(company, traffic, browser):
    page = browser("engineer").get("/")
    assert page.status_code == 200
    assert "All quiet" in words(page)
    assert "Duty engineer Engineer" in words(page)
    assert "Traffic flows to Primary hall." in words(page)


def test_a_company_that_guards_nothing_is_not_told_that_all_is_quiet(company, browser):
    for rows in (Matcher, Gateway, Side, Part):
        rows.objects.all().delete()
    for address in ("/", "/wallboard/"):
        shown = words(browser("engineer").get(address))
        assert "Nothing is guarded yet No alert opens an incident" in shown
        assert "All quiet" not in shown


def test_a_gateway_that_does_not_answer_is_said_and_breaks_nothing(company, browser):
    shown = words(browser("engineer").get("/"))
    assert "Order system needs a look" in shown


def test_a_stranger_is_asked_to_log_in(company):
    answer = Client().get("/")
    assert answer.status_code == 302
    assert answer["Location"] == "/login/?next=/"


@pytest.mark.req("INC-01")
def test_the_home_screen_leads_with_the_worst_incident_and_its_clock(confirmed, browser):
    shown = words(browser("engineer").get("/"))
    assert "◆ Severe Orders cannot be paid" in shown
    assert confirmed.number in shown


@pytest.mark.req("INC-01")
@pytest.mark.req("RTO-01")
def test_the_incident_room_shows_way_clocks_tasks_roles_and_timeline(confirmed, browser):
    shown = words(browser("lead").get(f"/incidents/{confirmed.number}/"))
    for expected in (
        "Orders cannot be paid",
        "Onto the standby",
        "Business normal",
        "Back on the primary",
        "Running",
        "Waiting",
        "Freeze",
        "Tell-Service",
        "Commander",
    ):
        assert expected in shown
    assert re.search(r"Discovered .* Confirmed since", shown)


@pytest.mark.parametrize("number,status", [("INC-2026-9999", 404), ("x", 404), ("%00", 400), ("x/?parts=%00", 400)])
def test_an_unknown_incident_is_not_found(company, browser, number, status):
    assert browser("lead").get(f"/incidents/{number}/" if "?" not in number else f"/incidents/{number}").status_code == status


def test_an_incident_of_another_team_is_not_found_on_any_door(confirmed, browser):
    client = browser("stranger")
    assert client.get(f"/incidents/{confirmed.number}/").status_code == 404
    assert client.get(f"/do/incidents.handle/{confirmed.public_id}/").status_code == 404
    assert confirmed.number not in words(client.get("/"))
    assert confirmed.number not in words(client.get("/incidents/"))
    assert client.get(f"/feed/poll/?under=incident:{confirmed.public_id}").status_code == 401


@pytest.mark.req("SEC-01")
def test_an_administrator_sees_that_an_incident_exists_but_not_what_is_in_it(confirmed, browser):
    client = browser("admin")
    for address in ("/", "/incidents/", f"/incidents/{confirmed.number}/"):
        shown = words(client.get(address))
        assert "cannot be paid" not in shown, address
    assert confirmed.number in words(client.get("/incidents/"))
    parts = client.get(f"/incidents/{confirmed.number}/?parts=room-timeline,room-alerts,room-header")
    assert "cannot be paid" not in words(parts)
    assert "room-timeline" not in parts.content.decode()


@pytest.mark.parametrize("kind", ["alerts", "incidents", "switches", "proposals"])
@pytest.mark.parametrize("name", ["engineer", "auditor", "service"])
def test_lists_open_for_everybody_who_may_see_them(confirmed, browser, kind, name):
    may_see = (name, kind) != ("service", "alerts")
    assert browser(name).get(f"/{kind}/").status_code == (200 if may_see else 403)


@pytest.mark.parametrize("parts", ["now-headline", "now-incidents,now-parts", "late", "nonsense", ""])
def test_a_part_asked_for_alone_is_the_part_of_the_page(confirmed, browser, parts):
    client = browser("engineer")
    page, alone = client.get("/").content.decode(), client.get("/", {"parts": parts}).content.decode()
    assert "<html" not in alone
    for part_id in re.findall(r'^<\w+ id="([\w-]+)"', alone, re.M):
        assert f'id="{part_id}"' in page
    assert len(re.findall(r'id="(now-[a-z]+|late)"', alone)) == len([name for name in parts.split(",") if name.startswith("now-") or name == "late"])


def test_every_part_of_home_and_room_has_one_root_with_its_own_id(confirmed, browser):
    from console.views.screens import NOW_PARTS, ROOM_PARTS

    client = browser("lead")
    for address, parts in (("/", NOW_PARTS), (f"/incidents/{confirmed.number}/", ROOM_PARTS)):
        for part in {*parts} - {"room-impact"}:  # that one is for customer service: test_room_timeline.py
            text = client.get(address, {"parts": part}).content.decode().strip()
            assert re.match(rf'<(\w+) id="{part}"', text), part
            assert "data-live=" in text.split(">")[0]
            tag = re.match(r"<(\w+)", text).group(1)
            assert text.endswith(f"</{tag}>")
            assert text.count(f"<{tag}") == text.count(f"</{tag}>")


def test_an_incident_that_was_none_promises_no_clocks_and_tasks(company, incident, browser):
    client, address = browser("lead"), f"/incidents/{incident.number}/"
    before = words(client.get(address))
    assert "It counts from the failure" in before
    assert "starts the playbooks of its level" in before
    response.incident_false_alarm(public_id=incident.public_id, version=incident.version, actor=company.actor("lead"), reason="only a cable")
    after = words(client.get(address))
    assert "It counts from the failure" not in after
    assert "starts the playbooks of its level" not in after
    assert "No recovery clock ran" in after
    assert "No task list was started." in after


@pytest.mark.parametrize("address,most", [("/", 42), ("room", 70)])
def test_screens_stay_within_their_queries(confirmed, browser, django_assert_max_num_queries, address, most):
    client = browser("lead")
    address = f"/incidents/{confirmed.number}/" if address == "room" else address
    client.get(address)
    with django_assert_max_num_queries(most):
        client.get(address)


def test_every_call_leads_to_the_incident_that_it_is_about(confirmed, browser):
    """A person may be called for an incident, for a role of it, or about a part of it: all have a link that opens the incident."""
    pages = Page.objects.all()
    kinds = {page.subject_kind for page in pages}
    assert kinds >= {"incident_role"}, kinds
    client = browser("lead")
    for page in pages:
        answer = client.get(f"/go/{page.subject_kind}/{page.subject_id}/")
        assert answer.status_code == 302, page.subject_kind
        assert answer.headers["Location"].endswith(f"/incidents/{confirmed.number}/")
    assert client.get(f"/go/incident_role/{uuid4()}/").status_code == 404
    assert client.get(f"/go/nothing/{uuid4()}/").status_code == 404
    role = confirmed.roles.first()
    assert browser("stranger").get(f"/go/incident_role/{role.public_id}/").status_code == 404


def test_ones_own_tasks_stand_on_the_home_screen_until_they_are_done(confirmed, company, browser):
    task = Task.objects.filter(task_list__subject_id=confirmed.public_id).order_by("due_at", "id").first()
    mine, others = browser("engineer"), browser("lead")
    Task.objects.filter(state__in=Task.UNFINISHED).update(owner=None)
    assert "Your tasks" not in words(mine.get("/"))
    Task.objects.filter(pk=task.pk).update(owner=company.users["engineer"])
    page = mine.get("/")
    assert f"Your tasks {task.name_en} due" in words(page)
    assert f'href="/incidents/{confirmed.number}/#row-{task.public_id}"' in page.content.decode()
    assert "Your tasks" not in words(others.get("/"))
    Task.objects.filter(pk=task.pk).update(due_at=clock.now() - timedelta(minutes=3))
    assert f"Your tasks Overdue {task.name_en}" in words(mine.get("/"))
    Task.objects.filter(pk=task.pk).update(owner=company.users["engineer"], state="done", evidence="seen", ended_at=clock.now())
    assert "Your tasks" not in words(mine.get("/"))
