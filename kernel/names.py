"""Chinese names of rows that labels write down by their English ones: entries of the journal, proposals, calls."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from django.db import InterfaceError, OperationalError, models
from django.db.models.signals import post_save

KEPT_FOR_S = 60.0  # another process may have added one


class ChineseNames:
    """English name → Chinese name of one model's rows, where it is certain: not for two rows of one English name.

    One query a minute and process, and after each save here. For `kernel.i18n.register_names`.
    """

    def __init__(self, model: type[models.Model], english: str, chinese: str) -> None:
        self._model, self._english, self._chinese = model, english, chinese
        self._known: tuple[float, Mapping[str, str]] | None = None
        post_save.connect(self.forget, sender=model, weak=False)

    def __call__(self) -> Mapping[str, str]:
        now = time.monotonic()
        if self._known is None or now - self._known[0] > KEPT_FOR_S:
            found: dict[str, set[str]] = {}
            named = self._model._default_manager
            try:
                for english, chinese in named.exclude(**{self._chinese: ""}).values_list(self._english, self._chinese):
                    found.setdefault(english, set()).add(chinese)
            except (OperationalError, InterfaceError):  # a page that says so must not fail for want of a name
                return self._known[1] if self._known is not None else {}
            self._known = (now, {english: next(iter(names)) for english, names in found.items() if len(names) == 1})
        return self._known[1]

    def forget(self, **_sent: Any) -> None:
        """Ask again at the next question."""
        self._known = None
