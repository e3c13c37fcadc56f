"""Whoever commands may quieten the alerts of the part, so that what follows from the known failure opens no further incidents."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from incidents.response.errors import AlertsSilenced, NotSilenced
from incidents.response.models import Incident
from kernel import clock, fsm
from kernel.actors import Actor
from kernel.errors import ReasonRequired
from kernel.permissions import require
from monitoring.alerts.services import silences


@transaction.atomic
def alerts_silence(*, public_id: UUID, version: int | None, actor: Actor, hours: Decimal, reason: str = "") -> Incident:
    """Until then, or until the incident ends, alerts of its part open no further incident; they are stored and counted all the same.

    Raises ReasonRequired, AlertsSilenced, NotPermitted, InvalidTransition, Stale.
    """
    incident = Incident.lock(public_id, version=version)
    require(actor, "incidents.alerts_silence", incident)
    if not reason.strip():
        raise ReasonRequired(action=_("Silence the part's alerts"))
    if is_silenced(incident):
        raise AlertsSilenced
    silence = silences.silence_put(part=incident.part, lasts=timedelta(hours=float(hours)), reason=reason, under=[incident], actor=actor)
    fsm.move(incident, incident.quieten, silence=silence)
    return incident


@transaction.atomic
def alerts_unsilence(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> Incident:
    """Alerts of the part open incidents again; those that fire now are announced. Raises NotSilenced, NotPermitted, Stale."""
    incident = Incident.lock(public_id, version=version)
    require(actor, "incidents.alerts_unsilence", incident)
    if incident.silence is None or not is_silenced(incident):
        raise NotSilenced
    silences.silence_lift(silence=incident.silence, under=[incident], actor=actor, reason=reason)
    fsm.move(incident, incident.unquieten)
    return incident


def silence_end_with(incident: Incident, *, actor: Actor) -> None:
    """The incident ends, and its silence with it: what fires from now on is a new failure."""
    if incident.silence is not None:
        silences.silence_lift(silence=incident.silence, under=[incident], actor=actor)


def is_silenced(incident: Incident) -> bool:
    """Whether the incident's own silence holds."""
    silence = incident.silence
    return silence is not None and silence.state == silence.State.IN_FORCE and silence.ends_at > clock.now()
