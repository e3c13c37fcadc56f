"""What people said, reported and marked."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class NoteAdded:
    """Somebody's remark or finding."""

    name: ClassVar[str] = "incidents.note_added.v1"
    incident_id: UUID
    note_id: UUID
    text: str


@dataclass(frozen=True, kw_only=True)
class DecisionRecorded:
    """Something was decided."""

    name: ClassVar[str] = "incidents.decision_recorded.v1"
    incident_id: UUID
    note_id: UUID
    text: str


@dataclass(frozen=True, kw_only=True)
class UpdatePosted:
    """The state of affairs was told to those who wait for it; the cadence begins anew."""

    name: ClassVar[str] = "incidents.update_posted.v1"
    incident_id: UUID
    note_id: UUID
    text: str
    next_due_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class UpdateOverdue:
    """COM-03: the next update is due and has not come."""

    name: ClassVar[str] = "incidents.update_overdue.v1"
    incident_id: UUID
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class EndConditionReported:
    """INC-07: one of functions, data, business was checked, with evidence."""

    name: ClassVar[str] = "incidents.end_condition_reported.v1"
    incident_id: UUID
    condition: str
    outcome: str
    text: str


@dataclass(frozen=True, kw_only=True)
class EndConditionOverridden:
    """A named person let the incident end without this proof; counted as overridden, never as passed."""

    name: ClassVar[str] = "incidents.end_condition_overridden.v1"
    incident_id: UUID
    condition: str


@dataclass(frozen=True, kw_only=True)
class ReportWritten:
    """The short report of the incident was written or rewritten."""

    name: ClassVar[str] = "incidents.report_written.v1"
    incident_id: UUID
    text: str


@dataclass(frozen=True, kw_only=True)
class ReportAccepted:
    """The report was accepted by somebody who did not write it (general grade: with the close)."""

    name: ClassVar[str] = "incidents.report_accepted.v1"
    incident_id: UUID
    report: str


@dataclass(frozen=True, kw_only=True)
class CanReported:
    """How things stand, in the three lines that every listener needs: condition, actions, needs."""

    name: ClassVar[str] = "incidents.can_reported.v1"
    incident_id: UUID
    condition: str
    actions: str
    needs: str


@dataclass(frozen=True, kw_only=True)
class EntryPinned:
    """Somebody holds an entry of the timeline up for everybody."""

    name: ClassVar[str] = "incidents.entry_pinned.v1"
    incident_id: UUID
    entry_id: UUID


@dataclass(frozen=True, kw_only=True)
class EntryUnpinned:
    """It is held up no more."""

    name: ClassVar[str] = "incidents.entry_unpinned.v1"
    incident_id: UUID
    entry_id: UUID


@dataclass(frozen=True, kw_only=True)
class EntryAnnotated:
    """A remark that stands beneath an entry. The entry itself is never touched."""

    name: ClassVar[str] = "incidents.entry_annotated.v1"
    incident_id: UUID
    entry_id: UUID
    text: str


@dataclass(frozen=True, kw_only=True)
class EntryRetimed:
    """Somebody says when it really happened. `recorded_at`: what the entry itself says, for good."""

    name: ClassVar[str] = "incidents.entry_retimed.v1"
    incident_id: UUID
    entry_id: UUID
    placed_at: datetime
    recorded_at: datetime
