"""Outages, their clocks, switches: who may see which, and how long is left."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from contingency.catalog.models import Part
from incidents.switchover.errors import NotReadyToSwitchBack
from incidents.switchover.models import ClockKind, Direction, Outage, PartCheck, RecoveryClock, Switch
from incidents.switchover.models.outage import OPEN_STATES
from kernel import clock
from kernel.actors import Actor
from kernel.permissions import Grant
from kernel.records import readable_paths

Row = TypeVar("Row", bound=Model)

READ: Mapping[str, Grant] = {
    "ops_engineer": Grant.OWN,
    "team_lead": Grant.OWN,
    "commander": Grant.ALL,
    "business_ops": Grant.ALL,  # sells by every part, and says when business is normal on it
    "customer_service": Grant.OWN,
    "auditor": Grant.ALL,
    "director": Grant.ALL,
}


@dataclass(frozen=True)
class ClockView:
    """A clock with the seconds until its breach at the moment of reading (negative: since; None: it does not run)."""

    clock: RecoveryClock
    seconds_left: float | None
    percent_used: float | None


def not_ready_to_switch_back(outage: Outage) -> NotReadyToSwitchBack | None:
    """What is still missing before traffic may go back, as the refusal that an order would get; None when nothing is."""
    facts = (
        (outage.business_normal_at, _("business normal on the standby, recorded with evidence")),
        (outage.repaired_at, _("the repair of the original, recorded")),
    )
    missing = [words for moment, words in facts if moment is None]
    return NotReadyToSwitchBack(missing=_("; ").join(missing)) if missing else None


def not_ready_to_revert(switch: Switch) -> NotReadyToSwitchBack | None:
    """As `not_ready_to_switch_back`, for the switch over that would be reversed: in an open outage that is switching back."""
    outage = switch.outage
    return not_ready_to_switch_back(outage) if switch.direction == Direction.OVER and outage is not None and outage.is_open else None


def open_outage(part: Part) -> Outage | None:
    """The open outage of a part."""
    return Outage.objects.select_related("part__unit").filter(part=part, state__in=OPEN_STATES).first()


def clocks_of(outage: Outage, *, now: datetime | None = None) -> list[ClockView]:
    """The three clocks in the order in which they start. One query, and one for the time when none is given."""
    moment = now or clock.now()
    order = list(ClockKind.values)
    rows = sorted(RecoveryClock.objects.filter(outage=outage).select_related("outage__part__unit"), key=lambda row: order.index(row.kind))
    return [_view(row, moment) for row in rows]


def _view(row: RecoveryClock, now: datetime) -> ClockView:
    left = row.seconds_left(now)
    used = None if left is None else round(100 * (1 - left / row.target.total_seconds()), 1)
    return ClockView(row, left, used)


def switch_active(part: Part) -> Switch | None:
    """The unsettled switch of a part, or the last one that was left to people and not settled since."""
    return Switch.objects.select_related("part__unit", "outage").filter(part=part, settled_at=None).first()


def serving_before(part: Part) -> str:
    """The side that carried business in the last proved state: where the last finished switch went, else the primary."""
    role = Switch.objects.filter(part=part, state="done").order_by("-done_at").values_list("to_side", flat=True).first()
    return role or "primary"


def outage_list(actor: Actor, **filters: Any) -> QuerySet[Outage]:
    """Outages that the actor may see. Filters: state, part (slug), open ("true")."""
    rows = _cut(Outage.objects.select_related("part__unit"), actor, "part", commanders="commanders")
    if filters.get("open") == "true":
        rows = rows.filter(state__in=OPEN_STATES)
    return _filtered(rows, filters, state="state", part="part__slug")


def clock_list(actor: Actor, **filters: Any) -> QuerySet[RecoveryClock]:
    """Recovery clocks that the actor may see. Filters: state, kind, outage (number)."""
    rows = _cut(RecoveryClock.objects.select_related("outage__part__unit"), actor, "outage__part", commanders="outage__commanders")
    return _filtered(rows, filters, state="state", kind="kind", outage="outage__number")


def switch_list(actor: Actor, **filters: Any) -> QuerySet[Switch]:
    """Switches that the actor may see. Filters: state, part (slug), direction, outage (number)."""
    rows = Switch.objects.select_related("part__unit", "outage", "ordered_by", "approved_by").prefetch_related("steps")
    rows = _cut(rows, actor, "part", commanders="outage__commanders").annotate(
        later_done=Exists(later_done_of(OuterRef("part"), OuterRef("done_at")))
    )
    return _filtered(rows, filters, state="state", part="part__slug", direction="direction", outage="outage__number")


def later_done_of(part: Any, done_at: Any) -> QuerySet[Switch]:
    """Switches of a part that were done after one."""
    return Switch.objects.filter(part=part, state=Switch.State.DONE, done_at__gt=done_at)


def is_last_done(switch: Switch) -> bool:
    """Whether it is the part's last finished switch: only that one can be reversed. No query for one of `switch_list`."""
    found = getattr(switch, "later_done", None)
    return not (later_done_of(switch.part_id, switch.done_at).exists() if found is None else found)


def check_list(actor: Actor, **filters: Any) -> QuerySet[PartCheck]:
    """Checks of parts that the actor may see. Filters: kind, part (slug)."""
    rows = _cut(PartCheck.objects.select_related("part__unit"), actor, "part")
    return _filtered(rows, filters, kind="kind", part="part__slug")


def _cut(rows: QuerySet[Row], actor: Actor, part: str, *, commanders: str = "") -> QuerySet[Row]:
    paths = readable_paths(actor, READ)
    if paths is None:
        return rows.order_by("-id")
    seen = Q(pk__in=[])
    for path in paths:
        seen |= Q(**{f"{part}__unit__path__startswith": path})
    if actor.is_person and commanders:
        seen |= Q(**{f"{commanders}__contains": [actor.id]})
    return rows.filter(seen).order_by("-id")


def _filtered(rows: QuerySet[Row], filters: Mapping[str, Any], **columns: str) -> QuerySet[Row]:
    return rows.filter(**{column: filters[name] for name, column in columns.items() if filters.get(name)})
