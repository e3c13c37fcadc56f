"""The report: drafts itself, tells the facts in both languages, keeps every version, is approved by somebody else, lets the incident close."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import translation

from incidents.reports import prose, services
from incidents.reports.errors import IncidentNotOver, NothingChanged, OwnReport, ReportIsOpen, SectionsMissing
from incidents.reports.models import FULL, SHORT, Report, Section, SectionText
from incidents.reports.prose.telling import Teller
from incidents.reports.selectors import difference, facts_of, present_texts, report_get_for, report_list
from incidents.response import services as response
from incidents.response.errors import ReportMissing
from incidents.switchover.models import RecoveryClock
from kernel import clock, journal
from kernel.errors import InvalidTransition, NotFound, NotPermitted, Stale
from kernel.journal.relay import relay
from tests.incidents.reports.story import FINDING, REPAIR, Story
from tests.incidents.response.world import World, fresh

pytestmark = [pytest.mark.django_db, pytest.mark.req("RPT-01")]


def text_of(report: Report, section: str, language: str = "en") -> str:
    present = next(item for item in present_texts(report) if item.section == section)
    assert present.text is not None
    return str(getattr(present.text, f"text_{language}"))


def put(report: Report, world: World, name: str, **inputs: Any) -> Report:
    report.refresh_from_db()
    return services.section_put(public_id=report.public_id, version=report.version, actor=world.actor(name), **inputs)


def move(service: Any, report: Report, world: World, name: str, **inputs: Any) -> Report:
    report.refresh_from_db()
    made: Report = service(public_id=report.public_id, version=report.version, actor=world.actor(name), **inputs)
    return made


def local(moment: Any, zone: str) -> str:
    from zoneinfo import ZoneInfo

    return f"{moment.astimezone(ZoneInfo(zone)):%H:%M}"


def test_the_end_of_an_incident_drafts_its_report_in_both_languages(story: Story) -> None:
    report = story.report
    assert (report.state, report.is_short) == ("draft", False)
    assert [item.section for item in present_texts(report)] == list(FULL)
    assert all(item.text is not None and item.text.text_en and item.text.text_zh for item in present_texts(report))
    assert "incidents.report_drafted.v1" in [entry.name for entry in journal.timeline(story.incident)]


def test_the_draft_holds_the_facts_in_both_languages(story: Story) -> None:
    report, incident, outage = story.report, story.incident, story.outage
    switches = list(outage.switches.order_by("id"))
    both = {
        "summary": [incident.number, incident.title, local(incident.failing_since, report.zone), FINDING],
        "course": ["HTTP 500", local(incident.confirmed_at, report.zone), FINDING, REPAIR, local(outage.business_normal_at, report.zone)],
        "cause": [FINDING, REPAIR],
        "impact": ["Paying for orders; every customer", "0 differ"],
        "switch": [switch.number for switch in switches],
        "people": [local(incident.answered_at, report.zone)],
        "lessons": [switches[0].number, "tell-sales"],
    }
    for section, wanted in both.items():
        for language in ("en", "zh"):
            text = text_of(report, section, language)
            assert [fact for fact in wanted if fact not in text] == [], (section, language)
    names = {"en": ("Oscar Lind", "Lena Weber", "Olga Brandt"), "zh": ("林凯", "韦兰", "欧佳")}
    for language, people in names.items():
        assert all(person in text_of(report, "course", language) for person in people)
        assert all(person not in text_of(report, "course", other) for other in names if other != language for person in people)


def test_the_draft_is_prose_in_the_language_it_says(story: Story) -> None:
    for item in present_texts(story.report):
        assert item.text is not None
        assert not re.search(r"%\(|\{\w+\}", item.text.text_en + item.text.text_zh)
        latin = re.sub(r"“[^”]*”|[A-Z]{2,}-\d{4}-\d{4}|order-\d+|Asia/Shanghai|Hall [AB]|\bam\b", "", item.text.text_zh)
        assert not re.search(r"[A-Za-z]{3,}", latin), latin
        english = re.sub(r"“[^”]*”", "", item.text.text_en)
        assert not re.search(r"[\u4e00-\u9fff]", english), english


@pytest.mark.req("RTO-02")
def test_the_clocks_are_told_with_outcome_and_evidence(story: Story) -> None:
    clocks = {row.kind: row for row in RecoveryClock.objects.filter(outage=story.outage)}
    assert {kind: row.state for kind, row in clocks.items()} == {"switchover": "met_late", "recovery": "met", "switchback": "met"}
    english, chinese = text_of(story.report, "clocks"), text_of(story.report, "clocks", "zh")
    first, second, third = english.split("\n\n")
    assert "the target was 1 hour." in first
    assert "met late" in first
    assert "Warnings went out at 50 %, 80 % and 95 % of it." in first
    assert "served from" not in second
    order = clocks["switchover"].evidence["business_check"]["order_id"]
    assert f"the marked order {order} was placed and read back there" in first
    assert "replication had caught up before traffic moved" in third
    assert "超时达成" in chinese
    assert f"标记订单 {order} 已在该侧下单并读回" in chinese


def test_what_went_badly_comes_from_the_facts(story: Story) -> None:
    good, bad = text_of(story.report, "lessons").split("What went badly:")
    assert "The target “Recovery” was met." in good
    assert "The target “Switchover” was breached" in bad
    assert "Bea Stone had a role and never confirmed it." in bad
    assert re.search(r"calls were not answered in time and escalated", bad)
    assert "updates were not posted when they were due" in bad
    assert "1 task was still open at the end: “tell-sales”" in bad
    assert "The cause was not located" not in bad


def test_a_quiet_general_incident_needs_only_a_short_report(world: World) -> None:
    incident = world.resolved(grade="general")
    relay()
    report = Report.objects.get(incident=incident)
    assert report.is_short
    assert [item.section for item in present_texts(report)] == list(SHORT)
    assert "Business went on throughout" in text_of(report, "summary")
    incident = response.incident_review(public_id=incident.public_id, version=fresh(incident).version, actor=world.actor("lena"))
    closed = response.incident_close(public_id=incident.public_id, version=incident.version, actor=world.actor("lena"), report_summary="A slip.")
    assert closed.state == "closed"


def test_hearing_twice_drafts_once(story: Story) -> None:
    from kernel.models import Entry

    entry = Entry.objects.get(name="incidents.incident_resolved.v1", subject_id=str(story.incident.public_id))
    texts = SectionText.objects.count()
    services.incident_resolved(entry)
    assert (Report.objects.count(), SectionText.objects.count()) == (1, texts)


def test_every_saved_text_is_kept_and_the_database_refuses_to_change_one(story: Story) -> None:
    report = story.report
    drafted = text_of(report, "cause")
    put(report, story.world, "olga", section="cause", text_en="A lock.", text_zh="锁表。")
    put(report, story.world, "lena", section="cause", text_en="A lock of the orders.")
    rows = list(SectionText.objects.filter(report=report, section="cause").order_by("revision"))
    assert [(row.revision, row.text_en, row.author_label) for row in rows] == [
        (1, drafted, "Switchback"),
        (2, "A lock.", "Olga Brandt"),
        (3, "A lock of the orders.", "Lena Weber"),
    ]
    assert rows[2].text_zh == "锁表。"
    assert next(item for item in present_texts(report) if item.section == "cause").older == "zh"
    for statement in ("UPDATE reports_section_text SET text_en = 'x'", "DELETE FROM reports_section_text"):
        with pytest.raises(Exception, match="Cannot"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_two_who_write_at_once_do_not_overwrite_each_other(story: Story) -> None:
    report = story.report
    seen = report.version
    services.section_put(public_id=report.public_id, version=seen, actor=story.world.actor("olga"), section="cause", text_en="One.", text_zh="一。")
    with pytest.raises(Stale):
        services.section_put(
            public_id=report.public_id, version=seen, actor=story.world.actor("lena"), section="cause", text_en="Two.", text_zh="二。"
        )
    assert text_of(report, "cause") == "One."
    with pytest.raises(NothingChanged):
        put(report, story.world, "olga", section="cause", text_en="One.", text_zh="一。")


def test_a_redraft_leaves_alone_what_people_wrote_unless_told_otherwise(story: Story) -> None:
    report = story.report
    put(report, story.world, "olga", section="cause", text_en="Ours.", text_zh="人写的。")
    move(services.report_redraft, report, story.world, "lena")
    assert text_of(report, "cause") == "Ours."
    move(services.report_redraft, report, story.world, "lena", which="all")
    assert FINDING in text_of(report, "cause")
    assert SectionText.objects.filter(report=report, section="cause", text_en="Ours.").exists()


@pytest.mark.req("SEC-01")
def test_nobody_approves_what_they_wrote_or_submitted(story: Story) -> None:
    report, world = story.report, story.world
    put(report, world, "leo", section="cause", text_en="By Leo.", text_zh="何立写。")
    move(services.report_submit, report, world, "olga")
    with pytest.raises(OwnReport):
        move(services.report_approve, report, world, "leo")
    move(services.report_send_back, report, world, "lena", reason="too short")
    move(services.report_submit, report, world, "lena")
    with pytest.raises(OwnReport):
        move(services.report_approve, report, world, "lena")
    report.refresh_from_db()
    assert (report.state, fresh(story.incident).report_accepted_at) == ("in_review", None)
    with pytest.raises(IntegrityError), transaction.atomic():
        Report.objects.filter(pk=report.pk).update(approver=world.users["lena"], approved_at=clock.now())


@pytest.mark.req("INC-01")
def test_the_approved_report_lets_the_incident_close_and_not_before(story: Story) -> None:
    world, report = story.world, story.report
    story.act(response.incident_review, "lena")
    with pytest.raises(ReportMissing):
        story.act(response.incident_close, "lena")
    put(report, world, "olga", section="impact", text_en="37 orders were lost.", text_zh="损失订单 37 单。")
    move(services.report_submit, report, world, "olga")
    with pytest.raises(InvalidTransition):
        put(report, world, "olga", section="impact", text_en="38.")
    approved = move(services.report_approve, report, world, "leo")
    assert (approved.state, approved.approver) == ("approved", world.users["leo"])
    accepted = [entry for entry in journal.timeline(fresh(story.incident)) if entry.name == "incidents.report_accepted.v1"]
    assert [entry.payload["report"] for entry in accepted] == [report.number]
    story.act(response.incident_close, "lena")
    assert fresh(story.incident).state == "closed"


def test_an_unfinished_report_is_not_submitted(story: Story) -> None:
    report = story.report
    SectionText.objects.create(report=report, section="cause", revision=9, text_en="x", text_zh="", author_label="Olga", at=clock.now())
    with pytest.raises(SectionsMissing, match="Cause"):
        move(services.report_submit, report, story.world, "olga")


def test_a_reopened_incident_brings_its_report_back_to_a_draft_and_up_to_date(story: Story) -> None:
    world, report = story.world, story.report
    put(report, world, "olga", section="impact", text_en="Counted by hand.", text_zh="人工统计。")
    move(services.report_submit, report, world, "olga")
    story.act(response.incident_reopen, "lena", reason="orders fail again")
    with pytest.raises(IncidentNotOver):
        move(services.report_approve, report, world, "leo")
    story.act(response.incident_verify, "lena")
    world.shown(fresh(story.incident))
    story.act(response.incident_resolve, "lena")
    report.refresh_from_db()
    assert (report.state, report.submitted_at) == ("draft", None)
    assert "orders fail again" in text_of(report, "course")
    assert text_of(report, "impact") == "Counted by hand."
    assert Report.objects.count() == 1


def test_a_rewritten_report_supersedes_the_approved_one_only_when_it_is_approved(story: Story) -> None:
    world, first = story.world, story.report
    move(services.report_submit, first, world, "olga")
    move(services.report_approve, first, world, "leo")
    second = move(services.report_revise, first, world, "olga", reason="the cause was another")
    with pytest.raises(ReportIsOpen):
        services.report_draft(actor=world.actor("olga"), incident=story.incident.public_id)
    put(second, world, "olga", section="cause", text_en="A wrong index.", text_zh="索引错误。")
    first.refresh_from_db()
    assert (first.state, text_of(first, "cause")[:3], text_of(second, "cause")) == ("approved", "The", "A wrong index.")
    move(services.report_submit, second, world, "olga")
    move(services.report_approve, second, world, "lena")
    first.refresh_from_db()
    assert first.state == "superseded"


@pytest.mark.req("SEC-01")
@pytest.mark.parametrize(
    "name, write, approve, read",
    [
        ("olga", True, False, True),  # ops engineer, and holds a role
        ("leo", True, True, True),  # team lead
        ("bea", True, False, True),  # business operations
        ("cyril", False, False, False),  # customer service
        ("anton", False, False, True),  # auditor
        ("ada", False, False, False),  # administrator
        ("dora", False, False, True),  # director
        ("sam", False, False, False),  # ops engineer of another team
    ],
)
def test_who_may_write_approve_and_read(story: Story, name: str, write: bool, approve: bool, read: bool) -> None:
    world, report = story.world, story.report
    actor = world.actor(name)
    assert report_list(actor).filter(pk=report.pk).exists() is read
    if not read:
        with pytest.raises(NotFound):
            report_get_for(actor, report.public_id)
    if write:
        put(report, world, name, section="cause", text_en="Mine.", text_zh="我写的。")
        move(services.report_redraft, report, world, "lena", which="all")
    else:
        with pytest.raises(NotPermitted):
            put(report, world, name, section="cause", text_en="Mine.")
    move(services.report_submit, report, world, "lena")
    if approve:
        assert move(services.report_approve, report, world, name).state == "approved"
    else:
        with pytest.raises(NotPermitted):
            move(services.report_approve, report, world, name)


def test_differences_are_told_word_by_word_and_sign_by_sign() -> None:
    shown = [(piece.kind, piece.words) for piece in difference("37 orders were lost.", "38 orders were lost.")]
    assert shown == [("removed", "37"), ("added", "38"), ("same", " orders were lost.")]
    assert ("added", "全部") in [(piece.kind, piece.words) for piece in difference("订单丢失", "全部订单丢失")]


def test_times_are_told_in_the_zone_of_most_who_took_part(world: World) -> None:
    for name in ("olga", "lena", "bea"):
        world.users[name].time_zone = "Europe/Berlin"
        world.users[name].save()
    incident = world.resolved()
    assert facts_of(incident).zone.key == "Europe/Berlin"
    with translation.override("en"):
        told = prose.write(Section.SUMMARY, facts_of(incident), "en")
    assert "(time zone Europe/Berlin)" in told
    assert local(incident.failing_since, "Europe/Berlin") in told


def test_a_short_incident_is_told_to_the_second_and_a_long_one_to_the_minute(story: Story) -> None:
    from incidents.reports.prose.telling import Teller

    incident = story.incident
    moment = incident.failing_since
    assert Teller(facts_of(incident), "en").at(moment) == local(moment, "Asia/Shanghai")
    type(incident).objects.filter(pk=incident.pk).update(resolved_at=moment + timedelta(minutes=29))
    short = Teller(facts_of(fresh(incident)), "en")
    assert short.at(moment).startswith(local(moment, "Asia/Shanghai") + ":")
    assert short.at(moment) == short.exact(moment)


def test_a_quotation_within_a_quotation_has_other_marks(story: Story) -> None:
    from incidents.reports.prose.telling import Teller

    with translation.override("zh-hans"):
        assert Teller(facts_of(story.incident), "zh-hans").quote("探测“订单服务”失败。") == "“探测‘订单服务’失败”"


def test_a_span_reads_as_people_say_it(world: World) -> None:
    from incidents.reports.prose.telling import Teller

    facts = facts_of(world.resolved())
    lengths = (timedelta(0), timedelta(seconds=41), timedelta(minutes=4, seconds=1), timedelta(hours=2, minutes=25, seconds=50), timedelta(hours=24))
    with translation.override("en"):
        english = [Teller(facts, "en").span(length) for length in lengths]
    with translation.override("zh-hans"):
        chinese = [Teller(facts, "zh-hans").span(length) for length in lengths]
    assert english == ["less than a second", "41 seconds", "4 minutes 1 second", "2 hours 26 minutes", "24 hours"]
    assert chinese == ["不到1秒", "41秒", "4分钟1秒", "2小时26分钟", "24小时"]


def test_a_length_is_that_of_the_times_that_are_told():
    """20:25:41 to 20:26:22 are 41 seconds to whoever subtracts, whatever the parts of a second say."""
    start, end = datetime(2026, 11, 22, 20, 25, 41, 900_000, tzinfo=UTC), datetime(2026, 11, 22, 20, 26, 22, 100_000, tzinfo=UTC)
    assert Teller.length(start, end) == timedelta(seconds=41)


@pytest.mark.parametrize(
    "is_chinese, name, said",
    [(True, "Prometheus", " Prometheus "), (True, "系统自身的探测", "系统自身的探测"), (False, "Prometheus", "Prometheus")],
)
def test_a_latin_name_stands_apart_from_chinese_signs(is_chinese, name, said):
    assert Teller.apart(SimpleNamespace(is_chinese=is_chinese), name) == said
