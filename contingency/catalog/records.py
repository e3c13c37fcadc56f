"""The catalogue's records as lists and outputs."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from contingency.catalog.models import FailureCause, FaultKind, ImpactArea, Part
from contingency.org.records import EVERYBODY
from kernel import records
from kernel.actors import Actor
from kernel.records import RecordType


def _names(record: Any) -> dict[str, Any]:
    return {"id": str(record.public_id), "version": record.version, "slug": record.slug, "name": {"en": record.name_en, "zh": record.name_zh}}


def part_output(part: Part) -> dict[str, Any]:
    """A part with sides, gateway (without its key) and routing rules."""
    gateway = getattr(part, "gateway", None)
    return {
        **_names(part),
        "kind": part.kind,
        "unit": part.unit.slug,
        "roster": part.roster.slug,
        "chain": part.chain,
        "stops_business": part.stops_business,
        "base_url": part.base_url,
        "fence": part.fence,
        "sides": [{"role": side.role, "name": side.name, "url": side.url, "ready_url": side.ready_url} for side in part.sides.all()],
        "gateway": {"kind": gateway.kind, "control_url": gateway.control_url, "admin_url": gateway.admin_url} if gateway else None,
        "matchers": [
            {
                "label": matcher.label,
                "value": matcher.value,
                "fault_class": matcher.fault_class,
                "fault_kind": matcher.fault_kind.slug if matcher.fault_kind else None,
                "severities": matcher.severities,
            }
            for matcher in part.matchers.all()
        ],
    }


def fault_kind_output(kind: FaultKind) -> dict[str, Any]:
    """A kind of fault and where it stands in the tree."""
    return {**_names(kind), "fault_class": kind.fault_class, "parent": kind.parent.slug if kind.parent else None}


def cause_output(cause: FailureCause) -> dict[str, Any]:
    """A cause of failed upgrades and where it stands in the tree."""
    return {**_names(cause), "parent": cause.parent.slug if cause.parent else None}


def impact_area_output(area: ImpactArea) -> dict[str, Any]:
    """What a failed upgrade harms."""
    return _names(area)


def _filtered(rows: QuerySet[Any], filters: dict[str, Any], *wanted: str) -> QuerySet[Any]:
    return rows.filter(**{name: value for name, value in filters.items() if name in wanted and value not in (None, "")}).order_by("-id")


def _parts(_actor: Actor, **filters: Any) -> QuerySet[Part]:
    rows = Part.objects.filter(retired_at=None).select_related("unit", "roster", "gateway").prefetch_related("sides", "matchers__fault_kind")
    return _filtered(rows, filters, "slug", "kind")


def _kinds(_actor: Actor, **filters: Any) -> QuerySet[FaultKind]:
    return _filtered(FaultKind.objects.filter(retired_at=None).select_related("parent"), filters, "slug", "fault_class")


def _causes(_actor: Actor, **filters: Any) -> QuerySet[FailureCause]:
    return _filtered(FailureCause.objects.filter(retired_at=None).select_related("parent"), filters, "slug")


def _areas(_actor: Actor, **filters: Any) -> QuerySet[ImpactArea]:
    return _filtered(ImpactArea.objects.filter(retired_at=None), filters, "slug")


for record_type in (
    RecordType(
        kind=Part.journal_kind,
        collection="parts",
        title=_("guarded part"),
        model=Part,
        list_for=_parts,
        output=part_output,
        read=EVERYBODY,
        filters=("slug", "kind"),
    ),
    RecordType(
        kind=FaultKind.journal_kind,
        collection="fault-kinds",
        title=_("fault kind"),
        model=FaultKind,
        list_for=_kinds,
        output=fault_kind_output,
        read=EVERYBODY,
        filters=("slug", "fault_class"),
    ),
    RecordType(
        kind=FailureCause.journal_kind,
        collection="failure-causes",
        title=_("failure cause"),
        model=FailureCause,
        list_for=_causes,
        output=cause_output,
        read=EVERYBODY,
        filters=("slug",),
    ),
    RecordType(
        kind=ImpactArea.journal_kind,
        collection="impact-areas",
        title=_("impact area"),
        model=ImpactArea,
        list_for=_areas,
        output=impact_area_output,
        read=EVERYBODY,
        filters=("slug",),
    ),
):
    records.register(record_type)
