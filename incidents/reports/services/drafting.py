"""The draft that writes itself when an incident is over, and again on demand (RPT-01)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from contingency.plan.models import Grade
from incidents.reports.errors import IncidentNotOver, ReportIsOpen
from incidents.reports.events import ReportDrafted, ReportSentBack
from incidents.reports.models import Report, SectionText
from incidents.reports.prose import write
from incidents.reports.selectors.facts import Facts, facts_of
from incidents.reports.selectors.texts import present_texts
from incidents.response.models import Incident
from incidents.response.models.states import State
from kernel import clock, fsm, journal
from kernel.actors import SYSTEM, Actor
from kernel.errors import NotFound
from kernel.ids import number_next
from kernel.models import Entry
from kernel.permissions import require

OVER = (State.RESOLVED, State.IN_REVIEW, State.CLOSED)
ALL_SECTIONS = "all"


@transaction.atomic
def incident_resolved(entry: Entry) -> Report | None:
    """The incident is over: draft its report, or bring the draft up to date after it went on.

    What people wrote stays. A report that waited for approval is a draft again, because it tells of an end that was none.
    """
    incident = Incident.objects.select_for_update(of=("self",)).filter(public_id=entry.payload["incident_id"]).first()
    if incident is None or incident.state not in OVER:
        return None
    report = Report.objects.select_for_update(of=("self",)).filter(incident=incident, state__in=["draft", "in_review"]).first()
    now = clock.now()
    if report is None:
        return _make(incident, at=now, actor=SYSTEM, cause=entry)
    if report.drafted_at >= entry.at:
        return report
    if report.state == Report.State.IN_REVIEW:
        fsm.move(report, report.send_back)
        journal.record(ReportSentBack(report_id=report.public_id), subject=report, under=[incident], actor=SYSTEM, cause=entry)
    _redraft(report, everything=False, at=now, actor=SYSTEM, cause=entry)
    return report


@transaction.atomic
def report_draft(*, actor: Actor, incident: UUID, reason: str = "") -> Report:
    """Draft a report by hand, for an incident that has none in work (it was resolved before reports wrote themselves).

    Raises NotFound, NotPermitted, IncidentNotOver, ReportIsOpen.
    """
    found = Incident.objects.select_for_update(of=("self",)).filter(public_id=incident).first()
    if found is None:
        raise NotFound(kind=_("incident"))
    require(actor, "reports.draft", found)
    if found.state not in OVER:
        raise IncidentNotOver(number=found.number, state=found.state_label())
    there = Report.objects.filter(incident=found, state__in=["draft", "in_review"]).first()
    if there is not None:
        raise ReportIsOpen(number=there.number)
    return _make(found, at=clock.now(), actor=actor, reason=reason)


@transaction.atomic
def report_redraft(*, public_id: UUID, version: int | None, actor: Actor, which: str = "", reason: str = "") -> Report:
    """Let the console write the draft anew from what is known now. `which`: sections that people wrote stay, unless `all`.

    Nothing is lost: what was there before is an earlier version. Raises NotPermitted, InvalidTransition, Stale.
    """
    report = Report.lock(public_id, version=version)
    require(actor, "reports.redraft", report)
    return _redraft(report, everything=which == ALL_SECTIONS, at=clock.now(), actor=actor, reason=reason)


def _make(incident: Incident, *, at: datetime, actor: Actor, reason: str = "", cause: Any = None) -> Report:
    facts = facts_of(incident)
    approved = Report.objects.filter(incident=incident, state=Report.State.APPROVED).first()
    report = Report.objects.create(
        number=number_next("REP"),
        incident=incident,
        is_short=incident.grade == Grade.GENERAL,
        zone=facts.zone.key,
        supersedes=approved,
        drafted_at=at,
        saved_at=at,
    )
    journal.link(incident, report, since=None, actor=actor, cause=cause)
    _write(report, facts, keep=frozenset(), at=at)
    _record(report, kept=frozenset(), at=at, actor=actor, reason=reason, cause=cause)
    return report


def _redraft(report: Report, *, everything: bool, at: datetime, actor: Actor, reason: str = "", cause: Any = None) -> Report:
    facts = facts_of(report.incident)
    fsm.move(report, report.redraft, grade=report.incident.grade, zone=facts.zone.key, at=at)
    keep = frozenset(
        present.section.value for present in present_texts(report) if not everything and present.text is not None and not present.text.is_drafted
    )
    _write(report, facts, keep=keep, at=at)
    _record(report, kept=keep, at=at, actor=actor, reason=reason, cause=cause)
    return report


def _write(report: Report, facts: Facts, *, keep: frozenset[str], at: datetime) -> None:
    """New versions of the sections whose words changed."""
    rows = []
    for present in present_texts(report):
        if present.section.value in keep:
            continue
        english, chinese = write(present.section, facts, "en"), write(present.section, facts, "zh-hans")
        text = present.text
        if text is not None and (text.text_en, text.text_zh) == (english, chinese):
            continue
        revision = text.revision + 1 if text is not None else 1
        rows.append(
            SectionText(
                report=report,
                section=present.section.value,
                revision=revision,
                text_en=english,
                text_zh=chinese,
                author_label=SYSTEM.label,
                at=at,
            )
        )
    SectionText.objects.bulk_create(rows)


def _record(report: Report, *, kept: frozenset[str], at: datetime, actor: Actor, reason: str, cause: Any) -> None:
    event = ReportDrafted(
        report_id=report.public_id,
        number=report.number,
        incident_id=report.incident.public_id,
        sections=[section.value for section in report.sections if section.value not in kept],
        kept=sorted(kept),
        at=at,
    )
    journal.record(event, subject=report, under=[report.incident], actor=actor, reason=reason, cause=cause)
