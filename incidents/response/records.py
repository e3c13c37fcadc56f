"""How incidents are listed and shown to tools."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from incidents.response import selectors
from incidents.response.models import Incident
from incidents.response.rules import READ, SCOPE_READ
from kernel.records import RecordType, register


def output(incident: Incident) -> dict[str, Any]:
    """An incident as JSON. Administrators get that it exists, not what is in it."""
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
    if getattr(incident, "titles_only", False):
        return known
    level = incident.level or {}
    return {
        **known,
        "part_id": str(incident.part.public_id),
        "fault_class": incident.fault_class,
        "fault_kind": incident.fault_kind.slug if incident.fault_kind else "",
        "scope": incident.scope,
        "finding": incident.finding,
        "fence": incident.fence,
        "detected_by": incident.detected_by,
        "proposed_grade": incident.proposed_grade,
        "proposal": incident.proposal,
        "stops_business": incident.stops_business,
        "level": {"slug": level.get("slug", ""), "groups": [group["slug"] for group in level.get("groups", [])]},
        "outage": incident.outage.number if incident.outage else "",
        "outage_id": str(incident.outage.public_id) if incident.outage else None,
        "merged_into": incident.merged_into.number if incident.merged_into else "",
        "round": incident.round,
        "update_due_at": incident.update_due_at,
        "unanswered_since": incident.unanswered_since,
        "failing_since": incident.failing_since,
        "answered_at": incident.answered_at,
        "confirmed_at": incident.confirmed_at,
        "located_at": incident.located_at,
        "handling_at": incident.handling_at,
        "verifying_at": incident.verifying_at,
        "resolved_at": incident.resolved_at,
        "reviewed_at": incident.reviewed_at,
        "report_summary": incident.report_summary,
        "report_accepted_at": incident.report_accepted_at,
    }


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
    )
)
