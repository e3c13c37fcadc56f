"""What approving a plan does to the taxonomy."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contingency.catalog.events import FailureCauseChanged, FaultKindChanged, ImpactAreaChanged
from contingency.catalog.models import FailureCause, FaultKind, ImpactArea
from contingency.org.services import Put, Row, rows_put
from kernel import journal
from kernel.actors import Actor


@dataclass(frozen=True, kw_only=True)
class FaultKindSpec:
    """A wanted kind; parents come before their children."""

    slug: str
    fault_class: str
    parent: str | None
    name_en: str
    name_zh: str


@dataclass(frozen=True, kw_only=True)
class CauseSpec:
    """A wanted cause; parents come before their children."""

    slug: str
    parent: str | None
    name_en: str
    name_zh: str


@dataclass(frozen=True, kw_only=True)
class ImpactAreaSpec:
    """A wanted impact area."""

    slug: str
    name_en: str
    name_zh: str


def taxonomy_put(
    *, kinds: Sequence[FaultKindSpec], causes: Sequence[CauseSpec], areas: Sequence[ImpactAreaSpec], at: datetime, actor: Actor, cause: Any = None
) -> Put[FaultKind]:
    """Make the taxonomy what the approved plan says, inside the approval's transaction. Returns the fault kinds."""
    put_kinds = rows_put(FaultKind, [_below(spec, fault_class=spec.fault_class) for spec in kinds], at=at)
    put_causes = rows_put(FailureCause, [_below(spec) for spec in causes], at=at)
    put_areas = rows_put(ImpactArea, [Row(slug=spec.slug, values={"name_en": spec.name_en, "name_zh": spec.name_zh}) for spec in areas], at=at)
    records = [
        *put_kinds.records(FaultKindChanged, cause=cause),
        *put_causes.records(FailureCauseChanged, cause=cause),
        *put_areas.records(ImpactAreaChanged, cause=cause),
    ]
    journal.record_many(records, actor=actor)
    return put_kinds


def _below(spec: FaultKindSpec | CauseSpec, **values: str) -> Row:
    def parent(so_far: dict[str, Any]) -> Any:
        return so_far[spec.parent] if spec.parent else None

    return Row(slug=spec.slug, values={"parent": parent, "name_en": spec.name_en, "name_zh": spec.name_zh, **values})
