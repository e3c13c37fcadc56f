"""The users' pages name buttons and screens as the console does, in both languages, and show pictures that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs" / "users").glob("*/*.md"))
# Bold that is no word of the console: emphasis.
EMPHASIS = {
    "once", "from the failure", "That nobody tampered with it", "How you are reached",
    "只显示一次", "自故障发生时", "记录有没有被改动", "您的联系方式",
    "PDF English", "PDF 中文",
}  # fmt: skip
_BOLD = re.compile(r"\*\*(.+?)\*\*")
_WORDS = re.compile(r'^(msgid|msgid_plural|msgstr(?:\[0\])?) "(.*)"$', re.MULTILINE)


def words_of_the_console() -> dict[str, set[str]]:
    """All texts of all rooms, without the dots that say that a form follows."""
    found: dict[str, set[str]] = {"en": set(), "zh": set()}
    for part in (ROOT / "locale" / "parts").glob("*.po"):
        for kind, text in _WORDS.findall(part.read_text(encoding="utf-8")):
            found["zh" if kind.startswith("msgstr") else "en"].add(bare(text))
    return found


def bare(text: str) -> str:
    return text.rstrip("….").strip().casefold()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.stem}")
def test_bold_words_stand_in_the_console(page: Path) -> None:
    known = words_of_the_console()[page.parent.name]
    for bold in _BOLD.findall(page.read_text(encoding="utf-8").replace("\n", " ")):
        if bold in EMPHASIS or bold[-1] in ".。":
            continue
        for name in bold.split("→"):
            assert bare(name) in known, f"{page.name}: the console says “{name.strip()}” nowhere"


def test_each_page_is_there_in_both_languages() -> None:
    names = {language: {page.name for page in PAGES if page.parent.name == language} for language in ("en", "zh")}
    assert names["en"] == names["zh"]
    assert len(names["en"]) >= 9


@pytest.mark.parametrize(
    "page", [*PAGES, ROOT / "README.md", ROOT / "docs" / "users" / "README.md"], ids=lambda page: f"{page.parent.name}/{page.stem}"
)
def test_pictures_and_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name}: {target}"
    for picture in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / picture).stat().st_size < 150_000, picture
