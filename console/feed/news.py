"""What the feed tells: which kinds of records changed, never their content. Pages fetch what they may see by themselves."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from kernel import clock
from kernel.journal import StableCursor, tail_visible
from kernel.models import Entry, EntryLink, RecordLink

Ref = tuple[str, str]
MENTIONED = 50  # entries named one by one in a piece of news; beyond, only the kinds


@dataclass(frozen=True)
class Item:
    """One entry as the feed sees it: its place, and the records whose timelines it belongs to."""

    place: StableCursor
    entry: str
    refs: frozenset[Ref]


@dataclass
class News:
    """Gathered for one listener until it is sent."""

    cursor: str = ""
    kinds: set[str] = field(default_factory=set)
    entries: list[str] = field(default_factory=list)

    def add(self, item: Item, kinds: Iterable[str]) -> None:
        """Take one more entry in."""
        self.kinds.update(kinds)
        if len(self.entries) <= MENTIONED:
            self.entries.append(item.entry)

    def as_json(self) -> str:
        """What goes over the wire."""
        entries = self.entries if len(self.entries) <= MENTIONED else []
        return json.dumps({"cursor": self.cursor, "kinds": sorted(self.kinds), "entries": entries}, separators=(",", ":"))


@dataclass(frozen=True)
class Interest:
    """What a listener may hear (`kinds`, by their roles) and wants to hear (`under`; empty: everything they may)."""

    kinds: frozenset[str]
    under: frozenset[Ref] = frozenset()

    def heard(self, item: Item) -> set[str]:
        """The kinds of this entry that concern the listener; empty when it is none of their business."""
        if self.under and not self.under & item.refs:
            return set()
        return {kind for kind, _id in item.refs} & self.kinds


def items_of(entries: list[Entry]) -> list[Item]:
    """Entries with all records they belong to, also through links between records. Two queries, however many."""
    if not entries:
        return []
    refs: dict[int, set[Ref]] = {entry.id: set() for entry in entries}
    for entry_id, kind, record_id in EntryLink.objects.filter(entry_id__in=refs).exclude(role="actor").values_list("entry_id", "kind", "record_id"):
        refs[entry_id].add((kind, record_id))
    parents: dict[Ref, set[Ref]] = {}
    ids = {record_id for found in refs.values() for _kind, record_id in found}
    for link in RecordLink.objects.filter(child_id__in=ids):
        parents.setdefault((link.child_kind, link.child_id), set()).add((link.parent_kind, link.parent_id))
    for found in refs.values():
        for ref in list(found):
            found |= parents.get(ref, set())
    return [Item(StableCursor(entry.txid, entry.id), str(entry.public_id), frozenset(refs[entry.id])) for entry in entries]


def head(back: int = 0) -> str:
    """The cursor of the newest settled entry, or of the one `back` entries before it. One index scan."""
    settled = Entry.objects.extra(where=["txid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint"])
    places = list(settled.order_by("-txid", "-id").values_list("txid", "id")[back : back + 1])
    return str(StableCursor(*places[0])) if places else str(StableCursor(0, 0))


def since(after: str, interest: Interest, limit: int = 300) -> tuple[News, str]:
    """For a listener that asks instead of listening: what happened behind the cursor, and what time it is."""
    entries, cursor = tail_visible(after, limit=limit)
    news = News(cursor=cursor)
    for item in items_of(entries):
        if kinds := interest.heard(item):
            news.add(item, kinds)
    return news, clock.now().isoformat()
