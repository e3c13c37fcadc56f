"""Locating, handling, verifying: the middle of the way."""

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from contingency.catalog.models import FaultKind
from incidents.response.events import HandlingStarted, IncidentLocated, VerifyingStarted
from incidents.response.models import Incident
from incidents.response.models.states import State
from incidents.response.selectors.guards import guard_handle
from incidents.response.services.responding import playbooks_start
from kernel import clock, fsm, journal
from kernel.actors import Actor
from kernel.errors import Invalid
from kernel.permissions import require


@transaction.atomic
def incident_locate(*, public_id: UUID, version: int | None, actor: Actor, finding: str, fault_kind: str = "", reason: str = "") -> Incident:
    """The fault is found: what it is, and its kind where known; the kind's playbook starts (INC-01, INC-04).

    Before anybody acts this moves the incident to located; while people act already it is recorded and the state stays.
    Raises NotPermitted, Invalid, InvalidTransition, Stale.
    """
    now = clock.now()
    incident = Incident.lock(public_id, version=version)
    acting = incident.state in (State.HANDLING, State.VERIFYING)
    require(actor, "incidents.locate_while_handling" if acting else "incidents.locate", incident)
    kind = _kind_find(incident, fault_kind)
    method = incident.locate_while_handling if acting else incident.locate
    fsm.move(incident, method, finding=finding, fault_kind_id=kind.pk if kind else None, at=now)
    event = IncidentLocated(incident_id=incident.public_id, text=finding, fault_kind=kind.slug if kind else "", at=now)
    entry = journal.record(event, subject=incident, under=[incident.part], actor=actor, reason=reason)
    if kind is not None:
        playbooks_start(incident, actor=actor, cause=entry)
    return incident


@transaction.atomic
def incident_handle(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> Incident:
    """People begin to act. Raises GradeMissing, CommanderMissing, NotPermitted, InvalidTransition, Stale."""
    now = clock.now()
    incident = Incident.lock(public_id, version=version)
    require(actor, "incidents.handle", incident)
    if incident.state in (State.CONFIRMED, State.LOCATED):
        guard_handle(incident)
    fsm.move(incident, incident.handle, at=now)
    event = HandlingStarted(incident_id=incident.public_id, at=now)
    journal.record(event, subject=incident, under=[incident.part], actor=actor, reason=reason)
    return incident


@transaction.atomic
def incident_verify(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> Incident:
    """The measures are taken, recovery is being verified. Raises NotPermitted, InvalidTransition, Stale."""
    now = clock.now()
    incident = Incident.lock(public_id, version=version)
    require(actor, "incidents.verify", incident)
    fsm.move(incident, incident.verify, at=now)
    event = VerifyingStarted(incident_id=incident.public_id, at=now)
    journal.record(event, subject=incident, under=[incident.part], actor=actor, reason=reason)
    return incident


def _kind_find(incident: Incident, slug: str) -> FaultKind | None:
    if not slug:
        return None
    kind = FaultKind.objects.filter(slug=slug, fault_class=incident.fault_class, retired_at=None).first()
    if kind is None:
        raise Invalid(field=_("Kind of fault"), problem=_("there is no such kind in this class."))
    return kind
