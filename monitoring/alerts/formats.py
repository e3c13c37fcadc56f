"""The formats we take, each with its limit and its adapter."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from monitoring.alerts.adapters import alertmanager, generic, pagerduty, prometheus
from monitoring.alerts.adapters.alertin import Reading
from monitoring.alerts.directory import KnownSource
from monitoring.alerts.parsing import BODY_LIMIT, GROUP_LIMIT

ALERTMANAGER, PROMETHEUS, PAGERDUTY, GENERIC, PING = "alertmanager", "prometheus", "pagerduty", "generic", "ping"

LIMITS = {ALERTMANAGER: GROUP_LIMIT, PROMETHEUS: GROUP_LIMIT, PAGERDUTY: BODY_LIMIT, GENERIC: BODY_LIMIT, PING: 100_000}
_TOOLS = frozenset({"alertmanager", "prometheus", "pagerduty"})
# A key belongs to its source, not to a path: an Alertmanager may as well speak PagerDuty. Only what needs more than a key is bound.
KINDS = {
    ALERTMANAGER: _TOOLS,
    PROMETHEUS: _TOOLS,
    PAGERDUTY: _TOOLS | {"generic"},
    GENERIC: frozenset({"generic"}),
    PING: frozenset({"heartbeat"}),
}


def read(wire_format: str, payload: Any, *, source: KnownSource, body_id: UUID) -> Reading:
    """Turn a parsed body into alerts by the adapter of its format. Raises pagerduty.Invalid."""
    if wire_format == ALERTMANAGER:
        return alertmanager.read(payload)
    if wire_format == PROMETHEUS:
        return prometheus.read(payload)
    if wire_format == PAGERDUTY:
        return pagerduty.read(payload, new_key=body_id.hex)
    return generic.read(payload, mapping=source.mapping)
