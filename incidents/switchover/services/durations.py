"""How long things took: told by whoever did them, also by rooms above."""

from datetime import datetime

from contingency.catalog.models import Part
from incidents.switchover.models import Duration
from kernel import clock


def duration_record(*, part: Part, what: str, took_ms: int, at: datetime | None = None) -> Duration:
    """Remember one duration, in milliseconds. `what` is a path of names, such as "restore/full". A measure: no journal entry."""
    return Duration.objects.create(part=part, what=what, took_ms=max(0, took_ms), at=at or clock.now())
