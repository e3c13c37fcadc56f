"""Inputs of this room's moves that the kernel does not have."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from kernel.errors import Invalid
from kernel.inputs import Input

_LONGEST = 20_000  # characters


@dataclass(frozen=True, kw_only=True)
class JsonObject(Input):
    """A JSON object, given as one (API) or as its text (form)."""

    multiline: bool = True

    @property
    def empty(self) -> dict[str, Any]:
        """Nothing in it."""
        return {}

    def read(self, value: Any) -> dict[str, Any]:
        """Refuses what is no JSON object."""
        if isinstance(value, str) and len(value) <= _LONGEST:
            try:
                value = json.loads(value)
            except (ValueError, RecursionError) as error:
                raise Invalid(field=self.label, problem=_("this is not JSON: %(why)s.") % {"why": str(error)[:100]}) from error
        if not isinstance(value, dict):
            raise Invalid(field=self.label, problem=_("this must be a JSON object."))
        return value
