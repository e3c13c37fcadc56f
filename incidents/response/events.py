"""Facts that an incident leaves in the journal. Ids and codes only; people's words are in `text` and `reason`."""

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
class ResponseStarted:
    """INC-02: the grade's response level was copied onto the incident: who is called, which lists run, how often to tell."""

    name: ClassVar[str] = "incidents.response_started.v1"
    incident_id: UUID
    grade: str
    called: list[str]
    task_lists: list[str]
    groups: list[str]
    update_every_minutes: int | None


@dataclass(frozen=True, kw_only=True)
class PlaybookAdded:
    """INC-04: a person started one more playbook; its task list names this entry as its cause."""

    name: ClassVar[str] = "incidents.playbook_added.v1"
    incident_id: UUID
    playbook: str
    name_en: str
    name_zh: str


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


@dataclass(frozen=True, kw_only=True)
class RoleAssigned:
    """INC-03: somebody has a role; handed over when there was somebody before."""

    name: ClassVar[str] = "incidents.role_assigned.v1"
    incident_id: UUID
    role: str
    user_id: UUID
    person: str
    earlier: str
    text: str


@dataclass(frozen=True, kw_only=True)
class RoleAcknowledged:
    """The person called has answered."""

    name: ClassVar[str] = "incidents.role_acknowledged.v1"
    incident_id: UUID
    user_id: UUID
    person: str
    roles: list[str]


@dataclass(frozen=True, kw_only=True)
class PageUnanswered:
    """The chain of people to call came to its end and nobody answered."""

    name: ClassVar[str] = "incidents.page_unanswered.v1"
    incident_id: UUID
    page_id: UUID


@dataclass(frozen=True, kw_only=True)
class LeadsCalled:
    """A recovery clock ran out or a task is overdue: those who lead were called."""

    name: ClassVar[str] = "incidents.leads_called.v1"
    incident_id: UUID
    why: str
    what: str


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
