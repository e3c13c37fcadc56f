"""From what somebody types to what the database looks for.

Latin words are found by their beginning, everything else by any two neighbouring characters: `订单` finds 订单系统 and 新订单.
All words must be there. A part's names count as words of its alerts, whatever they say themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.postgres.search import SearchQuery
from django.db.models import Q

from contingency.catalog.models import Part

_LONGEST = 200  # characters of a search; more is a slip of the clipboard
_MOST = 12  # words
_WORD = 60  # characters of one word that are kept
_PIECES = re.compile(r"([a-z0-9]+)|([^\x00-\x7f]+)")


class Terms(SearchQuery):
    """Lexemes as they are; Postgres' own parser knows nothing of Chinese."""

    def __init__(self, text: str) -> None:
        super().__init__(text, search_type="raw")
        self.text = text

    def as_sql(self, compiler: Any, connection: Any, function: Any = None, template: Any = None) -> tuple[str, list[str]]:  # type: ignore[override]
        """The query as it stands."""
        return "%s::tsquery", [self.text]

    as_postgresql = as_sql


def words_of(text: str) -> list[str]:
    """The words of a search, lower case, each once."""
    found = [piece.group()[:_WORD] for piece in _PIECES.finditer(text[:_LONGEST].lower())]
    return list(dict.fromkeys(found))[:_MOST]


def query_of(words: Iterable[str]) -> Terms:
    """What the index is asked: all of these words."""
    return Terms(" & ".join(_lexeme(word) for word in words))


def _lexeme(word: str) -> str:
    # only letters, digits and characters beyond ASCII come here, so nothing needs a quote of its own
    if word.isascii() or len(word) == 1:
        return f"'{word}':*"
    return " & ".join(f"'{word[place : place + 2]}'" for place in range(len(word) - 1))


def ways(text: str) -> list[Q]:
    """The ways in which an alert can match a search, each of them quick by itself; together by OR. One query.

    By its own words; or, where some of the words name a part, by being that part's and having the others.
    """
    words = words_of(text)
    if not words:
        return [Q()] if not text.strip() else [Q(pk__in=[])]
    found = [Q(words__terms=query_of(words))]
    by_rest = parts_by_rest(words, Part.objects.values_list("id", "slug", "name_en", "name_zh"))
    return found + [Q(part_id__in=parts) & (Q(words__terms=query_of(rest)) if rest else Q()) for rest, parts in by_rest.items()]


def parts_by_rest(words: Sequence[str], parts: Iterable[tuple[Any, ...]]) -> dict[tuple[str, ...], list[int]]:
    """The parts that some of the words name, by the words that remain. `parts`: (id, name, name …)."""
    by_rest: dict[tuple[str, ...], list[int]] = {}
    for part_id, *names in parts:
        rest = tuple(word for word in words if not _names(word, names))
        if len(rest) < len(words):
            by_rest.setdefault(rest, []).append(part_id)
    return by_rest


def _names(word: str, names: Iterable[str]) -> bool:
    for name in names:
        lowered = name.lower()
        if word in lowered if not word.isascii() else any(piece.startswith(word) for piece in re.findall(r"[a-z0-9]+", lowered)):
            return True
    return False


def either(text: str) -> Q:
    """The same as one condition, for those who page by themselves. Slower on large tables than the ways one by one."""
    rule = Q(pk__in=[])
    for way in ways(text):
        rule |= way
    return rule
