"""The difference of two plan documents by meaning: what was added, taken out, changed, and from what to what."""

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from pydantic import BaseModel

from console.selectors.plan_words import Names, is_pair, label_of, said
from contingency.plan.document import PlanDocument
from kernel.i18n import language_suffix

ADDED, REMOVED, CHANGED, MOVED = "added", "removed", "changed", "moved"
LONG = 40  # characters from which single words are marked
LONGEST = 4000
_TOKENS = re.compile(r"\s+|[A-Za-z0-9_]+|.", re.DOTALL)


@dataclass(frozen=True)
class Piece:
    """A stretch of a text: kept, added or removed."""

    kind: str
    text: str


@dataclass(frozen=True)
class Change:
    """One difference. `what`: the item, with the items around it; `field`: which of its values, empty for the whole item."""

    kind: str
    what: str
    field: str = ""
    before: str = ""
    after: str = ""
    pieces: list[Piece] = dataclasses.field(default_factory=list)

    @property
    def sentence(self) -> str:
        """In one line: “Recovery target ‘switchover’: 1 h → 45 min”."""
        head = " – ".join(filter(None, [self.what, self.field]))
        if self.kind == CHANGED:
            return f"{head}: {self.before} → {self.after}"
        words = {ADDED: _("added"), REMOVED: _("taken out"), MOVED: _("put in another order")}[self.kind]
        return f"{head}: {words}"


@dataclass(frozen=True)
class ChapterChanges:
    """The differences of one chapter."""

    name: str
    title: str
    changes: list[Change]


def differences(before: PlanDocument, after: PlanDocument) -> list[ChapterChanges]:
    """Chapter by chapter, in the document's order; chapters that say the same are left out."""
    names = Names(before, after)
    found = []
    for name in type(after).model_fields:
        comparing = _Comparing(names)
        comparing.values(name, getattr(before, name, None), getattr(after, name, None), ())
        if comparing.changes:
            found.append(ChapterChanges(name, label_of(name), comparing.changes))
    return found


class _Comparing:
    """Collects the differences of one chapter."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.changes: list[Change] = []

    def values(self, name: str, before: Any, after: Any, path: tuple[str, ...]) -> None:
        """One value against another; what is a record or a list is gone into."""
        if before == after:
            return
        if isinstance(before, list) or isinstance(after, list):
            self._lists(name, before or [], after or [], path)
        elif is_pair(before) and is_pair(after):
            self._texts(name, before, after, path)
        elif isinstance(before, BaseModel) and isinstance(after, BaseModel):
            for key in type(after).model_fields:
                self.values(key, getattr(before, key, None), getattr(after, key, None), path)
        else:
            self._changed(path, label_of(name), self.names.value(name, before), self.names.value(name, after))

    def _changed(self, path: tuple[str, ...], label: str, before: str, after: str) -> None:
        self.changes.append(Change(CHANGED, " › ".join(path), label, before, after, _pieces(before, after)))

    def _texts(self, name: str, before: Any, after: Any, path: tuple[str, ...]) -> None:
        """A text in both languages: the reader's, and the other one only where it alone differs."""
        mine, other = ("zh", "en") if language_suffix() == "zh" else ("en", "zh")
        if getattr(before, mine) != getattr(after, mine):
            self._changed(path, label_of(name), getattr(before, mine), getattr(after, mine))
            return
        language = _("in Chinese") if other == "zh" else _("in English")
        label = pgettext("a text and its language", "%(text)s (%(language)s)") % {"text": label_of(name), "language": language}
        self._changed(path, label, getattr(before, other), getattr(after, other))

    def _lists(self, name: str, before: list[Any], after: list[Any], path: tuple[str, ...]) -> None:
        items = [*before, *after]
        if items and all(_key(item) is not None for item in items):
            self._keyed(name, {_key(item): item for item in before}, {_key(item): item for item in after}, path)
        elif all(isinstance(item, BaseModel) for item in items):
            self._rows(name, before, after, path)
        else:
            self._changed(path, label_of(name), self.names.value(name, before), self.names.value(name, after))

    def _keyed(self, name: str, before: dict[Any, Any], after: dict[Any, Any], path: tuple[str, ...]) -> None:
        """Items that are known by a short name: found again wherever they stand."""
        nested = (*path, label_of(name)) if path and name == "steps" else path
        for key, item in before.items():
            if key not in after:
                self.changes.append(Change(REMOVED, " › ".join((*nested, self.title(name, item))), before=self.describe(item)))
        for key, item in after.items():
            here = (*nested, self.title(name, item))
            if key not in before:
                self.changes.append(Change(ADDED, " › ".join(here), after=self.describe(item)))
            else:
                self.values(name, before[key], item, here)
        common = [key for key in before if key in after]
        if common != [key for key in after if key in before]:
            self.changes.append(Change(MOVED, " › ".join(path) or label_of(name), label_of(name) if path else ""))

    def _rows(self, name: str, before: list[Any], after: list[Any], path: tuple[str, ...]) -> None:
        """Lines without a name of their own: matched by what they say."""
        said_before, said_after = [self._line(item) for item in before], [self._line(item) for item in after]
        keys_before, keys_after = [item.model_dump_json() for item in before], [item.model_dump_json() for item in after]
        what, label = (" › ".join(path), label_of(name)) if path else (label_of(name), "")
        for kind, i, j, k, m in SequenceMatcher(None, keys_before, keys_after, autojunk=False).get_opcodes():
            if kind == "equal":
                continue
            pairs = min(j - i, m - k)
            for step in range(pairs):
                self._row(what, label, before[i + step], after[k + step])
            self.changes += [Change(REMOVED, what, label, before=text) for text in said_before[i + pairs : j]]
            self.changes += [Change(ADDED, what, label, after=text) for text in said_after[k + pairs : m]]

    def _row(self, what: str, label: str, before: Any, after: Any) -> None:
        if is_pair(before) and is_pair(after) and said(before) == said(after):
            comparing = _Comparing(self.names)
            comparing._texts("", before, after, ())
            self.changes += [Change(CHANGED, what, f"{label} {change.field}".strip(), change.before, change.after, change.pieces)
                             for change in comparing.changes]  # fmt: skip
            return
        old, new = self._line(before), self._line(after)
        self.changes.append(Change(CHANGED, what, label, old, new, _pieces(old, new)))

    def _line(self, item: Any) -> str:
        return said(item) if is_pair(item) else self.describe(item)

    def title(self, name: str, item: Any) -> str:
        """What an item is called."""
        if hasattr(item, "clock"):
            title = _("Recovery target “%(clock)s”") % {"clock": self.names.value("clock", item.clock)}
            return f"{title} ({item.part})" if getattr(item, "part", None) else title
        called = getattr(item, "name", None) or getattr(item, "title", None)
        return said(called) if is_pair(called) else str(_key(item))

    def describe(self, item: Any) -> str:
        """An item in one line: whom it calls, or its short values."""
        if hasattr(item, "roster") and hasattr(item, "position"):
            extras = [key for key in ("role", "after", "chain") if getattr(item, key, None) is not None]
            return " · ".join([self.names.whom(item), *(f"{label_of(key)}: {self.names.value(key, getattr(item, key))}" for key in extras)])
        shown = []
        for key in type(item).model_fields:
            value = getattr(item, key)
            if key in ("slug", "name", "title") or value in (None, [], "", False) or (isinstance(value, list) and isinstance(value[0], BaseModel)):
                continue
            shown.append(f"{label_of(key)}: {self.names.value(key, value)}")
        return " · ".join(shown)


def _key(item: Any) -> Any:
    """By what an item is known in its list; None for one that has no such thing."""
    if not isinstance(item, BaseModel):
        return None
    if hasattr(item, "slug"):
        return item.slug
    if hasattr(item, "clock"):
        return item.clock, getattr(item, "part", None)
    return getattr(item, "grade", None) or (getattr(item, "fault_class", None) if hasattr(item, "kinds") else None)


def _pieces(before: str, after: str) -> list[Piece]:
    """Long texts word by word (Chinese sign by sign); nothing for short ones and for those that have little in common."""
    if max(len(before), len(after)) < LONG or max(len(before), len(after)) > LONGEST:
        return []
    old: Sequence[str] = _TOKENS.findall(before)
    new: Sequence[str] = _TOKENS.findall(after)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < 0.4:
        return []
    pieces: list[Piece] = []
    for kind, i, j, k, m in matcher.get_opcodes():
        if kind == "equal":
            pieces.append(Piece("", "".join(old[i:j])))
            continue
        pieces += [Piece(REMOVED, "".join(old[i:j]))] if j > i else []
        pieces += [Piece(ADDED, "".join(new[k:m]))] if m > k else []
    return pieces
