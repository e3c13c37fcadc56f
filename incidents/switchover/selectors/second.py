"""Whom an order waits for that needs a second person: said before it is given, after it, and to those who may agree (SWO-02)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from contingency.catalog.models import Part
from contingency.org import selectors as org
from contingency.org.models import User
from incidents.switchover.models import Outage, Switch
from kernel import records
from kernel.actors import Actor
from kernel.i18n import pick
from kernel.permissions import can


@dataclass(frozen=True)
class Waiting:
    """A switch that somebody ordered and another person must approve before anything moves."""

    switch: Switch
    ordered_by: str
    approvers: list[str]  # who may, the one who ordered left out
    may_approve: bool  # the reader


def approvers(outage: Outage | None, part: Part, at: datetime, *, besides: int | None) -> list[User]:
    """Who may approve a switch: whoever commands, then who leads the part's team; never the one who ordered it. Two queries."""
    commanding = list(User.objects.filter(public_id__in=outage.commanders, is_active=True)) if outage is not None else []
    leading = org.people_with_role("team_lead", at, path=part.permission_path())
    return [user for user in {user.pk: user for user in (*commanding, *leading)}.values() if user.pk != besides]


def waiting(switch: Switch, actor: Actor, at: datetime) -> Waiting | None:
    """Whom an ordered switch waits for; None for one that is under way or settled."""
    if switch.state != Switch.State.ORDERED or not switch.needs_second:
        return None
    names = [pick(user, "display_name") for user in approvers(switch.outage, switch.part, at, besides=switch.ordered_by_id)]
    may = can(actor, "incidents.switch_approve", switch) is not None and actor.user_id != switch.ordered_by_id
    return Waiting(switch, pick(switch.ordered_by, "display_name") if switch.ordered_by else "", names, may)


def waiting_switches(actor: Actor, parts: Iterable[int], at: datetime) -> list[Waiting]:
    """Those of these parts, oldest first. One query, and two for each that waits."""
    seen = records.get(Switch.journal_kind).list_for(actor)  # everybody sees every part, but another team's switches only its own
    found = seen.filter(part_id__in=list(parts), state=Switch.State.ORDERED, needs_second=True)
    found = found.select_related("part__unit", "outage__part__unit", "ordered_by").order_by("ordered_at")
    return [row for switch in found if (row := waiting(switch, actor, at)) is not None]


def waits_after(actor: Actor, switch: Any, at: datetime) -> str:
    """What the orderer is told: it waits, and must not be taken for done; "" for what goes at once."""
    row = waiting(switch, actor, at) if isinstance(switch, Switch) else None
    return _("It waits for a second person.") if row is not None else ""


def waits_before(actor: Actor, outage: Outage, at: datetime) -> str:
    """What the orderer of a switch must know beforehand: that nothing moves until somebody else has agreed; "" when it goes at once."""
    if not outage.needs_second and can(actor, "incidents.switch_approve", outage) is not None:
        return ""
    names = [pick(user, "display_name") for user in approvers(outage, outage.part, at, besides=actor.user_id)]
    if not names:
        return _("Nothing moves until a second person has approved it. Nobody here may do so: a lead or the commander must be found.")
    return _("Nothing moves until a second person has approved it: %(who)s.") % {"who": _(" or ").join(names)}
