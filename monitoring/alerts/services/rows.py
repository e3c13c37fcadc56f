"""The intake's statements: one to lock and read, one each to change and to add, however many alerts there are."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from django.db import connection

from monitoring.alerts.directory import STAMP_SQL
from monitoring.alerts.episodes import Episode, Identity, Orphan

# Our advisory locks, taken in this order. An ordinary batch shares its sources and has its identities to itself; one with very
# many identities has its sources to itself instead, because Postgres' lock table holds some 6,400 locks by default.
_SOURCES, _GROUPS, _IDENTITIES = 5117, 5118, 5119  # nobody else in the console uses these numbers
FINE_LIMIT = 256  # identities locked one by one

_EPISODE_COLUMNS = """a.id, a.public_id, a.episode_start, a.state, a.severity, a.summary, a.first_seen_at, a.last_seen_at, a.opens_incident,
    a.part_id, a.fault_class, a.fault_kind_id, a.times_seen, a.expires_at, a.acknowledged_at, a.resolved_at, a.resolved_by, a.resolve_told_at,
    a.refires, a.is_flapping, a.announced_at, a.announce_at"""

# The texts below are put together from constants of ours only.
_LOCK = """
SELECT CASE WHEN is_shared THEN pg_advisory_xact_lock_shared(space, key)::text ELSE pg_advisory_xact_lock(space, key)::text END
FROM unnest(%(spaces)s::int[], %(locks)s::int[], %(shared)s::bool[]) AS l(space, key, is_shared)
"""
_READ = f"""
WITH present AS MATERIALIZED (SELECT switchback_now() AS moment, {STAMP_SQL} AS stamp)
SELECT p.moment, p.stamp, q.n, o.episode_start, o.ended_at, o.times_seen, {_EPISODE_COLUMNS}
FROM present p
LEFT JOIN unnest(%(sources)s::bigint[], %(keys)s::text[]) WITH ORDINALITY AS q(source_id, dedup_key, n) ON true
LEFT JOIN alerts_orphan_resolve o ON o.source_id = q.source_id AND o.dedup_key = q.dedup_key
LEFT JOIN LATERAL (
    SELECT * FROM alerts_alert x WHERE x.source_id = q.source_id AND x.dedup_key = q.dedup_key
    ORDER BY x.episode_start DESC LIMIT 1 FOR UPDATE
) a ON true
"""  # noqa: S608

_READ_OLDER = f"""
SELECT q.n, {_EPISODE_COLUMNS}
FROM unnest(%(sources)s::bigint[], %(keys)s::text[], %(starts)s::timestamptz[], %(numbers)s::int[]) AS q(source_id, dedup_key, start, n)
JOIN alerts_alert a ON a.source_id = q.source_id AND a.dedup_key = q.dedup_key AND a.episode_start = q.start
ORDER BY a.id FOR UPDATE OF a
"""  # noqa: S608

_UPDATE = """
UPDATE alerts_alert AS a SET
    state = v.state, severity = v.severity, opens_incident = v.opens_incident, times_seen = v.times_seen, last_seen_at = v.last_seen_at,
    expires_at = v.expires_at, acknowledged_at = v.acknowledged_at, resolved_at = v.resolved_at, resolved_by = v.resolved_by,
    resolve_told_at = v.resolve_told_at, announced_at = v.announced_at, announce_at = v.announce_at, summary = coalesce(v.summary, a.summary),
    description = coalesce(v.description, a.description), annotations = coalesce(v.annotations, a.annotations),
    version = a.version + (a.state <> v.state)::int
FROM jsonb_to_recordset(%s::jsonb) AS v(
    id bigint, state text, severity text, opens_incident boolean, times_seen bigint, last_seen_at timestamptz, expires_at timestamptz,
    acknowledged_at timestamptz, resolved_at timestamptz, resolved_by text, resolve_told_at timestamptz, announced_at timestamptz,
    announce_at timestamptz, summary text, description text, annotations jsonb)
WHERE a.id = v.id
"""

_NEW_COLUMNS = (
    "public_id", "version", "source_id", "dedup_key", "episode_start", "state", "severity", "summary", "description", "labels", "annotations",
    "part_id", "fault_class", "fault_kind_id", "opens_incident", "times_seen", "first_seen_at", "last_seen_at", "expires_at", "group_key",
    "is_group_cut", "generator_url", "acknowledged_at", "resolved_at", "resolved_by", "resolve_told_at", "refires", "is_flapping", "announced_at",
    "announce_at",
)  # fmt: skip
_COPY = f"COPY alerts_alert ({', '.join(_NEW_COLUMNS)}) FROM STDIN"
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_NULL = "\\N"

_KEEP_ORPHANS = """
INSERT INTO alerts_orphan_resolve (source_id, dedup_key, episode_start, ended_at, received_at, times_seen)
SELECT source_id, dedup_key, episode_start, ended_at, received_at, times_seen
FROM jsonb_to_recordset(%s::jsonb) AS v(
    source_id bigint, dedup_key text, episode_start timestamptz, ended_at timestamptz, received_at timestamptz, times_seen int)
ON CONFLICT (source_id, dedup_key) DO UPDATE SET
    episode_start = excluded.episode_start, ended_at = excluded.ended_at, received_at = excluded.received_at, times_seen = excluded.times_seen
"""

_OPEN_IN_GROUP = f"""
SELECT a.source_id, a.dedup_key, {_EPISODE_COLUMNS} FROM alerts_alert a
WHERE a.source_id = %s AND a.group_key = %s AND a.group_key <> '' AND a.state IN ('firing', 'acknowledged') AND (a.is_group_cut OR %s)
ORDER BY a.id FOR UPDATE
"""  # noqa: S608

_MARK_GROUP_CUT = """
UPDATE alerts_alert SET is_group_cut = true WHERE id IN (
    SELECT id FROM alerts_alert WHERE source_id = %s AND group_key = %s AND state IN ('firing', 'acknowledged') AND NOT is_group_cut
    ORDER BY id FOR UPDATE)
"""


class Known(NamedTuple):
    """The database's time, the stamp of what processes remember, and what is known of each identity asked for."""

    now: datetime
    stamp: str
    identities: dict[tuple[int, str], Identity]


class NewRow(NamedTuple):
    """An episode to add, with what only the identity knows."""

    identity: Identity
    episode: Episode
    is_group_cut: bool


def _lock_key(source_id: int, text: str) -> int:
    """The lock of an identity or group; two that share one only wait for each other."""
    return zlib.crc32(f"{source_id}:{text}".encode()) - 2**31


def _locks(wanted: Sequence[tuple[int, str]], groups: Iterable[tuple[int, str]]) -> dict[str, list[Any]]:
    """Spaces, keys and modes, in the one order that everybody takes them in."""
    is_fine = len(wanted) <= FINE_LIMIT
    locks = [(_SOURCES, source_id, is_fine) for source_id in sorted({source_id for source_id, _key in wanted})]
    locks += sorted({(_GROUPS, _lock_key(*group), False) for group in groups})
    if is_fine:
        locks += sorted({(_IDENTITIES, _lock_key(*identity), False) for identity in wanted})
    return {"spaces": [lock[0] for lock in locks], "locks": [lock[1] for lock in locks], "shared": [lock[2] for lock in locks]}


def lock_and_read(wanted: Sequence[tuple[int, str]], groups: Iterable[tuple[int, str]] = ()) -> Known:
    """Lock the identities (and cut groups) until the end of the transaction, in one order for everybody, and read what is known.

    Two statements in one round trip: what is read must be younger than the lock.
    """
    locks = _locks(wanted, groups)
    parameters: dict[str, list[Any]] = locks | {"sources": [source_id for source_id, _key in wanted], "keys": [key for _source_id, key in wanted]}
    with connection.cursor() as cursor:
        cursor.execute(f"{_LOCK}; {_READ}" if locks["locks"] else _READ, parameters)
        rows = cursor.fetchall()
    identities = {identity: Identity(source_id=identity[0], dedup_key=identity[1]) for identity in wanted}
    now, stamp = rows[0][0], rows[0][1]
    for _moment, _stamp, number, orphan_start, ended_at, orphan_times, *columns in rows:
        if number is None:
            continue
        identity = identities[wanted[number - 1]]
        if ended_at is not None:
            identity.orphan = Orphan(orphan_start, ended_at, orphan_times)
        if columns[0] is not None:
            identity.latest = episode_of(columns)
    return Known(now, stamp, identities)


def read_older(wanted: Sequence[tuple[Identity, datetime]]) -> None:
    """Lock and read further episodes by their start, for alerts that come late."""
    parameters: dict[str, list[Any]] = {
        "sources": [identity.source_id for identity, _start in wanted],
        "keys": [identity.dedup_key for identity, _start in wanted],
        "starts": [start for _identity, start in wanted],
        "numbers": list(range(len(wanted))),
    }
    with connection.cursor() as cursor:
        cursor.execute(_READ_OLDER, parameters)
        for number, *columns in cursor.fetchall():
            episode = episode_of(columns)
            wanted[number][0].others[episode.start] = episode


def open_in_group(source_id: int, group_key: str, *, all_of_it: bool) -> list[tuple[str, Episode]]:
    """Lock and read the open alerts of a group that a cut message may have left out: (dedup key, episode)."""
    with connection.cursor() as cursor:
        cursor.execute(_OPEN_IN_GROUP, [source_id, group_key, all_of_it])
        return [(key, episode_of(columns)) for _source_id, key, *columns in cursor.fetchall()]


def mark_group_cut(source_id: int, group_key: str) -> None:
    """Remember of the open alerts of a group that a message left some out."""
    with connection.cursor() as cursor:
        cursor.execute(_MARK_GROUP_CUT, [source_id, group_key])


def episode_of(columns: Sequence[Any]) -> Episode:
    """An episode from a row of the columns above."""
    return Episode(
        id=columns[0],
        public_id=str(columns[1]),
        start=columns[2],
        state=columns[3],
        severity=columns[4],
        summary=columns[5],
        first_seen_at=columns[6],
        last_seen_at=columns[7],
        opens_incident=columns[8],
        part_id=columns[9],
        fault_class=columns[10],
        fault_kind_id=columns[11],
        times_seen=columns[12],
        expires_at=columns[13],
        acknowledged_at=columns[14],
        resolved_at=columns[15],
        resolved_by=columns[16],
        resolve_told_at=columns[17],
        refires=columns[18],
        is_flapping=columns[19],
        announced_at=columns[20],
        announce_at=columns[21],
    )


def update(episodes: Sequence[Episode]) -> None:
    """Write changed episodes."""
    _execute(_UPDATE, [_changed(episode) for episode in sorted(episodes, key=lambda item: item.id or 0)])


def insert(rows: Sequence[NewRow]) -> None:
    """Write new episodes, in the order of their identities.

    By COPY, which spares the database the reading of a long statement; the identities are locked, so nothing can clash.
    """
    if not rows:
        return
    lines = io.StringIO("".join([_line(row) for row in rows]))
    with connection.cursor() as cursor, connection.wrap_database_errors:
        cursor.copy_expert(_COPY, lines)


def keep_orphans(identities: Sequence[Identity], *, at: datetime) -> None:
    """Write ends that came without a beginning."""
    _execute(
        _KEEP_ORPHANS,
        [
            {
                "source_id": identity.source_id,
                "dedup_key": identity.dedup_key,
                "episode_start": identity.orphan.start,
                "ended_at": identity.orphan.ended_at,
                "received_at": at,
                "times_seen": identity.orphan.times_seen,
            }
            for identity in identities
            if identity.orphan is not None
        ],
    )


def _execute(sql: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(sql, [orjson.dumps(rows).decode()])


def _changed(episode: Episode) -> dict[str, Any]:
    told = episode.told
    return {
        "id": episode.id,
        "state": episode.state,
        "severity": episode.severity,
        "opens_incident": episode.opens_incident,
        "times_seen": episode.times_seen,
        "last_seen_at": episode.last_seen_at,
        "expires_at": episode.expires_at,
        "acknowledged_at": episode.acknowledged_at,
        "resolved_at": episode.resolved_at,
        "resolved_by": episode.resolved_by,
        "resolve_told_at": episode.resolve_told_at,
        "announced_at": episode.announced_at,
        "announce_at": episode.announce_at,
        "summary": told.summary if told else None,
        "description": told.description if told else None,
        "annotations": told.annotations if told else None,
    }


def _line(row: NewRow) -> str:
    """One row as COPY reads it, in the order of the columns above."""
    episode, told = row.episode, row.episode.told
    assert told is not None
    first = episode.first_seen_at.isoformat()
    return "\t".join(
        (
            episode.public_id,
            "1",
            str(row.identity.source_id),
            _text(row.identity.dedup_key),
            episode.start.isoformat(),
            episode.state,
            episode.severity,
            _text(told.summary),
            _text(told.description),
            _json(told.labels),
            _json(told.annotations),
            _number(episode.part_id),
            episode.fault_class,
            _number(episode.fault_kind_id),
            _flag(episode.opens_incident),
            str(episode.times_seen),
            first,
            first if episode.last_seen_at is episode.first_seen_at else episode.last_seen_at.isoformat(),
            _moment(episode.expires_at),
            _text(told.group_key),
            _flag(row.is_group_cut),
            _text(told.generator_url),
            _moment(episode.acknowledged_at),
            _moment(episode.resolved_at),
            episode.resolved_by,
            _moment(episode.resolve_told_at),
            str(episode.refires),
            _flag(episode.is_flapping),
            first if episode.announced_at is episode.first_seen_at else _moment(episode.announced_at),
            _moment(episode.announce_at) + "\n",
        )
    )


def _text(value: str) -> str:
    return value.translate(_ESCAPES) if "\\" in value or "\n" in value or "\t" in value or "\r" in value else value


def _json(value: dict[str, str]) -> str:
    if not value:
        return "{}"
    text = orjson.dumps(value).decode()
    return text.replace("\\", "\\\\") if "\\" in text else text  # JSON has no raw tabs or line ends


def _moment(value: datetime | None) -> str:
    return value.isoformat() if value is not None else _NULL


def _number(value: int | None) -> str:
    return str(value) if value is not None else _NULL


def _flag(value: bool) -> str:
    return "t" if value else "f"
