"""People's names in Chinese, for labels that were written down in English: entries of the journal, proposals, calls."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from django.db import InterfaceError, OperationalError
from django.db.models.signals import post_save

from contingency.org.models import User

KEPT_FOR_S = 60.0  # another process may have added somebody
_known: tuple[float, Mapping[str, str]] | None = None


def names_zh() -> Mapping[str, str]:
    """English name → Chinese name, where it is certain: not for two people of one English name. One query a minute and process."""
    global _known
    now = time.monotonic()
    if _known is None or now - _known[0] > KEPT_FOR_S:
        found: dict[str, str] = {}
        double = set()
        try:
            rows = list(User.objects.exclude(display_name_zh="").values_list("display_name", "display_name_zh"))
        except (OperationalError, InterfaceError):  # a page that says so must not fail for want of a name
            return _known[1] if _known is not None else {}
        for english, chinese in rows:
            if found.setdefault(english, chinese) != chinese:
                double.add(english)
        _known = (now, {english: chinese for english, chinese in found.items() if english not in double})
    return _known[1]


def _forget(**_sent: Any) -> None:
    global _known
    _known = None


post_save.connect(_forget, sender=User, dispatch_uid="names_zh")
