"""Numbers of a series as people say them: 47 ms, 1.24 s, 99.8 %, 3.4 MB. What a measure is called on a screen."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from monitoring.probes.models import Probe, Series

SECONDS_FROM = 1.0  # below, milliseconds are easier to compare


def measured(value: float, series: Series) -> str:
    """A number with its unit: the series' own, else the base unit that the end of a Prometheus name tells."""
    if series.unit:
        return f"{_short(value)} {series.unit}"
    if series.name.endswith("_seconds"):
        return f"{_short(value)} s" if abs(value) >= SECONDS_FROM else f"{_short(value * 1000)} ms"
    if series.name.endswith("_ratio"):
        return percent(f"{value * 100:.1f}".removesuffix(".0"))
    if series.name.endswith("_bytes"):
        return bytes_said(value)
    return _short(value)


def percent(number: str) -> str:
    """99.8 %; in Chinese without the space."""
    return _("%(number)s %%") % {"number": number}


def bytes_said(count: float) -> str:
    """0 B, 12 kB, 3.4 MB, 2.1 GB."""
    if abs(count) < 1000:
        return f"{count:.0f} B"
    for unit in ("kB", "MB"):
        count /= 1000
        if abs(count) < 1000:
            return f"{count:.0f} {unit}" if unit == "kB" else f"{count:.1f} {unit}"
    return f"{count / 1000:.1f} GB"


def names_of(found: Iterable[Series]) -> dict[int, str]:
    """Series key → the name of the probe that reads it; a series that nobody's probe reads is not there. One query."""
    return dict(Probe.objects.filter(series__in=list(found), kind=Probe.Kind.METRIC).values_list("series_id", "name"))


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
