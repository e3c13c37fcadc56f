"""The texts of a report: the present one of each section, earlier ones, and what changed between two."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from contingency.org.models import User
from incidents.reports.models import Report, Section, SectionText
from kernel.actors import Actor

_TOKENS = re.compile(r"\s+|[A-Za-z0-9À-ɏ]+(?:[-'’:.,]?[A-Za-z0-9À-ɏ]+)*|.", re.DOTALL)
ALIKE = 0.4  # of the words; below it, word by word would be a riddle
LONGEST = 20_000  # tokens that are compared word by word; longer texts as a whole


@dataclass(frozen=True, kw_only=True)
class Present:
    """One section as it reads now. `older`: the language that was not changed with the last change by a person ("en", "zh", "")."""

    section: Section
    text: SectionText | None
    older: str

    @property
    def label(self) -> str:
        """The section's name in the reader's language."""
        return str(self.section.label)


@dataclass(frozen=True)
class Piece:
    """A stretch of a compared text: same, added, or removed."""

    kind: str
    words: str


def present_texts(report: Report) -> list[Present]:
    """Every section of the report with its latest text. One query, or none where a list brought the texts along."""
    found: dict[str, list[SectionText]] = {}
    for row in _rows(report):
        found.setdefault(row.section, []).append(row)
    return [
        Present(section=section, text=(rows := found.get(section.value, [None]))[-1], older=_older([row for row in rows if row is not None]))
        for section in report.sections
    ]


def _rows(report: Report) -> list[SectionText]:
    if "texts" in getattr(report, "_prefetched_objects_cache", {}):
        return sorted(report.texts.all(), key=lambda row: row.revision)
    return list(SectionText.objects.filter(report=report).select_related("author").order_by("revision"))


def texts_of(report: Report, section: str) -> list[SectionText]:
    """All versions of one section, newest first."""
    return list(SectionText.objects.filter(report=report, section=section).select_related("author").order_by("-revision"))


def authors_of(report: Report) -> set[int]:
    """Who wrote the present text of any section."""
    return {present.text.author_id for present in present_texts(report) if present.text is not None and present.text.author_id is not None}


def wrote_it(report: Report, actor: Actor) -> bool:
    """Whether this person wrote a present text or submitted the report: then somebody else must approve it (SEC-01)."""
    return actor.user_id is not None and (actor.user_id == report.submitted_by_id or actor.user_id in authors_of(report))


def author_names(report: Report) -> list[User]:
    """The people who wrote its present texts."""
    return list(User.objects.filter(pk__in=authors_of(report)).order_by("pk"))


def _older(rows: Sequence[SectionText]) -> str:
    """The language whose text stayed behind when a person changed the other one."""
    changed = {"en": 0, "zh": 0}
    before: SectionText | None = None
    for number, row in enumerate(rows, start=1):
        for language in changed:
            if before is None or getattr(before, f"text_{language}") != getattr(row, f"text_{language}"):
                changed[language] = number
        before = row
    last = max(changed.values())
    if not rows or changed["en"] == changed["zh"] or rows[last - 1].is_drafted:
        return ""
    return "en" if changed["en"] < changed["zh"] else "zh"


def difference(old: str, new: str) -> list[Piece]:
    """What changed, word by word (Chinese: sign by sign), as stretches to show one after the other."""
    before, after = _TOKENS.findall(old), _TOKENS.findall(new)
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    if len(before) + len(after) > LONGEST or matcher.ratio() < ALIKE:
        return [Piece(kind, words) for kind, words in (("removed", old), ("added", new)) if words]
    pieces: list[Piece] = []
    for kind, a1, a2, b1, b2 in matcher.get_opcodes():
        if kind == "equal":
            pieces.append(Piece("same", "".join(before[a1:a2])))
            continue
        if a2 > a1:
            pieces.append(Piece("removed", "".join(before[a1:a2])))
        if b2 > b1:
            pieces.append(Piece("added", "".join(after[b1:b2])))
    return pieces


def blocks(text: str) -> list[dict[str, Any]]:
    """Paragraphs and lists of a section's text: lines after “- ” are the items of a list."""
    found: list[dict[str, Any]] = []
    for paragraph in text.replace("\r\n", "\n").split("\n\n"):
        lines: list[str] = []
        for line in paragraph.split("\n"):
            if line.startswith("- "):
                _flush(found, lines)
                if not found or found[-1]["kind"] != "list":
                    found.append({"kind": "list", "items": []})
                found[-1]["items"].append(line[2:].strip())
            elif line.strip():
                lines.append(line.strip())
        _flush(found, lines)
    return found


def _flush(found: list[dict[str, Any]], lines: list[str]) -> None:
    if lines:
        found.append({"kind": "paragraph", "text": "\n".join(lines)})
        lines.clear()
