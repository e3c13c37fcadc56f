"""Keeping bodies as they came, and those that could not be read."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import psycopg2
from django.db import connection

from kernel import journal
from kernel.journal import Record, Ref
from monitoring.alerts.adapters.alertin import Problem
from monitoring.alerts.directory import KnownSource
from monitoring.alerts.events import IntakeFailed
from monitoring.alerts.parsing import write_json
from monitoring.alerts.services.filing import Filing

KEPT_LIMIT = 5 * 1024 * 1024  # bytes of one failed body that are kept

PACKED_FROM = 2048  # bytes; packing here is quicker than Postgres' own, and the statement shorter

_KEEP_BODIES = """
INSERT INTO alerts_intake_body (public_id, source_id, format, received_at, headers, sha256, body, is_packed, alert_count)
SELECT v.public_id, v.source_id, v.format, v.received_at, v.headers, b.sha256, b.body, v.is_packed, v.alert_count
FROM jsonb_to_recordset(%s::jsonb) AS v(
    n int, public_id uuid, source_id bigint, format text, received_at timestamptz, headers jsonb, is_packed boolean, alert_count int)
JOIN unnest(%s::bytea[], %s::bytea[]) WITH ORDINALITY AS b(sha256, body, n) ON b.n = v.n
ORDER BY v.n
ON CONFLICT (public_id) DO NOTHING RETURNING public_id
"""

_KEEP_FAILED = """
INSERT INTO alerts_failed_intake AS f (public_id, version, source_id, format, state, code, detail, headers, size_bytes, sha256, body,
                                       times_seen, received_at, last_received_at, alert_count)
VALUES (gen_random_uuid(), 1, %s, %s, 'waiting', %s, %s, %s, %s, %s, %s, 1, %s, %s, 0)
ON CONFLICT (source_id, sha256, code) WHERE state = 'waiting'
DO UPDATE SET times_seen = f.times_seen + 1, last_received_at = excluded.last_received_at
RETURNING public_id, times_seen
"""


def keep_bodies(filings: Sequence[Filing], *, now: datetime) -> set[UUID]:
    """Keep the raw bodies in one statement. Returns the ids of those that were not stored already.

    That is how a retry after a lost connection, and the spool, count nothing twice.
    """
    if not filings:
        return set()
    values = [
        {
            "n": number,
            "public_id": filing.body_id,
            "source_id": filing.source.id,
            "format": filing.format,
            "received_at": filing.received_at or now,
            "headers": filing.headers,
            "is_packed": len(filing.body) >= PACKED_FROM,
            "alert_count": len(filing.reading.alerts),
        }
        for number, filing in enumerate(filings, start=1)
    ]
    digests = [psycopg2.Binary(hashlib.sha256(filing.body).digest()) for filing in filings]
    bodies = [psycopg2.Binary(zlib.compress(filing.body, 1) if len(filing.body) >= PACKED_FROM else filing.body) for filing in filings]
    with connection.cursor() as cursor:
        cursor.execute(_KEEP_BODIES, [orjson.dumps(values).decode(), digests, bodies])
        return {public_id for (public_id,) in cursor.fetchall()}


def keep_problems(problems: Sequence[tuple[Filing, Problem]], *, now: datetime) -> None:
    """Put the unreadable parts of bodies into the inbox, in a form that can be posted again."""
    for filing, problem in problems:
        keep_failed(
            source=filing.source,
            wire_format=filing.format,
            code=problem.code,
            detail=problem.detail,
            body=write_json(problem.body),
            headers=filing.headers,
            now=filing.received_at or now,
        )


def keep_failed(
    *,
    source: KnownSource,
    wire_format: str,
    code: str,
    detail: str,
    body: bytes | None,
    headers: Mapping[str, str],
    now: datetime,
    size_bytes: int | None = None,
) -> UUID:
    """One body into the failed-intake inbox; the same one again only counts up. `body` None: too large to keep."""
    size = size_bytes if size_bytes is not None else len(body or b"")
    kept = body if body is not None and len(body) <= KEPT_LIMIT else None
    digest = hashlib.sha256(body if body is not None else f"{wire_format} {size}".encode()).digest()
    parameters: list[Any] = [source.id, wire_format, code, detail[:500], orjson.dumps(dict(headers)).decode(), size, psycopg2.Binary(digest)]
    parameters.append(psycopg2.Binary(kept) if kept is not None else None)
    with connection.cursor() as cursor:
        cursor.execute(_KEEP_FAILED, [*parameters, now, now])
        public_id, times_seen = cursor.fetchone()
    if times_seen == 1:
        event = IntakeFailed(failed_intake_id=public_id, source_id=source.public_id, code=code, size_bytes=size)
        subject = Ref("failed_intake", str(public_id), f"{source.name}: {code}")
        under = (Ref("source", str(source.public_id), source.name),)
        journal.record_many([Record(event=event, subject=subject, under=under, after={"state": "waiting"})], actor=source.actor)
    return UUID(str(public_id))


def unreadable(body: bytes, detail: str) -> Problem:
    """A whole body that cannot be parsed, as an entry of the inbox."""
    return Problem("unreadable", detail, body.decode("utf-8", "replace"))
