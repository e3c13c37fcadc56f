"""The reception desk: from a request to an answer, whichever server it came through.

Authenticate, read, store, and only then answer 2xx. Many requests may be handed in together: their alerts are stored in one
transaction, so that the commit is paid once. When Postgres is away the bodies go to the spool and the answer is 503.
Nothing here answers 500: what is authenticated and parseable but cannot be stored is kept in the inbox.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction

from kernel import clock
from monitoring.alerts import answers, formats, metrics, parsing
from monitoring.alerts import directory as directories
from monitoring.alerts.adapters import pagerduty
from monitoring.alerts.adapters.alertin import Problem, Reading
from monitoring.alerts.answers import Answer
from monitoring.alerts.directory import KnownSource
from monitoring.alerts.requests import Door, Request
from monitoring.alerts.services import inbox
from monitoring.alerts.services.filing import Filing
from monitoring.alerts.services.heartbeats import Ping, heartbeat_ping
from monitoring.alerts.services.intake import DirectoryChanged, intake_store
from monitoring.alerts.services.replay import ping_of
from monitoring.alerts.spool import Full, Spooled

log = structlog.get_logger("monitoring")
_TRIES = 4
_TRY_AGAIN = frozenset({"40001", "40P01", "55P03"})  # serialization failure, deadlock, lock not available


@dataclass(slots=True)
class _Case:
    """One request on its way: what was found out, and the answer as soon as there is one."""

    request: Request
    source: KnownSource | None = None
    body: bytes = b""
    filing: Filing | None = None
    ping: Ping | None = None
    answer: Answer | None = None
    failure: tuple[str, str] | None = None  # code and detail for the inbox


def receive(request: Request) -> Answer:
    """Take one request in."""
    return receive_many([request])[0]


def receive_many(requests: Sequence[Request]) -> list[Answer]:
    """Take requests in together: one answer each, in order. Never raises for anything a sender can do."""
    cases = [_Case(request) for request in requests]
    given = _store(cases)
    for case, answer in zip(cases, given, strict=True):
        metrics.REQUESTS.labels(case.request.door.format, str(answer.status)).inc()
    return given


def _store(cases: list[_Case]) -> list[Answer]:
    problem: Exception | None = None
    for attempt in range(_TRIES):
        try:
            return _attempt(cases)
        except DirectoryChanged:
            continue
        except (OperationalError, InterfaceError) as error:
            problem = error
            if _sqlstate(error) in _TRY_AGAIN:
                time.sleep(random.uniform(0.001, 0.02) * (attempt + 1))
                continue
            connection.close()  # a connection that died with a restarted server; the next one tells whether it is back
            if attempt > 0:
                break
        except Exception as error:  # noqa: BLE001 - the last resort: whatever it is, the sender must not retry it for ever
            if len(cases) > 1:
                return [answer for case in cases for answer in _store([_Case(case.request)])]
            return [_last_resort(cases[0], error)]
    log.warning("intake_without_database", requests=len(cases), problem=type(problem).__name__)
    return spool_all([case.request for case in cases])


def _sqlstate(error: DatabaseError | InterfaceError) -> str:
    return getattr(error.__cause__, "pgcode", None) or ""


def _attempt(cases: Sequence[_Case]) -> list[Answer]:
    for case in cases:
        case.answer = case.filing = case.ping = case.failure = None
        _prepare(case)
    filings = [case.filing for case in cases if case.filing is not None]
    if filings:
        intake_store(filings)
    for case in cases:
        if case.ping is not None:
            heartbeat_ping(case.ping)
        if case.failure is not None and case.source is not None:
            _keep_failed(case, *case.failure)
    _count(filings)
    return [case.answer or answers.stored(case.request.door.format, case.request.path, case.filing) for case in cases]


def _count(filings: Sequence[Filing]) -> None:
    for filing in filings:
        metrics.ALERTS.labels(filing.format).inc(len(filing.reading.alerts))
        for problem in filing.reading.problems:
            metrics.FAILED.labels(filing.format, problem.code).inc()


# -- reading a request ----------------------------------------------------------------------------------------------------------


def _prepare(case: _Case) -> None:
    """Find out whose body it is and what it says; leaves an answer where there is nothing to store."""
    request = case.request
    door = request.door
    case.answer = answers.of_the_door(request)
    if case.answer is not None:
        return
    try:
        if door.format == formats.PAGERDUTY:
            _prepare_pagerduty(case)
            return
        case.source = _source_for(door, door.key)
        if case.source is None:
            case.answer = answers.unknown_key(door.format)
            return
        case.body = _unpacked(request)
        if door.format == formats.PING:
            case.ping = ping_of(request.path, case.source, case.body)._replace(body_id=case.request.body_id)
            return
        _file(case, parsing.read_json(case.body, content_type=request.headers.get("content-type", "")))
    except parsing.Refused as error:
        _refuse(case, error)


def _prepare_pagerduty(case: _Case) -> None:
    """The key is in the body; from one that is too large or broken it is picked out, so that its owner learns of it."""
    request = case.request
    try:
        case.body = _unpacked(request)
        payload = parsing.read_json(case.body, content_type=request.headers.get("content-type", ""))
    except parsing.Refused:
        case.source = _source_for(request.door, pagerduty.key_in(request.body))
        raise
    key = pagerduty.routing_key_of(payload) or request.headers.get("x-routing-key", "")
    case.source = _source_for(request.door, key)
    if isinstance(payload, dict) and key and "routing_key" not in payload:
        payload["routing_key"] = key
    errors = pagerduty.errors_of(payload)
    if case.source is None:
        case.answer = answers.pagerduty_invalid(errors or ["'routing_key' is invalid: no source has this key"])
    elif errors:
        case.answer = answers.pagerduty_invalid(errors)
        case.failure = ("invalid_event", "; ".join(errors))
    else:
        _file(case, payload)


def _source_for(door: Door, key: str) -> KnownSource | None:
    source = directories.authenticate(key) if key else None
    return source if source is not None and source.kind in formats.KINDS[door.format] else None


def _unpacked(request: Request) -> bytes:
    limit = formats.LIMITS[request.door.format]
    if request.is_cut:
        raise parsing.TooLarge(f"{request.size_bytes} bytes or more, the limit is {limit}")
    return parsing.unpack(request.body, encoding=request.headers.get("content-encoding", ""), limit=limit)


def _file(case: _Case, payload: object) -> None:
    assert case.source is not None
    door = case.request.door
    try:
        reading = formats.read(door.format, payload, source=case.source, body_id=case.request.body_id)
    except Exception as error:
        log.error("intake_adapter_failed", format=door.format, exc_info=True)  # noqa: G201
        reading = Reading([], [Problem("unforeseen", f"{type(error).__name__}: {error}"[:300], payload)])
    case.filing = Filing(
        source=case.source,
        format=door.format,
        reading=reading,
        body=case.body,
        headers=parsing.kept_headers(case.request.headers),
        body_id=case.request.body_id,
    )


def _refuse(case: _Case, error: parsing.Refused) -> None:
    case.answer = answers.refused(case.request.door.format, error)
    case.failure = (error.code, error.detail)


def _keep_failed(case: _Case, code: str, detail: str) -> None:
    assert case.source is not None
    too_large = code == parsing.TooLarge.code
    with transaction.atomic():
        inbox.keep_failed(
            source=case.source,
            wire_format=case.request.door.format,
            code=code,
            detail=detail,
            body=None if too_large else case.body or case.request.body,
            headers=parsing.kept_headers(case.request.headers),
            now=clock.now(),
            size_bytes=case.request.size_bytes,
        )
    metrics.FAILED.labels(case.request.door.format, code).inc()


# -- when it cannot be stored ---------------------------------------------------------------------------------------------------


def _last_resort(case: _Case, error: Exception) -> Answer:
    """Nobody foresaw this body: keep it raw in the inbox and say yes, so that its sender does not send it for ever."""
    door = case.request.door
    log.error("intake_last_resort", format=door.format, problem=type(error).__name__, exc_info=error)
    if case.answer is not None:
        return case.answer
    if case.source is None:
        return answers.refused(door.format, parsing.BrokenJson("the body cannot be read"))
    try:
        _keep_failed(case, "unforeseen", f"{type(error).__name__}: {error}")
    except DatabaseError:
        return spool_all([case.request])[0]
    empty = Filing(source=case.source, format=door.format, reading=Reading([]), body=case.body, body_id=case.request.body_id)
    return answers.stored(door.format, case.request.path, case.filing or empty)


def spool_all(requests: Sequence[Request]) -> list[Answer]:
    """Keep the bodies on disk, in one sync, and answer 503: 2xx is said only for what Postgres holds.

    Strangers are refused as usual, by the copy of the keys' digests; so is what is no JSON. Needs no database.
    """
    spool = directories.spool()
    keys = directories.known_keys()
    records: list[Spooled] = []
    given: list[Answer] = []
    for request in requests:
        answer, record = _spoolable(request, keys)
        given.append(answer)
        if record is not None:
            records.append(record)
    if records:
        try:
            spool.append(records)
        except (Full, OSError) as error:
            metrics.UNSPOOLED.inc(len(records))
            log.error("spool_refused", problem=type(error).__name__, bodies=len(records))
        else:
            for record in records:
                metrics.SPOOLED.labels(record.format).inc()
    return given


def _spoolable(request: Request, keys: directories.KnownKeys) -> tuple[Answer, Spooled | None]:
    answer = answers.of_the_door(request)
    if answer is not None:
        return answer, None
    door = request.door
    try:
        body = _unpacked(request)
        payload = None if door.format == formats.PING else parsing.read_json(body, content_type=request.headers.get("content-type", ""))
    except parsing.Refused as error:
        return answers.refused(door.format, error), None
    key = door.key if door.format != formats.PAGERDUTY else pagerduty.routing_key_of(payload)
    known = keys.get(directories.digest_of(key)) if key else None
    if known is None or known.kind not in formats.KINDS[door.format]:
        return answers.unknown_key(door.format), None
    record = Spooled(
        body_id=request.body_id,
        source_id=known.source_id,
        format=door.format,
        received_at=directories.presumed_now(),
        headers=parsing.kept_headers(request.headers),
        path=answers.masked(request.path),
        body=body,
    )
    return answers.away(), record
