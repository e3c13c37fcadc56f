"""What comes round again on the screens: the plan's due dates, its chapters, Now; and through the API (PLN-02)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from django.utils import timezone
from django.utils.translation import override

from contingency.org.models import Holding, Position, User
from contingency.plan.models import MeetingKind, PlanVersion, Round, Schedule
from contingency.plan.services.rounds import rounds_follow
from kernel import clock
from kernel.actors import SYSTEM
from tests.console.conftest import Company
from tests.console.filled import post
from tests.console.reading import words
from tests.console.test_plan_screens import in_force, plan_text  # noqa: F401 - fixtures

pytestmark = [pytest.mark.django_db, pytest.mark.req("PLN-02")]
DAY = timedelta(days=1)


def schedule(slug: str, position: str, days: int, **names: str) -> Schedule:
    given = {"name_en": slug.title(), "name_zh": f"{slug}工作", "what_en": ["Look"], "what_zh": ["查看"]} | names
    owner = Position.objects.get(slug=position)
    return Schedule.objects.create(slug=slug, plan_version=PlanVersion.objects.get(), kind="check", every=days * DAY, owner=owner, **given)


@pytest.fixture
def rounds(company: Company) -> Company:
    """A weekly check of the engineers, a monthly review of the leads, a quarterly meeting led by the leads."""
    clock.allow_winding(True)
    schedule("standby-validation", "operations-ops_engineer", 7, name_en="Validation of the standby", name_zh="备用系统验证")
    schedule("plan-review", "operations-team_lead", 30, name_en="Review of this plan", name_zh="预案修订评审")
    words_of = {
        "name_en": "Quarterly meeting",
        "name_zh": "季度例会",
        "agenda_en": ["News"],
        "agenda_zh": ["近况"],
        "outcome_en": "x",
        "outcome_zh": "x",
    }
    leads = Position.objects.get(slug="operations-team_lead")
    MeetingKind.objects.create(slug="quarterly", plan_version=PlanVersion.objects.get(), every=91 * DAY, minutes=60, led_by=leads, **words_of)
    follow()
    return company


def follow() -> None:
    with transaction.atomic():
        rounds_follow(at=clock.now(), actor=SYSTEM)


def open_round(slug: str = "standby-validation") -> Round:
    return Round.objects.get(schedule__slug=slug, state="due")


def offered(client: Any, row: Round) -> set[str]:
    page = client.get("/plan/rounds/").content.decode()
    return {verb for verb in ("round_done", "round_skip") if f"/do/plan.{verb}/{row.public_id}/" in page}


def test_the_due_dates_are_told_in_words_with_who_sees_to_them(rounds, browser):
    client = browser("auditor")
    shown = words(client.get("/plan/rounds/"))
    assert "Validation of the standby due in 6 days" in shown or "Validation of the standby due in 7 days" in shown
    for expected in ("Engineer, Engineer2", "Quarterly meeting", "Meeting", "Review of this plan", "Nothing was closed yet"):
        assert expected in shown, expected
    assert "Overdue" not in shown
    clock.wind(9 * DAY)
    late = words(client.get("/plan/rounds/"))
    assert "Overdue Validation of the standby due 2 days ago" in late
    assert "1 overdue" in late
    client.cookies["django_language"] = "zh-hans"
    assert "逾期 备用系统验证 2 天前 到期" in words(client.get("/plan/rounds/"))


def test_a_position_that_nobody_holds_is_said(rounds, browser):
    Holding.objects.filter(position__slug="operations-ops_engineer").update(ends_at=clock.now())
    assert "nobody holds this position" in words(browser("auditor").get("/plan/rounds/"))


def test_only_the_legal_moves_are_offered(rounds, browser):
    row = open_round()
    expected = {
        "engineer": {"round_done"},
        "lead": {"round_done", "round_skip"},
        "director": {"round_done", "round_skip"},
        "auditor": set(),
        "business": set(),
        "service": set(),
        "admin": set(),
    }
    assert {name: offered(browser(name), row) for name in expected} == expected


def test_closing_by_the_form_keeps_what_was_typed_until_it_is_enough(rounds, browser):
    client, row = browser("engineer"), open_round()
    address = f"/do/plan.round_done/{row.public_id}/"
    asked = words(client.get(address))
    due = timezone.localtime(clock.now() + 7 * DAY, ZoneInfo(rounds.users["engineer"].time_zone))
    for expected in ("Validation of the standby (1) · Open", "What it will do", "What is done: Look", f"The next one is due on {due:%Y-%m-%d}."):
        assert expected in asked, expected
    empty = client.post(address, {"version": row.version, "note": "", "reason": "as agreed with Ops"})
    assert empty.status_code == 422
    assert "as agreed with Ops" in empty.content.decode()
    assert client.post(address, {"version": row.version, "note": "One certificate renewed."}).status_code == 302
    shown = words(client.get("/plan/rounds/"))
    assert "Validation of the standby (1)" in shown
    assert "One certificate renewed." in shown
    assert Round.objects.filter(schedule__slug="standby-validation", state="due", number=2).exists()
    again = client.post(address, {"version": row.version, "note": "Twice"})
    assert again.status_code == 409


def test_through_the_api(rounds, api):
    row = open_round()
    reader = api("service", "plan-rounds:read")
    listed = reader.get("/api/v1/plan-rounds/?state=due").json()["items"]
    assert {(item["schedule"], item["meeting"]) for item in listed} == {("standby-validation", None), ("plan-review", None), (None, "quarterly")}
    assert reader.get("/api/v1/plan-rounds/?state=overdue").json()["items"] == []
    assert reader.get("/api/v1/plan-rounds/?slug=quarterly").json()["items"][0]["every"] == "91 d"
    address = f"/api/v1/plan-rounds/{row.public_id}/"
    assert reader.get(address).json()["owner"] == "operations-ops_engineer"
    assert post(reader, f"{address}round_done/", {"version": 1, "note": "x"}).status_code == 403
    engineer = api("engineer", "plan-rounds:write")
    assert post(engineer, f"{address}round_skip/", {"version": 1, "reason": "x"}).status_code == 403
    assert post(engineer, f"{address}round_done/", {"version": 1}).status_code == 422
    done = post(engineer, f"{address}round_done/", {"version": 1, "note": "All well."})
    assert (done.status_code, done.json()["state"], done.json()["note"]) == (200, "done", "All well.")
    lead = api("lead", "plan-rounds:write")
    following = f"/api/v1/plan-rounds/{open_round().public_id}/"
    assert post(lead, f"{following}round_skip/", {"version": 1}).status_code == 422
    assert post(lead, f"{following}round_skip/", {"version": 1, "reason": "holiday"}).json()["state"] == "skipped"
    timeline = reader.get(f"{address}timeline/").json()["items"]
    assert [item["name"] for item in timeline] == ["plan.round_opened.v1", "plan.round_done.v1"]
    json.dumps(timeline)


def test_whoever_has_no_role_sees_their_own_and_nothing_of_others(rounds, client):
    position = Position.objects.create(
        slug="procurement", name_en="Procurement", name_zh="采购", unit=rounds.users["lead"].holdings.get().position.unit
    )
    schedule("spares", "procurement", 30, name_en="Spare parts")
    follow()
    for name in ("keeper", "nobody"):
        user = User(username=name, display_name=name.title(), joined_at=clock.now(), language="en")
        user.set_password("correct horse battery")
        user.save()
    Holding.objects.create(user=User.objects.get(username="keeper"), position=position, starts_at=clock.now() - DAY)
    client.post("/login/", {"username": "keeper", "password": "correct horse battery"})
    shown = words(client.get("/plan/rounds/"))
    assert "Spare parts" in shown
    assert "Review of this plan" not in shown
    assert client.get(f"/do/plan.round_done/{open_round('spares').public_id}/").status_code == 200
    assert client.get(f"/do/plan.round_done/{open_round().public_id}/").status_code == 404
    clock.wind(25 * DAY)
    client.post("/login/", {"username": "keeper", "password": "correct horse battery"})
    assert "Spare parts" in words(client.get("/"))
    client.post("/logout/")
    client.post("/login/", {"username": "nobody", "password": "correct horse battery"})
    assert client.get("/plan/rounds/").status_code == 404


def now_lines(client: Any) -> str:
    return words(client.get("/?parts=now-rounds"))


def test_now_shows_what_is_mine_and_near_at_most_three_and_nothing_else(rounds, browser):
    for number in range(4):
        schedule(f"extra-{number}", "operations-team_lead", 60 + number)
    follow()
    engineer, lead, auditor = (browser(name) for name in ("engineer", "lead", "auditor"))
    assert [now_lines(client) for client in (engineer, lead, auditor)] == ["", "", ""]
    clock.wind(5 * DAY)
    shown = now_lines(engineer)
    assert "For you to see to" in shown
    assert "Validation of the standby due in" in shown
    assert "Overdue" not in shown
    assert [now_lines(client) for client in (lead, auditor)] == ["", ""]
    clock.wind(57 * DAY)
    shown = now_lines(lead)
    assert shown.count("Overdue") == 3
    assert "Overdue Review of this plan due 32 days ago" in shown
    assert "2 more" in shown
    assert now_lines(auditor) == ""
    lead.cookies["django_language"] = "zh-hans"
    assert "由您负责的定期工作" in now_lines(lead)
    assert "另有 2 项" in now_lines(lead)


def test_the_chapters_of_the_version_in_force_say_when_it_is_next_due(rounds, browser, in_force):  # noqa: F811
    client = browser("auditor")
    page = client.get("/plan/").content.decode()
    for row in (open_round(), open_round("plan-review")):
        assert f"/plan/rounds/#round-{row.public_id}" in page
    paper = client.get("/plan/versions/1/paper/").content.decode()
    assert "#round-" not in paper


def test_the_page_asks_the_same_number_of_questions_however_many_there_are(rounds, browser, django_assert_max_num_queries):
    client = browser("lead")
    client.get("/plan/rounds/")
    for number in range(20):
        schedule(f"extra-{number}", "operations-team_lead", 60 + number)
    follow()
    with django_assert_max_num_queries(16):
        client.get("/plan/rounds/")


def test_names_of_what_comes_round_are_in_the_readers_language(rounds):
    row = open_round()
    assert (row.name_en, row.name_zh) == ("Validation of the standby (1)", "备用系统验证（第 1 期）")
    with override("zh-hans"):
        assert row.state_label() == "待完成"
