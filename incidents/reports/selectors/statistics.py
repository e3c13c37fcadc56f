"""Figures over incidents (RPT-03, RTO-02): how many, how long, which targets were held. Drills (fenced incidents) never count."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.db.models import Count, Min, QuerySet
from django.db.models.functions import TruncMonth
from django.utils.translation import gettext_lazy as _

from contingency.catalog.models import FaultClass
from contingency.plan.models import Grade
from incidents.response.models import Incident
from incidents.response.models.states import State
from incidents.response.selectors import incidents_visible
from incidents.switchover.models import ClockKind, RecoveryClock, Switch
from kernel import clock
from kernel.actors import Actor
from kernel.i18n import language_suffix, pick

NOT_COUNTED = (State.FALSE_ALARM, State.MERGED)
PERIODS = (30, 90, 365, 0)  # days; 0: everything
DEFAULT_PERIOD = 365


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What the figures are about. `days`: back from now, 0 for all time; empty strings: everything."""

    days: int = DEFAULT_PERIOD
    part: str = ""
    grade: str = ""
    fault_class: str = ""


@dataclass(frozen=True)
class Bar:
    """One line of a count. `share`: of the largest line, 0 … 100."""

    label: str
    count: int
    share: int


@dataclass(frozen=True)
class Times:
    """How long something took over several incidents; None where it never happened."""

    label: str
    about: str
    count: int
    median: timedelta | None
    p90: timedelta | None


@dataclass
class Attainment:
    """How the clocks of one kind (or part) ended. Waived and cancelled ones are counted apart, never as met."""

    label: str
    met: int = 0
    met_late: int = 0
    breached: int = 0
    waived: int = 0
    cancelled: int = 0
    running: int = 0

    @property
    def judged(self) -> int:
        """How many can be called held or not."""
        return self.met + self.met_late + self.breached

    @property
    def share(self) -> float | None:
        """Met in time, in per cent of those judged; None when there is none."""
        return round(100 * self.met / self.judged, 1) if self.judged else None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One incident with its moments and clocks, as it is counted and exported."""

    incident: Incident
    answered: timedelta | None
    confirmed: timedelta | None
    switched: timedelta | None
    normal: timedelta | None
    back: timedelta | None
    clocks: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """Everything that the screen shows."""

    total: int
    false_alarms: int
    merged: int
    by_grade: Sequence[Bar]
    by_class: Sequence[Bar]
    by_part: Sequence[Bar]
    by_month: Sequence[Bar]
    times: Sequence[Times]
    clocks: Sequence[Attainment]
    clocks_by_part: Sequence[Attainment]
    clocks_by_team: Sequence[Attainment]


def statistics_for(actor: Actor, scope: Scope) -> Statistics:
    """The figures over the incidents that this person may see. About ten queries, whatever the number of incidents."""
    everything = _in_scope(actor, scope)
    counted = everything.exclude(state__in=NOT_COUNTED)
    rows = rows_for(actor, scope)
    apart = dict(everything.filter(state__in=NOT_COUNTED).order_by().values_list("state").annotate(n=Count("pk")))
    return Statistics(
        total=len(rows),
        false_alarms=apart.get(State.FALSE_ALARM, 0),
        merged=apart.get(State.MERGED, 0),
        by_grade=_bars(counted, "grade", lambda code: str(Grade(code).label) if code else str(_("not graded")), list(Grade.values)),
        by_class=_bars(counted, "fault_class", lambda code: str(FaultClass(code).label)),
        by_part=_bars_of(pick(row.incident.part, "name") for row in rows),
        by_month=_months(counted),
        times=_times(rows),
        clocks=_attainment(rows),
        clocks_by_part=_attainment_by(rows, lambda row: pick(row.incident.part, "name")),
        clocks_by_team=_attainment_by(rows, lambda row: pick(row.incident.part.unit, "name")),
    )


def rows_for(actor: Actor, scope: Scope) -> list[Row]:
    """One row per counted incident, newest first. Three queries."""
    incidents = list(_in_scope(actor, scope).exclude(state__in=NOT_COUNTED).select_related("outage", "part__unit").order_by("-id"))
    outages = [incident.outage_id for incident in incidents if incident.outage_id is not None]
    moved = dict(
        Switch.objects.filter(outage__in=outages, direction="over", done_at__isnull=False)
        .order_by()
        .values_list("outage")
        .annotate(first=Min("done_at"))
    )
    clocks: dict[int, dict[str, str]] = {}
    for outage, kind, state in RecoveryClock.objects.filter(outage__in=outages).order_by().values_list("outage_id", "kind", "state"):
        clocks.setdefault(outage, {})[kind] = state
    return [_row(incident, moved, clocks) for incident in incidents]


def _row(incident: Incident, moved: dict[int, datetime], clocks: dict[int, dict[str, str]]) -> Row:
    outage = incident.outage
    began = outage.failing_since if outage is not None else incident.failing_since
    is_back = outage is not None and outage.state == outage.State.BACK_ON_PRIMARY
    return Row(
        incident=incident,
        answered=_since(incident.discovered_at, incident.answered_at),
        confirmed=_since(incident.discovered_at, incident.confirmed_at),
        switched=_since(began, moved.get(outage.pk) if outage is not None else None),
        normal=_since(began, outage.business_normal_at if outage is not None else None),
        back=_since(began, outage.ended_at if outage is not None and is_back else None),
        clocks=clocks.get(outage.pk, {}) if outage is not None else {},
    )


def _since(start: datetime, end: datetime | None) -> timedelta | None:
    return max(end - start, timedelta()) if end is not None else None


def _in_scope(actor: Actor, scope: Scope) -> QuerySet[Incident]:
    if "administrator" in actor.roles:  # they may know that there are incidents, not how business fared
        return Incident.objects.none()
    found = incidents_visible(actor).filter(fence="")
    if scope.days:
        found = found.filter(discovered_at__gte=clock.now() - timedelta(days=scope.days))
    if scope.part:
        found = found.filter(part__slug=scope.part)
    if scope.grade:
        found = found.filter(grade=scope.grade)
    if scope.fault_class:
        found = found.filter(fault_class=scope.fault_class)
    return found


def _bars(found: QuerySet[Incident], column: str, label: Callable[[str], str], order: Sequence[str] = ()) -> list[Bar]:
    counts: dict[str, int] = dict(found.order_by().values_list(column).annotate(n=Count("pk")))
    keys = [key for key in order if key in counts] + sorted(set(counts) - set(order), key=lambda key: (-counts[key], key))
    return _shares([(label(key), counts[key]) for key in keys])


def _bars_of(labels: Iterable[str]) -> list[Bar]:
    counts: dict[str, int] = {}
    for name in labels:
        counts[name] = counts.get(name, 0) + 1
    return _shares(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _months(found: QuerySet[Incident]) -> list[Bar]:
    counted = found.order_by().annotate(month=TruncMonth("discovered_at")).values_list("month").annotate(n=Count("pk")).order_by("month")
    return _shares([(f"{month:%Y-%m}", count) for month, count in counted])


def _shares(pairs: Sequence[tuple[str, int]]) -> list[Bar]:
    most = max((count for _label, count in pairs), default=1)
    return [Bar(label, count, round(100 * count / most)) for label, count in pairs]


def _times(rows: Sequence[Row]) -> list[Times]:
    wanted: tuple[tuple[Any, Any, list[timedelta | None]], ...] = (
        (_("Acknowledge"), _("from the opening to the first answer"), [row.answered for row in rows]),
        (_("Confirm"), _("from the opening to the confirmation"), [row.confirmed for row in rows]),
        (_("Switch"), _("from the failure to business proved on the standby"), [row.switched for row in rows]),
        (_("Business normal"), _("from the failure to business normal"), [row.normal for row in rows]),
        (_("Back"), _("from the failure to business back on the repaired side"), [row.back for row in rows]),
    )
    return [_summary(str(label), str(about), [length for length in lengths if length is not None]) for label, about, lengths in wanted]


def _summary(label: str, about: str, lengths: list[timedelta]) -> Times:
    seconds = [length.total_seconds() for length in lengths]
    middle = timedelta(seconds=median(seconds)) if seconds else None
    return Times(label, about, len(lengths), middle, percentile(lengths, 90))


def percentile(lengths: Sequence[timedelta], percent: int) -> timedelta | None:
    """The shortest length that at least `percent` of a hundred do not exceed (nearest rank): a value that really occurred."""
    if not lengths:
        return None
    ordered = sorted(lengths)
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(rank, 1) - 1]


def _attainment(rows: Sequence[Row]) -> list[Attainment]:
    found = {kind.value: Attainment(str(kind.label)) for kind in ClockKind}
    for row in rows:
        for kind, state in row.clocks.items():
            _count(found[kind], state)
    return list(found.values())


def _attainment_by(rows: Sequence[Row], label: Callable[[Row], str]) -> list[Attainment]:
    found: dict[str, Attainment] = {}
    for row in rows:
        for state in row.clocks.values():
            _count(found.setdefault(label(row), Attainment(label(row))), state)
    return sorted(found.values(), key=lambda item: item.label)


def _count(into: Attainment, state: str) -> None:
    name = {"met": "met", "met_late": "met_late", "breached": "breached", "waived": "waived", "cancelled": "cancelled"}.get(state, "running")
    setattr(into, name, getattr(into, name) + 1)


def parts_to_choose(actor: Actor) -> list[tuple[str, str]]:
    """The parts that the person's incidents concern: slug and name."""
    seen = incidents_visible(actor).filter(fence="").order_by().values_list("part__slug", "part__name_en", "part__name_zh").distinct()
    return sorted((slug, (zh if language_suffix() == "zh" else en) or en) for slug, en, zh in seen)
