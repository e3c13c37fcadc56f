"""Probes of a part with a short line of their last answers."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from console.selectors import measures
from contingency.catalog.models import Part
from monitoring.probes import selectors as probes
from monitoring.probes.models import Sample
from monitoring.probes.selectors import ProbeState

SHOWN = timedelta(minutes=10)
WIDTH, HEIGHT, FLOOR = 240, 38, 40
MOST = 2000


@dataclass(frozen=True)
class Row:
    """One probe, ready to be drawn."""

    state: ProbeState
    name: str
    is_ok: bool | None
    is_reading: bool  # a number was read, which says nothing about whether it is a good one
    words: str
    points: str
    failures: list[int]
    alternative: str


def rows_of(part: Part, now: datetime) -> list[Row]:
    """All probes of a part. Two queries."""
    states = probes.probe_state(part)
    samples = defaultdict(list)
    since = now - SHOWN
    found = Sample.objects.filter(series_id__in=[state.probe.series_id for state in states], at__gte=since).order_by("-at")
    for series_id, at, value, is_ok in found.values_list("series_id", "at", "value", "is_ok")[:MOST]:
        samples[series_id].append((at, value, is_ok))
    return [_row(state, samples[state.probe.series_id][::-1], since) for state in states]


def _row(state: ProbeState, samples: list[tuple[datetime, float | None, bool]], since: datetime) -> Row:
    first, last_at = (samples[0][0], samples[-1][0]) if samples else (since, since)
    length = max(last_at - first, timedelta(seconds=1))
    values = [value for _at, value, _ok in samples if value is not None]
    top = max(values, default=0.0) or 1.0
    points = [f"{_x(at, first, length):.0f},{FLOOR - value / top * HEIGHT:.1f}" for at, value, _ok in samples if value is not None]
    failures = [round(_x(at, first, length)) for at, _value, ok in samples if not ok]
    last = "" if state.took_ms is None else f"{state.took_ms} ms"
    if state.kind == "metric":
        last = measures.measured(values[-1], state.probe.series) if values else ""
    said = {"healthy": True, "failing": False}.get(state.state) is state.is_ok  # the sign beside it says as much
    words = " · ".join(filter(None, ["" if said else str(state.state_label), last]))
    alternative = _("the last ten minutes: %(count)d answers, at most %(top)s, %(failures)d failures") % {
        "count": len(samples),
        "top": measures.measured(max(values, default=0.0), state.probe.series),
        "failures": len(failures),
    }
    is_reading = state.kind == "metric" and state.is_ok is True
    return Row(state, state.name, state.is_ok, is_reading, words, " ".join(points) if len(points) > 1 else "", failures[-60:], alternative)


def _x(at: datetime, first: datetime, length: timedelta) -> float:
    return max(0.0, min(1.0, (at - first) / length)) * WIDTH
