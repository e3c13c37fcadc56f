"""The plan that we ship is complete, in both languages, and a stranger to the system could follow it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from django.core.management import get_commands
from django.utils.translation import gettext, override
from pydantic import BaseModel

from contingency.plan import selectors
from contingency.plan.document import PlanDocument, read
from contingency.plan.document.schema import FaultKindIn, PlaybookIn, StepIn
from contingency.plan.models import OUTSIDE, MeetingKind, MessageText, Schedule
from contingency.plan.placeholders import BY_HAND, OUTWARD
from contingency.plan.shipped import shipped_plan
from kernel import moves

HAN = re.compile("[\u4e00-\u9fff]")
QUOTED = re.compile("“([^”]+)”")

POSITIONS = {
    "leadership": {"project-director", "technical-director"},
    "execution": {
        *("project-manager", "system-architect", "developer", "duty-engineer", "operations-lead", "business-analyst", "business-operator"),
        *("business-operations-lead", "warehouse-coordinator", "customer-service-agent", "sales-representative", "tester", "monitoring-engineer"),
        *("database-administrator", "security-engineer"),
    },
    "support": {"procurement-officer", "finance-officer", "human-resources-officer", "training-administrator", "public-relations-officer"},
}
LEAVES = {
    "hardware": ["server", "storage", "network-device"],
    "software": ["operating-system", "database", "middleware", "application"],
    "network": ["external-network", "internal-network", "bandwidth", "router"],
    "data": ["data-loss", "data-corruption", "data-inconsistency"],
    "business": [
        *("business-logic", "business-process", "order-information", "order-state", "order-duplicate", "order-payment", "order-delivery"),
        *("operator-slip", "irregular-procedure"),
    ],
    "security": ["vulnerability", "attack", "leak"],
}
CAUSES = {
    "compatibility": ["hardware-compatibility", "software-version", "unstable-network"],
    "data-migration": ["incomplete-backup", "corrupt-data", "inconsistent-data", "database-version"],
    "operator-error": ["wrong-action", "guide-not-followed", "no-timely-response"],
    "security-hole": [],
}
# INC-04, measure by measure: kind of fault, what its playbook must have people do, in both languages
MEASURES = [
    ("server", "standby", "备用"),
    ("server", "isolat|Keep the dead server away", "隔离"),
    ("storage", "Replace the device", "更换设备"),
    ("storage", "Restore the data", "恢复数据"),
    ("network-device", "Switch to the spare device", "启用备用设备"),
    ("operating-system", "Restart the system, check its configuration", "重启系统，检查配置"),
    ("database", "restart the service once", "重启一次服务"),
    ("database", "read its log", "查看日志"),
    ("application", "one restart|Restart it once", "重启一次"),
    ("application", "log", "日志"),
    ("middleware", "Restart the consumers", "重启消费者"),
    ("internal-network", "Check the equipment, repair the line", "检查设备，修复线路"),
    ("external-network", "Take the spare line", "启用备用线路"),
    ("external-network", "Have the line repaired", "修复线路"),
    ("bandwidth", "Give business priority", "优先保障业务"),
    ("router", "Check the configuration, restore the routes", "检查配置，恢复路由"),
    ("data-loss", "Restore beside the live data", "在旁路恢复"),
    ("data-loss", "Real-time backup first, then the daily", "先选实时备份，其次每日备份"),
    ("data-corruption", "Analyse", "分析"),
    ("data-corruption", "Repair with a reviewed script", "用经复核的脚本修复"),
    ("data-inconsistency", "Find the cause", "查明原因"),
    ("data-inconsistency", "Adjust the side that is wrong", "修正错误一侧"),
    ("vulnerability", "Contain it", "遏制"),
    ("attack", "Fix it and verify by scan", "修复并扫描验证"),
    ("leak", "Close the leak", "堵住泄露"),
    ("order-payment", "Take the spare channel", "启用备用支付渠道"),
    ("operator-slip", "Undo it with a second person", "由两人撤回"),
]


@cache
def plan() -> PlanDocument:
    return read(shipped_plan())


def pairs(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every text in both languages, with where it stands."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from pairs(item, f"{path}[{getattr(item, 'slug', index)}]")
    elif isinstance(value, BaseModel):
        if set(type(value).model_fields) == {"en", "zh"}:
            yield path, value
            return
        for name in type(value).model_fields:
            yield from pairs(getattr(value, name), f"{path}.{name}".strip("."))


def steps() -> list[tuple[PlaybookIn, StepIn]]:
    return [(book, step) for book in plan().playbooks for step in book.steps]


def kinds_below(kinds: list[FaultKindIn]) -> Iterator[FaultKindIn]:
    for kind in kinds:
        yield kind
        yield from kinds_below(kind.kinds)


def leaves(fault_class: str) -> list[FaultKindIn]:
    [fault] = [fault for fault in plan().faults if fault.fault_class == fault_class]
    return [kind for kind in kinds_below(fault.kinds) if not kind.kinds]


def books_of(fault_class: str, slug: str) -> list[PlaybookIn]:
    """The playbooks written for this kind of fault, or for the nearest kind above it, or the general one of the class."""
    [fault] = [fault for fault in plan().faults if fault.fault_class == fault_class]

    def way(kinds: list[FaultKindIn], above: list[str]) -> list[str] | None:
        for kind in kinds:
            if kind.slug == slug:
                return [kind.slug, *above]
            found = way(kind.kinds, [kind.slug, *above])
            if found:
                return found
        return None

    for near in [*(way(fault.kinds, []) or []), None]:
        found = [book for book in plan().playbooks if book.fault_class == fault_class and book.fault_kind == near]
        if found:
            return found
    return []


# both languages


@pytest.mark.req("PLN-03")
def test_every_text_is_written_in_both_languages():
    found = list(pairs(plan()))
    assert len(found) > 1500
    for path, pair in found:
        english, chinese = (re.sub(r"\{[a-z_]+\}", "", getattr(pair, language)) for language in ("en", "zh"))
        assert pair.en != pair.zh, path
        assert not HAN.search(english), (path, pair.en)
        assert HAN.search(chinese) or not re.search("[A-Za-z]", chinese), (path, pair.zh)


@pytest.mark.req("PLN-03")
def test_chinese_texts_use_chinese_signs():
    """A half-width comma or full stop after a Chinese sign is a slip of the keyboard."""
    wrong = [(path, pair.zh) for path, pair in pairs(plan()) if re.search("[\u4e00-\u9fff][,;:!?.](?=\\s|$|[\u4e00-\u9fff])", pair.zh)]
    assert not wrong, wrong[:5]


# organisation, taxonomy


@pytest.mark.req("ORG-01", "ORG-02")
def test_every_position_of_the_three_layers_has_duties_and_a_place():
    units = {unit.slug: unit for unit in plan().units}
    by_layer: dict[str, set[str]] = {}
    for position in plan().positions:
        by_layer.setdefault(units[position.unit].layer, set()).add(position.slug)
        assert position.duties
    for layer, wanted in POSITIONS.items():
        assert wanted <= by_layer[layer], (layer, wanted - by_layer[layer])
    groups = {group.slug: group.members for group in plan().groups}
    assert set(groups) == {"command-centre", "technical", "business", "communication", "logistics"}
    assert groups["command-centre"][0] == "project-director"


@pytest.mark.req("TAX-01", "TAX-03")
@pytest.mark.parametrize("fault_class", LEAVES)
def test_every_leaf_of_the_taxonomy_says_how_it_shows_and_what_is_done_first(fault_class):
    found = leaves(fault_class)
    assert [kind.slug for kind in found] == LEAVES[fault_class]
    assert all(kind.signs and kind.first_measure for kind in found)


@pytest.mark.req("TAX-02")
def test_every_cause_of_a_failed_upgrade_is_there_with_its_signs():
    assert {cause.slug: [below.slug for below in cause.causes] for cause in plan().failure_causes} == CAUSES
    assert all(item.signs for cause in plan().failure_causes for item in [cause, *cause.causes])
    assert [area.slug for area in plan().impact_areas] == ["business-operation", "system-stability", "reputation"]


# playbooks


@pytest.mark.req("INC-04", "TAX-01")
@pytest.mark.parametrize("fault_class, slug", [(fault_class, slug) for fault_class, slugs in LEAVES.items() for slug in slugs])
def test_every_leaf_has_a_playbook_with_both_tracks(fault_class, slug):
    books = books_of(fault_class, slug)
    assert books
    for book in books:
        assert {step.track for step in book.steps} == {"technical", "business"}, book.slug


@pytest.mark.req("INC-04")
@pytest.mark.parametrize("slug, english, chinese", MEASURES)
def test_every_first_measure_is_a_step_of_the_playbook_of_its_fault(slug, english, chinese):
    [fault_class] = [name for name, slugs in LEAVES.items() if slug in slugs]
    for book in books_of(fault_class, slug):
        said = [(f"{step.name.en}\n{step.instruction.en}", f"{step.name.zh}\n{step.instruction.zh}") for step in book.steps]
        if book.after_upgrade or len(books_of(fault_class, slug)) == 1:
            assert any(re.search(english, words) for words, _zh in said), (book.slug, english)
            assert any(chinese in words for _en, words in said), (book.slug, chinese)


@pytest.mark.req("INC-04")
def test_each_step_has_its_five_parts_and_none_is_a_word_or_two():
    assert len(steps()) >= 180
    for book, step in steps():
        for part, least in (("instruction", 30), ("where", 8), ("success", 15), ("otherwise", 15)):
            pair = getattr(step, part)
            assert len(pair.en) >= least, (book.slug, step.slug, part, pair.en)
            assert len(pair.zh) >= least // 4, (book.slug, step.slug, part, pair.zh)
        assert 1 <= step.expected.total_seconds() / 60 <= 120, (book.slug, step.slug)


def labels_in(text: str) -> list[str]:
    return QUOTED.findall(text)


@pytest.mark.req("INC-04")
def test_what_a_step_names_in_quotes_is_there_and_is_called_so():
    """Under “where” quotes stand for what one reads on a screen: a button, a panel, a playbook. Each exists, in both languages."""
    books = {book.name.en: book.name.zh for book in plan().playbooks}
    titles = {str(move.title) for move in moves.all_moves()}
    seen: set[str] = set()
    for book, step in steps():
        for part in (step.where, step.otherwise):
            called = []
            for label in labels_in(part.en):
                with override("zh-hans"):
                    chinese = books.get(label) or gettext(label)
                assert chinese != label, (book.slug, step.slug, label)
                called.append(chinese)
                seen.add(label)
            assert sorted(labels_in(part.zh)) == sorted(called), (book.slug, step.slug, part.zh)
    assert len(seen & titles) >= 15


@pytest.mark.req("INC-04")
def test_commands_that_a_step_names_exist():
    named = {command for _book, step in steps() for command in re.findall(r"manage\.py ([a-z_]+)", step.where.en)}
    assert named
    assert named <= set(get_commands())
    for _book, step in steps():
        for part in (step.instruction, step.where, step.success, step.otherwise):
            assert re.findall(r"manage\.py [a-z_ ]+[a-z]", part.en) == re.findall(r"manage\.py [a-z_ ]+[a-z]", part.zh)


@pytest.mark.req("INC-04")
def test_steps_that_the_console_carries_out_name_their_button():
    for book, step in steps():
        if step.move:
            with override("en"):
                title = str(moves.get(step.move).title)
            assert title in labels_in(step.where.en), (book.slug, step.slug)


# levels, targets, texts


@pytest.mark.req("INC-02")
def test_each_level_says_by_what_it_is_told_who_is_called_how_often_people_hear_and_with_what():
    levels = {level.grade: level for level in plan().response_levels}
    assert list(levels) == ["general", "severe", "major"]
    for level in levels.values():
        assert len(level.criteria) >= 3
        assert level.calls
        assert level.groups
        assert level.resources
        assert level.texts
    cadence = [level.update_every for level in levels.values()]
    assert cadence == sorted(cadence, reverse=True)
    assert len({len(level.calls) for level in levels.values()}) == 3


@pytest.mark.req("RTO-01")
def test_the_three_targets_are_one_two_and_twenty_four_hours():
    assert {target.clock: target.target.total_seconds() / 3600 for target in plan().recovery_targets} == {
        "switchover": 1,
        "recovery": 2,
        "switchback": 24,
    }


@pytest.mark.req("COM-02")
def test_there_are_texts_for_everybody_who_must_be_told_and_levels_name_them():
    texts = {text.slug: text for text in plan().message_texts}
    audiences = {text.audience for text in texts.values()}
    assert audiences == {"responders", "staff", "customers", "suppliers", "partners", "press"}
    assert {text.kind for text in texts.values()} == {"notice", "report", "collaboration"}
    for grade, wanted in (
        ("general", {"staff"}),
        ("severe", {"staff", "customers", "suppliers", "partners"}),
        ("major", {"staff", "customers", "suppliers", "partners", "press"}),
    ):
        [level] = [level for level in plan().response_levels if level.grade == grade]
        assert {texts[slug].audience for slug in level.texts} == wanted
    for audience in sorted(OUTSIDE):
        said = " ".join(slug for slug, text in texts.items() if text.audience == audience)
        assert re.search("first|request|notice", said), audience
        assert re.search("clear|closing", said), audience


@pytest.mark.req("COM-02")
@pytest.mark.django_db
def test_texts_for_people_outside_are_rendered_whole_in_both_languages(company):
    rows = MessageText.objects.filter(audience__in=OUTSIDE)
    assert rows.count() >= 12
    for text in rows:
        assert text.goes_outside
        for language in ("en", "zh-hans"):
            subject, body = text.render(language, {name: f"<{name}>" for name in OUTWARD} | {"practice": ""})
            assert "–" not in subject + body, (text.slug, subject, body)
            assert "{" not in subject + body
            assert "<contact>" in body, text.slug
    staff = selectors.message_text("staff-first-notice")
    assert not staff.goes_outside
    assert "自 昨天 起出现故障" in staff.render("zh-hans", {"failing_since": "昨天"})[1]


def test_what_nobody_but_the_sender_knows_is_told_apart():
    assert OUTWARD > BY_HAND
    assert "title" not in OUTWARD
    assert "ack_url" not in OUTWARD


# what is done beforehand


@pytest.mark.req("COM-01")
def test_the_three_kinds_of_meetings_are_there():
    meetings = {meeting.slug: meeting for meeting in plan().meeting_kinds}
    assert meetings["monthly-general"].every is not None
    assert meetings["monthly-general"].every.days == 30
    assert meetings["topical"].occasion is not None
    assert meetings["emergency"].occasion is not None
    assert "command-centre" in meetings["emergency"].groups


def test_backups_drills_reviews_and_training_come_round():
    """The shipped defaults: full weekly, incremental daily, drills and reviews as the documents want them."""
    every = {schedule.slug: schedule.every.days for schedule in plan().schedules if schedule.every}
    assert {schedule.kind for schedule in plan().schedules} == {"review", "check", "backup", "drill", "training"}
    assert (every["full-backup"], every["incremental-backup"], every["standby-validation"]) == (7, 1, 7)
    assert every["drill"] <= 92
    assert every["plan-review"] <= 183


def test_evaluation_and_risks_cover_what_the_documents_name():
    assert {"response-speed", "recovery-efficiency", "resource-use", "coordination", "customer-satisfaction"} <= {
        item.slug for item in plan().evaluation
    }
    by_field: dict[str, int] = {}
    for risk in plan().risks:
        by_field[risk.field] = by_field.get(risk.field, 0) + 1
    assert by_field == {"technical": 3, "business": 4, "external": 2}


@pytest.mark.req("PLN-01", "COM-01", "COM-02")
@pytest.mark.django_db
def test_approving_it_makes_rows_of_texts_meetings_and_schedules(company):
    assert MeetingKind.objects.count() == len(plan().meeting_kinds)
    assert Schedule.objects.count() == len(plan().schedules)
    emergency = MeetingKind.objects.get(slug="emergency")
    assert (emergency.led_by.slug, emergency.minutes, emergency.every) == ("project-director", 15, None)
    assert {position.slug for position in emergency.positions.all()} == {"project-manager", "public-relations-officer"}
    major = selectors.level_for("major")
    [document] = [level for level in plan().response_levels if level.grade == "major"]
    assert [text.slug for text in major.texts.all()] == [text.slug for text in plan().message_texts if text.slug in document.texts]
    for text in plan().message_texts:
        row = MessageText.objects.get(slug=text.slug)
        assert (row.audience, row.kind, row.body_zh) == (text.audience, text.kind, text.body.zh)
