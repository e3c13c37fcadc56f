"""Writing series; higher rooms publish their own measures here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from contingency.catalog.models import Part, Side
from monitoring.probes.models import Sample, Series


def samples_add(*, part: Part, name: str, samples: Iterable[tuple[datetime, float]], unit: str = "", side: Side | None = None) -> Series:
    """Add numbers to a series of a part, making it at the first. Two or three queries, however many numbers."""
    series, _made = Series.objects.get_or_create(part=part, side=side, name=name, defaults={"unit": unit})
    Sample.objects.bulk_create([Sample(series=series, at=at, value=value) for at, value in samples])
    return series
