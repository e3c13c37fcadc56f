"""What happens to guarded parts and the taxonomy."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class PartDefined:
    """A guarded part is known, or known differently: itself, its sides or its gateway."""

    name: ClassVar[str] = "catalog.part_defined.v1"
    part_id: UUID
    slug: str
    sides: list[str]
    gateway: str


@dataclass(frozen=True, kw_only=True)
class MatchersSet:
    """Alerts are routed to this part by these rules from now on."""

    name: ClassVar[str] = "catalog.matchers_set.v1"
    part_id: UUID
    matchers: list[str]


@dataclass(frozen=True, kw_only=True)
class TaxonomyChanged:
    """Base of what the plan in force does to the taxonomy. `change`: added, changed or retired."""

    slug: str
    change: str


@dataclass(frozen=True, kw_only=True)
class FaultKindChanged(TaxonomyChanged):
    """A kind of fault."""

    name: ClassVar[str] = "catalog.fault_kind_changed.v1"


@dataclass(frozen=True, kw_only=True)
class FailureCauseChanged(TaxonomyChanged):
    """A cause of failed upgrades."""

    name: ClassVar[str] = "catalog.failure_cause_changed.v1"


@dataclass(frozen=True, kw_only=True)
class ImpactAreaChanged(TaxonomyChanged):
    """What a failed upgrade harms."""

    name: ClassVar[str] = "catalog.impact_area_changed.v1"
