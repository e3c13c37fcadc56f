"""What comes through the door, ready to be stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from kernel.timed_ids import id_in_time
from monitoring.alerts.adapters.alertin import Reading
from monitoring.alerts.directory import KnownSource


class Home(NamedTuple):
    """Where alerts of our own belong, unless a matcher claims them."""

    part_id: int
    fault_class: str


@dataclass(slots=True, kw_only=True)
class Filing:
    """One body and what its adapter read in it. `received_at`: None for now, else when it came (replays)."""

    source: KnownSource
    format: str
    reading: Reading
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    body_id: UUID = field(default_factory=id_in_time)
    received_at: datetime | None = None
    home: Home | None = None


@dataclass(slots=True)
class Stored:
    """What became of one filing. `is_new`: False when its body had been stored before, and nothing was done."""

    is_new: bool
