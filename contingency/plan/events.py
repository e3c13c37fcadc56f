"""What happens to the plan."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class PlanVersionLoaded:
    """A document became a draft."""

    name: ClassVar[str] = "plan.plan_version_loaded.v1"
    version_id: UUID
    number: int
    digest: str


@dataclass(frozen=True, kw_only=True)
class PlanVersionSubmitted:
    """A draft went to review."""

    name: ClassVar[str] = "plan.plan_version_submitted.v1"
    version_id: UUID
    number: int


@dataclass(frozen=True, kw_only=True)
class PlanVersionSentBack:
    """The review sent a version back to be improved."""

    name: ClassVar[str] = "plan.plan_version_sent_back.v1"
    version_id: UUID
    number: int


@dataclass(frozen=True, kw_only=True)
class PlanVersionApproved:
    """A version is in force; its rows are what the rooms use from now on."""

    name: ClassVar[str] = "plan.plan_version_approved.v1"
    version_id: UUID
    number: int
    digest: str
    author: str


@dataclass(frozen=True, kw_only=True)
class PlanVersionSuperseded:
    """Another version took this one's place."""

    name: ClassVar[str] = "plan.plan_version_superseded.v1"
    version_id: UUID
    number: int
    by_number: int


@dataclass(frozen=True, kw_only=True)
class PlanVersionRead:
    """A person confirmed to have read and understood the version in force."""

    name: ClassVar[str] = "plan.plan_version_read.v1"
    version_id: UUID
    number: int


@dataclass(frozen=True, kw_only=True)
class OrganisationFounded:
    """Before there is a plan in force, its positions were laid out so that somebody can hold them and approve it."""

    name: ClassVar[str] = "plan.organisation_founded.v1"
    slug: str
    positions: int


@dataclass(frozen=True, kw_only=True)
class PlanRowChanged:
    """A row of the plan in force: a level, a target, a playbook, a chain, a text. `change`: added, changed or retired."""

    name: ClassVar[str] = "plan.row_changed.v1"
    slug: str
    change: str


@dataclass(frozen=True, kw_only=True)
class RoundOpened:
    """A schedule or a regular meeting comes round next at `due_at`."""

    name: ClassVar[str] = "plan.round_opened.v1"
    round_id: UUID
    slug: str
    number: int
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class RoundChanged:
    """Another version of the plan has another owner or another time between for it."""

    name: ClassVar[str] = "plan.round_changed.v1"
    round_id: UUID
    slug: str
    number: int
    owner: str
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class RoundDue:
    """Its day has come, or it is still open a week later, and so on. `reminder`: weeks since it was due."""

    name: ClassVar[str] = "plan.round_due.v1"
    round_id: UUID
    slug: str
    number: int
    due_at: datetime
    reminder: int


@dataclass(frozen=True, kw_only=True)
class RoundDone:
    """It was done; the note says what was found."""

    name: ClassVar[str] = "plan.round_done.v1"
    round_id: UUID
    slug: str
    number: int
    note: str
    late: bool
    at: datetime


@dataclass(frozen=True, kw_only=True)
class RoundSkipped:
    """It is left out this time; the entry's reason says why."""

    name: ClassVar[str] = "plan.round_skipped.v1"
    round_id: UUID
    slug: str
    number: int
    at: datetime


@dataclass(frozen=True, kw_only=True)
class RoundRetired:
    """The plan in force no longer has it, or no longer at fixed times."""

    name: ClassVar[str] = "plan.round_retired.v1"
    round_id: UUID
    slug: str
    number: int
    at: datetime
