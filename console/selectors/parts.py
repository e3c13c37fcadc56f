"""Guarded parts as people see them: two sides, which one carries business, and whether the other could."""

from dataclasses import dataclass
from typing import Any

import structlog
from django.utils.translation import gettext as _

from contingency.catalog.models import Part
from incidents.switchover import selectors as switchover
from kernel import records
from kernel.actors import Actor
from kernel.errors import DomainError
from kernel.i18n import pick
from monitoring.probes.selectors import sides_failing

log = structlog.get_logger("console")


@dataclass(frozen=True)
class SideView:
    """One side of a part."""

    role: str
    name: str
    carries: bool
    is_alive: bool | None
    words: str
    fails: bool = False  # a probe of it fails, whether or not it answers the gateway


@dataclass(frozen=True)
class PartView:
    """A part with its sides, as read at the gateway at most a second ago."""

    part: Part
    name: str
    sides: list[SideView]
    is_known: bool
    is_bad: bool
    words: str


def parts_for(actor: Actor) -> list[PartView]:
    """The parts the person may see. Asks each gateway (one second at most); never inside a transaction."""
    if not records.may_read(actor, records.get("part"), None):
        return []
    found = records.get("part").list_for(actor).select_related("unit", "gateway").prefetch_related("sides")[:20]
    return [part_view(part) for part in sorted(found, key=lambda part: part.pk)]


def part_view(part: Part) -> PartView:
    """One part. A gateway that does not answer is shown as that, not as an error."""
    if getattr(part, "gateway", None) is None:
        return PartView(part, pick(part, "name"), [], False, False, _("No gateway is set up: its traffic is not switched from here."))
    try:
        view: Any = switchover.traffic_now(part)
    except DomainError as problem:
        return PartView(part, pick(part, "name"), [], False, False, problem.message)
    failing = sides_failing(part)
    sides = [_side(side, view, fails=side.pk in failing) for side in sorted(part.sides.all(), key=lambda side: side.role)]
    carrier = next((side for side in sides if side.carries), None)
    if not view.is_known:
        words = _("The gateway does not answer: where traffic goes is unknown.")
    elif carrier is None:
        words = _("No side takes traffic.")
    else:
        words = _("Traffic flows to %(side)s.") % {"side": carrier.name}
    return PartView(part, pick(part, "name"), sides, view.is_known, not view.is_known or carrier is None, words)


def _side(side: Any, view: Any, *, fails: bool) -> SideView:
    state = view.sides.get(side.role)
    alive = None if state is None else bool(state.is_reachable)
    words = _("unknown") if alive is None else _("answers") if alive else _("does not answer")
    if state is not None and getattr(state, "needs_rebuild", False):
        words = _("must be rebuilt from the other side")
    elif fails and alive is not False:
        words = _("answers the gateway, but fails its probes") if alive else _("fails its probes")
    return SideView(side.role, side.name, view.serving == side.role, alive, words, fails)
