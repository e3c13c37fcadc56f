"""Guarded parts are living data: defined, defined again, and given the rules that route alerts to them."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_slug
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from contingency.catalog.errors import GatewayFromCommandLineOnly, MatcherExists
from contingency.catalog.events import MatchersSet, PartDefined
from contingency.catalog.models import FaultClass, FaultKind, Gateway, Matcher, Part, RoutingStamp, Side
from contingency.org.models import Roster, Unit
from kernel import journal
from kernel.actors import Actor
from kernel.errors import Invalid, NotFound
from kernel.permissions import require

SEVERITIES_THAT_OPEN = ("critical", "error")  # design: "default critical, error"
_validate_url = URLValidator(schemes=["http", "https"])


@dataclass(frozen=True, kw_only=True)
class SideSpec:
    """One side of a part as it should be."""

    role: str
    name: str
    url: str
    ready_url: str = ""
    metrics_url: str = ""


@dataclass(frozen=True, kw_only=True)
class GatewaySpec:
    """Where traffic is moved, as it should be. `secret_file` is read when it is used, never stored."""

    kind: str
    control_url: str = ""
    admin_url: str = ""
    secret_file: str = ""


@dataclass(frozen=True, kw_only=True)
class MatcherSpec:
    """An alert with label = value belongs to the part and is of this class; only these severities open an incident."""

    label: str
    value: str
    fault_class: str
    fault_kind: str = ""
    severities: tuple[str, ...] = SEVERITIES_THAT_OPEN


@transaction.atomic
def part_define(
    *,
    actor: Actor,
    slug: str,
    name_en: str,
    name_zh: str,
    kind: str,
    unit: str,
    roster: str,
    chain: str,
    stops_business: bool = True,
    base_url: str = "",
    fence: str = "",
    sides: Sequence[SideSpec] | None = None,
    gateway: GatewaySpec | None = None,
    reason: str = "",
) -> Part:
    """Make a part what is said here; doing it twice changes and records nothing. Sides or gateway left out stay as they are.

    `unit` and `roster` are slugs of the organisation, `chain` of an escalation chain of the plan.
    Raises NotPermitted, NotFound, Invalid, GatewayFromCommandLineOnly.
    """
    found_unit = _by_slug(Unit, unit, _("unit"))
    part = Part.objects.select_for_update().filter(slug=slug).first() or Part(slug=_checked_slug("slug", slug))
    part.unit, part.roster = found_unit, _by_slug(Roster, roster, _("roster"))
    require(actor, "catalog.part_register", part)
    if part.pk is not None:
        require(actor, "catalog.part_register", Part.objects.select_related("unit").get(pk=part.pk))
    if kind not in Part.Kind.values:
        raise Invalid(field="kind", problem=_("choose one of: %(choices)s.") % {"choices": ", ".join(Part.Kind.values)})
    part.name_en, part.name_zh = name_en.strip() or slug, name_zh.strip() or name_en.strip() or slug
    part.kind, part.stops_business = kind, stops_business
    part.chain, part.fence, part.base_url = _checked_slug("chain", chain), fence and _checked_slug("fence", fence), _checked_url("base_url", base_url)
    part.retired_at = None
    is_new = part.pk is None
    touched = bool(part.changes()[1])
    if touched:
        part.version += not is_new
        part.save()
    touched |= _sides_put(part, sides or ())
    touched |= gateway is not None and _gateway_put(part, gateway, actor)
    if touched:
        _record_part(part, actor, reason)
    return part


def part_register(*, actor: Actor, reason: str = "", primary_name: str, primary_url: str, standby_name: str, standby_url: str, **values: Any) -> Part:
    """`part_define` with flat inputs, for screens and API: two sides by name and address, no gateway."""
    ready = {role: str(values.pop(f"{role}_ready_url", "")) for role in Side.Role.values}
    sides = [
        SideSpec(role="primary", name=primary_name, url=primary_url, ready_url=ready["primary"]),
        SideSpec(role="standby", name=standby_name, url=standby_url, ready_url=ready["standby"]),
    ]
    return part_define(actor=actor, reason=reason, sides=sides, **values)


@transaction.atomic
def matcher_set(*, public_id: UUID, version: int | None, actor: Actor, matchers: Iterable[MatcherSpec], reason: str = "") -> Part:
    """Replace all routing rules of a part, in this order. Raises NotPermitted, Stale, Invalid, NotFound."""
    part = Part.lock(public_id, version=version)
    require(actor, "catalog.matcher_add", part)
    return _matchers_put(part, list(matchers), actor, reason)


@transaction.atomic
def matcher_add(
    *,
    public_id: UUID,
    version: int | None,
    actor: Actor,
    label: str,
    value: str,
    fault_class: str,
    fault_kind: str = "",
    severities: str = "",
    reason: str = "",
) -> Part:
    """Add one routing rule at the end. `severities`: words separated by spaces. Raises MatcherExists and as `matcher_set`."""
    part = Part.lock(public_id, version=version)
    require(actor, "catalog.matcher_add", part)
    present = matchers_of(part)
    if any((spec.label, spec.value) == (label, value) for spec in present):
        raise MatcherExists(label=label, value=value)
    words = tuple(severities.replace(",", " ").split()) or SEVERITIES_THAT_OPEN
    added = MatcherSpec(label=label, value=value, fault_class=fault_class, fault_kind=fault_kind, severities=words)
    return _matchers_put(part, [*present, added], actor, reason)


@transaction.atomic
def matcher_remove(*, public_id: UUID, version: int | None, actor: Actor, label: str, value: str, reason: str = "") -> Part:
    """Remove one routing rule. Raises NotFound and as `matcher_set`."""
    part = Part.lock(public_id, version=version)
    require(actor, "catalog.matcher_remove", part)
    present = matchers_of(part)
    left = [spec for spec in present if (spec.label, spec.value) != (label, value)]
    if len(left) == len(present):
        raise NotFound(kind=_("matcher"))
    return _matchers_put(part, left, actor, reason)


def matchers_of(part: Part) -> list[MatcherSpec]:
    """The part's rules, in order."""
    rows = Matcher.objects.filter(part=part).select_related("fault_kind").order_by("order", "id")
    return [
        MatcherSpec(
            label=row.label,
            value=row.value,
            fault_class=row.fault_class,
            fault_kind=row.fault_kind.slug if row.fault_kind else "",
            severities=tuple(row.severities),
        )
        for row in rows
    ]


def _matchers_put(part: Part, wanted: list[MatcherSpec], actor: Actor, reason: str) -> Part:
    present = matchers_of(part)
    if wanted == present:
        return part
    kinds = {kind.slug: kind for kind in FaultKind.objects.filter(retired_at=None)}
    rows = [_matcher_row(part, spec, kinds, order) for order, spec in enumerate(wanted)]
    if len({(row.label, row.value) for row in rows}) < len(rows):
        raise Invalid(field="matchers", problem=_("a rule is there twice."))
    Matcher.objects.filter(part=part).delete()
    Matcher.objects.bulk_create(rows)
    part.version += 1
    part.save()
    _stamp()
    event = MatchersSet(part_id=part.public_id, matchers=[str(row) for row in rows])
    before, after = ({"matchers": [asdict(spec) for spec in specs]} for specs in (present, wanted))
    journal.record(event, subject=part, actor=actor, reason=reason, before=before, after=after)
    return part


def _matcher_row(part: Part, spec: MatcherSpec, kinds: dict[str, FaultKind], order: int) -> Matcher:
    if not spec.label.strip() or not spec.value.strip():
        raise Invalid(field="label", problem=_("a rule needs a label and a value."))
    if spec.fault_class not in FaultClass.values:
        raise Invalid(field="fault_class", problem=_("choose one of: %(choices)s.") % {"choices": ", ".join(FaultClass.values)})
    kind = kinds.get(spec.fault_kind)
    if spec.fault_kind and (kind is None or kind.fault_class != spec.fault_class):
        raise Invalid(field="fault_kind", problem=_("the plan in force has no such kind in that class."))
    if not spec.severities:
        raise Invalid(field="severities", problem=_("this is needed."))
    values = {"label": spec.label.strip(), "value": spec.value.strip(), "fault_class": spec.fault_class, "fault_kind": kind}
    return Matcher(part=part, severities=[word.lower() for word in spec.severities], order=order, **values)


def _sides_put(part: Part, specs: Sequence[SideSpec]) -> bool:
    """Whether anything changed."""
    touched = False
    present = {side.role: side for side in Side.objects.select_for_update().filter(part=part).order_by("pk")}
    for spec in specs:
        if spec.role not in Side.Role.values:
            raise Invalid(field="role", problem=_("choose one of: %(choices)s.") % {"choices": ", ".join(Side.Role.values)})
        side = present.get(spec.role) or Side(part=part, role=spec.role)
        side.name = spec.name.strip() or spec.role
        side.url = _checked_url("url", spec.url, required=True)
        side.ready_url, side.metrics_url = _checked_url("ready_url", spec.ready_url), _checked_url("metrics_url", spec.metrics_url)
        touched |= _save_if_changed(side)
    return touched


def _gateway_put(part: Part, spec: GatewaySpec, actor: Actor) -> bool:
    if actor.kind != "system":
        raise GatewayFromCommandLineOnly(action=_("setting a gateway"))
    gateway = Gateway.objects.select_for_update().filter(part=part).first() or Gateway(part=part)
    if spec.kind not in Gateway.Kind.values:
        raise Invalid(field="kind", problem=_("choose one of: %(choices)s.") % {"choices": ", ".join(Gateway.Kind.values)})
    gateway.kind, gateway.secret_file = spec.kind, spec.secret_file
    gateway.control_url, gateway.admin_url = _checked_url("control_url", spec.control_url), _checked_url("admin_url", spec.admin_url)
    return _save_if_changed(gateway)


def _save_if_changed(record: Side | Gateway) -> bool:
    if not record.changes()[1]:
        return False
    record.version += record.pk is not None
    record.save()
    return True


def _record_part(part: Part, actor: Actor, reason: str) -> None:
    _stamp()
    sides = [f"{side.role} {side.name} {side.url}" for side in Side.objects.filter(part=part).order_by("role")]
    gateway = Gateway.objects.filter(part=part).first()
    moved_at = f"{gateway.kind} {gateway.control_url or gateway.admin_url}" if gateway else ""
    event = PartDefined(part_id=part.public_id, slug=part.slug, sides=sides, gateway=moved_at)
    journal.record(event, subject=part, actor=actor, reason=reason)


def _stamp() -> None:
    """Tell readers who keep the rules in memory that they changed; they see it when this transaction commits."""
    if not RoutingStamp.objects.filter(pk=1).update(number=F("number") + 1):
        RoutingStamp.objects.create(pk=1)


def _by_slug(model: Any, slug: str, kind: Any) -> Any:
    found = model.objects.filter(slug=slug, retired_at=None).first()
    if found is None:
        raise NotFound(kind=f"{kind} {slug}")
    return found


def _checked_slug(field: str, slug: str) -> str:
    try:
        validate_slug(slug)
    except ValidationError:
        raise Invalid(field=field, problem=_("letters, digits and hyphens only.")) from None
    return slug


def _checked_url(field: str, url: str, *, required: bool = False) -> str:
    if not url and not required:
        return ""
    try:
        _validate_url(url)
    except ValidationError:
        raise Invalid(field=field, problem=_("this is no http or https address.")) from None
    return url
