"""The outage of an incident: joined when there is one, opened when the incident stops business, told who commands."""

from datetime import datetime
from typing import Any

from contingency.plan.models import Grade
from incidents.response.events import OutageJoined
from incidents.response.models import Incident, IncidentAlert, IncidentRole
from incidents.response.models.states import OPEN
from incidents.switchover import selectors as switchover
from incidents.switchover import services as switching
from incidents.switchover.models import Outage
from kernel import journal
from kernel.actors import Actor
from kernel.models import Entry
from monitoring.probes.selectors import first_failure


def incident_of_outage(entry: Entry) -> Incident | None:
    """The open incident, locked, of the outage that an entry speaks of; None for an entry that speaks of none."""
    outage_id = entry.payload.get("outage_id")
    if not outage_id:
        return None
    return Incident.objects.select_for_update(of=("self",)).filter(outage__public_id=outage_id, state__in=OPEN).order_by("id").first()


def outage_adopt(incident: Incident, *, actor: Actor, cause: Any) -> None:
    """Take the part's open outage if no open incident has it yet: the automatic policy may have been first.

    One that another incident drives stays with that one, unless this incident turns out to stop business too.
    """
    outage = switchover.open_outage(incident.part)
    if outage is not None and not Incident.objects.filter(outage=outage, state__in=OPEN).exists():
        outage_join(incident, outage, actor=actor, cause=cause)


def outage_join(incident: Incident, outage: Outage, *, actor: Actor, cause: Any) -> None:
    """Make the outage part of the incident: its whole timeline too, because it may have begun before anybody noticed."""
    incident.outage = outage
    incident.save(update_fields=["outage"])
    event = OutageJoined(incident_id=incident.public_id, outage_id=outage.public_id, outage=outage.journal_label())
    entry = journal.record(event, subject=incident, under=[outage], actor=actor, cause=cause)
    journal.link(incident, outage, since=None, actor=actor, cause=entry)


def outage_ensure(incident: Incident, *, actor: Actor, cause: Any) -> Outage:
    """The incident stops business: its clocks must run from the failure. Opens the outage where none is open, and grades it."""
    outage = incident.outage
    if outage is None or not outage.is_open:
        outage = switchover.open_outage(incident.part) or switching.outage_open(
            part=incident.part, failing_since=incident.failing_since, actor=actor, needs_second=needs_second(incident), cause=cause
        )
        outage_join(incident, outage, actor=actor, cause=cause)
    outage_tell(incident, actor=actor, cause=cause)
    return outage


def outage_tell(incident: Incident, *, actor: Actor, cause: Any) -> None:
    """Report grade and commanders down: the switch asks for a second person by the grade, and lets the commander order it."""
    outage = incident.outage
    if outage is None or not outage.is_open or not incident.grade:
        return
    commanders = incident.roles.filter(role=IncidentRole.Role.COMMANDER, ended_at=None).values_list("user__public_id", flat=True)
    switching.outage_grade_record(
        outage=outage,
        grade=incident.grade,
        commanders=[str(public_id) for public_id in commanders],
        actor=actor,
        cause=cause,
    )


def needs_second(incident: Incident) -> bool:
    """SEC-01: whoever orders a switch of a major incident, or of one not graded yet, is not alone."""
    return incident.grade in ("", Grade.MAJOR)


def failing_since_of(incident: Incident, *, now: datetime) -> datetime:
    """When it began: the earliest of what the incident says, its alerts' starts, and the first failed probe of the part."""
    signs = [incident.failing_since, now]
    earliest = IncidentAlert.objects.filter(incident=incident).order_by("alert__episode_start").values_list("alert__episode_start", flat=True).first()
    probe = first_failure(incident.part, now)
    signs += [moment for moment in (earliest, probe) if moment is not None]
    return min(signs)
