"""What was mended after the second look at every screen, in eight ways, stays mended."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext, override

from console.forms import move_form
from console.selectors import frame
from console.selectors.late_words import late_words
from console.selectors.plan_words import spoken
from console.selectors.room import Room
from console.templatetags.console import about_seconds, colon, failure_words, listed, severity_words, took
from contingency.plan.models import PlanVersion
from contingency.plan.shipped import shipped_plan
from incidents.reports.models import Report
from incidents.response import events
from incidents.response import services as response
from incidents.response.models import Incident
from incidents.switchover.models import Switch
from kernel import clock, moves
from kernel.models import Entry
from kernel.sentences import sentence
from tests.console.reading import words

ROOT = Path(__file__).resolve().parents[2]
STATIC, TEMPLATES = ROOT / "static" / "switchback", ROOT / "templates"
LONGEST = 520  # characters of a template's line; most keep within 160


def _switch(company: Any, *, number: int, ordered_at: Any, outage: Any = None) -> Switch:
    ways = {"direction": "over", "mode": "planned", "from_side": "primary", "to_side": "standby"}
    made = Switch.objects.create(number=f"SWI-2026-{number:04}", part=company.part, outage=outage, needs_second=False, ordered_at=ordered_at, **ways)
    Switch.objects.filter(pk=made.pk).update(state="reverted", settled_at=ordered_at)
    return made


def test_an_incident_shows_its_own_switch_and_not_a_later_ones(company: Any, confirmed: Incident, browser: Any) -> None:
    now = clock.now()
    own = _switch(company, number=71, ordered_at=now, outage=confirmed.outage)
    client = browser("lead")
    address = f"/incidents/{confirmed.number}/"
    assert own.number in words(client.get(address))
    later = _switch(company, number=72, ordered_at=now + timedelta(days=6))
    assert later.number in words(client.get(address)), "one of the part, ordered while the incident goes on"
    over = Incident.objects.get(pk=confirmed.pk)
    over.__dict__.update(state="resolved", resolved_at=now + timedelta(hours=2))  # as it will be; the database lets nobody skip the way there
    shown = Room(company.actor("lead"), over, clock.now()).switch
    assert shown is not None
    assert shown[0].number == own.number


def test_an_incident_without_an_outage_shows_no_switch_of_another_ones(company: Any, confirmed: Incident, browser: Any) -> None:
    now = clock.now()
    alone = response.incident_open(actor=company.actor("engineer"), part="orders", fault_class="network", title="The line is slow")
    Incident.objects.filter(pk=alone.pk).update(outage=None)
    other = _switch(company, number=73, ordered_at=now + timedelta(minutes=1), outage=confirmed.outage)
    client = browser("lead")
    assert other.number in words(client.get(f"/incidents/{confirmed.number}/"))
    assert other.number not in words(client.get(f"/incidents/{alone.number}/"))


def test_nothing_in_a_sheet_of_paper_takes_the_look_of_the_phones_menu() -> None:
    rules = re.findall(r"([^{}]*\.sheet[^{}]*)\{", (STATIC / "frame.css").read_text())
    assert rules
    for selector in rules:
        assert ".side " in selector or ".nav-more " in selector, selector


def test_pages_without_the_network_have_the_style_sheet_of_their_tabs() -> None:
    bare = (TEMPLATES / "console" / "offline" / "bare.html").read_text() + (TEMPLATES / "base_bare.html").read_text()
    holding = [path.name for path in STATIC.glob("*.css") if ".section-tabs{" in path.read_text()]
    assert holding == ["parts.css"]
    assert "switchback/parts.css" in bare
    assert "switchback/js/tabs.js" in bare


def test_on_a_phone_figures_carry_the_names_of_their_columns(db: None) -> None:
    row = {"label": "Switchover", "share": 100, "met": 2, "met_late": 0, "breached": 0, "waived": 0, "cancelled": 0, "running": 1}
    html = render_to_string("console/reports/_attainment.html", {"rows": [row]})
    heads = re.findall(r"<th>([^<]+)</th>", html)
    assert re.findall(r'data-label="([^"]+)"', html) == heads


@pytest.mark.parametrize(
    "table,plain",
    [
        ("setup/_parts.html", 1),
        ("setup/_rosters.html", 1),
        ("plan/versions.html", 2),
        ("plan/chapters/_recovery_targets.html", 1),
        ("plan/chapters/_units.html", 1),
    ],
)
def test_on_a_phone_rows_keep_the_names_of_columns_that_do_not_explain_themselves(table: str, plain: int) -> None:
    html = (TEMPLATES / "console" / table).read_text()
    heads = re.findall(r'<th>{% translate "([^"]+)" %}</th>', html)
    assert re.findall(r'<small class="phone-only">{% translate "([^"]+)" %} </small>', html) == heads[plain:]


def test_the_way_back_from_the_paper_is_no_switch_back() -> None:
    way = re.search(r'{% icon "arrow-back-up" %}{% translate "([^"]+)" %}', (TEMPLATES / "console/plan/paper.html").read_text())
    assert way
    with override("zh-hans"):
        assert gettext(way[1]).startswith("返回")


def test_codes_are_told_in_words() -> None:
    with override("zh-hans"):
        assert late_words(["deadlines.page_escalation", "deadlines.task_due", "deadlines.update_due"]) == ["按升级链呼叫", "到期的任务和通报"]
        assert [failure_words(code) for code in ("broken_json", "a_new_one")] == ["不是有效的 JSON", "a_new_one"]
        assert severity_words(["critical", "error"]) == "紧急、错误"
        assert [spoken(timedelta(minutes=5)), spoken(timedelta(days=91))] == ["5 分钟", "91 天"]
        assert (colon(), listed(["一", "二"])) == ("：", "一、二")
        assert (PlanVersion.State.IN_REVIEW.label, Report.State.IN_REVIEW.label) == ("审核中", "审核中")
    assert [about_seconds(seconds) for seconds in (0.02, 1.26, 75.2)] == ["less than a second", "about 1.3 s", "about 75 s"]
    assert [spoken(timedelta(hours=24)), spoken(timedelta(days=7)), spoken(timedelta(minutes=90))] == ["24 h", "7 days", "90 min"]


def test_one_alert_is_told_as_one() -> None:
    def told(event: Any, count: int) -> str:
        return sentence(Entry(name=event.name, payload={"alert_count": count}, actor_label="", subject_label="INC-2026-0001", reason=""))

    assert [told(events.AlertsJoined, count) for count in (1, 3)] == ["1 further alert joined.", "3 further alerts joined."]
    assert told(events.AlertsCleared, 1) == "The one alert was resolved by its sender. That alone ends nothing."
    assert told(events.AlertsCleared, 2).startswith("All 2 alerts were resolved")


def test_the_banner_of_late_work_names_no_code(company: Any, browser: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(frame, "late_sweeps", lambda: ["deadlines.page_escalation", "relay"])
    shown = words(browser("admin").get("/"))
    assert "Behind: Calls along the escalation chain, What follows from what happened." in shown
    assert "manage.py" not in words(browser("lead").get("/"))


def test_templates_have_no_line_that_nobody_can_read() -> None:
    long = {
        f"{path.relative_to(TEMPLATES)}:{number}"
        for path in TEMPLATES.rglob("*.html")
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if len(line) > LONGEST
    }
    assert not long


@pytest.mark.parametrize(
    "seconds,english,chinese",
    [
        (0, "0 s", "0 秒"),
        (45, "45 s", "45 秒"),
        (150, "2 min 30 s", "2 分钟 30 秒"),
        (120, "2 min", "2 分钟"),
        (3720, "1 h 2 min", "1 小时 2 分钟"),
        (7201, "2 h", "2 小时"),
    ],
)
def test_how_long_something_lasted_is_no_time_of_day(seconds: int, english: str, chinese: str) -> None:
    assert took(timedelta(seconds=seconds)) == english
    with override("zh-hans"):
        assert took(timedelta(seconds=seconds)) == chinese


@pytest.mark.parametrize("language,left_out,gap", [("en", "Left out: now.", " "), ("zh-hans", "留空：现在。", "")])
def test_every_field_for_a_moment_says_whose_clock_is_meant(company: Any, language: str, left_out: str, gap: str) -> None:
    with override(language):
        helps = {shown.name: shown.help for shown in move_form(moves.get("incidents.open")).fields}
        zone = gettext("In your time zone (%(zone)s).") % {"zone": timezone.get_current_timezone_name()}
        assert helps["failing_since"] == f"{left_out}{gap}{zone}"
        assert {shown.name: shown.help for shown in move_form(moves.get("monitoring.silence_create")).fields}["ends_at"] == zone


def test_an_empty_list_of_incidents_says_why_it_is_empty(company: Any, browser: Any) -> None:
    client = browser("lead")
    for address, expected in {
        "/incidents/": "No incident yet.",
        "/incidents/?state=all": "No incident yet.",
        "/incidents/?state=closed": "No incident in this state.",
        "/incidents/?q=payments": "No incident matches.",
    }.items():
        assert expected in words(client.get(address)), address


def test_on_a_phone_without_the_network_a_number_is_called_by_a_tap(company: Any, browser: Any) -> None:
    text = shipped_plan()
    PlanVersion.objects.filter(number=1).update(text=text, digest=hashlib.sha256(text.encode()).hexdigest())
    calls = browser("engineer").get("/offline/call-tree/").content.decode()
    assert 'href="tel:+861055500101">+86 10 5550 0101</a>' in calls
