"""What each format's clients expect to hear, to the letter."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from monitoring.alerts import formats
from monitoring.alerts.parsing import Refused
from monitoring.alerts.requests import Request
from monitoring.alerts.services.filing import Filing

_JSON = "application/json"
RETRY_AFTER_S = 5
_KEY_IN_PATH = re.compile(r"(/in/[a-z]+/[^/]{0,4})[^/]*")


class Answer(NamedTuple):
    """An HTTP answer."""

    status: int
    body: bytes = b""
    content_type: str = _JSON
    headers: Mapping[str, str] = {}


def _json(status: int, value: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, orjson.dumps(value), headers=headers or {})


def masked(path: str) -> str:
    """An address as it may be written down: of the key only its first four characters."""
    return _KEY_IN_PATH.sub(r"\1***", path)


def of_the_door(request: Request) -> Answer | None:
    """404 and 405, before anybody looks at the body."""
    if not request.door.format:
        return _json(404, {"error": "not found"})
    if request.method not in request.door.methods:
        return _json(405, {"error": "method not allowed"}, {"Allow": ", ".join(sorted(request.door.methods))})
    return None


def unknown_key(wire_format: str) -> Answer:
    """A stranger's key: as if the address did not exist; PagerDuty's clients read `errors`."""
    if wire_format == formats.PAGERDUTY:
        return pagerduty_invalid(["'routing_key' is invalid: no source has this key"])
    return _json(404, {"error": "not found"})


def pagerduty_invalid(errors: list[str]) -> Answer:
    """PagerDuty's own words for an event that it does not take."""
    return _json(400, {"status": "invalid event", "message": "Event object is invalid", "errors": errors})


def refused(wire_format: str, error: Refused) -> Answer:
    """Too large, broken, or in an encoding that we do not read."""
    if wire_format == formats.PAGERDUTY and error.status == 400:
        return pagerduty_invalid([error.detail])
    if wire_format == formats.PROMETHEUS and error.status == 400:
        return Answer(400, orjson.dumps(error.detail))  # Alertmanager answers with a JSON string
    return _json(error.status, {"error": error.code, "detail": error.detail})


def away() -> Answer:
    """Postgres is away: come again soon. The only refusal that Alertmanager's webhook retries at once."""
    return _json(503, {"error": "unavailable"}, {"Retry-After": str(RETRY_AFTER_S)})


def busy() -> Answer:
    """More waits than we can take."""
    return _json(503, {"error": "overloaded"}, {"Retry-After": "1"})


def slow() -> Answer:
    """The sender did not finish its request."""
    return _json(408, {"error": "timeout"}, {"Connection": "close"})


def stored(wire_format: str, path: str, filing: Filing | None) -> Answer:
    """It is in Postgres."""
    if wire_format == formats.PING:
        return Answer(200, b"OK", "text/plain; charset=utf-8", {"Ping-Body-Limit": str(formats.LIMITS[formats.PING])})
    if wire_format == formats.PROMETHEUS:
        return Answer(200, b'{"status":"success"}' if "/api/v1/" in path else b"")
    assert filing is not None
    alerts, problems = filing.reading.alerts, filing.reading.problems
    if wire_format == formats.PAGERDUTY:
        dedup_key = alerts[0].dedup_key if alerts else filing.body_id.hex
        return _json(202, {"status": "success", "message": "Event processed", "dedup_key": dedup_key})
    values = {
        "status": "ok" if not problems else "partly kept for review",
        "alerts": len(alerts),
        "problems": [problem.detail for problem in problems],
    }
    return _json(202 if wire_format == formats.GENERIC else 200, values)
