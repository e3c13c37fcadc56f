"""The source that the probes' own alerts come from."""

from __future__ import annotations

from kernel import clock, journal
from kernel.actors import SYSTEM
from monitoring.alerts import directory as directories
from monitoring.alerts.directory import KnownSource
from monitoring.alerts.events import SourceCreated
from monitoring.alerts.models import Source

NAME = "probes"


def own_source() -> KnownSource:
    """The console's own source, made at the first alert. Inside a transaction."""
    source, is_new = Source.objects.get_or_create(kind=Source.Kind.PROBE, name=NAME, defaults={"created_at": clock.now()})
    if is_new:
        journal.record(SourceCreated(source_id=source.public_id, kind=source.kind, source=source.name), subject=source, actor=SYSTEM)
    known = directories.current().sources.get(source.pk)
    return known or directories.load().sources[source.pk]
