"""Facts that alerts, silences and sources leave in the journal. Ids and codes only; people's words are in `reason`."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class AlertRaised:
    """A new episode of an alert fires (repeats of it write nothing). `opens_incident`: by its matcher, its severity, the silences."""

    name: ClassVar[str] = "monitoring.alert_raised.v1"
    alert_id: UUID
    source_id: UUID
    part_id: UUID | None
    fault_class: str
    fault_kind: str
    severity: str
    summary: str
    started_at: datetime
    opens_incident: bool
    is_flapping: bool = False


@dataclass(frozen=True, kw_only=True)
class AlertAcknowledged:
    """Somebody, or the sender, has seen it."""

    name: ClassVar[str] = "monitoring.alert_acknowledged.v1"
    alert_id: UUID
    part_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class AlertResolved:
    """It fires no more. `resolved_by`: sender, group, expired, superseded, person. Never resolves an incident."""

    name: ClassVar[str] = "monitoring.alert_resolved.v1"
    alert_id: UUID
    part_id: UUID | None
    fault_class: str
    resolved_by: str
    resolved_at: datetime


@dataclass(frozen=True, kw_only=True)
class AlertFlapping:
    """It comes and goes again and again; from here on the journal hears of its turns at most every 30 seconds."""

    name: ClassVar[str] = "monitoring.alert_flapping.v1"
    alert_id: UUID
    part_id: UUID | None
    turns: int


@dataclass(frozen=True, kw_only=True)
class SilenceCreated:
    """Until `ends_at` such alerts open no incident."""

    name: ClassVar[str] = "monitoring.silence_created.v1"
    silence_id: UUID
    part_id: UUID | None
    matchers: dict[str, str]
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class SilenceEnded:
    """It is over; `announced` alerts that still fired then were told of."""

    name: ClassVar[str] = "monitoring.silence_ended.v1"
    silence_id: UUID
    announced: int


@dataclass(frozen=True, kw_only=True)
class SourceCreated:
    """A monitoring tool may file alerts."""

    name: ClassVar[str] = "monitoring.source_created.v1"
    source_id: UUID
    kind: str
    source: str


@dataclass(frozen=True, kw_only=True)
class SourceChanged:
    """Where its alerts go, or how its bodies are read, was changed."""

    name: ClassVar[str] = "monitoring.source_changed.v1"
    source_id: UUID


@dataclass(frozen=True, kw_only=True)
class SourceTested:
    """A person had a test alert filed as if this source had told it."""

    name: ClassVar[str] = "monitoring.source_tested.v1"
    source_id: UUID


@dataclass(frozen=True, kw_only=True)
class SourceKeyIssued:
    """A source got a new key; `hint` are its first characters."""

    name: ClassVar[str] = "monitoring.source_key_issued.v1"
    source_id: UUID
    hint: str


@dataclass(frozen=True, kw_only=True)
class SourceKeyRevoked:
    """A key is no longer accepted."""

    name: ClassVar[str] = "monitoring.source_key_revoked.v1"
    source_id: UUID
    hint: str


@dataclass(frozen=True, kw_only=True)
class IntakeFailed:
    """A body was authenticated but could not be stored as alerts; it waits in the inbox. Repeats of it write nothing."""

    name: ClassVar[str] = "monitoring.intake_failed.v1"
    failed_intake_id: UUID
    source_id: UUID
    code: str
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class FailedIntakeReplayed:
    """After the mapping was mended it could be read."""

    name: ClassVar[str] = "monitoring.failed_intake_replayed.v1"
    failed_intake_id: UUID
    alert_count: int


@dataclass(frozen=True, kw_only=True)
class FailedIntakeDiscarded:
    """Nothing in it was worth an alert."""

    name: ClassVar[str] = "monitoring.failed_intake_discarded.v1"
    failed_intake_id: UUID
