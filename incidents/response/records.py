"""How incidents are listed and shown to tools."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from incidents.response import selectors
from incidents.response.models import Incident
from incidents.response.rules import READ, SCOPE_READ
from incidents.response.selectors.views import View
from kernel.actors import Actor
from kernel.records import RecordType, register


def output(incident: Incident) -> dict[str, Any]:
    """An incident as JSON: all of it, or as much as its `view` shows (`selectors.views`). A row without a view shows all."""
    known = {
        "id": str(incident.public_id),
        "number": incident.number,
        "state": incident.state,
        "version": incident.version,
        "title": incident.title,
        "part": incident.part.slug,
        "grade": incident.grade,
        "discovered_at": incident.discovered_at,
        "closed_at": incident.closed_at,
    }
    view = getattr(incident, "view", View.FULL)
    if view == View.TITLES or getattr(incident, "titles_only", False):
        return known
    impact = {
        **known,
        "scope": incident.scope,
        "stops_business": incident.stops_business,
        "failing_since": incident.failing_since,
        "confirmed_at": incident.confirmed_at,
        "resolved_at": incident.resolved_at,
        "update_due_at": incident.update_due_at,
        "fence": incident.fence,
    }
    if view == View.IMPACT:
        return impact
    business = {
        **impact,
        "fault_class": incident.fault_class,
        "outage": incident.outage.number if incident.outage else "",
        "outage_id": str(incident.outage.public_id) if incident.outage else None,
        "merged_into": incident.merged_into.number if incident.merged_into else "",
        "handling_at": incident.handling_at,
        "verifying_at": incident.verifying_at,
        "reviewed_at": incident.reviewed_at,
        "report_accepted_at": incident.report_accepted_at,
    }
    if view == View.BUSINESS:
        return business
    level = incident.level or {}
    return {
        **business,
        "part_id": str(incident.part.public_id),
        "fault_kind": incident.fault_kind.slug if incident.fault_kind else "",
        "finding": incident.finding,
        "detected_by": incident.detected_by,
        "proposed_grade": incident.proposed_grade,
        "proposal": incident.proposal,
        "level": {"slug": level.get("slug", ""), "groups": [group["slug"] for group in level.get("groups", [])]},
        "round": incident.round,
        "unanswered_since": incident.unanswered_since,
        "answered_at": incident.answered_at,
        "located_at": incident.located_at,
        "report_summary": incident.report_summary,
    }


def as_seen(actor: Actor, incident: Incident) -> Incident:
    """The incident with the actor's view of it, as a list would give it."""
    incident.view = selectors.view_of(actor, incident).value  # type: ignore[attr-defined]
    return incident


INCIDENTS = register(
    RecordType(
        kind=Incident.journal_kind,
        collection="incidents",
        title=_("incident"),
        model=Incident,
        list_for=selectors.incident_list,
        get_for=selectors.incident_get_for,
        output=output,
        read=READ,
        filters=selectors.FILTERS,
        scope=SCOPE_READ,
        address=lambda incident: f"{settings.BASE_URL}/incidents/{incident.number}/",
        extra={"as_seen": as_seen, "entries_seen": selectors.entries_seen, "view_of": selectors.view_of},
    )
)
