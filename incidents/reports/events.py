"""What the journal says about reports and actions. The texts themselves are rows of their own, never overwritten."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class ReportDrafted:
    """The console wrote a draft from the timeline and the records; `kept`: sections of people that it left alone."""

    name: ClassVar[str] = "incidents.report_drafted.v1"
    report_id: UUID
    number: str
    incident_id: UUID
    sections: list[str]
    kept: list[str]
    at: datetime


@dataclass(frozen=True, kw_only=True)
class SectionSaved:
    """A person wrote a new version of one section."""

    name: ClassVar[str] = "incidents.report_section_saved.v1"
    report_id: UUID
    section: str
    revision: int


@dataclass(frozen=True, kw_only=True)
class ReportSubmitted:
    """The report is finished and waits for somebody else to approve it."""

    name: ClassVar[str] = "incidents.report_submitted.v1"
    report_id: UUID
    at: datetime


@dataclass(frozen=True, kw_only=True)
class ReportSentBack:
    """It is a draft again: the review found something, or the incident went on."""

    name: ClassVar[str] = "incidents.report_sent_back.v1"
    report_id: UUID


@dataclass(frozen=True, kw_only=True)
class ReportApproved:
    """A second person stands for the report."""

    name: ClassVar[str] = "incidents.report_approved.v1"
    report_id: UUID
    number: str
    incident_id: UUID
    at: datetime


@dataclass(frozen=True, kw_only=True)
class ReportSuperseded:
    """Another report of the same incident took its place."""

    name: ClassVar[str] = "incidents.report_superseded.v1"
    report_id: UUID
    by: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class RevisionBegun:
    """An approved report is being rewritten; it holds until the new one is approved."""

    name: ClassVar[str] = "incidents.report_revision_begun.v1"
    report_id: UUID
    number: str
    of: str


@dataclass(frozen=True, kw_only=True)
class ActionAdded:
    """Something is to be done better, by somebody, until a day."""

    name: ClassVar[str] = "incidents.action_added.v1"
    action_id: UUID
    number: str
    title: str
    owner_id: UUID
    person: str
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class ActionChanged:
    """Another owner or another day."""

    name: ClassVar[str] = "incidents.action_changed.v1"
    action_id: UUID
    owner_id: UUID
    person: str
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class ActionDone:
    """It is done, and this shows it."""

    name: ClassVar[str] = "incidents.action_done.v1"
    action_id: UUID
    evidence: str
    late: bool
    at: datetime


@dataclass(frozen=True, kw_only=True)
class ActionDropped:
    """It will not be done; the entry's reason says why."""

    name: ClassVar[str] = "incidents.action_dropped.v1"
    action_id: UUID
    at: datetime


@dataclass(frozen=True, kw_only=True)
class ActionOverdue:
    """Its day has come and it is not done."""

    name: ClassVar[str] = "incidents.action_overdue.v1"
    action_id: UUID
    owner_id: UUID
    due_at: datetime
