"""A report as PDF, in either language, with its font inside. Fast enough for a request: a third of a second for four pages."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from contingency.catalog.models import FaultClass
from contingency.org.models import User
from contingency.plan.models import Grade
from incidents.reports.models import Action, Report
from incidents.reports.selectors.texts import author_names, blocks, present_texts
from incidents.switchover.models import ClockKind, RecoveryClock
from kernel.i18n import in_readers_words, language_suffix, listed, pick

TEMPLATE: Final = Path(__file__).with_name("paper.typ")
# Characters that would turn the reading direction of what follows, and those that no font draws.
_UNSEEN: Final = {
    **dict.fromkeys(map(ord, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f"), "\ufffd"),
    **dict.fromkeys([*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F], None),
}


def report_pdf(report: Report, language: str, *, now: datetime) -> bytes:
    """The PDF in `en` or `zh-hans`. What people typed goes in as data, never as markup."""
    import manimgx_fonts_cjk  # here: only who prints pays for loading the typesetter
    import typst

    with translation.override(language):
        content = json.dumps(_content(report, now=now), ensure_ascii=False)
    pdf = typst.compile(
        str(TEMPLATE), font_paths=[str(Path(manimgx_fonts_cjk.__file__).parent)], ignore_system_fonts=True, sys_inputs={"report": content}
    )
    assert isinstance(pdf, bytes)
    return pdf


def _content(report: Report, *, now: datetime) -> dict[str, Any]:
    suffix = language_suffix()
    zone = ZoneInfo(report.zone)
    authors = [_name(user) for user in author_names(report)]
    content: dict[str, Any] = _clean(
        {
            "lang": suffix,
            "heading": _("Post-incident report"),
            "number": report.number,
            "title": in_readers_words(report.incident.title),
            "state": report.state_label(),
            "is_draft": report.is_in_work,
            "authors": authors,
            "printed": _("%(number)s, version %(version)d, printed %(at)s (%(zone)s)")
            % {"number": report.number, "version": report.version, "at": _moment(now, zone), "zone": report.zone},
            "facts": _facts(report, zone),
            "sections": [
                {
                    "name": present.section.value,
                    "label": present.label,
                    "blocks": blocks(getattr(present.text, f"text_{suffix}") if present.text is not None else ""),
                }
                for present in present_texts(report)
            ],
            "clock_heads": [_("Clock"), _("Target"), pgettext("column of a clock", "Started"), _("Stopped"), _("Outcome")],
            "clocks": _clocks(report, zone),
            "action_heads": [_("Number"), _("What will be done"), _("Owner"), _("Until"), _("State")],
            "actions": _actions(report, zone),
            "no_actions": _("No improvement action has been agreed yet."),
            "signatures": _signatures(report, authors, zone),
        }
    )
    return content


def _facts(report: Report, zone: ZoneInfo) -> list[list[str]]:
    incident = report.incident
    return [
        [_("Incident"), incident.number],
        [_("Guarded part"), pick(incident.part, "name")],
        [_("Grade"), str(Grade(incident.response_grade).label)],
        [_("Fault class"), str(FaultClass(incident.fault_class).label)],
        [_("Failing since"), _moment(incident.failing_since, zone)],
        [_("Resolved"), _moment(incident.resolved_at, zone)],
        [_("Outage"), incident.outage.number if incident.outage is not None else "–"],
        [_("Time zone"), report.zone],
    ]


def _clocks(report: Report, zone: ZoneInfo) -> list[list[str]]:
    outage = report.incident.outage
    if outage is None:
        return []
    order = list(ClockKind.values)
    rows = sorted(RecoveryClock.objects.filter(outage=outage), key=lambda row: order.index(row.kind))
    return [
        [
            str(ClockKind(row.kind).label),
            _hours(row.target.total_seconds()),
            _moment(row.started_at, zone),
            _moment(row.stopped_at, zone),
            row.state_label(),
        ]
        for row in rows
    ]


def _hours(seconds: float) -> str:
    hours, rest = divmod(round(seconds), 3600)
    return f"{hours}:{rest // 60:02d} h"


def _actions(report: Report, zone: ZoneInfo) -> list[list[str]]:
    rows = Action.objects.filter(report__incident=report.incident).select_related("owner").order_by("id")
    return [[row.number, row.title, _name(row.owner), f"{row.due_at.astimezone(zone):%Y-%m-%d}", row.state_label()] for row in rows]


def _signatures(report: Report, authors: list[str], zone: ZoneInfo) -> list[str]:
    written = _("Drafted by the console from the timeline and the records at %(at)s.") % {"at": _moment(report.drafted_at, zone)}
    signed = [written]
    if authors:
        signed.append(_("Written by: %(people)s") % {"people": listed(authors)})
    if report.approver is not None and report.approved_at is not None:
        signed.append(_("Approved by: %(person)s, %(at)s") % {"person": _name(report.approver), "at": _moment(report.approved_at, zone)})
    else:
        signed.append(_("Not approved yet: this is a draft."))
    return signed


def _moment(moment: datetime | None, zone: ZoneInfo) -> str:
    return date_format(moment.astimezone(zone), "Y-m-d H:i:s") if moment is not None else "–"


def _name(user: User) -> str:
    return pick(user, "display_name")


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.translate(_UNSEEN)
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items()}
    return [_clean(item) for item in value] if isinstance(value, list) else value
