"""What became of an incident, from the first alert to the end."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class IncidentOpened:
    """A disturbance became an incident: by alerts, by an outage, or by a person."""

    name: ClassVar[str] = "incidents.incident_opened.v1"
    incident_id: UUID
    number: str
    part_id: UUID
    part: str
    fault_class: str
    proposed_grade: str
    detected_by: str
    title: str
    failing_since: datetime
    alert_count: int = 0
    alert_ids: list[UUID] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class AlertsJoined:
    """Further alerts of the same part and class came in; one entry per batch, the first fifty are named."""

    name: ClassVar[str] = "incidents.alerts_joined.v1"
    incident_id: UUID
    alert_count: int
    alert_ids: list[UUID]
    worst_severity: str


@dataclass(frozen=True, kw_only=True)
class AlertsFlapping:
    """Alerts of this incident fire and resolve again and again; further turns are counted, not recorded."""

    name: ClassVar[str] = "incidents.alerts_flapping.v1"
    incident_id: UUID
    alert_count: int
    turns: int


@dataclass(frozen=True, kw_only=True)
class AlertsCleared:
    """Every alert of the incident was resolved by its sender. A hint, never a recovery."""

    name: ClassVar[str] = "incidents.alerts_cleared.v1"
    incident_id: UUID
    alert_count: int


@dataclass(frozen=True, kw_only=True)
class IncidentConfirmed:
    """INC-01: type, scope and severity were decided by a person."""

    name: ClassVar[str] = "incidents.incident_confirmed.v1"
    incident_id: UUID
    grade: str
    fault_class: str
    stops_business: bool
    failing_since: datetime
    at: datetime


@dataclass(frozen=True, kw_only=True)
class GradeRaised:
    """INC-02: a higher grade, decided by a person."""

    name: ClassVar[str] = "incidents.grade_raised.v1"
    incident_id: UUID
    grade: str
    earlier: str


@dataclass(frozen=True, kw_only=True)
class GradeLowered:
    """INC-02: a lower grade, decided by a person, with a reason."""

    name: ClassVar[str] = "incidents.grade_lowered.v1"
    incident_id: UUID
    grade: str
    earlier: str


@dataclass(frozen=True, kw_only=True)
class BusinessStopped:
    """It turned out that the part's business stands still."""

    name: ClassVar[str] = "incidents.business_stopped.v1"
    incident_id: UUID
    failing_since: datetime


@dataclass(frozen=True, kw_only=True)
class IncidentLocated:
    """The fault was found: what it is, and its kind where known."""

    name: ClassVar[str] = "incidents.incident_located.v1"
    incident_id: UUID
    text: str
    fault_kind: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class HandlingStarted:
    """People began to act on it."""

    name: ClassVar[str] = "incidents.handling_started.v1"
    incident_id: UUID
    at: datetime


@dataclass(frozen=True, kw_only=True)
class VerifyingStarted:
    """The measures were taken; recovery is being verified."""

    name: ClassVar[str] = "incidents.verifying_started.v1"
    incident_id: UUID
    at: datetime


@dataclass(frozen=True, kw_only=True)
class IncidentResolved:
    """INC-07: the end was declared; overridden conditions are named, and counted as that."""

    name: ClassVar[str] = "incidents.incident_resolved.v1"
    incident_id: UUID
    overridden: list[str]
    at: datetime


@dataclass(frozen=True, kw_only=True)
class ReviewStarted:
    """Summary and evaluation began."""

    name: ClassVar[str] = "incidents.review_started.v1"
    incident_id: UUID
    at: datetime


@dataclass(frozen=True, kw_only=True)
class IncidentClosed:
    """The report is accepted; nothing more is to be done here."""

    name: ClassVar[str] = "incidents.incident_closed.v1"
    incident_id: UUID
    number: str
    grade: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class FalseAlarmDeclared:
    """It was nothing."""

    name: ClassVar[str] = "incidents.incident_false_alarm.v1"
    incident_id: UUID
    at: datetime


@dataclass(frozen=True, kw_only=True)
class IncidentMerged:
    """It is the same disturbance as another one, which goes on for both."""

    name: ClassVar[str] = "incidents.incident_merged.v1"
    incident_id: UUID
    into_id: UUID
    into: str
    earlier_state: str


@dataclass(frozen=True, kw_only=True)
class IncidentUnmerged:
    """The merge was a mistake: it goes on by itself in its earlier state."""

    name: ClassVar[str] = "incidents.incident_unmerged.v1"
    incident_id: UUID
    from_id: UUID
    was_in: str
    state: str


@dataclass(frozen=True, kw_only=True)
class IncidentReopened:
    """It was not over. Everything reported about the end counts no more."""

    name: ClassVar[str] = "incidents.incident_reopened.v1"
    incident_id: UUID
    round: int
    earlier_state: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class OutageJoined:
    """The outage of the part belongs to this incident."""

    name: ClassVar[str] = "incidents.outage_joined.v1"
    incident_id: UUID
    outage_id: UUID
    outage: str
