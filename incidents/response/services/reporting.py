"""The short report that an incident needs before it closes, until the room of reports writes the long one."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from contingency.plan.models import Grade
from incidents.response.errors import OwnReport, ReportMissing
from incidents.response.events import ReportAccepted, ReportWritten
from incidents.response.models import Incident
from kernel import clock, fsm, journal
from kernel.actors import Actor
from kernel.permissions import require

SHORT = "short"


@transaction.atomic
def report_write(*, public_id: UUID, version: int | None, actor: Actor, summary: str, reason: str = "") -> Incident:
    """Write or rewrite the short report: what happened, why, what will be done. A new text needs a new acceptance.

    Raises NotPermitted, InvalidTransition, Stale.
    """
    incident = Incident.lock(public_id, version=version)
    require(actor, "incidents.report_write", incident)
    fsm.move(incident, incident.write_report, summary=summary, author_id=actor.user_id)
    event = ReportWritten(incident_id=incident.public_id, text=summary)
    journal.record(event, subject=incident, under=[incident.part], actor=actor, reason=reason)
    return incident


@transaction.atomic
def report_accept(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> Incident:
    """Somebody who did not write the report stands for it (SEC-01).

    Raises OwnReport, ReportMissing, NotPermitted, InvalidTransition, Stale.
    """
    now = clock.now()
    incident = Incident.lock(public_id, version=version)
    require(actor, "incidents.report_accept", incident)
    if not incident.report_summary:
        raise ReportMissing
    if incident.report_author_id is not None and incident.report_author_id == actor.user_id:
        raise OwnReport(action=_("Accept the report"))
    fsm.move(incident, incident.accept_report, at=now)
    _record(incident, SHORT, actor=actor, reason=reason)
    return incident


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
