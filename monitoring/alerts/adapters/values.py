"""Reading single values of a foreign body: texts, labels, times. Nothing here raises on a wrong type."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

LABELS_LIMIT = 64  # labels kept of one alert; Prometheus' own default sample limit is 30
NAME_LIMIT = 200  # characters of a label's name
VALUE_LIMIT = 4_096  # characters of a label's value
SUMMARY_LIMIT = 1_024  # characters, as PagerDuty cuts
TEXT_LIMIT = 15_000  # characters, as Opsgenie cuts
KEY_LIMIT = 255  # characters of a dedup key, as PagerDuty allows; longer ones are hashed
URL_LIMIT = 2_000  # characters
_EARLIEST, _LATEST = datetime(1971, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_MILLISECONDS_FROM = 100_000_000_000  # an epoch number above this counts milliseconds, not seconds


def text(value: Any, limit: int = TEXT_LIMIT) -> str:
    """A value as one text: numbers and truth values as JSON writes them, anything nested as compact JSON, null as empty."""
    if isinstance(value, str):
        return value if len(value) <= limit else value[: limit - 1] + "…"
    if value is None:
        return ""
    if isinstance(value, bool | int | float | dict | list):
        return text(json.dumps(value, ensure_ascii=False, separators=(",", ":")), limit)
    return text(str(value), limit)


def first_text(*values: Any, limit: int = TEXT_LIMIT) -> str:
    """The first value that says anything."""
    return next((found for value in values if (found := text(value, limit).strip())), "")


def labels_of(value: Any) -> dict[str, str]:
    """Labels as text to text; those without a value are left out, as Alertmanager does, and beyond 64 the rest."""
    if not isinstance(value, dict):
        return {}
    found = {
        name[:NAME_LIMIT]: cleaned
        for name, item in value.items()
        if (cleaned := item if type(item) is str and len(item) < VALUE_LIMIT else text(item, VALUE_LIMIT))
    }
    if len(found) > LABELS_LIMIT:
        found = dict(sorted(found.items())[:LABELS_LIMIT])
    return found


def moment(value: Any) -> datetime | None:
    """A time in UTC: RFC 3339 with any fraction, ISO 8601, or an epoch number; None for nothing, nonsense and Go's zero time."""
    try:
        if isinstance(value, str):
            if value.startswith("0001-") or not value:
                return None
            found = datetime.fromisoformat(value.strip())
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found = datetime.fromtimestamp(value / 1000 if value > _MILLISECONDS_FROM else value, tz=UTC)
        else:
            return None
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return found if _EARLIEST <= found <= _LATEST else None


def key_of(value: Any) -> str:
    """A dedup key: the text itself, or its digest where it is too long for an index."""
    found = value.strip() if isinstance(value, str) else text(value, VALUE_LIMIT)
    return found if len(found) <= KEY_LIMIT else "sha256:" + hashlib.sha256(found.encode("utf-8", "replace")).hexdigest()


def key_of_labels(labels: Mapping[str, Any], extra: Iterable[str] = ()) -> str:
    """Identity of a set of labels, whatever their order; `extra` tells apart what the labels alone do not."""
    parts = [f"{name}\xff{text(value)}" for name, value in sorted(labels.items()) if value not in ("", None)]
    return hashlib.sha256("\xfe".join([*parts, *extra]).encode("utf-8", "replace")).hexdigest()[:32]


def url_of(value: Any) -> str:
    """A web address that is safe to show as a link; anything but http(s) is dropped."""
    found = value.strip() if isinstance(value, str) else ""
    return found[:URL_LIMIT] if found[:8].lower().startswith(("http://", "https://")) else ""


def identity_of(fingerprint: Any, labels: Mapping[str, Any], words: str) -> str:
    """The sender's own fingerprint, else the labels. Without `alertname` a severity alone would be the identity, and
    strangers would merge: then the words tell them apart."""
    if isinstance(fingerprint, str) and fingerprint.strip():
        return key_of(fingerprint)
    return key_of_labels(labels, () if "alertname" in labels else (words,))
