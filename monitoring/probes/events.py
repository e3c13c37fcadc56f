"""Facts that probes leave in the journal. Samples leave none."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class ProbeFailed:
    """So many failures in a row as its threshold says; the first of them was at `failing_since`."""

    name: ClassVar[str] = "monitoring.probe_failed.v1"
    probe_id: UUID
    part_id: UUID
    side: str
    problem: str
    failures: int
    failing_since: datetime


@dataclass(frozen=True, kw_only=True)
class ProbeRecovered:
    """It answers as it should (`is_first`: for the first time)."""

    name: ClassVar[str] = "monitoring.probe_recovered.v1"
    probe_id: UUID
    part_id: UUID
    side: str
    is_first: bool
    failed_for_s: float


@dataclass(frozen=True, kw_only=True)
class ProbeDefined:
    """What is probed, how often, with which threshold, was set or changed."""

    name: ClassVar[str] = "monitoring.probe_defined.v1"
    probe_id: UUID
    kind: str
    target: str


@dataclass(frozen=True, kw_only=True)
class ProbePaused:
    """Nobody asks it until it is resumed."""

    name: ClassVar[str] = "monitoring.probe_paused.v1"
    probe_id: UUID


@dataclass(frozen=True, kw_only=True)
class ProbeResumed:
    """It is asked again."""

    name: ClassVar[str] = "monitoring.probe_resumed.v1"
    probe_id: UUID


@dataclass(frozen=True, kw_only=True)
class TargetAllowed:
    """Probes may reach this range."""

    name: ClassVar[str] = "monitoring.target_allowed.v1"
    network: str
    ports: str
