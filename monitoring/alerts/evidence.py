"""What is known of an alert besides its row: the body it came in, and its earlier episodes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import QuerySet

from monitoring.alerts import directory as directories
from monitoring.alerts import formats, parsing
from monitoring.alerts.adapters import pagerduty
from monitoring.alerts.models import Alert, FailedIntake, IntakeBody

_CANDIDATES = 50  # bodies stored in one instant; more come in no transaction
_NEAR = timedelta(milliseconds=1)
_KEYS = re.compile(r'("(?:routing_key|service_key|api_key|integration_key|token|password)"\s*:\s*")[^"]*"?', re.IGNORECASE)

_EPISODES = """
SELECT i.source_id, i.dedup_key, a.episode_start
FROM unnest(%s::bigint[], %s::text[]) AS i(source_id, dedup_key)
JOIN alerts_alert a ON a.source_id = i.source_id AND a.dedup_key = i.dedup_key AND a.episode_start >= %s
"""


def body_of(alert: Alert) -> IntakeBody | None:
    """The stored body in which this episode was first told; None when it is older than two weeks or came from ourselves.

    Bodies do not know their alerts (a storm would write a row for each), so those of that instant are read again.
    """
    near = IntakeBody.objects.filter(source_id=alert.source_id, received_at__range=(alert.first_seen_at - _NEAR, alert.first_seen_at + _NEAR))
    for body in near.order_by("id")[:_CANDIDATES]:
        if alert.dedup_key in _keys_in(body):
            return body
    return None


def _keys_in(body: IntakeBody) -> set[str]:
    source = directories.current().sources.get(body.source_id)
    if source is None:
        return set()
    try:
        payload = parsing.read_json(body.as_it_came(), content_type=body.headers.get("content-type", ""))
        reading = formats.read(body.format, payload, source=source, body_id=body.public_id)
    except (parsing.Refused, pagerduty.Invalid):
        return set()
    return {item.dedup_key for item in reading.alerts}


def shown(body: IntakeBody | FailedIntake) -> str:
    """A body as text for people: keys are masked, what is no text is shown as such."""
    raw = body.as_it_came() if isinstance(body, IntakeBody) else bytes(body.body or b"")
    return masked(raw.decode("utf-8", "replace"))


def masked(text: str) -> str:
    """Text of a body without the keys in it."""
    return _KEYS.sub(r'\1***"', text.replace("\x00", "\ufffd"))


def episodes_of(alert: Alert) -> QuerySet[Alert]:
    """All episodes of the same alert, newest first."""
    return Alert.objects.filter(source_id=alert.source_id, dedup_key=alert.dedup_key).order_by("-episode_start")


def starts_since(alerts: Iterable[Alert], since: datetime) -> dict[tuple[int, str], list[datetime]]:
    """When each of these alerts began since then: (source, key) → starts. One query by an index, however many alerts."""
    identities = sorted({(alert.source_id, alert.dedup_key) for alert in alerts})
    found: dict[tuple[int, str], list[datetime]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_EPISODES, [[source for source, _key in identities], [key for _source, key in identities], since])
        for source_id, key, start in cursor.fetchall():
            found.setdefault((source_id, key), []).append(start)
    return found
