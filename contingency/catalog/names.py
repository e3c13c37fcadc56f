"""Guarded parts' names in Chinese, for labels that were written down in English: entries of the journal."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from django.db import InterfaceError, OperationalError
from django.db.models.signals import post_save

from contingency.catalog.models import Part

KEPT_FOR_S = 60.0  # another process may have defined one
_known: tuple[float, Mapping[str, str]] | None = None


def part_names_zh() -> Mapping[str, str]:
    """English name → Chinese name, where it is certain: not for two parts of one English name. One query a minute and process."""
    global _known
    now = time.monotonic()
    if _known is None or now - _known[0] > KEPT_FOR_S:
        found: dict[str, set[str]] = {}
        try:
            for english, chinese in Part.objects.exclude(name_zh="").values_list("name_en", "name_zh"):
                found.setdefault(english, set()).add(chinese)
        except (OperationalError, InterfaceError):  # a page that says so must not fail for want of a name
            return _known[1] if _known is not None else {}
        _known = (now, {english: next(iter(names)) for english, names in found.items() if len(names) == 1})
    return _known[1]


def _forget(**_sent: Any) -> None:
    global _known
    _known = None


post_save.connect(_forget, sender=Part, dispatch_uid="part_names_zh")
