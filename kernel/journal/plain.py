"""Turning what events carry into plain JSON that Postgres stores and a verifier can recompute."""

from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import orjson
from django.utils.functional import Promise

_AS_THEY_ARE = frozenset({bool, int, float})  # a storm of alerts passes here some twenty times per alert: the common ones first


def plain(value: Any) -> Any:
    """UUID, datetime (UTC, ISO), Decimal, timedelta (seconds), enum, dataclass, lazy text → JSON values; others refuse."""
    if value is None or type(value) in _AS_THEY_ARE:
        return value
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, int | float):
        return value
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, UUID | Decimal | Promise):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, dict):
        return {clean_text(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"An entry cannot carry a {type(value).__name__}.")


def clean_text(text: str) -> str:
    """Replace what Postgres cannot store: NUL and lone surrogates."""
    if text.isascii():
        return text.replace("\x00", "\ufffd") if "\x00" in text else text
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")


def dumps(value: Any) -> str:
    """Compact JSON of plain values."""
    return orjson.dumps(value).decode()
