"""What calls and the timeline say, with the plan that we ship, to readers of two languages and zones."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils.translation import override

from contingency.catalog.models import Part
from contingency.catalog.services import part_define
from contingency.org.models import User
from incidents.response import services
from incidents.response.models import Incident
from kernel import clock, deadlines, journal
from kernel.actors import SYSTEM
from kernel.journal.relay import relay
from kernel.models import Deadline, Entry
from kernel.sentences import sentence
from notify.models import Delivery, Page
from tests.incidents.response.test_life_cycle import at
from tests.incidents.response.test_shipped_plan import part, person  # noqa: F401  (a fixture)

pytestmark = pytest.mark.django_db

CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.fixture
def readers(part: Part) -> Part:  # noqa: F811
    """The demo company as it is for Chinese readers, but for two who read English elsewhere."""
    Part.objects.filter(pk=part.pk).update(stops_business=True)
    User.objects.exclude(username__in=("song.yue", "wang.lei")).update(language="zh-hans", time_zone="Asia/Shanghai")
    User.objects.filter(username__in=("song.yue", "wang.lei")).update(language="en", time_zone="Europe/Berlin")
    part.refresh_from_db()
    return part


def graded(part: Part) -> Incident:  # noqa: F811
    """A severe incident whose commander and technical lead are there; nobody answers as communications lead."""
    with override("zh-hans"):  # whoever acts reads Chinese: that is not the language of those who are told
        incident = services.incident_open(actor=person("chen.yu"), part=part.slug, fault_class="software", title="Orders are refused")
        incident = services.incident_confirm(**at(incident), actor=person("chen.yu"), grade="severe")
        services.role_acknowledge(**at(incident), actor=person("zhao.min"))
    return Incident.objects.get()


def communications_page(incident: Incident) -> Page:
    role = incident.roles.get(role="communications_lead")
    return Page.objects.get(subject_kind="incident_role", subject_id=role.public_id)


def unanswered(times: int) -> None:
    for _time in range(times):
        clock.wind(timedelta(minutes=5, seconds=1))
        deadlines.sweep("page_escalation")
        relay()


def mails(page: Page, username: str) -> list[str]:
    rows = Delivery.objects.filter(message__page=page, user__username=username, channel="email").order_by("id")
    return [f"{row.title}\n{row.body}" for row in rows]


def told(incident: Incident, language: str) -> list[str]:
    with override(language):
        return [sentence(entry) for entry in journal.timeline(incident, limit=500)]


@pytest.mark.req("INC-03")
def test_a_call_for_a_role_names_the_role_and_not_the_whole_incident(readers: Part) -> None:
    incident = graded(readers)
    page = communications_page(incident)
    unanswered(2)
    (english,) = mails(page, "song.yue")
    number = incident.number
    assert english.startswith(f"{number} needs a communications lead: please take this role\n"), english
    assert f"{number} needs a communications lead: He Fang has not answered for 5 min. Commander: Zhao Min. Please take over as" in english
    (chinese,) = mails(page, "li.na")
    assert chinese.startswith(f"{number}：沟通负责人尚无人应答，请您接任\n"), chinese
    assert f"{number} 的沟通负责人尚无人应答，已过 10 分钟（已呼叫：何芳、宋玥）。现场指挥：赵敏。请您接任沟通负责人。" in chinese
    unanswered(2)
    page.refresh_from_db()
    assert page.state == "exhausted"
    (_first, last) = mails(page, "song.yue")
    assert f"{number} has no communications lead: everybody was called in 20 min" in last
    assert "nobody answers (He Fang, Song Yue, Li Na and " in last, last
    for words in (english, chinese, last):
        assert "Escalated" not in words
        assert "nobody has answered for" not in words


@pytest.mark.req("INC-03")
@pytest.mark.req("INC-05")
def test_the_timeline_of_a_role_that_nobody_answers_for_reads_as_that(readers: Part) -> None:
    incident = graded(readers)
    unanswered(4)
    chinese, english = told(incident, "zh-hans"), told(incident, "en")
    number = incident.number
    assert f"沟通负责人：呼叫何芳（{number}）。" in chinese
    assert "沟通负责人：何芳未应答，呼叫下一位。" in chinese
    assert "Communications lead: He Fang does not answer; the call goes on." in english
    assert "沟通负责人：已呼叫全部人员，仍无人应答。" in chinese
    assert "Communications lead: everybody was called; nobody answers." in english
    informed = [line for line in chinese if line.startswith("知会：呼叫")]
    assert informed, chinese
    for line in (*chinese, *english):
        people = re.findall("陈宇|李娜|何芳|孙杰|赵敏|宋玥|Sun Jie|He Fang", line)
        assert len(people) == len(set(people)), line
    assert f"开始逐级呼叫（{number}）。" in chinese
    assert not [line for line in chinese if "升级链已到尽头" in line or "开始呼叫" in line]


@pytest.mark.req("INC-05")
def test_the_response_level_reads_in_titles_and_names(readers: Part) -> None:
    incident = graded(readers)
    (chinese,) = [line for line in told(incident, "zh-hans") if "响应级别执行" in line]
    assert chinese.startswith("按“严重”响应级别执行。呼叫：赵敏、李娜、何芳、孙杰。处置手册："), chinese
    (english,) = [line for line in told(incident, "en") if line.startswith("The response level")]
    assert "Called: Zhao Min, Li Na, He Fang, Sun Jie. Playbooks: " in english
    lists = english.partition("Playbooks: ")[2]
    assert lists[0].isupper()
    assert not re.search("[a-z]-[a-z]+-", lists), english  # a slug
    assert not CHINESE.search(english)
    assert not re.search("[A-Za-z]{4}", chinese.partition("处置手册：")[2].replace("Switchback", "")), chinese


@pytest.mark.req("MON-05")
def test_a_mail_is_in_its_readers_language_whoever_acts(readers: Part) -> None:
    """Two readers, and one who acts in each language."""
    for language, username in (("zh-hans", "song.yue"), ("en", "he.fang")):
        with override(language):
            incident = services.incident_open(
                actor=person("chen.yu"), part=readers.slug, fault_class="software" if language == "en" else "data", title="404"
            )
            incident = services.incident_confirm(**at(incident), actor=person("chen.yu"), grade="general", stops_business="no")
            services.role_assign(**at(incident), actor=person("zhao.min"), role="scribe", user=User.objects.get(username=username).public_id)
            services.role_assign(
                **at(Incident.objects.get(pk=incident.pk)),
                actor=person("zhao.min"),
                role="communications_lead",
                user=User.objects.get(username="wang.lei").public_id,
            )
    deliveries = list(Delivery.objects.select_related("user", "message").exclude(message__text__startswith="task-"))
    assert {delivery.user.language for delivery in deliveries} == {"en", "zh-hans"}
    for delivery in deliveries:
        words = f"{delivery.title}\n{delivery.body}"
        if delivery.user.language == "en":
            assert not CHINESE.search(words), words
        else:
            assert not re.search("Software|Data|Grade|General|Scribe|Order system", words), words


@pytest.mark.req("INC-02")
def test_a_grade_is_called_proposed_until_somebody_has_graded(readers: Part) -> None:
    incident = services.incident_open(actor=person("chen.yu"), part=readers.slug, fault_class="software", title="Orders are refused")
    unanswered(1)
    page = Page.objects.get(subject_kind="incident")
    for username in ("chen.yu", "wang.lei"):
        (mail,) = mails(page, username)
        assert re.search("建议级别：严重|Proposed grade: Severe|Proposed grade: General|建议级别：一般", mail), mail
        assert not re.search("(?<!Proposed )[Gg]rade: |(?<!建议)级别：", mail), mail
    services.incident_confirm(**at(incident), actor=person("zhao.min"), grade="severe", stops_business="no")
    assigned = Delivery.objects.filter(message__text="page-level-called").first()
    assert assigned is not None
    unanswered(1)
    later = [row.body for row in Delivery.objects.filter(message__text="role-escalated")]
    assert later
    assert not [body for body in later if "Proposed" in body or "建议级别" in body]


@pytest.mark.req("MON-05")
def test_a_call_says_until_when_to_answer_who_is_next_and_when_the_standby_must_carry(readers: Part) -> None:
    services.incident_open(actor=person("chen.yu"), part=readers.slug, fault_class="software", title="Orders are refused")
    page = Page.objects.get(subject_kind="incident")
    (mail,) = mails(page, "chen.yu")
    zone = ZoneInfo("Asia/Shanghai")
    due = deadlines_of(page).astimezone(zone)
    by = Incident.objects.get().failing_since + timedelta(hours=1)
    assert f"请于 {due:%H:%M} 前应答，否则将呼叫王磊。" in mail, mail
    assert by.astimezone(zone).strftime("%H:%M") in mail.partition("如业务已中断")[2].partition("\n")[0], mail
    assert mail.count("否则将呼叫") == 1
    unanswered(1)
    (mail,) = mails(page, "wang.lei")
    due = deadlines_of(page).astimezone(ZoneInfo("Europe/Berlin"))
    assert f"Answer by {due:%H:%M}, then Zhao Min is called." in mail, mail
    unanswered(3)
    page.refresh_from_db()
    last = page.calls.select_related("user").order_by("-id")[0].user
    assert ("您之后不再有下一位可呼叫" in mails(page, last.username)[0]) or ("after you nobody further" in mails(page, last.username)[0])


def deadlines_of(page: Page) -> datetime:
    return Deadline.objects.get(subject_id=page.public_id, fired_at=None, cancelled_at=None).due_at


@pytest.mark.req("RTO-01")
def test_a_clock_mail_says_hours_and_minutes(readers: Part) -> None:
    incident = graded(readers)
    clock.wind(timedelta(minutes=31))
    deadlines.sweep("recovery_clock")
    relay()
    warning = Delivery.objects.filter(message__text="clock-warning").first()
    assert warning is not None
    words = f"{warning.title}\n{warning.body}"
    assert re.search("“切换”时限已用 50%，还剩 (29|30) 分钟", words), words
    assert "目标 1 小时" in words
    assert "(Asia/Shanghai)" in words
    assert not re.search(r"\d:\d\d left|剩余 \d:|1 h\b", words), words
    shown = told(incident, "zh-hans")
    outage = incident.outage.number
    assert f"“切换”时限已用去 50%（{outage}）。" in shown, shown
    clock.wind(timedelta(minutes=30))
    deadlines.sweep("recovery_clock")
    relay()
    assert f"切换时限已超时：呼叫赵敏、陈宇（{incident.number}）。" in told(incident, "zh-hans"), told(incident, "zh-hans")
    unanswered(1)
    later = Delivery.objects.filter(message__text="topic-escalated", message__page__text="clock-breached").first()
    assert later is not None
    assert "“切换时限已超时”的呼叫尚无人应答（已呼叫：" in later.body, later.body


@pytest.mark.req("INC-05")
def test_the_parts_name_is_chinese_where_the_reader_is(readers: Part) -> None:
    part_define(
        actor=SYSTEM,
        slug=readers.slug,
        name_en="Order system",
        name_zh="订单系统",
        kind=readers.kind,
        unit="operations",
        roster="operations-duty",
        chain="business",
    )
    entry = Entry.objects.get(name="catalog.part_defined.v1")
    with override("zh-hans"):
        assert sentence(entry).endswith("定义了受保护对象 订单系统。")
    with override("en"):
        assert sentence(entry).endswith("defined the guarded part Order system.")
