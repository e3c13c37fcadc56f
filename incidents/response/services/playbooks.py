"""Playbooks of an incident: to whom their steps go, and one more started by hand (INC-04)."""

from uuid import UUID

from django.db import transaction

from contingency.org.models import User
from contingency.plan.models import PlaybookStep
from contingency.plan.selectors import playbook_get
from incidents.response.errors import PlaybookRunsAlready
from incidents.response.events import PlaybookAdded
from incidents.response.models import Incident, IncidentRole
from incidents.response.services.calling import incident_url
from kernel import fsm, journal
from kernel.actors import Actor
from kernel.i18n import pick
from kernel.permissions import require
from work import services as work


@transaction.atomic
def playbook_start(*, public_id: UUID, version: int | None, actor: Actor, playbook: str, reason: str = "") -> Incident:
    """Add the tasks of a playbook of the plan in force to those of the incident (INC-04).

    Raises NotFound, NotPermitted, InvalidTransition, Stale, PlaybookRunsAlready.
    """
    incident = Incident.lock(public_id, version=version)
    require(actor, "incidents.playbook_start", incident)
    chosen = playbook_get(playbook)
    fsm.move(incident, incident.add_work)
    event = PlaybookAdded(incident_id=incident.public_id, playbook=chosen.slug, name_en=chosen.name_en, name_zh=chosen.name_zh)
    entry = journal.record(event, subject=incident, actor=actor, reason=reason)
    where = whereabouts(incident)
    _task_list, is_new = work.task_list_ensure(subject=incident, playbook=chosen, owner_of=owners_in(incident), actor=actor, cause=entry, **where)
    if not is_new:
        raise PlaybookRunsAlready(playbook=pick(chosen, "name"))
    return incident


def owners_in(incident: Incident) -> work.OwnerOf:
    """A step goes to whoever has its role in this incident now, else to the commander, else to nobody."""
    holders = {role.role: role.user for role in incident.roles.filter(ended_at=None).select_related("user")}

    def owner_of(step: PlaybookStep) -> User | None:
        return holders.get(step.role) or holders.get(IncidentRole.Role.COMMANDER)

    return owner_of


def whereabouts(incident: Incident) -> dict[str, str]:
    """What the tasks take over from their incident: who may be reached, and where it stands."""
    return {"fence": incident.fence, "url": incident_url(incident)}
