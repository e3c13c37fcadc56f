"""Which reports and actions a person may see, and the lists of them."""

from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from incidents.reports.models import Action, Report
from incidents.reports.rules import READ, SCOPE_READ, SCOPE_WRITE
from incidents.response.models import IncidentRole
from kernel import clock
from kernel.actors import Actor
from kernel.errors import Invalid, NotFound
from kernel.records import readable_paths

REPORT_FILTERS = ("state", "part", "grade", "incident")
ACTION_FILTERS = ("state", "owner", "report")


def report_list(actor: Actor, **filters: str) -> QuerySet[Report]:
    """The visible reports, newest first. Filters: state, part (slug), grade, incident (number). Raises Invalid for an unknown state."""
    found = (
        Report.objects.select_related("incident__part__unit", "incident__outage", "approver", "submitted_by")
        .filter(_seen(actor, "incident"))
        .order_by("-id")
    )
    found = found.prefetch_related("texts__author")
    _known(filters.get("state"), Report.State.values)
    columns = {"state": "state", "part": "incident__part__slug", "grade": "incident__grade", "incident": "incident__number"}
    return found.filter(**{column: filters[name] for name, column in columns.items() if filters.get(name)})


def report_get_for(actor: Actor, public_id: UUID) -> Report:
    """One visible report. Raises NotFound for one that is not there and for one that may not be known, alike."""
    return _one(report_list(actor).filter(public_id=public_id))


def report_get_by_number(actor: Actor, number: str) -> Report:
    """One visible report by the number that people say. Raises NotFound."""
    return _one(report_list(actor).filter(number=number))


def report_of(actor: Actor, incident: Any) -> Report | None:
    """The incident's report that this person may see: the one in work, else the last one."""
    found = list(report_list(actor).prefetch_related(None).filter(incident=incident)[:5])
    return next((report for report in found if report.is_in_work), found[0] if found else None)


def action_list(actor: Actor, **filters: str) -> QuerySet[Action]:
    """Visible actions, newest first. Filters: state (or `overdue`), owner (public id), report (number). One's own are always visible."""
    seen = _seen(actor, "report__incident")
    if actor.user_id is not None and actor.scopes is None:
        seen |= Q(owner_id=actor.user_id)
    found = Action.objects.select_related("report__incident__part__unit", "owner").filter(seen).order_by("-id")
    state = filters.get("state")
    _known(state, [*Action.State.values, "overdue"])
    if state == "overdue":
        found = found.filter(state=Action.State.OPEN, due_at__lte=clock.now())
    elif state:
        found = found.filter(state=state)
    if filters.get("report"):
        found = found.filter(report__number=filters["report"])
    if filters.get("owner"):
        found = found.filter(owner__public_id=_uuid(filters["owner"]))
    return found


def action_get_for(actor: Actor, public_id: UUID) -> Action:
    """One visible action. Raises NotFound."""
    found = action_list(actor).filter(public_id=public_id).first()
    if found is None:
        raise NotFound(kind=_("improvement action"))
    return found


def _seen(actor: Actor, incident: str) -> Q:
    """By team, by a role in the incident, or everything; nothing without the scope."""
    if actor.scopes is not None and not actor.scopes & {SCOPE_READ, SCOPE_WRITE}:
        return Q(pk__in=[])
    paths = readable_paths(actor, READ)
    if paths is None:
        return Q()
    seen = Q(pk__in=[])
    for path in paths:
        seen |= Q(**{f"{incident}__part__unit__path__startswith": path})
    if actor.user_id is not None:
        seen |= Q(Exists(IncidentRole.objects.filter(incident=OuterRef(f"{incident}_id"), user_id=actor.user_id, ended_at=None)))
    return seen


def _one(found: QuerySet[Report]) -> Report:
    report = found.first()
    if report is None:
        raise NotFound(kind=_("report"))
    return report


def _known(state: str | None, states: list[str]) -> None:
    if state and state not in states:
        raise Invalid(field="state", problem=", ".join(states))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Invalid(field="owner", problem=_("this is not an id.")) from None
