"""Lengths of time as people write them in the plan: `20 s`, `5 min`, `2 h`, `7 d`."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer
from pydantic_core import PydanticCustomError

_WRITTEN = re.compile(r"([0-9]{1,6}) ?(s|min|h|d)")
_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "min": timedelta(minutes=1), "s": timedelta(seconds=1)}
_LONGEST = timedelta(days=366)


def parse(value: Any) -> timedelta:
    """Raises PydanticCustomError `duration` for anything but a whole number with a unit."""
    found = _WRITTEN.fullmatch(value.strip()) if isinstance(value, str) else None
    length = int(found.group(1)) * _UNITS[found.group(2)] if found else None
    if length is None or length > _LONGEST:
        raise PydanticCustomError("duration", "a length of time such as “20 s”, “5 min”, “2 h” or “7 d”")
    return length


def spell(length: timedelta) -> str:
    """The largest unit that needs no fraction, but hours up to three days: recovery targets are spoken of as “24 h”."""
    if length % _UNITS["d"] == timedelta(0) and length > timedelta(days=3):
        return f"{length // _UNITS['d']} d"
    for unit in ("h", "min"):
        if length and length % _UNITS[unit] == timedelta(0):
            return f"{length // _UNITS[unit]} {unit}"
    return f"{length // _UNITS['s']} s"


Duration = Annotated[timedelta, BeforeValidator(parse), PlainSerializer(spell)]
