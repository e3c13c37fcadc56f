"""Translations: every room keeps `locale/parts/<room>.po`; here they become one catalogue, and are checked.

usage: tools/translations.py build     merge the parts into locale/zh_Hans/LC_MESSAGES/django.po and compile django.mo
       tools/translations.py check     every text in the sources has a translation; placeholders agree
No gettext program is needed.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parents[1]
PARTS = ROOT / "locale" / "parts"
TARGET = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
NO_SOURCES = {".venv", "var", "tests", "tools", "bench", "locale", "node_modules", "docs", ".git", "lab", "localservers"}

# function name -> positions of (context, singular, plural); None: has none
KEYWORDS: dict[str, tuple[int | None, int, int | None]] = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop"), (None, 0, None)),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (None, 0, 1)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), (0, 1, None)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), (0, 1, 2)),
}
PLACEHOLDER = re.compile(r"%\((\w+)\)[sdf]|\{(\w+)\}|%[sd]")
HALF_WIDTH = re.compile(r"(?<=[\u4e00-\u9fff”》])[,;:!?()]|[,;:!?()](?=[\u4e00-\u9fff“《])")
GLUED = re.compile(r"\w([,;:!?()])\w")  # host:port, yes,no: no punctuation but part of what is written


@dataclass(frozen=True)
class Text:
    """A text in the sources that people will read."""

    singular: str
    plural: str
    context: str
    where: str


def main(arguments: list[str]) -> int:
    if arguments == ["build"]:
        problems = build()
    elif arguments == ["check"]:
        problems = build() + check()
    else:
        print(__doc__)
        return 2
    for problem in problems:
        print(problem)
    return 1 if problems else 0


def build() -> list[str]:
    """Merge and compile. Returns what is wrong: two rooms that translate one text differently, fuzzy or broken entries."""
    merged = polib.POFile(wrapwidth=120)
    merged.metadata = {
        "Project-Id-Version": "switchback",
        "Language": "zh_Hans",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": "nplurals=1; plural=0;",
    }
    problems: list[str] = []
    came_from: dict[tuple[str, str], tuple[str, polib.POEntry]] = {}
    for path in sorted(PARTS.glob("*.po")):
        try:
            part = polib.pofile(str(path), wrapwidth=120)
        except (OSError, ValueError) as error:
            problems.append(f"{path.relative_to(ROOT)}: cannot be read: {error}")
            continue
        for entry in part:
            if entry.obsolete or not entry.msgid:
                continue
            key = (entry.msgctxt or "", entry.msgid)
            if entry.fuzzy:
                problems.append(f"{path.name}:{entry.linenum}: fuzzy: {entry.msgid!r}")
            if key not in came_from:
                came_from[key] = (path.name, entry)
                merged.append(entry)
            elif _translation(came_from[key][1]) != _translation(entry):
                problems.append(f"{entry.msgid!r} is translated differently in {came_from[key][0]} and {path.name}")
    merged.sort(key=lambda entry: (entry.msgctxt or "", entry.msgid))
    _write(merged)
    return problems


def check() -> list[str]:
    """Returns every text without a translation, and every translation that lost or invented a placeholder."""
    catalogue = {(entry.msgctxt or "", entry.msgid): entry for entry in polib.pofile(str(TARGET))}
    problems = []
    found: set[tuple[str, str]] = set()
    for text in texts():
        key = (text.context, text.singular)
        if key in found:
            continue
        found.add(key)
        entry = catalogue.get(key)
        if entry is None or not all(_translation(entry)):
            problems.append(f"{text.where}: no translation of {text.singular!r}")
        elif text.plural and not entry.msgid_plural:
            problems.append(f"{text.where}: {text.singular!r} has a plural; its translation needs msgid_plural and msgstr[0]")
    for entry in catalogue.values():
        problems += [f"{entry.msgid!r}: half-width {wrong!r} in Chinese" for text in _translation(entry) for wrong in half_width(entry.msgid, text)]
        wanted = _placeholders(entry.msgid) | _placeholders(entry.msgid_plural or "")
        for translation in _translation(entry):
            if translation and not _placeholders(translation) <= wanted:
                problems.append(f"{entry.msgid!r}: the translation invents {sorted(_placeholders(translation) - wanted)}")
            if translation and not entry.msgid_plural and wanted - _placeholders(translation):
                problems.append(f"{entry.msgid!r}: the translation lost {sorted(wanted - _placeholders(translation))}")
    unused = len(set(catalogue) - found)
    print(f"translations: {len(found)} texts in the sources, {len(catalogue)} translated, {unused} translated and not found in the sources")
    return problems


def half_width(english: str, chinese: str) -> list[str]:
    """Punctuation of the Latin kind beside a Chinese character, which reads as a slip of the keyboard."""
    bare, plain = GLUED.findall(PLACEHOLDER.sub("", english)), PLACEHOLDER.sub("·", chinese)
    return [found.group() for found in HALF_WIDTH.finditer(plain) if found.group() not in bare]


def texts(root: Path = ROOT) -> Iterator[Text]:
    """Every translatable text of Python sources and templates."""
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if relative.parts[0] in NO_SOURCES or "migrations" in relative.parts:
            continue
        if path.suffix == ".py":
            yield from texts_of_python(path.read_text(encoding="utf-8"), str(relative))
        elif path.suffix in {".html", ".txt"} and "templates" in relative.parts:
            yield from texts_of_template(path.read_text(encoding="utf-8"), str(relative))


def texts_of_python(source: str, name: str) -> Iterator[Text]:
    """Texts inside calls of the gettext family. A text that is not a literal cannot be translated and is left to the linter (INT)."""
    for node in ast.walk(ast.parse(source, name)):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""
        positions = KEYWORDS.get(called)
        if positions is None:
            continue
        context, singular, plural = (_literal(node, position) for position in positions)
        if singular:
            yield Text(singular, plural, context, f"{name}:{node.lineno}")


def texts_of_template(source: str, name: str) -> Iterator[Text]:
    """Texts of {% translate %}, {% blocktranslate %} and _("…") in a template, as Django itself would look them up."""
    from django.utils.translation.template import templatize

    # templatize turns a template into calls of gettext between lines of X; only the calls matter
    for number, line in enumerate(templatize(source, origin=name).splitlines(), start=1):
        for call in re.finditer(r"\b(_|n?p?gettext)\(", line):
            expression = _balanced(line[call.start() :])
            try:
                yield from texts_of_python(expression, f"{name}:{number}")
            except SyntaxError:
                continue


def _balanced(text: str) -> str:
    """The call at the beginning of the text, up to its closing parenthesis outside of quotes."""
    quote, depth, previous = "", 0, ""
    for position, character in enumerate(text):
        if quote:
            if character == quote and previous != "\\":
                quote = ""
        elif character in "'\"":
            quote = character
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
            if depth == 0:
                return text[: position + 1]
        previous = character if previous != "\\" else ""
    return text


def _literal(call: ast.Call, position: int | None) -> str:
    if position is None or position >= len(call.args):
        return ""
    argument = call.args[position]
    return argument.value if isinstance(argument, ast.Constant) and isinstance(argument.value, str) else ""


def _translation(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def _placeholders(text: str) -> set[str]:
    return {match.group(0) for match in PLACEHOLDER.finditer(text.replace("%%", ""))}


def _write(merged: polib.POFile) -> None:
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    compiled = TARGET.with_suffix(".mo")
    text = str(merged)
    if TARGET.exists() and compiled.exists() and TARGET.read_text(encoding="utf-8").rstrip() == text.rstrip():
        return
    TARGET.write_text(text + "\n", encoding="utf-8")
    compiled.write_bytes(merged.to_binary())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
