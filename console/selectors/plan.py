"""The plan's screens: a version, the list of versions, the org chart, a playbook, who has read it."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from console.selectors import buttons
from console.selectors.buttons import Button
from console.selectors.plan_diff import ChapterChanges, differences
from console.selectors.plan_document import Chapter, books_by_kind, chapters, document_of
from console.selectors.plan_words import Names, label_of, said
from console.selectors.rounds import RoundRow, by_slug
from contingency.org import selectors as org
from contingency.org.models import Holding, User
from contingency.plan import selectors as plan
from contingency.plan.document import PlanDocument, PlanDocumentInvalid
from contingency.plan.document.schema import PlaybookIn, UnitIn
from contingency.plan.models import Grade, PlanVersion
from kernel.actors import Actor
from kernel.errors import NotFound
from kernel.i18n import pick

READ, APPROVE = "plan.read_confirm", "plan.approve"
OVERSEES = ("team_lead", "director", "auditor", "administrator")


@dataclass(frozen=True)
class Reader:
    """One person and whether they have read the version."""

    name: str
    positions: str
    read_at: datetime | None


class VersionScreen:
    """One version for one person."""

    def __init__(self, actor: Actor, version: PlanVersion, now: datetime) -> None:
        self.actor = actor
        self.version = version
        self.now = now

    @cached_property
    def _read(self) -> tuple[PlanDocument | None, str]:
        try:
            return document_of(self.version), ""
        except PlanDocumentInvalid as problem:
            return None, problem.message

    @property
    def document(self) -> PlanDocument | None:
        """What it says; None when it cannot be read."""
        return self._read[0]

    @property
    def problem(self) -> str:
        """Why it cannot be read."""
        return self._read[1]

    @property
    def title(self) -> str:
        """Of the plan, in the reader's language."""
        return said(self.document.title) if self.document is not None else pick(self.version.plan, "name")

    @cached_property
    def chapters(self) -> list[Chapter]:
        """In the document's order."""
        return chapters(self.document) if self.document is not None else []

    @cached_property
    def books_by_kind(self) -> dict[str, list[PlaybookIn]]:
        """Which playbooks serve each kind of fault."""
        return books_by_kind(self.document) if self.document is not None else {}

    @cached_property
    def names(self) -> Names:
        """Short names as people call them."""
        return Names(*([self.document] if self.document is not None else []))

    @property
    def is_in_force(self) -> bool:
        """Whether this is the one that holds."""
        return bool(self.version.state == PlanVersion.State.APPROVED)

    @cached_property
    def buttons(self) -> list[Button]:
        """Its legal next moves, but for the receipt, which has a place of its own."""
        found = buttons.buttons(self.actor, self.version, skip=(READ,))
        own = self.version.author_id is not None and self.version.author_id == self.actor.user_id
        found = [button for button in found if not (own and button.move.id == APPROVE)]
        return sorted(found, key=lambda button: button.move.id != APPROVE)  # the first one is what is asked of the reader

    @cached_property
    def rounds(self) -> dict[tuple[str, str], RoundRow]:
        """When what comes round is next due, for the version in force."""
        return by_slug(self.now) if self.is_in_force else {}

    @property
    def waits_for_another(self) -> bool:
        """Whether the reader wrote it and so may not approve it."""
        return bool(self.version.state == PlanVersion.State.IN_REVIEW) and self.version.author_id == self.actor.user_id

    @cached_property
    def receipts(self) -> dict[int, datetime]:
        """Who has read it."""
        return plan.receipts_of(self.version)

    @property
    def my_receipt(self) -> datetime | None:
        """When the reader confirmed it."""
        return self.receipts.get(self.actor.user_id or 0)

    @cached_property
    def confirm(self) -> Button | None:
        """The button with which the reader confirms; None when they have, or it is not in force."""
        if self.my_receipt is not None:
            return None
        return next(iter(buttons.buttons(self.actor, self.version, only=(READ,))), None)

    @cached_property
    def readers(self) -> list[Reader]:
        """Everybody who holds a position now: those who have not read it first. Two queries."""
        held: dict[int, list[str]] = defaultdict(list)
        people: dict[int, User] = {}
        for holding in holdings_now(self.now):
            held[holding.user_id].append(pick(holding.position, "name"))
            people[holding.user_id] = holding.user
        rows = [Reader(pick(user, "display_name"), ", ".join(held[key]), self.receipts.get(key)) for key, user in people.items()]
        return sorted(rows, key=lambda reader: (reader.read_at is not None, reader.name))

    @property
    def may_see_readers(self) -> bool:
        """Who has to see to it that everybody reads it."""
        return bool(self.actor.roles & set(OVERSEES))

    @property
    def read_count(self) -> int:
        """How many of those who must have."""
        return sum(reader.read_at is not None for reader in self.readers)

    @property
    def earlier(self) -> PlanVersion | None:
        """What it is naturally compared with: the version in force, for that one the one before it."""
        others = PlanVersion.objects.filter(plan=self.version.plan).exclude(pk=self.version.pk).defer("text")
        in_force = None if self.is_in_force else others.filter(state=PlanVersion.State.APPROVED).first()
        return in_force or others.filter(number__lt=self.version.number).order_by("-number").first()


def holdings_now(now: datetime) -> list[Holding]:
    """Who holds what at this moment, people who have left aside. One query."""
    rows = Holding.objects.filter(org.in_force(now), user__is_active=True, position__retired_at=None)
    return list(rows.select_related("user", "position").order_by("is_deputy", "starts_at", "pk"))


@dataclass(frozen=True)
class Seat:
    """A position in the chart, with who holds it."""

    name: str
    slug: str
    role: str
    duties: list[str]
    people: list[str]


@dataclass
class Branch:
    """A unit with its positions and the units below it."""

    name: str
    layer: str
    layer_words: str
    seats: list[Seat] = field(default_factory=list)
    below: list["Branch"] = field(default_factory=list)


@dataclass(frozen=True)
class Group:
    """A group of the emergency organisation."""

    name: str
    duties: list[str]
    members: list[Seat]


class OrgChart:
    """The organisation as the plan draws it; people are shown only for the version in force."""

    def __init__(self, screen: VersionScreen) -> None:
        self.screen = screen
        if screen.document is None:
            raise NotFound(kind=_("plan document"))
        self.document: PlanDocument = screen.document

    @cached_property
    def _holders(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for holding in holdings_now(self.screen.now) if self.screen.is_in_force else []:
            deputy = f" ({_('deputy')})" if holding.is_deputy else ""
            found[holding.position.slug].append(pick(holding.user, "display_name") + deputy)
        return found

    @cached_property
    def seats(self) -> dict[str, Seat]:
        """Positions by short name."""
        return {
            item.slug: Seat(
                said(item.name),
                item.slug,
                self.screen.names.value("role", item.role) if item.role else "",
                [said(duty) for duty in item.duties],
                self._holders.get(item.slug, []),
            )
            for item in self.document.positions
        }

    @cached_property
    def roots(self) -> list[Branch]:
        """The tree from its top."""
        branches = {unit.slug: self._branch(unit) for unit in self.document.units}
        for unit in self.document.units:
            if unit.parent and unit.parent in branches:
                branches[unit.parent].below.append(branches[unit.slug])
        return [branches[unit.slug] for unit in self.document.units if not unit.parent]

    def _branch(self, unit: UnitIn) -> Branch:
        seats = [self.seats[item.slug] for item in self.document.positions if item.unit == unit.slug]
        return Branch(said(unit.name), unit.layer, self.screen.names.value("layer", unit.layer), seats)

    @property
    def groups(self) -> list[Group]:
        """The emergency organisation; the first member leads."""
        return [
            Group(said(group.name), [said(duty) for duty in group.duties], [self.seats[slug] for slug in group.members if slug in self.seats])
            for group in self.document.groups
        ]


class PlaybookScreen:
    """One playbook of a version."""

    def __init__(self, screen: VersionScreen, slug: str) -> None:
        self.screen = screen
        books = screen.document.playbooks if screen.document is not None else []
        book = next((item for item in books if item.slug == slug), None)
        if book is None:
            raise NotFound(kind=_("playbook"))
        self.book: PlaybookIn = book

    @property
    def tracks(self) -> list[tuple[str, list[Any]]]:
        """Steps by track."""
        found: dict[str, list[Any]] = {}
        for step in self.book.steps:
            found.setdefault(step.track, []).append(step)
        return [(self.screen.names.value("track", track), steps) for track, steps in found.items()]

    @property
    def minutes(self) -> int:
        """How long the longer of its tracks is expected to take: they are worked side by side."""
        return max((sum(int(step.expected.total_seconds() // 60) for step in steps) for _track, steps in self.tracks), default=0)

    @property
    def levels(self) -> list[str]:
        """Grades whose level starts it."""
        assert self.screen.document is not None
        return [str(Grade(level.grade).label) for level in self.screen.document.response_levels if self.book.slug in level.playbooks]


@dataclass(frozen=True)
class Comparison:
    """Two versions and what differs."""

    before: PlanVersion
    after: PlanVersion
    chapters: list[ChapterChanges]
    problem: str = ""

    @property
    def count(self) -> int:
        """How many differences."""
        return sum(len(chapter.changes) for chapter in self.chapters)


def comparison(before: PlanVersion, after: PlanVersion) -> Comparison:
    """Of two versions; one that cannot be read is said, not an error."""
    try:
        return Comparison(before, after, differences(document_of(before), document_of(after)))
    except PlanDocumentInvalid as problem:
        return Comparison(before, after, [], problem.message)


__all__ = ["Comparison", "OrgChart", "PlaybookScreen", "VersionScreen", "comparison", "holdings_now", "label_of"]
