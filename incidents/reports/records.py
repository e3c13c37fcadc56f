"""How reports and improvement actions are listed and shown to tools."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from incidents.reports.models import Action, Report
from incidents.reports.rules import READ, SCOPE_READ
from incidents.reports.selectors import texts, visible
from kernel.records import RecordType, register


def report_output(report: Report) -> dict[str, Any]:
    """A report as JSON with the present text of each section in both languages."""
    return {
        "id": str(report.public_id),
        "number": report.number,
        "state": report.state,
        "version": report.version,
        "incident": report.incident.number,
        "incident_id": str(report.incident.public_id),
        "part": report.incident.part.slug,
        "grade": report.incident.grade,
        "is_short": report.is_short,
        "zone": report.zone,
        "drafted_at": report.drafted_at,
        "saved_at": report.saved_at,
        "submitted_at": report.submitted_at,
        "submitted_by": report.submitted_by.display_name if report.submitted_by else "",
        "approved_at": report.approved_at,
        "approver": str(report.approver) if report.approver else "",
        "superseded_at": report.superseded_at,
        "sections": {
            present.section.value: {
                "revision": present.text.revision if present.text is not None else 0,
                "text_en": present.text.text_en if present.text is not None else "",
                "text_zh": present.text.text_zh if present.text is not None else "",
                "author": present.text.author_label if present.text is not None else "",
            }
            for present in texts.present_texts(report)
        },
        "pdf": {language: f"{settings.BASE_URL}/reports/{report.number}/{language}.pdf" for language in ("en", "zh")},
    }


def action_output(action: Action) -> dict[str, Any]:
    """An improvement action as JSON."""
    return {
        "id": str(action.public_id),
        "number": action.number,
        "state": action.state,
        "version": action.version,
        "title": action.title,
        "report": action.report.number,
        "incident": action.report.incident.number,
        "owner": action.owner.display_name,
        "owner_id": str(action.owner.public_id),
        "due_at": action.due_at,
        "overdue_at": action.overdue_at,
        "ended_at": action.ended_at,
        "evidence": action.evidence,
        "drop_reason": action.drop_reason,
    }


REPORTS = register(
    RecordType(
        kind=Report.journal_kind,
        collection="reports",
        title=_("report"),
        model=Report,
        list_for=visible.report_list,
        get_for=visible.report_get_for,
        output=report_output,
        read=READ,
        filters=visible.REPORT_FILTERS,
        scope=SCOPE_READ,
        address=lambda report: f"{settings.BASE_URL}/reports/{report.number}/",
        extra={"texts": texts.present_texts},
    )
)
ACTIONS = register(
    RecordType(
        kind=Action.journal_kind,
        collection="improvement-actions",
        title=_("improvement action"),
        model=Action,
        list_for=visible.action_list,
        get_for=visible.action_get_for,
        output=action_output,
        read=READ,
        filters=visible.ACTION_FILTERS,
        scope=SCOPE_READ,
        address=lambda action: f"{settings.BASE_URL}/reports/{action.report.number}/",
    )
)
