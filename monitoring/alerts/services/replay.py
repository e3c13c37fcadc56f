"""Reading again what could not be stored when it came: from the spool after Postgres was away, from the inbox after a mapping was mended."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from uuid import UUID

import psycopg2
import structlog
from django.db import connection, transaction

from kernel import clock, fsm, journal
from kernel.actors import Actor
from kernel.errors import NotFound
from kernel.permissions import require
from monitoring.alerts import directory as directories
from monitoring.alerts import formats, metrics, parsing
from monitoring.alerts.adapters import pagerduty
from monitoring.alerts.adapters.alertin import Action, AlertIn, Reading
from monitoring.alerts.directory import KnownSource
from monitoring.alerts.errors import NotReadable
from monitoring.alerts.events import FailedIntakeDiscarded, FailedIntakeReplayed
from monitoring.alerts.models import FailedIntake
from monitoring.alerts.services import inbox
from monitoring.alerts.services.filing import Filing
from monitoring.alerts.services.heartbeats import Ping, heartbeat_ping
from monitoring.alerts.services.intake import again_when_changed, intake_store
from monitoring.alerts.spool import Spool, Spooled

log = structlog.get_logger("monitoring")
_BATCH = 50  # bodies stored in one transaction

_ALREADY_STORED = """
SELECT s.n
FROM unnest(%s::int[], %s::uuid[], %s::bigint[], %s::timestamptz[], %s::bytea[], %s::bool[]) AS s(n, public_id, source_id, at, sha256, is_keyless)
WHERE EXISTS (SELECT 1 FROM alerts_intake_body b WHERE b.public_id = s.public_id)
   OR (s.is_keyless AND EXISTS (SELECT 1 FROM alerts_intake_body b WHERE b.received_at >= s.at AND b.source_id = s.source_id AND b.sha256 = s.sha256))
"""


def spool_replay() -> int:
    """Store what waits in this machine's spool, in the order of its coming. Returns how many bodies.

    Idempotent: a body that is stored already (by its id; one without a dedup key also by its digest, when the sender sent it
    again meanwhile) is passed over. A file goes only when all of it is committed.
    """
    spool = directories.spool()
    replayed = 0
    with spool.replaying() as files:
        for path in files:
            for batch in _batches(Spool.read(path)):
                replayed += _store_batch(batch)
            Spool.done(path)
    if replayed:
        log.info("spool_replayed", bodies=replayed)
    return replayed


def spool_oldest() -> datetime | None:
    """Since when something waits in this machine's spool, by the machine's clock."""
    oldest = directories.spool().oldest()
    return datetime.fromtimestamp(oldest, tz=UTC) if oldest is not None else None


def _batches(records: Iterable[Spooled]) -> Iterator[list[Spooled]]:
    iterator = iter(records)
    while batch := list(islice(iterator, _BATCH)):
        yield batch


@again_when_changed
@transaction.atomic
def _store_batch(batch: list[Spooled]) -> int:
    directory = directories.current()
    filings: list[Filing] = []
    pings: list[Ping] = []
    stored = 0
    for record in batch:
        source = directory.sources.get(record.source_id)
        if source is None:
            continue  # the source is gone
        if record.format == formats.PING:
            pings.append(ping_of(record.path, source, record.body, received_at=record.received_at))
            continue
        filings.append(_filing_of(record, source))
    known = _already_stored(filings)
    filings = [filing for number, filing in enumerate(filings) if number not in known]
    if filings:
        stored += sum(outcome.is_new for outcome in intake_store(filings))
    for ping in pings:
        heartbeat_ping(ping)
    metrics.REPLAYED.inc(stored + len(pings))
    return stored + len(pings)


def _already_stored(filings: list[Filing]) -> set[int]:
    if not filings:
        return set()
    parameters: list[Any] = [
        list(range(len(filings))),
        [filing.body_id for filing in filings],
        [filing.source.id for filing in filings],
        [filing.received_at for filing in filings],
        [psycopg2.Binary(hashlib.sha256(filing.body).digest()) for filing in filings],
        [_is_keyless(filing) for filing in filings],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_ALREADY_STORED, parameters)
        return {number for (number,) in cursor.fetchall()}


def _is_keyless(filing: Filing) -> bool:
    """Whether the sender gave no dedup key, so that only the body tells a repetition from a second alert."""
    return filing.format == formats.PAGERDUTY and any(alert.dedup_key == filing.body_id.hex for alert in filing.reading.alerts)


def _filing_of(record: Spooled, source: KnownSource) -> Filing:
    reading = _read(record.format, record.body, record.headers.get("content-type", ""), source, record.body_id)
    # what the sender did not date happened when it came, not now
    alerts = [_dated(alert, record.received_at) for alert in reading.alerts]
    return Filing(
        source=source,
        format=record.format,
        reading=reading._replace(alerts=alerts),
        body=record.body,
        headers=record.headers,
        body_id=record.body_id,
        received_at=record.received_at,
    )


def _read(wire_format: str, body: bytes, content_type: str, source: KnownSource, body_id: UUID) -> Reading:
    """Read a body that was readable when it came; one that is not goes to the inbox."""
    try:
        payload = parsing.read_json(body, content_type=content_type)
        return formats.read(wire_format, payload, source=source, body_id=body_id)
    except (parsing.Refused, pagerduty.Invalid) as error:
        return Reading([], [inbox.unreadable(body, str(error))])


def _dated(alert: AlertIn, at: datetime) -> AlertIn:
    if alert.action is Action.RESOLVE:
        return alert if alert.ends_at else alert._replace(ends_at=at)
    return alert if alert.starts_at else alert._replace(starts_at=at)


def ping_of(path: str, source: KnownSource, body: bytes, *, received_at: datetime | None = None) -> Ping:
    """A ping from its address: …/start, …/fail, …/log, …/<exit status>, or nothing for success."""
    word = path.rstrip("/").rpartition("/")[2]
    if word.isdecimal() and len(word) <= 3:
        return Ping(source, "success" if int(word) == 0 else "fail", min(int(word), 255), body, received_at)
    return Ping(source, word if word in ("start", "fail", "log") else "success", None, body, received_at)


@transaction.atomic
def failed_intake_replay(*, public_id: UUID, version: int, actor: Actor, reason: str = "") -> FailedIntake:
    """Read a body of the inbox again and store its alerts. Raises NotPermitted, InvalidTransition, NotReadable."""
    failed = FailedIntake.lock(public_id, version=version)
    require(actor, "monitoring.failed_intake_replay", failed)
    if failed.body is None:
        raise NotReadable(problem=failed.detail)
    source = directories.load().sources.get(failed.source_id)
    if source is None:
        raise NotFound(kind="source")
    now = clock.now()
    body = bytes(failed.body)
    filing = _replayed_filing(failed, source, body)
    intake_store([filing])
    fsm.move(failed, failed.replay, at=now, alert_count=len(filing.reading.alerts))
    event = FailedIntakeReplayed(failed_intake_id=failed.public_id, alert_count=failed.alert_count)
    journal.record(event, subject=failed, under=[failed.source], actor=actor, reason=reason)
    return failed


def _replayed_filing(failed: FailedIntake, source: KnownSource, body: bytes) -> Filing:
    # its own id: replayed twice (after an undo of the move) it is stored once
    body_id = failed.public_id
    try:
        payload = parsing.read_json(body)
        reading = formats.read(failed.format, payload, source=source, body_id=body_id)
    except parsing.Refused as error:
        raise NotReadable(problem=error.detail) from error
    except pagerduty.Invalid as error:
        raise NotReadable(problem="; ".join(error.errors)) from error
    if not reading.alerts:
        raise NotReadable(problem=reading.problems[0].detail if reading.problems else failed.detail)
    alerts = [_dated(alert, failed.received_at) for alert in reading.alerts]
    return Filing(source=source, format=failed.format, reading=Reading(alerts), body=body, headers=failed.headers, body_id=body_id)


@transaction.atomic
def failed_intake_discard(*, public_id: UUID, version: int, actor: Actor, reason: str = "") -> FailedIntake:
    """Take a body out of the inbox without storing anything. Raises NotPermitted, InvalidTransition."""
    failed = FailedIntake.lock(public_id, version=version)
    require(actor, "monitoring.failed_intake_discard", failed)
    fsm.move(failed, failed.discard)
    journal.record(FailedIntakeDiscarded(failed_intake_id=failed.public_id), subject=failed, under=[failed.source], actor=actor, reason=reason)
    return failed
