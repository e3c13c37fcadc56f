"""Heartbeats: jobs that report that they are alive, and the alert when they do not."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from kernel import clock
from monitoring.alerts import directory as directories
from monitoring.alerts.adapters.alertin import Action, AlertIn, Reading
from monitoring.alerts.directory import KnownSource
from monitoring.alerts.models import Heartbeat
from monitoring.alerts.parsing import scrub_text
from monitoring.alerts.services.filing import Filing
from monitoring.alerts.services.intake import again_when_changed, intake_store

KEY = "heartbeat"
SHOWN_LIMIT = 10_000  # characters of a ping's body that are kept
BATCH = 500


class Ping(NamedTuple):
    """One ping. `what`: success, start, fail, log; `exit_status` where the job told it (0 is success)."""

    source: KnownSource
    what: str
    exit_status: int | None
    body: bytes
    received_at: datetime | None = None
    body_id: UUID | None = None


@again_when_changed
@transaction.atomic
def heartbeat_ping(ping: Ping) -> None:
    """Take one ping: a success puts off the alarm and ends it, a failure raises it at once. A late replay changes nothing newer."""
    heartbeat = Heartbeat.objects.select_for_update().get(source_id=ping.source.id)
    at = ping.received_at or clock.now()
    is_newest = heartbeat.last_ping_at is None or at >= heartbeat.last_ping_at
    heartbeat.ping_count += 1
    if not is_newest:
        heartbeat.save(update_fields=["ping_count"])
        return
    heartbeat.last_body = scrub_text(ping.body.decode("utf-8", "replace"))[:SHOWN_LIMIT]
    if ping.what == "start":
        heartbeat.last_started_at = at
    elif ping.what != "log":
        _finished(heartbeat, ping, at)
    heartbeat.save()


def _finished(heartbeat: Heartbeat, ping: Ping, at: datetime) -> None:
    failed = ping.what == "fail" or bool(ping.exit_status)
    if heartbeat.last_started_at is not None:
        heartbeat.last_took, heartbeat.last_started_at = at - heartbeat.last_started_at, None
    heartbeat.last_exit_status = ping.exit_status
    heartbeat.last_ping_at = at
    heartbeat.due_at = at + heartbeat.period + heartbeat.grace
    if failed:
        summary = _("%(name)s reported failure") % {"name": ping.source.name}
        if ping.exit_status:
            summary += f" (exit status {ping.exit_status})"
        _store(ping.source, Action.TRIGGER, summary, at=at, description=heartbeat.last_body)
    elif heartbeat.is_late:
        _store(ping.source, Action.RESOLVE, "", at=at)
    heartbeat.is_late = failed


def heartbeats_overdue() -> int:
    """Raise alerts for the jobs that have been silent for longer than their period and grace."""
    raised = 0
    while batch := _overdue_batch():
        raised += batch
    return raised


@again_when_changed
@transaction.atomic
def _overdue_batch() -> int:
    now = clock.now()
    due = Heartbeat.objects.select_for_update(skip_locked=True).filter(is_late=False, due_at__lte=now).order_by("due_at")[:BATCH]
    late = list(due)
    if not late:
        return 0
    directory = directories.current()
    if any(heartbeat.source_id not in directory.sources for heartbeat in late):
        directory = directories.load()
    filings = []
    for heartbeat in late:
        source = directory.sources[heartbeat.source_id]
        summary = _("%(name)s has not reported in time") % {"name": source.name}
        filings.append(_filing(source, Action.TRIGGER, summary, at=None, starts_at=heartbeat.due_at))
    intake_store(filings)
    Heartbeat.objects.filter(pk__in=[heartbeat.pk for heartbeat in late]).update(is_late=True)
    return len(late)


def _store(source: KnownSource, action: Action, summary: str, *, at: datetime, description: str = "") -> None:
    intake_store([_filing(source, action, summary, at=at, starts_at=at if action is Action.TRIGGER else None, description=description)])


def _filing(source: KnownSource, action: Action, summary: str, *, at: datetime | None, starts_at: datetime | None, description: str = "") -> Filing:
    alert = AlertIn(
        dedup_key=KEY,
        action=action,
        summary=summary,
        description=description,
        labels={"alertname": "Heartbeat", "source": source.name},
        starts_at=starts_at,
    )
    return Filing(source=source, format="ping", reading=Reading([alert]), body=b"", received_at=at)


def overdue_since() -> datetime | None:
    """Since when the longest-silent job should have been told of; None when none is."""
    return (
        Heartbeat.objects.filter(is_late=False, due_at__isnull=False, due_at__lte=clock.now())
        .order_by("due_at")
        .values_list("due_at", flat=True)
        .first()
    )
