"""Which incidents a person may see, and the list of them."""

from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.utils.translation import gettext_lazy as _

from incidents.response.models import Incident, IncidentRole
from incidents.response.models.states import OPEN, State
from incidents.response.rules import READ, SCOPE_READ, SCOPE_WRITE
from incidents.response.selectors.views import with_view
from kernel.actors import Actor
from kernel.errors import Invalid, NotFound
from kernel.records import readable_paths

FILTERS = ("state", "part", "grade", "fault_class", "number")


def incidents_visible(actor: Actor) -> QuerySet[Incident]:
    """The incidents this actor may know of: by team, by a role in the incident, or all of them.

    An administrator sees that there are incidents, not what is in them, business operations and customer service only what
    concerns them (SEC-01): `titles_only` and `view` tell the output.
    """
    everything = with_view(Incident.objects.all(), actor)
    if actor.scopes is not None and not actor.scopes & {SCOPE_READ, SCOPE_WRITE}:
        return everything.none()
    if "administrator" in actor.roles:
        return everything.annotate(titles_only=Value(True))
    paths = readable_paths(actor, READ)
    if paths is None:
        return everything
    mine = (
        Exists(IncidentRole.objects.filter(incident=OuterRef("pk"), user_id=actor.user_id, ended_at=None))
        if actor.user_id is not None
        else Q(pk=None)
    )
    team = Q(pk=None)
    for path in paths:
        team |= Q(part__unit__path__startswith=path)
    return everything.filter(team | mine)


def incident_list(actor: Actor, **filters: str) -> QuerySet[Incident]:
    """The visible incidents, newest first, for paging by `-id`.

    state: one state, or `open`; part: slug or public id; grade; fault_class; number. Raises Invalid for an unknown value.
    """
    found = incidents_visible(actor).order_by("-id")
    for name, value in filters.items():
        if value:
            found = found.filter(_condition(name, str(value)))
    return found


def incident_get_for(actor: Actor, public_id: UUID) -> Incident:
    """One visible incident. Raises NotFound for one that is not there and for one that may not be known, alike."""
    incident = incidents_visible(actor).select_related("outage", "fault_kind", "merged_into").filter(public_id=public_id).first()
    if incident is None:
        raise NotFound(kind=_("incident"))
    return incident


def incident_get_by_number(actor: Actor, number: str) -> Incident:
    """One visible incident by the number that people say. Raises NotFound."""
    found = incidents_visible(actor).filter(number=number).values_list("public_id", flat=True).first()
    if found is None:
        raise NotFound(kind=_("incident"))
    return incident_get_for(actor, found)


def _condition(name: str, value: str) -> Q:
    if name == "state" and value == "open":
        return Q(state__in=OPEN)
    if name == "part":
        return Q(part__public_id=value) if _is_uuid(value) else Q(part__slug=value)
    known: dict[str, Any] = {
        "state": State.values,
        "grade": Incident._meta.get_field("grade").choices,
        "fault_class": Incident._meta.get_field("fault_class").choices,
    }
    if name in known:
        values = [choice[0] if isinstance(choice, tuple) else choice for choice in known[name] or []]
        if value not in values:
            raise Invalid(field=name, problem=", ".join(map(str, values)))
        return Q(**{name: value})
    if name == "number":
        return Q(number=value)
    raise Invalid(field=name, problem=_("there is no such filter."))


def _is_uuid(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return False
    return True
