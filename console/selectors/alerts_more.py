"""One alert in full; the silences; what matched no part; what could not be read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from console.selectors import buttons, lists, timeline
from console.selectors.alerts import BAR_W, Bar, Row, bars, rows_of
from contingency.catalog.models import Part
from kernel import journal, permissions, records
from kernel.actors import Actor
from kernel.i18n import pick
from monitoring.alerts import evidence, selectors
from monitoring.alerts.models import Alert, FailedIntake, Silence
from monitoring.alerts.services.silences import LONGEST_HOURS

SHORT, LONG = 400, 100_000  # characters of a body at first glance, and at most on a page
DAYS, EPISODES = 30, 20
LENGTHS_MIN = (30, 60, 120, 240, 480, 1440)
# Labels that mostly say whom an alert concerns, best first: what a new matcher is suggested from.
TELLING = ("service", "app", "application", "system", "component", "job", "namespace", "cluster", "host", "instance", "alertname")


@dataclass(frozen=True)
class Episode:
    """One time that it came."""

    alert: Alert
    lasted: timedelta | None
    is_this: bool


class AlertScreen:
    """One alert: what it says, what is done about it, where it came from."""

    def __init__(self, actor: Actor, alert: Alert, now: datetime) -> None:
        self.actor, self.alert, self.now = actor, alert, now

    @cached_property
    def row(self) -> Row:
        """As in the list."""
        return rows_of(self.actor, [self.alert], self.now)[0]

    @property
    def buttons(self) -> list[buttons.Button]:
        """The legal next moves."""
        return buttons.buttons(self.actor, self.alert)

    @property
    def labels(self) -> list[tuple[str, str]]:
        """By name."""
        return sorted((str(name), str(value)) for name, value in self.alert.labels.items())

    @property
    def annotations(self) -> list[tuple[str, str]]:
        """By name, without those that are shown as summary and description anyway."""
        said = {self.alert.summary, self.alert.description}
        return sorted((str(name), str(value)) for name, value in self.alert.annotations.items() if value not in said)

    @cached_property
    def lines(self) -> list[timeline.Line]:
        """Its timeline, newest first."""
        return timeline.lines(self.actor, journal.timeline(self.alert))

    @cached_property
    def body(self) -> str:
        """The body that it first came in, as text; empty when there is none any more."""
        found = evidence.body_of(self.alert)
        return evidence.shown(found)[:LONG] if found is not None else ""

    @cached_property
    def episodes(self) -> list[Episode]:
        """The latest times that the same alert came."""
        found = evidence.episodes_of(self.alert).defer("labels", "annotations", "description")[:EPISODES]
        return [
            Episode(item, item.resolved_at - item.started_at if item.resolved_at else None, item.pk == self.alert.pk) for item in found
        ]  # fmt: skip

    @cached_property
    def _starts(self) -> list[datetime]:
        since = self.now - timedelta(days=DAYS)
        return evidence.starts_since([self.alert], since).get((self.alert.source_id, self.alert.dedup_key), [])

    @property
    def bars(self) -> list[Bar]:
        """The last thirty days, day by day."""
        return bars(self._starts, self.now - timedelta(days=DAYS), timedelta(days=1), DAYS)

    @property
    def width(self) -> int:
        """Of that picture."""
        return DAYS * BAR_W

    @property
    def starts(self) -> int:
        """How often it came in those days."""
        return len(self._starts)


class SilencesScreen:
    """Who silenced what, why, and for how long still."""

    def __init__(self, actor: Actor, query: QueryDict, now: datetime) -> None:
        self.actor, self.query, self.now = actor, query, now

    @property
    def state(self) -> str:
        """The tab."""
        return "ended" if self.query.get("state") == "ended" else "in_force"

    @cached_property
    def _page(self) -> tuple[list[Silence], str]:
        if not records.may_read(self.actor, records.get("silence"), None):
            return [], ""
        place = lists.place_of(selectors.silence_list(self.actor), self.query.get("after", ""))
        found = lists.newest([selectors.silence_list(self.actor, state=self.state)], before=place, size=lists.PAGE + 1)
        following = urlencode({"state": self.state, "after": str(found[lists.PAGE - 1].public_id)}) if len(found) > lists.PAGE else ""
        return found[: lists.PAGE], following

    @property
    def rows(self) -> list[tuple[Silence, list[tuple[str, str]], list[buttons.Button]]]:
        """(silence, its labels, its moves)."""
        return [(silence, sorted(silence.matchers.items()), buttons.buttons(self.actor, silence)) for silence in self._page[0]]

    @property
    def following(self) -> str:
        """The query of the next page."""
        return self._page[1]

    @property
    def parts(self) -> list[Part]:
        """To choose from for a new one."""
        return list(Part.objects.filter(retired_at=None).order_by("name_en"))

    @property
    def may_make(self) -> bool:
        """Whether the person may silence anything."""
        return permissions.can(self.actor, "monitoring.silence_create") is not None

    @property
    def longest_hours(self) -> int:
        """For how long this person may."""
        return longest_hours(self.actor)


def longest_hours(actor: Actor) -> int:
    """For how long somebody may silence at all."""
    return max((hours for role, hours in LONGEST_HOURS.items() if role in actor.roles), default=0)


def lengths(actor: Actor) -> list[tuple[int, str]]:
    """(minutes, words) that this person may choose from."""
    within = [minutes for minutes in LENGTHS_MIN if minutes <= longest_hours(actor) * 60]
    return [(minutes, _("%(n)d min") % {"n": minutes} if minutes < 60 else _("%(n)d h") % {"n": minutes // 60}) for minutes in within]


class UnroutedScreen:
    """Open alerts that no part claims, and which label could claim them."""

    def __init__(self, actor: Actor, query: QueryDict, now: datetime) -> None:
        self.actor, self.query, self.now = actor, query, now

    @cached_property
    def _page(self) -> tuple[list[Alert], str]:
        if not records.may_read(self.actor, records.get("alert"), None):
            return [], ""
        place = lists.place_of(selectors.alert_list(self.actor), self.query.get("after", ""))
        found = lists.newest([selectors.alert_list(self.actor, unrouted="1", state="open")], before=place, size=lists.PAGE + 1)
        following = urlencode({"after": str(found[lists.PAGE - 1].public_id)}) if len(found) > lists.PAGE else ""
        return found[: lists.PAGE], following

    @cached_property
    def rows(self) -> list[tuple[Row, tuple[str, str] | None]]:
        """(row, the label that is suggested for a matcher)."""
        return [(row, next(iter(telling(row.alert)), None)) for row in rows_of(self.actor, self._page[0], self.now)]

    @property
    def following(self) -> str:
        """The query of the next page."""
        return self._page[1]

    @property
    def may_route(self) -> bool:
        """Whether the person may add a routing rule."""
        return permissions.can(self.actor, "catalog.matcher_add") is not None


def telling(alert: Alert) -> list[tuple[str, str]]:
    """The labels of an alert, those first that mostly say whom it concerns."""
    order = {name: place for place, name in enumerate(TELLING)}
    pairs = [(str(name), str(value)) for name, value in alert.labels.items() if str(value) and len(str(value)) <= 500]
    return sorted(pairs, key=lambda pair: (order.get(pair[0], len(order)), pair[0]))


def parts_to_give(actor: Actor) -> list[tuple[str, str]]:
    """(slug, name) of the parts to which this person may add a routing rule."""
    found = Part.objects.filter(retired_at=None).select_related("unit").order_by("name_en")
    return [(part.slug, pick(part, "name")) for part in found if permissions.can(actor, "catalog.matcher_add", part) is not None]


def matcher_form(part: Part, label: str, value: str) -> str:
    """The address of the form that adds the routing rule, filled in."""
    query = urlencode({"label": label, "value": value, "fault_class": "software"})
    return f"{reverse('console:do', args=['catalog.matcher_add', part.public_id])}?{query}"


class InboxScreen:
    """Bodies that came with a good key and could not be read."""

    def __init__(self, actor: Actor, query: QueryDict) -> None:
        self.actor, self.query = actor, query

    @property
    def state(self) -> str:
        """The tab."""
        wanted = self.query.get("state", "")
        return wanted if wanted in FailedIntake.State.values else "waiting"

    @property
    def tabs(self) -> list[tuple[str, str, bool]]:
        """(state, words, is here)."""
        return [(value, str(words), value == self.state) for value, words in FailedIntake.State.choices]

    @cached_property
    def _page(self) -> tuple[list[FailedIntake], str]:
        if not self.may_read:
            return [], ""
        place = lists.place_of(selectors.failed_intake_list(self.actor), self.query.get("after", ""))
        found: QuerySet[FailedIntake] = selectors.failed_intake_list(self.actor, state=self.state)
        page = lists.newest([found], before=place, size=lists.PAGE + 1)
        following = urlencode({"state": self.state, "after": str(page[lists.PAGE - 1].public_id)}) if len(page) > lists.PAGE else ""
        return page[: lists.PAGE], following

    @property
    def may_read(self) -> bool:
        """Whether the person may see the inbox."""
        return records.may_read(self.actor, records.get("failed_intake"), None)

    @cached_property
    def rows(self) -> list[tuple[FailedIntake, str, list[buttons.Button]]]:
        """(entry, the beginning of its body, its moves). One query for the beginnings."""
        starts = selectors.failed_intake_beginnings([item.pk for item in self._page[0]], SHORT * 4)
        return [(item, shortened(starts.get(item.pk, b"")), buttons.buttons(self.actor, item)) for item in self._page[0]]

    @property
    def following(self) -> str:
        """The query of the next page."""
        return self._page[1]

    @property
    def may_act(self) -> bool:
        """Whether the person may replay or discard."""
        return permissions.can(self.actor, "monitoring.failed_intake_replay") is not None


def shortened(body: bytes) -> str:
    """The beginning of a body as text."""
    return evidence.masked(body.decode("utf-8", "replace"))[:SHORT]


def tabs_of_room(here: str, actor: Actor) -> list[tuple[str, str, bool]]:
    """(address, words, is here) of the screens about alerts that this person may see."""
    wanted: Iterable[tuple[str, str, str]] = (
        ("alert-list", _("Triage"), "alert"),
        ("alert-silences", _("Silences"), "silence"),
        ("alert-unrouted", _("Unrouted"), "alert"),
        ("alert-inbox", _("Failed intake"), "failed_intake"),
    )
    shown: list[tuple[str, str, bool]] = []
    for name, words, kind in wanted:
        if records.may_read(actor, records.get(kind), None):
            shown.append((reverse(f"console:{name}"), words, name == here))
    return shown
