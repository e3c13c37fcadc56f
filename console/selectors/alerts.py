"""The triage table: what fires, grouped by part and cause or one by one, with everything that helps to decide."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from console.models import SavedFilter
from console.selectors import buttons, lists
from console.selectors.alert_groups import GROUPS, Group, groups_of
from contingency.catalog.models import FaultClass, Part
from incidents.response import selectors as response
from kernel import permissions, records
from kernel.actors import Actor
from kernel.i18n import pick
from monitoring.alerts import evidence, searching, selectors
from monitoring.alerts.models import Alert, Silence, Source

STATES = ("firing", "acknowledged", "resolved")
FIELDS = ("q", "severity", "part", "fault_class", "source", "silenced", "cause")
ROWS = 30
HOURS, BAR_W, BAR_H = 24, 3, 16
UNROUTED = "none"


@dataclass(frozen=True)
class Bar:
    """One hour of a row's history."""

    x: int
    y: int
    height: int


@dataclass
class Row:
    """One alert and what stands around it."""

    alert: Alert
    buttons: list[buttons.Button]
    may_silence: bool
    silence: Silence | None = None
    incident: str = ""
    bars: list[Bar] = field(default_factory=list)
    starts: int = 0

    address: str = ""
    silence_address: str = ""

    @property
    def mark(self) -> str:
        """How a selection names it: with the version that the person saw."""
        return f"{self.alert.public_id}.{self.alert.version}"


class AlertsScreen:
    """The alerts for one person and one question."""

    def __init__(self, actor: Actor, query: QueryDict, now: datetime) -> None:
        self.actor, self.query, self.now = actor, query, now
        self.may_read = records.may_read(actor, records.get("alert"), None)

    # -- the question ------------------------------------------------------------------------------------------------------------

    @property
    def state(self) -> str:
        """The tab."""
        wanted = self.query.get("state", "")
        return wanted if wanted in (*STATES, "all", "open") else "firing"

    @cached_property
    def chosen(self) -> dict[str, str]:
        """The filters that were given."""
        return {name: str(self.query[name])[:300] for name in FIELDS if self.query.get(name, "").strip()}

    @property
    def is_grouped(self) -> bool:
        """By part and cause, unless one cause or a flat list was asked for."""
        return self.query.get("view") != "flat" and "cause" not in self.chosen

    def link(self, **changed: str) -> str:
        """The query of this screen with some of it changed; an empty value takes it away."""
        kept = {"state": self.state, **self.chosen, "view": "" if self.is_grouped else "flat", **changed}
        return urlencode({name: value for name, value in kept.items() if value})

    @property
    def as_grouped(self) -> str:
        """The same question by part and cause."""
        return self.link(view="", cause="")

    @property
    def as_flat(self) -> str:
        """The same question as one list."""
        return self.link(view="flat")

    @property
    def as_query(self) -> str:
        """The question as a query to keep and to share."""
        return self.link()

    @cached_property
    def tabs(self) -> list[tuple[str, str, str, bool]]:
        """(query, words, count up to a thousand, is here). The counts take no notice of the filters. One query."""
        if not self.may_read:
            return []
        words = {"firing": _("Firing"), "acknowledged": _("Acknowledged"), "resolved": _("Resolved"), "all": _("All")}
        found = lists.counts_up_to([selectors.alert_list(self.actor, state=state) for state in STATES])
        counts = dict(zip(STATES, found, strict=True))
        whole = sum(int(count.rstrip("+")) for count in counts.values())
        counts["all"] = f"{lists.COUNTED}+" if whole > lists.COUNTED or any("+" in count for count in counts.values()) else str(whole)
        return [(self.link(state=state), words[state], counts[state], state == self.state) for state in words]

    @cached_property
    def choices(self) -> list[tuple[str, str, list[tuple[str, str, bool]]]]:
        """(name, words, options) of the filters to choose from."""
        severity = Alert._meta.get_field("severity").choices or []
        parts = [(part.slug, pick(part, "name")) for part in self._parts]
        found = [
            ("severity", _("Severity"), [(str(value), str(words)) for value, words in severity]),
            ("part", _("Part"), [(UNROUTED, _("unrouted")), *parts]),
            ("fault_class", _("Fault class"), [(value, str(words)) for value, words in FaultClass.choices]),
            ("source", _("Source"), [(name, name) for name in Source.objects.order_by("name").values_list("name", flat=True)]),
            ("silenced", _("Silenced"), [("yes", _("silenced")), ("no", _("not silenced"))]),
        ]
        return [
            (name, words, [(value, label, value == self.chosen.get(name)) for value, label in options])
            for name, words, options in found
        ]  # fmt: skip

    @cached_property
    def _parts(self) -> list[Any]:
        """Rows with pk, slug and both names."""
        return list(Part.objects.filter(retired_at=None).order_by("name_en").values_list("pk", "slug", "name_en", "name_zh", named=True))

    @cached_property
    def saved(self) -> list[SavedFilter]:
        """The person's own filters by name."""
        return list(SavedFilter.objects.filter(user_id=self.actor.user_id or 0, screen="alert").order_by("name"))

    # -- the answer --------------------------------------------------------------------------------------------------------------

    @cached_property
    def _ways(self) -> list[QuerySet[Alert]]:
        """What matches, as queries that are quick one by one."""
        if not self.may_read:
            return [Alert.objects.none()]
        chosen = self.chosen
        part = chosen.get("part", "")
        plain = {name: chosen[name] for name in ("severity", "fault_class", "source") if name in chosen}
        where = {"unrouted": "1"} if part == UNROUTED else {"part": part}
        state = "" if self.state == "all" else self.state
        found = selectors.alert_list(self.actor, state=state, **plain, **where).filter(self._silenced(), _cause_rule(chosen.get("cause", "")))
        return [found.filter(way) for way in searching.ways(chosen.get("q", ""))]

    def _silenced(self) -> Q:
        wanted = self.chosen.get("silenced", "")
        if wanted not in ("yes", "no"):
            return Q()
        rule = Q(pk__in=[])
        for silence in selectors.silences_in_force(self.now):
            covered = Q(labels__contains=silence.matchers) if silence.matchers else Q()
            rule |= covered & Q(part_id=silence.part_id) if silence.part_id else covered
        return rule if wanted == "yes" else ~rule

    @cached_property
    def _flat(self) -> tuple[list[Alert], str]:
        place = lists.place_of(selectors.alert_list(self.actor), self.query.get("after", "")) if self.may_read else None
        found = lists.newest([way.defer("description", "annotations") for way in self._ways], before=place, size=lists.PAGE + 1)
        following = self.link(after=str(found[lists.PAGE - 1].public_id)) if len(found) > lists.PAGE else ""
        return found[: lists.PAGE], following

    @cached_property
    def rows(self) -> list[Row]:
        """The page of a flat list."""
        return self.rows_of(self._flat[0])

    @property
    def following(self) -> str:
        """The query of the next page; empty at the end."""
        return self._flat[1]

    @property
    def first(self) -> str:
        """The query of the first page, when this is a later one."""
        return self.link(view="flat") if self.query.get("after") else ""

    @cached_property
    def _page(self) -> tuple[list[Group], bool, bool]:
        return groups_of(self._ways, skipped=self._skipped)

    @property
    def is_cut(self) -> bool:
        """Whether only the newest were grouped."""
        return self._page[2]

    @property
    def _skipped(self) -> int:
        text = self.query.get("from", "")
        return int(text) if text.isdigit() and len(text) < 5 else 0

    @cached_property
    def groups(self) -> list[Group]:
        """The groups of this page with their newest alerts."""
        page = self._page[0]
        left = ROWS
        wanted: list[int] = []
        for group in page:
            group.newest = group.newest[: max(1, left)]
            left -= len(group.newest)
            wanted += group.newest
        chosen = selectors.alert_list(self.actor).filter(pk__in=wanted).defer("description", "annotations") if wanted else []
        rows = {row.alert.pk: row for row in self.rows_of(list(chosen))}
        parts = {part.pk: part for part in self._parts}
        for group in page:
            group.rows = [rows[key] for key in group.newest if key in rows]
            group.part = parts.get(group.part_id or 0)
            group.title = title_of(group.rows[0].alert) if group.rows else group.cause[2:]
            group.query = self.link(cause=group.cause, part=group.part.slug if group.part else UNROUTED, view="flat")
        return page

    @property
    def more_groups(self) -> str:
        """The query of the next groups; empty at the end."""
        return self.link(**{"from": str(self._skipped + GROUPS)}) if self._page[1] else ""

    @property
    def is_empty(self) -> bool:
        """Nothing to show."""
        return not (self.groups if self.is_grouped else self.rows)

    @cached_property
    def is_bare(self) -> bool:
        """Whether no alert ever came: then the screen teaches."""
        return self.may_read and not self.chosen and not Alert.objects.exists()

    @property
    def may_act(self) -> bool:
        """Whether the person may do anything to many at once."""
        return self.may_silence or permissions.can(self.actor, "monitoring.alert_acknowledge") is not None

    @cached_property
    def may_silence(self) -> bool:
        """Whether the person may silence anything at all."""
        return permissions.can(self.actor, "monitoring.silence_create") is not None

    @property
    def may_add_source(self) -> bool:
        """Whether the person may let a tool file alerts."""
        return permissions.can(self.actor, "monitoring.source_create") is not None

    def rows_of(self, alerts: Sequence[Alert]) -> list[Row]:
        """Alerts with their silence, incident, history and moves. Three queries, however many."""
        return rows_of(self.actor, alerts, self.now)


def rows_of(actor: Actor, alerts: Sequence[Alert], now: datetime) -> list[Row]:
    """Alerts with their silence, incident, history and moves. Three queries, however many."""
    if not alerts:
        return []
    silences = selectors.silences_over(alerts, now)
    incidents = incidents_of(actor, alerts)
    since = now - timedelta(hours=HOURS)
    starts = evidence.starts_since(alerts, since)
    one, many = reverse("console:alert", args=[buttons.NOBODY]), reverse("console:alert-many")
    rows = []
    for alert in alerts:
        may_silence = permissions.can(actor, "monitoring.silence_create", alert) is not None
        row = Row(alert, buttons.buttons(actor, alert, only=("monitoring.alert_acknowledge",)) if alert.state == "firing" else [], may_silence)
        row.silence, row.incident = silences.get(alert.pk), incidents.get(alert.pk, "")
        began = starts.get((alert.source_id, alert.dedup_key), [])
        row.address = one.replace(buttons.NOBODY, str(alert.public_id))
        if may_silence and alert.is_open and row.silence is None:
            row.silence_address = f"{many}?do=silence&alert={row.mark}"
        row.bars, row.starts = bars(began, since, timedelta(hours=1), HOURS), len(began)
        rows.append(row)
    return rows


def bars(starts: Iterable[datetime], since: datetime, step: timedelta, count: int) -> list[Bar]:
    """How often something began in each step, as bars of a small picture."""
    counts = [0] * count
    for start in starts:
        place = int((start - since) / step)
        if 0 <= place < count:
            counts[place] += 1
    top = max(counts, default=0)
    heights = [round(BAR_H * number / top) if top else 0 for number in counts]
    return [Bar(place * BAR_W, BAR_H - max(3, height), max(3, height)) for place, height in enumerate(heights) if height]


def incidents_of(actor: Actor, alerts: Iterable[Alert]) -> dict[int, str]:
    """Alert → number of the incident that it joined last, of those that the person may know. One query."""
    joined = response.incidents_visible(actor).filter(joined_alerts__alert__in=[alert.pk for alert in alerts])
    return dict(joined.order_by("pk").values_list("joined_alerts__alert_id", "number"))


def title_of(alert: Alert) -> str:
    """What a group is called by its newest alert: the tool's name for it, else its sentence."""
    return str(alert.labels.get("alertname") or alert.summary)


def _cause_rule(cause: str) -> Q:
    kind, _colon, value = cause.partition(":")
    if kind == "k":
        return Q(group_key=value)
    if kind == "n":
        return Q(group_key="", labels__contains={"alertname": value})
    return Q(group_key="", summary__startswith=value) if kind == "s" else Q()
