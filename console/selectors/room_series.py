"""Measures of an incident's part as small pictures with the moments of the incident in them, and the same in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from console.selectors import measures
from incidents.response.models import Incident
from incidents.switchover.models import Switch
from kernel.i18n import pick
from monitoring.probes import selectors as probes
from monitoring.probes.models import Series

BEFORE, AFTER = timedelta(minutes=30), timedelta(minutes=10)
LONGEST = timedelta(hours=6)  # what fits into one small picture; of a longer incident the beginning
WIDTH, TOP, FLOOR = 300, 14, 74
POINTS = 150
SHOWN = 3

Numbers = Sequence[tuple[datetime, float | None]]


@dataclass(frozen=True)
class Marker:
    """A moment of the incident: where it stands in the picture, its sign, and its words."""

    x: float
    sign: str
    words: str
    at: datetime
    look: str


@dataclass(frozen=True)
class Chart:
    """One measure, ready to be drawn. `words` says the same without the picture."""

    title: str
    points: str
    markers: list[Marker]
    words: str
    top: str
    since: datetime
    until: datetime


def charts_of(incident: Incident, switch: Switch | None, now: datetime) -> list[Chart]:
    """Up to three measures of the part: those of the part itself first, then those of its sides. A query per measure and two more."""
    since = incident.failing_since - BEFORE
    until = min(incident.resolved_at + AFTER if incident.resolved_at else now, since + LONGEST, now)
    if until <= since:
        return []
    found = Series.objects.filter(part_id=incident.part_id).select_related("part", "side")
    moments = moments_of(incident, switch)
    names = measures.names_of(found)
    charts = []
    for series in sorted(found, key=lambda row: (row.unit == "ms", row.side_id is not None, row.pk)):
        numbers = [(at, value) for at, value in probes.series_of(incident.part, series.name, since, side=series.side) if at <= until]
        if sum(value is not None for _at, value in numbers) > 1:
            charts.append(_chart(series, names.get(series.pk) or _title(series), numbers, moments, since, until))
        if len(charts) == SHOWN:
            break
    return charts


def moments_of(incident: Incident, switch: Switch | None) -> list[tuple[str, str, datetime, str]]:
    """(sign, words, moment, look) of what is marked, in the order of time."""
    outage = incident.outage
    found = [
        ("1", _("failing since"), incident.failing_since, "major"),
        ("2", _("confirmed"), incident.confirmed_at, "accent"),
        ("3", _("switched over"), switch.moved_at if switch is not None and switch.direction == "over" else None, "ok"),
        ("4", _("business normal"), outage.business_normal_at if outage is not None else None, "ok"),
    ]
    return [(sign, words, at, look) for sign, words, at, look in found if at is not None]


def _chart(series: Series, title: str, numbers: Numbers, moments: list[tuple[str, str, datetime, str]], since: datetime, until: datetime) -> Chart:
    known = [(at, value) for at, value in numbers if value is not None]
    top = max(value for _at, value in known) or 1.0
    step = max(1, -(-len(known) // POINTS))
    drawn = [known[place : place + step] for place in range(0, len(known), step)]
    points = [(group[0][0], sum(value for _at, value in group) / len(group)) for group in drawn]
    line = " ".join(f"{_x(at, since, until):.1f},{FLOOR - max(0.0, value) / top * (FLOOR - TOP):.1f}" for at, value in points)
    marked = [Marker(round(_x(at, since, until), 1), sign, words, at, look) for sign, words, at, look in moments if since <= at <= until]
    return Chart(title, line, marked, _said(known, moments, series), measures.measured(top, series), since, until)


def _title(series: Series) -> str:
    if series.side_id is None:
        return series.name
    side = series.side.name if series.side is not None and series.side.name else pick(series.part, "name")
    return f"{series.name} · {side}"


def _said(known: list[tuple[datetime, float]], moments: list[tuple[str, str, datetime, str]], series: Series) -> str:
    """What the picture shows: usual before the failure, the worst since, and now."""
    failed_at = moments[0][2]
    before = sorted(value for at, value in known if at < failed_at)
    after = [value for at, value in known if at >= failed_at]

    def say(value: float) -> str:
        return measures.measured(value, series)

    said = []
    if before:
        said.append(_("before the failure usually %(value)s") % {"value": say(before[len(before) // 2])})
    if after:
        low, high = say(min(after)), say(max(after))
        span = _("since then from %(low)s to %(high)s") if low != high else _("since then %(value)s")
        said.append(span % {"low": low, "high": high, "value": low})
    said.append(_("last %(value)s") % {"value": say(known[-1][1])})
    return _("; ").join(said)


def _x(at: datetime, since: datetime, until: datetime) -> float:
    return max(0.0, min(1.0, (at - since) / (until - since))) * WIDTH
