"""Reads of the catalogue."""

from typing import NamedTuple
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from contingency.catalog.models import FaultKind, Matcher, Part, RoutingStamp
from kernel.errors import NotFound


class MatcherInForce(NamedTuple):
    """A routing rule as intake uses it, small and frozen so that it can be kept in memory."""

    part_pk: int
    part_id: UUID
    part_slug: str
    fence: str
    label: str
    value: str
    fault_class: str
    fault_kind: str
    severities: frozenset[str]


def matchers_in_force() -> list[MatcherInForce]:
    """All routing rules, the first that fits wins. One query; keep the list until `routing_stamp` changes."""
    rows = Matcher.objects.filter(part__retired_at=None).select_related("part", "fault_kind").order_by("order", "part_id", "id")
    return [
        MatcherInForce(
            part_pk=row.part_id,
            part_id=row.part.public_id,
            part_slug=row.part.slug,
            fence=row.part.fence,
            label=row.label,
            value=row.value,
            fault_class=row.fault_class,
            fault_kind=row.fault_kind.slug if row.fault_kind else "",
            severities=frozenset(row.severities),
        )
        for row in rows
    ]


def routing_stamp() -> int:
    """Rises with every change of parts and matchers. One query of one row."""
    return RoutingStamp.objects.values_list("number", flat=True).first() or 0


def part_list() -> list[Part]:
    """All guarded parts with unit, roster, gateway and sides. Two queries."""
    parts = Part.objects.filter(retired_at=None).select_related("unit", "roster", "gateway").prefetch_related("sides")
    return list(parts.order_by("pk"))


def part_get(part: UUID | str) -> Part:
    """One part by its public id or its slug. Raises NotFound."""
    which = {"public_id": part} if isinstance(part, UUID) else {"slug": part}
    found = Part.objects.select_related("unit", "roster").filter(**which, retired_at=None).first()
    if found is None:
        raise NotFound(kind=_("part"))
    return found


def fault_kind_get(slug: str) -> FaultKind | None:
    """One kind of fault of the plan in force."""
    return FaultKind.objects.filter(slug=slug, retired_at=None).first()


def fault_kinds(fault_class: str = "") -> list[FaultKind]:
    """The kinds of faults, of one class or of all, parents before children."""
    kinds = FaultKind.objects.filter(retired_at=None).select_related("parent")
    return list(kinds.filter(fault_class=fault_class) if fault_class else kinds)
