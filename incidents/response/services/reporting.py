"""What an incident knows of its report: a general one's few words come with the close, a graver one's is approved in the room of reports."""

from datetime import datetime

from django.db import transaction

from contingency.plan.models import Grade
from incidents.response.events import ReportAccepted, ReportWritten
from incidents.response.models import Incident
from kernel import clock, fsm, journal
from kernel.actors import Actor

SHORT = "short"


@transaction.atomic
def report_accepted(*, incident: Incident, report: str, actor: Actor) -> Incident:
    """The room of reports tells that the incident's approved report is accepted; `report` is its number."""
    now = clock.now()
    incident = Incident.lock(incident.public_id)
    fsm.move(incident, incident.accept_report, at=now)
    _record(incident, report, actor=actor)
    return incident


def report_with_close(incident: Incident, *, summary: str, at: datetime, actor: Actor) -> None:
    """A general incident's short report comes with the close and is accepted by it; a graver one's is not.

    Changes memory and records; the close saves. A report that is accepted already stays as it is.
    """
    if incident.grade != Grade.GENERAL or incident.report_accepted_at is not None or not (summary or incident.report_summary):
        return
    if summary:
        incident.write_report(summary=summary, author_id=actor.user_id)
        event = ReportWritten(incident_id=incident.public_id, text=summary)
        journal.record(event, subject=incident, actor=actor)
    incident.accept_report(at=at)
    _record(incident, SHORT, actor=actor)


def _record(incident: Incident, report: str, *, actor: Actor, reason: str = "") -> None:
    event = ReportAccepted(incident_id=incident.public_id, report=report)
    journal.record(event, subject=incident, under=[incident.part], actor=actor, reason=reason)
