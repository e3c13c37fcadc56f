"""A test alert of a source: shows where its alerts go and that they are seen, without opening an incident or calling anybody."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from kernel import clock, journal
from kernel.actors import Actor
from kernel.errors import Conflict
from kernel.permissions import require
from monitoring.alerts import directory as directories
from monitoring.alerts.adapters.alertin import Action, AlertIn, Reading
from monitoring.alerts.events import SourceTested
from monitoring.alerts.models import Source
from monitoring.alerts.sentences import TEST_WORDS
from monitoring.alerts.services.filing import Filing
from monitoring.alerts.services.intake import DirectoryChanged, again_when_changed, intake_store

DEDUP_KEY = "switchback-test"
LIFE = timedelta(minutes=5)  # then it is over by itself
UNTESTABLE = (Source.Kind.HEARTBEAT, Source.Kind.PROBE)


def is_testable(source: Source) -> bool:
    """Whether alerts are filed through it: a heartbeat and our own probes have none to send."""
    return source.kind not in UNTESTABLE


@again_when_changed
@transaction.atomic
def source_test(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> Source:
    """File a harmless alert (severity info, over after five minutes) as if this source had told it.

    Raises NotPermitted, Stale, Conflict for a kind without alerts and where the source's words would make it open an incident.
    """
    source = Source.lock(public_id, version=version)
    require(actor, "monitoring.source_test", source)
    if not is_testable(source):
        raise Conflict(problem=_("Sources of this kind send no alerts of their own."))
    now = clock.now()
    known = directories.current().sources.get(source.pk)
    if known is None:
        directories.load()
        raise DirectoryChanged
    alert = AlertIn(
        dedup_key=DEDUP_KEY,
        action=Action.TRIGGER,
        summary=TEST_WORDS,
        severity=Source.Severity.INFO.value,
        labels={"test": "switchback"},
        ends_at=now + LIFE,
        refreshes=True,
    )
    if directories.current().route(known, alert, now, None).opens_incident:
        raise Conflict(problem=_("By this source's words and rules a test would open an incident: it was not sent."))
    journal.record(SourceTested(source_id=source.public_id), subject=source, actor=actor, reason=reason)
    intake_store([Filing(source=known, format="generic", reading=Reading([alert]), body=b"")])
    return source
