"""Texts that live in two columns (`name_en`, `name_zh`) and are picked in the reader's language; sentences of our own in one column."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.translation import get_language, gettext, override, pgettext


def language_suffix(language: str | None = None) -> str:
    """`zh` for any Chinese, else `en`."""
    return "zh" if (language or get_language() or "en").startswith("zh") else "en"


BETWEEN = " · "


def both(english: str, chinese: str) -> str:
    """One label that is kept for readers of either language: `one_of` takes the reader's half."""
    return f"{english}{BETWEEN}{chinese}" if chinese and chinese != english else english


def one_of(label: str, language: str | None = None) -> str:
    """The reader's half of a label made by `both`; any other label as it is."""
    english, between, chinese = label.partition(BETWEEN)
    return chinese if between and language_suffix(language) == "zh" else english


def pick(record: Any, field: str, language: str | None = None) -> str:
    """The field in the reader's language, falling back to the other one where it is empty."""
    first = language_suffix(language)
    other = "en" if first == "zh" else "zh"
    return str(getattr(record, f"{field}_{first}") or getattr(record, f"{field}_{other}"))


def in_both(words: Callable[[], str]) -> dict[str, str]:
    """The words for readers of either language, said once in each: for a text whose reader is not known yet."""
    found = {}
    for suffix, language in (("en", "en"), ("zh", "zh-hans")):
        with override(language):
            found[suffix] = words()
    return found


def hours_and_minutes(length: timedelta) -> str:
    """1 h 30 min: a length that nobody takes for seconds. To the nearest minute, never below none."""
    hours, minutes = divmod(max(0, round(length.total_seconds() / 60)), 60)
    said = {"hours": hours, "minutes": minutes}
    if not hours:
        return gettext("%(minutes)s min") % said
    return (gettext("%(hours)s h %(minutes)s min") if minutes else gettext("%(hours)s h")) % said


@dataclass(frozen=True)
class _OwnWords:
    """A sentence that a room wrote into a text column."""

    template: str
    pattern: re.Pattern[str]
    parts: Mapping[str, tuple[str, ...]]


_own: list[_OwnWords] = []
_names: list[Callable[[], Mapping[str, str]]] = []
_NAMES_LENGTH = 400
_PLACE = re.compile(r"%\((\w+)\)s")


def register_own_words(template: str, **parts: Sequence[str]) -> None:
    """Have this English sentence, kept in a text column, read in the reader's language.

    `parts` says which sentences may stand in a place of it; what stands in any other place is a name and stays as it is.
    """
    _own.append(_OwnWords(template, _pattern(template), {place: tuple(sentences) for place, sentences in parts.items()}))


def list_comma() -> str:
    """Between the items of a list; the list's own comma in Chinese."""
    return pgettext("between items of a list", ", ")


def listed(items: Iterable[Any]) -> str:
    """A, B, C."""
    return list_comma().join(str(item) for item in items)


def register_names(lookup: Callable[[], Mapping[str, str]]) -> None:
    """Say where the Chinese names of people stand who are written down by their English ones."""
    _names.append(lookup)


def in_readers_words(text: str, *, may_be_name: bool = True) -> str:
    """What the console itself wrote (a probe's alert, a test alert, somebody's name) in the reader's language; anybody else's words
    as they are. `may_be_name`: False for what somebody typed, where a name is part of what was said."""
    if may_be_name and language_suffix() == "zh":
        named = _named_in_chinese(text)
        if named:
            return named
    for own in _own:
        found = own.pattern.fullmatch(text)
        if found is not None:
            said = {place: _translated(words, own.parts.get(place, ())) for place, words in found.groupdict().items()}
            return gettext(own.template) % said
    return text


def _named_in_chinese(text: str) -> str:
    """One name or several, each known, or a label that has one (INC-2026-0042 · Sun Jie); else nothing."""
    if not text or len(text) > _NAMES_LENGTH:
        return ""
    people, pieces = text.split(", "), text.split(BETWEEN)
    for lookup in _names:
        known = lookup()
        if all(name in known for name in people):
            return listed(known[name] for name in people)
        if any(piece in known for piece in pieces):
            return BETWEEN.join(known.get(piece, piece) for piece in pieces)
    return ""


def _pattern(template: str) -> re.Pattern[str]:
    pieces = _PLACE.split(template)  # words and names of places by turns
    return re.compile("".join(f"(?P<{piece}>.+)" if number % 2 else re.escape(piece) for number, piece in enumerate(pieces)), re.DOTALL)


def _translated(words: str, sentences: tuple[str, ...]) -> str:
    for sentence in sentences:
        found = _pattern(sentence).fullmatch(words)
        if found is not None:
            return gettext(sentence) % found.groupdict()
    return words
