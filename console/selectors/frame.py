"""What stands around every screen: who looks, in which language and theme, what is late, how much waits."""

import time
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language, gettext

from console import people
from console.feed import news
from console.selectors.late_words import late_words
from kernel import clock, records, sweeps
from kernel.actors import Actor

THEMES = ("light", "dark")
THEME_COOKIE = "theme"
FIRST_ON_PHONE = frozenset({"now", "alert", "incident", "switchboard"})  # what is wrong, and what can be done; the rest stands behind “More”
LATE_FOR_S = 5.0  # how long the answer to “what is late?” is good for all pages of this process

COUNTS_FOR_S = 2.0  # how long the numbers in the navigation are good for a person's pages of this process
COUNTED = 1_000  # no page waits for a count beyond this
REMEMBERED = 500  # people's numbers that are kept

_late: tuple[float, list[str]] = (0.0, [])
_counts: dict[tuple[Any, ...], tuple[float, int]] = {}


@dataclass(frozen=True)
class Item:
    """One entry of the navigation."""

    name: str
    label: str
    icon: str
    address: str
    is_here: bool
    count: int = 0

    @property
    def is_first(self) -> bool:
        """Whether a phone's bar has room for it."""
        return self.name in FIRST_ON_PHONE


def late_sweeps() -> list[str]:
    """Names of the sweeps that are behind. One query per sweep, at most every five seconds per process."""
    global _late
    asked, names = _late
    if time.monotonic() - asked > LATE_FOR_S:
        names = [sweep.name for sweep in sweeps.late()]
        _late = (time.monotonic(), names)
    return names


def waiting(actor: Actor, kind: str, filters: dict[str, str]) -> int:
    """How many records of a kind wait for somebody, up to a thousand; asked at most every two seconds per person."""
    key = (actor.id, actor.holdings, actor.scopes, kind)
    asked, count = _counts.get(key, (0.0, 0))
    if not asked or time.monotonic() - asked > COUNTS_FOR_S:
        count = records.get(kind).list_for(actor, **filters).select_related(None).order_by()[:COUNTED].count()
        if len(_counts) > REMEMBERED:
            _counts.clear()
        _counts[key] = (time.monotonic(), count)
    return count


class Frame:
    """Everything here is asked for only when a template uses it."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @cached_property
    def now(self) -> datetime:
        """The business clock's present."""
        return clock.now()

    @cached_property
    def cursor(self) -> str:
        """From where on the live feed tells what this page does not show yet."""
        return news.head()

    @cached_property
    def actor(self) -> Actor | None:
        """The person, if anybody is logged in."""
        user = getattr(self.request, "user", None)
        return people.actor_of(self.request) if user is not None and user.is_authenticated else None

    @property
    def theme(self) -> str:
        """`light` or `dark` when chosen; empty: as the system has it."""
        chosen = self.request.COOKIES.get(THEME_COOKIE, "")
        return chosen if chosen in THEMES else ""

    @property
    def languages(self) -> list[tuple[str, str, bool]]:
        """(code, name in itself, is it the present one)."""
        present = get_language() or "en"
        names = {"en": "English", "zh-hans": "简体中文"}
        return [(code, names[code], code == present) for code, _name in settings.LANGUAGES]

    @property
    def is_demo(self) -> bool:
        """Whether this installation may wind its clock: a practice ground."""
        return bool(settings.CLOCK_MAY_BE_WOUND)

    @cached_property
    def late(self) -> list[str]:
        """Which work is behind, as people call it."""
        return late_words(late_sweeps())

    @property
    def administers(self) -> bool:
        """Whether the reader keeps the console itself running, and so has its command line."""
        return self.actor is not None and "administrator" in self.actor.roles

    @cached_property
    def nav(self) -> list[Item]:
        """The screens that exist and that the person may see."""
        here = self.request.path
        return [
            Item("now", gettext("Now"), "activity-heartbeat", reverse("console:now"), here == reverse("console:now")),
            *self._lists(here),
            *self._screens(here),
        ]

    @cached_property
    def nav_more(self) -> list[Item]:
        """What a phone shows behind “More”."""
        return [item for item in self.nav if not item.is_first]

    @cached_property
    def nav_more_count(self) -> int:
        """What waits there."""
        return sum(item.count for item in self.nav_more)

    @cached_property
    def is_in_more(self) -> bool:
        """Whether the present screen is one of those."""
        return any(item.is_here for item in self.nav_more)

    def _screens(self, here: str) -> list[Item]:
        """Screens that stand for more than one kind of record. Switches stand on the switchboard, tools and people in the set-up."""
        if self.actor is None or not self.actor.roles:
            return []
        found = []
        for name, label, symbol in (
            ("switchboard", gettext("Switchboard"), "switch-horizontal"),
            ("reports", gettext("Reports"), "note"),
            ("plan", gettext("Plan"), "book"),
            ("setup", gettext("Set-up"), "adjustments-horizontal"),
        ):
            if name == "reports" and not records.may_read(self.actor, records.get("report"), None):
                continue
            address = reverse(f"console:{name}")
            is_here = here.startswith(address) or (name == "switchboard" and here.startswith(reverse("console:switch-list")))
            found.append(Item(name, label, symbol, address, is_here))
        return found

    def _lists(self, here: str) -> list[Item]:
        shown = []
        for kind, label, symbol, filters in (
            ("alert", gettext("Alerts"), "alert-triangle", {"state": "firing"}),
            ("incident", gettext("Incidents"), "flame", {"state": "open"}),
            ("proposal", gettext("Proposals"), "user-check", {"state": "proposed"}),
        ):
            if self.actor is None or not records.may_read(self.actor, records.get(kind), None):
                continue
            address = reverse(f"console:{kind}-list")
            count = waiting(self.actor, kind, filters) if filters else 0
            shown.append(Item(kind, label, symbol, address, here.startswith(address), count))
        return shown
