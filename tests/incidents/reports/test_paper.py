"""The PDF: both languages, extractable text, the font inside, and nothing that people type is read as markup."""

from __future__ import annotations

import io
import re

import pytest
from pypdf import PdfReader

from incidents.reports import services
from incidents.reports.paper import report_pdf
from incidents.reports.selectors.texts import blocks
from kernel import clock
from tests.incidents.reports.story import FINDING, Story
from tests.incidents.response.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.req("RPT-01")]

HOSTILE = (
    '#read("/etc/passwd") $ x^2 $ *bold* _it_ `code` <label> @ref // gone /* gone */ #let a = panic("x") \\u{41}'
    ' ] [ } { "quote" = heading - item #sys.inputs'
)


def read(pdf: bytes) -> str:
    return re.sub(r"\s+", "", "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages))


def embedded_fonts(pdf: bytes) -> list[tuple[str, bool]]:
    found = []
    for page in PdfReader(io.BytesIO(pdf)).pages:
        for font in page["/Resources"]["/Font"].values():
            descendant = font.get_object()["/DescendantFonts"][0].get_object()
            descriptor = descendant["/FontDescriptor"].get_object()
            found.append((str(descriptor["/FontName"]), any(key in descriptor for key in ("/FontFile", "/FontFile2", "/FontFile3"))))
    return found


@pytest.mark.parametrize(
    "language, wanted",
    [
        ("en", ["Post-incidentreport", "Summary", "Recoveryclocksandtheirevidence", "LenaWeber", "Metlate", "Notapprovedyet"]),
        ("zh-hans", ["事后评估报告", "概要", "恢复时限及其证据", "韦兰", "超时达成", "尚未批准"]),
    ],
)
def test_both_languages_print_with_text_that_can_be_searched(story: Story, language: str, wanted: list[str]) -> None:
    pdf = report_pdf(story.report, language, now=clock.now())
    text = read(pdf)
    common = [story.report.number, story.incident.number, re.sub(r"\s+", "", FINDING)]
    assert [words for words in (*common, *wanted) if words not in text] == []
    fonts = embedded_fonts(pdf)
    assert fonts
    assert all(is_inside and "NotoSansCJK" in name for name, is_inside in fonts), fonts


@pytest.mark.attack
def test_markup_in_titles_texts_and_actions_is_shown_as_typed(world: World) -> None:
    from kernel.journal.relay import relay

    incident = world.resolved(title=HOSTILE)
    relay()
    report = incident.reports.get()
    for section in ("summary", "cause"):
        services.section_put(
            public_id=report.public_id, version=None, actor=world.actor("olga"), section=section, text_en=f"{HOSTILE}\n\n- {HOSTILE}", text_zh=HOSTILE
        )
    from datetime import timedelta

    due_at = clock.now() + timedelta(days=2)
    services.action_add(
        public_id=report.public_id, version=None, actor=world.actor("olga"), title=HOSTILE, owner=world.users["olga"].public_id, due_at=due_at
    )
    report.refresh_from_db()
    text = read(report_pdf(report, "en", now=clock.now()))
    assert text.count('#read("/etc/passwd")') >= 5  # title, two sections twice, action
    assert "root:" not in text
    for typed in ("*bold*", "_it_", "`code`", "<label>", "@ref", "//gone", "\\u{41}", "#sys.inputs"):
        assert typed in text, typed


def test_signs_that_turn_the_reading_direction_and_control_characters_do_not_reach_the_paper(world: World) -> None:
    from kernel.journal.relay import relay

    incident = world.resolved(title="orders\u202e.exe\u0007 fail")
    relay()
    text = read(report_pdf(incident.reports.get(), "en", now=clock.now()))
    assert "\u202e" not in text
    assert "\u0007" not in text


def test_paragraphs_and_lists_of_a_text() -> None:
    found = blocks("One\nstill one.\n\nWell:\n- a\n- b\n\nLast.")
    assert found == [
        {"kind": "paragraph", "text": "One\nstill one."},
        {"kind": "paragraph", "text": "Well:"},
        {"kind": "list", "items": ["a", "b"]},
        {"kind": "paragraph", "text": "Last."},
    ]
