"""What the console itself wrote is read in the reader's language; what others wrote stays as they wrote it."""

from __future__ import annotations

import json

import pytest
from django.contrib.staticfiles import finders
from django.db import OperationalError
from django.utils.translation import override

from contingency.org.models import User
from contingency.org.sentences import NAMES_ZH
from incidents.response import services as response
from kernel.i18n import in_readers_words
from kernel.models import Entry
from kernel.sentences import sentence
from monitoring.alerts.sentences import TEST_WORDS
from monitoring.probes.problems import alert_words, problem_words
from tests.console.reading import words


@pytest.mark.django_db  # names of people are looked up
@pytest.mark.parametrize(
    "code, english, chinese",
    [
        ("status_503", "it answered with status 503", "返回状态码 503"),
        ("timeout", "no answer in time", "超时未应答"),
        ("not_allowed", "probes may not reach this address", "不允许探测访问该地址"),
        ("strange", "unknown problem (strange)", "未知问题（strange）"),
    ],
)
def test_a_probes_alert_is_kept_in_english_and_read_in_ones_own_language(code, english, chinese):
    with override("zh-hans"):
        kept = alert_words("Hall A: 100 % of orders", code)
        assert in_readers_words(kept) == f"探测“Hall A: 100 % of orders”失败：{chinese}"
        assert problem_words(code) == chinese
    assert kept == f"Probe Hall A: 100 % of orders fails: {english}"
    assert in_readers_words(kept) == kept


@pytest.mark.django_db
def test_words_of_others_stay_as_they_are(db):
    with override("zh-hans"):
        for text in ("no connection", "Probe me", "The probe Hall A fails: no connection", "", f"{TEST_WORDS}!"):
            assert in_readers_words(text) == text
        assert in_readers_words(TEST_WORDS) == "来自控制台的测试告警"


def test_an_incident_that_a_probe_opened_has_a_chinese_title_on_a_chinese_screen(company, browser):
    title = alert_words("Hall A", "status_503")
    incident = response.incident_open(actor=company.actor("engineer"), part="orders", fault_class="software", title=title)
    client = browser("engineer")
    client.cookies["django_language"] = "zh-hans"
    for address in ("/", f"/incidents/{incident.number}/", "/incidents/"):
        shown = words(client.get(address))
        assert "探测“Hall A”失败：返回状态码 503" in shown, address
        assert "status_503" not in shown, address
        assert "it answered" not in shown, address


@pytest.mark.req("INC-01")
def test_the_headline_says_that_a_grade_is_only_proposed(company, incident, browser):
    client = browser("engineer")
    proposed = incident.proposed_grade
    sign = {"major": "▲ Major", "severe": "◆ Severe", "general": "● General"}[proposed]
    parts = ("/?parts=now-headline", "/wallboard/?parts=wall-state", f"/incidents/{incident.number}/?parts=room-header", "/incidents/")
    for address in parts:
        shown = words(client.get(address))
        assert f"Not graded; {proposed} proposed" in shown, address
        assert sign not in shown, address


def test_icons_for_installing_are_there_in_the_sizes_that_the_manifest_names(client, db):
    icons = json.loads(client.get("/manifest.webmanifest").content)["icons"]
    assert {(icon["sizes"], icon["purpose"]) for icon in icons} == {("192x192", "any"), ("512x512", "any"), ("512x512", "maskable"), ("any", "any")}
    for icon in icons:
        with open(str(finders.find(icon["src"].removeprefix("/static/"))), "rb") as file:
            beginning = file.read(24)
        if icon["type"] == "image/png":
            edge = int(icon["sizes"].split("x")[0])
            assert beginning[:8] == b"\x89PNG\r\n\x1a\n"
            assert (int.from_bytes(beginning[16:20]), int.from_bytes(beginning[20:24])) == (edge, edge)
    page = client.get("/login/").content.decode()
    address = page.split('rel="apple-touch-icon" href="')[1].split('"')[0]
    assert finders.find(address.removeprefix("/static/"))


def test_on_a_chinese_screen_people_have_their_chinese_names(company, confirmed, browser):
    lead = company.users["lead"]
    lead.display_name_zh = "赵敏"
    lead.save()
    client = browser("engineer")
    for language, seen, unseen in (("zh-hans", "赵敏", lead.display_name), ("en", lead.display_name, "赵敏")):
        client.cookies["django_language"] = language
        shown = words(client.get(f"/incidents/{confirmed.number}/"))
        assert seen in shown
        assert unseen not in shown, language


def test_what_somebody_typed_stays_letter_by_letter_on_every_screen(company, confirmed, browser):
    lead = company.users["lead"]
    lead.display_name, lead.display_name_zh = "Zhao Min", "赵敏"
    lead.save()
    written = (lead.display_name, TEST_WORDS)  # somebody's note is a name that we know, or a sentence of our own
    for text in written:
        response.note_add(public_id=confirmed.public_id, version=None, actor=company.actor("engineer"), body=text)
    client = browser("engineer")
    client.cookies["django_language"] = "zh-hans"
    shown = words(client.get(f"/incidents/{confirmed.number}/?parts=room-timeline"))
    assert "赵敏" not in shown
    for text in written:
        assert text in shown
    entries = Entry.objects.filter(name="incidents.note_added.v1").order_by("id")
    with override("zh-hans"):
        assert [sentence(entry).split("：")[-1] for entry in entries] == list(written)


def test_a_name_that_two_people_share_is_not_guessed(company):
    one, other = company.users["lead"], company.users["engineer"]
    one.display_name, one.display_name_zh = "Li Na", "李娜"
    other.display_name, other.display_name_zh = "Li Na", "李那"
    for user in (one, other):
        user.save()
    with override("zh-hans"):
        assert in_readers_words("Li Na") == "Li Na"
        other.display_name = "Li Nan"
        other.save()
        assert in_readers_words("Li Na, Li Nan") == "李娜、李那"
        assert in_readers_words("Li Na, a stranger") == "Li Na, a stranger"
        assert in_readers_words("INC-2026-0042 · Li Nan") == "INC-2026-0042 · 李那"
        assert in_readers_words("INC-2026-0042 · Li Nanny") == "INC-2026-0042 · Li Nanny"


def test_without_its_database_the_console_still_speaks_chinese(db, monkeypatch):
    def away(*_args, **_more):
        raise OperationalError("the connection is closed")

    monkeypatch.setattr(NAMES_ZH, "_known", None)
    monkeypatch.setattr(User.objects, "exclude", away)
    with override("zh-hans"):
        assert in_readers_words("Li Na") == "Li Na"
        assert in_readers_words(TEST_WORDS) == "来自控制台的测试告警"
