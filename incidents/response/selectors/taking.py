"""Which roles of an incident somebody may take of their own accord."""

from incidents.response.models import Incident, IncidentRole
from kernel.actors import Actor
from kernel.permissions import Grant, can

Role = IncidentRole.Role


def roles_takeable(incident: Incident, actor: Actor) -> list[str]:
    """The roles this person may take here when they are free. Whoever may assign roles may take any; business its own."""
    if can(actor, "incidents.role_take", incident) is None or actor.user_id is None:
        return []
    if can(actor, "incidents.role_assign", incident) in (Grant.ALL, Grant.OWN):
        return list(Role.values)
    if actor.roles & {"ops_engineer", "team_lead"}:
        return [role.value for role in Role if role != Role.COMMANDER]
    return [Role.BUSINESS_LEAD.value]
