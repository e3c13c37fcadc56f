"""What happens to the plan."""

from dataclasses import dataclass
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
