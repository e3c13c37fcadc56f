"""A version's document, read once per process, and its chapters."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from pydantic import BaseModel

from console.selectors.plan_words import Names, is_pair, label_of, said
from contingency.plan.document import PlanDocument, PlanDocumentInvalid, read
from contingency.plan.document.schema import FaultKindIn, PlaybookIn
from contingency.plan.models import PlanVersion

KEPT = 6  # documents; reading one costs some hundred milliseconds
HEAD = ("format", "slug", "title")
DRAWN = frozenset(
    ("purpose", "scope", "principles", "procedures", "units", "positions", "groups", "rosters", "faults", "failure_causes", "impact_areas",
     "risks", "recovery_targets", "escalation_chains", "playbooks", "response_levels", "message_texts", "meeting_kinds", "schedules", "evaluation")
)  # fmt: skip


@dataclass(frozen=True)
class Node:
    """A value of a chapter that has no drawing of its own: label, text, and what is below it."""

    label: str
    text: str = ""
    below: list["Node"] = field(default_factory=list)


@dataclass(frozen=True)
class Chapter:
    """One chapter. `template`: how it is drawn; `nodes`: for those drawn generally."""

    name: str
    title: str
    template: str
    items: Any
    nodes: list[Node] = field(default_factory=list)


@lru_cache(maxsize=KEPT)
def _read(digest: str, text: str) -> PlanDocument:
    return read(text)


def document_of(version: PlanVersion) -> PlanDocument:
    """Raises PlanDocumentInvalid for a version that was kept before a rule of today."""
    return _read(version.digest, version.text)


def document_or_none(version: PlanVersion) -> PlanDocument | None:
    """The same for screens that can do without."""
    try:
        return document_of(version)
    except PlanDocumentInvalid:
        return None


def books_by_kind(document: PlanDocument) -> dict[str, list[PlaybookIn]]:
    """Which playbooks serve each kind of fault: its own, else those of the kinds above it, else the general one of the class."""
    found: dict[str, list[PlaybookIn]] = {}

    def walk(kinds: Sequence[FaultKindIn], above: list[PlaybookIn]) -> None:
        for kind in kinds:
            found[kind.slug] = [book for book in document.playbooks if book.fault_kind == kind.slug] or above
            walk(kind.kinds, found[kind.slug])

    for fault in document.faults:
        walk(fault.kinds, [book for book in document.playbooks if book.fault_class == fault.fault_class and book.fault_kind is None])
    return found


def chapters(document: PlanDocument) -> list[Chapter]:
    """In the document's order; empty ones are left out."""
    names = Names(document)
    found = []
    for name in type(document).model_fields:
        items = getattr(document, name)
        if name in HEAD or not items:
            continue
        template = f"console/plan/chapters/_{name}.html" if name in DRAWN else "console/plan/chapters/_nodes.html"
        found.append(Chapter(name, label_of(name), template, items, [] if name in DRAWN else nodes(items, name, names)))
    return found


def nodes(value: Any, name: str, names: Names) -> list[Node]:
    """Any value as labels and texts."""
    if isinstance(value, list):
        return [node for item in value for node in _item(item, name, names)]
    if isinstance(value, BaseModel) and not is_pair(value):
        return [_field(key, getattr(value, key), names) for key in type(value).model_fields if getattr(value, key) not in (None, [], "")]
    return [Node("", names.value(name, value))]


def _item(item: Any, name: str, names: Names) -> list[Node]:
    if not isinstance(item, BaseModel) or is_pair(item):
        return [Node("", names.value(name, item))]
    called = getattr(item, "name", None) or getattr(item, "title", None)
    below = [
        _field(key, getattr(item, key), names)
        for key in type(item).model_fields
        if key not in ("name", "title", "slug") and getattr(item, key) not in (None, [], "")
    ]
    return [Node(said(called) if called is not None else str(getattr(item, "slug", "")), "", below)]


def _field(key: str, value: Any, names: Names) -> Node:
    if isinstance(value, list) and value and isinstance(value[0], BaseModel):
        return Node(label_of(key), "", nodes(value, key, names))
    if isinstance(value, BaseModel) and not is_pair(value):
        return Node(label_of(key), "", nodes(value, key, names))
    return Node(label_of(key), names.value(key, value))
