"""Writing, judging, approving. Nothing that was saved is ever overwritten."""

from uuid import UUID

from django.db import transaction

from contingency.org.models import User
from incidents.reports.errors import IncidentNotOver, NothingChanged, OwnReport, ReportIsOpen, SectionsMissing
from incidents.reports.events import ReportApproved, ReportSentBack, ReportSubmitted, ReportSuperseded, RevisionBegun, SectionSaved
from incidents.reports.models import Report, Section, SectionText
from incidents.reports.selectors.texts import present_texts, wrote_it
from incidents.reports.services.drafting import OVER
from incidents.response import services as response
from incidents.response.models import Incident
from incidents.response.models.states import State
from kernel import clock, fsm, journal
from kernel.actors import Actor
from kernel.i18n import listed
from kernel.ids import number_next
from kernel.permissions import require


@transaction.atomic
def section_put(
    *, public_id: UUID, version: int | None, actor: Actor, section: str, text_en: str = "", text_zh: str = "", reason: str = ""
) -> Report:
    """Save a new version of one section. A language left out keeps its text. Rooms above put what they know the same way.

    Raises NothingChanged, NotPermitted, InvalidTransition, Stale.
    """
    now = clock.now()
    report = Report.lock(public_id, version=version)
    require(actor, "reports.section_put", report)
    last = SectionText.objects.filter(report=report, section=Section(section)).order_by("-revision").first()
    english = text_en or (last.text_en if last is not None else "")
    chinese = text_zh or (last.text_zh if last is not None else "")
    if last is not None and (english, chinese) == (last.text_en, last.text_zh):
        raise NothingChanged
    fsm.move(report, report.save_section, at=now)
    row = SectionText.objects.create(
        report=report,
        section=section,
        revision=last.revision + 1 if last is not None else 1,
        text_en=english,
        text_zh=chinese,
        author=User.objects.filter(pk=actor.user_id).first() if actor.user_id is not None else None,
        author_label=actor.label,
        at=now,
    )
    event = SectionSaved(report_id=report.public_id, section=section, revision=row.revision)
    journal.record(event, subject=report, under=[report.incident], actor=actor, reason=reason)
    return report


@transaction.atomic
def report_submit(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> Report:
    """Finished: somebody else is to judge it. Raises SectionsMissing, NotPermitted, InvalidTransition, Stale."""
    now = clock.now()
    report = Report.lock(public_id, version=version)
    require(actor, "reports.submit", report)
    missing = [item.label for item in present_texts(report) if item.text is None or not (item.text.text_en.strip() and item.text.text_zh.strip())]
    if missing:
        raise SectionsMissing(missing=listed(missing))
    fsm.move(report, report.submit, at=now, by_id=actor.user_id)
    event = ReportSubmitted(report_id=report.public_id, at=now)
    journal.record(event, subject=report, under=[report.incident], actor=actor, reason=reason)
    return report


@transaction.atomic
def report_send_back(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> Report:
    """The review found something (the reason says what), or the submitter takes it back. Raises NotPermitted, InvalidTransition, Stale."""
    report = Report.lock(public_id, version=version)
    require(actor, "reports.send_back", report)
    fsm.move(report, report.send_back)
    journal.record(ReportSentBack(report_id=report.public_id), subject=report, under=[report.incident], actor=actor, reason=reason)
    return report


@transaction.atomic
def report_approve(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> Report:
    """A person who wrote nothing of it stands for the report (SEC-01): the incident may close, an older report is superseded.

    Locks the incident first, as everything does that touches both. Raises OwnReport, IncidentNotOver, NotPermitted,
    InvalidTransition, Stale.
    """
    now = clock.now()
    seen = Report.objects.filter(public_id=public_id).values_list("incident__public_id", flat=True).first()
    incident = Incident.lock(seen) if seen is not None else None
    report = Report.lock(public_id, version=version)
    require(actor, "reports.approve", report)
    if report.state == Report.State.IN_REVIEW and wrote_it(report, actor):
        raise OwnReport(action="reports.approve")
    assert incident is not None
    if incident.state not in OVER:
        raise IncidentNotOver(number=incident.number, state=incident.state_label())
    _supersede(report, actor=actor)
    fsm.move(report, report.approve, at=now, by_id=actor.user_id)
    event = ReportApproved(report_id=report.public_id, number=report.number, incident_id=incident.public_id, at=now)
    journal.record(event, subject=report, under=[incident, incident.part], actor=actor, reason=reason)
    if incident.state != State.CLOSED:
        response.report_accepted(incident=incident, report=report.number, actor=actor)
    return report


@transaction.atomic
def report_revise(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> Report:
    """Rewrite an approved report: a new draft with its texts. The approved one holds until the new one is approved.

    Returns the new report. Raises ReportIsOpen, NotPermitted, InvalidTransition, Stale.
    """
    now = clock.now()
    old = Report.lock(public_id, version=version)
    require(actor, "reports.revise", old)
    there = Report.objects.filter(incident=old.incident, state__in=["draft", "in_review"]).first()
    if there is not None:
        raise ReportIsOpen(number=there.number)
    fsm.move(old, old.begin_revision)
    new = Report.objects.create(
        number=number_next("REP"),
        incident=old.incident,
        is_short=old.is_short,
        zone=old.zone,
        supersedes=old,
        drafted_at=old.drafted_at,
        saved_at=now,
    )
    journal.link(old.incident, new, since=None, actor=actor)
    SectionText.objects.bulk_create(
        SectionText(
            report=new,
            section=present.section.value,
            revision=1,
            text_en=present.text.text_en,
            text_zh=present.text.text_zh,
            author=present.text.author,
            author_label=present.text.author_label,
            at=present.text.at,
        )
        for present in present_texts(old)
        if present.text is not None
    )
    event = RevisionBegun(report_id=new.public_id, number=new.number, of=old.number)
    journal.record(event, subject=new, under=[old.incident], actor=actor, reason=reason)
    return new


def _supersede(report: Report, *, actor: Actor) -> None:
    now = clock.now()
    for old in Report.objects.select_for_update(of=("self",)).filter(incident=report.incident, state=Report.State.APPROVED):
        fsm.move(old, old.supersede, at=now)
        event = ReportSuperseded(report_id=old.public_id, by=report.number, at=now)
        journal.record(event, subject=old, under=[report.incident], actor=actor)
