"""Reports: list, paper, sections with their versions, PDF, actions, figures."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from console import people
from console.api.errors import log_refusal
from console.selectors.reports import ActionsHome, ReportScreen, ReportsHome, SectionScreen
from contingency.catalog.models import FaultClass
from contingency.plan.models import Grade
from incidents.reports import selectors as reports
from incidents.reports.export import statistics_csv
from incidents.reports.models import Report
from incidents.reports.paper import report_pdf
from incidents.reports.selectors import statistics as figures
from kernel import clock, moves, proposals, records
from kernel.access import RECORD, access
from kernel.actors import Actor
from kernel.errors import DomainError, Invalid, NotFound, NotPermitted, Stale

LANGUAGES = {"en": "en", "zh": "zh-hans"}


def _reader(request: HttpRequest) -> Actor:
    """Whoever may read reports at all. Raises NotPermitted."""
    actor = people.actor_of(request)
    if not records.may_read(actor, records.get(Report.journal_kind), None):
        raise NotPermitted(action=_("read reports"))
    return actor


@access(RECORD)
@login_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The reports that the person may see, newest first."""
    screen = ReportsHome(people.actor_of(request), state=request.GET.get("state", ""), after=request.GET.get("after", ""))
    return render(request, "console/reports/home.html", {"screen": screen, "tab": "reports"})


@access(RECORD)
@login_required
@require_GET
def actions(request: HttpRequest) -> HttpResponse:
    """Improvement actions of all reports, the most urgent first. One's own stand here whatever one's role."""
    screen = ActionsHome(people.actor_of(request), clock.now(), state=request.GET.get("state", ""))
    return render(request, "console/reports/actions.html", {"screen": screen, "tab": "actions"})


@access(RECORD)
@login_required
@require_GET
def report(request: HttpRequest, number: str) -> HttpResponse:
    """One report, read as a paper."""
    actor = people.actor_of(request)
    found = reports.report_get_by_number(actor, number)
    screen = ReportScreen(actor, found, clock.now(), language=request.GET.get("text", ""))
    return render(request, "console/reports/report.html", {"screen": screen})


@access(RECORD)
@login_required
@require_http_methods(["GET", "POST"])
def section(request: HttpRequest, number: str, section: str) -> HttpResponse:
    """Write one section in both languages beside each other, and see its versions. What was typed survives every refusal."""
    actor = people.actor_of(request)
    found = reports.report_get_by_number(actor, number)
    screen = SectionScreen(actor, found, section)
    typed, refusal = None, None
    if request.method == "POST":
        typed = {name: request.POST.get(name, "").replace("\r\n", "\n").strip() for name in ("text_en", "text_zh", "reason")}
        try:
            _save(request, actor, found, section, typed)
        except DomainError as error:
            refusal = error
            if isinstance(error, NotPermitted):
                log_refusal(request, error)
            found = reports.report_get_by_number(actor, number)
            screen = SectionScreen(actor, found, section)
        else:
            messages.success(request, _("%(record)s: “%(title)s” is recorded.") % {"record": number, "title": moves.get("reports.section_put").title})
            return redirect("console:report", number)
    context = {"screen": screen, "typed": typed, "refusal": refusal}
    return render(request, "console/reports/section.html", context, status=refusal.http_status if refusal is not None else 200)


def _save(request: HttpRequest, actor: Actor, report: Report, section: str, typed: dict[str, str]) -> None:
    version = request.POST.get("version", "")
    if not version.isdigit() or len(version) > 9:
        raise Stale(state=report.state_label(), version=report.version)
    for name, label in (("text_en", _("English text")), ("text_zh", _("Chinese text"))):
        if not typed[name]:
            raise Invalid(field=label, problem=_("this is needed."))
    inputs = {"section": section, "text_en": typed["text_en"], "text_zh": typed["text_zh"]}
    proposals.perform("reports.section_put", actor=actor, public_id=report.public_id, version=int(version), inputs=inputs, reason=typed["reason"])


@access(RECORD)
@login_required
@require_GET
def pdf(request: HttpRequest, number: str, language: str) -> HttpResponse:
    """The report as PDF in English or Chinese."""
    found = reports.report_get_by_number(people.actor_of(request), number)
    if language not in LANGUAGES:
        raise NotFound(kind=_("language"))
    answer = HttpResponse(report_pdf(found, LANGUAGES[language], now=clock.now()), content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{found.number}-{language}.pdf"'
    answer["Cache-Control"] = "private, no-store"
    return answer


@access(RECORD)
@login_required
@require_GET
def statistics(request: HttpRequest) -> HttpResponse:
    """Figures over the incidents that the person may see."""
    actor = _reader(request)
    scope = _scope(request)
    context = {
        "tab": "statistics",
        "scope": scope,
        "found": figures.statistics_for(actor, scope),
        "periods": [(days, _("%(n)d days") % {"n": days} if days else _("Everything")) for days in figures.PERIODS],
        "parts": figures.parts_to_choose(actor),
        "grades": Grade.choices,
        "classes": FaultClass.choices,
    }
    return render(request, "console/reports/statistics.html", context)


@access(RECORD)
@login_required
@require_GET
def statistics_export(request: HttpRequest) -> HttpResponse:
    """The same incidents as CSV, one a line."""
    actor = _reader(request)
    answer = HttpResponse(statistics_csv(figures.rows_for(actor, _scope(request))), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="incidents.csv"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def _scope(request: HttpRequest) -> figures.Scope:
    days = request.GET.get("days", str(figures.DEFAULT_PERIOD))
    if not days.isdigit() or int(days[:5]) not in figures.PERIODS:
        raise Invalid(field=_("Period"), problem=", ".join(map(str, figures.PERIODS)))
    grade, fault_class = request.GET.get("grade", ""), request.GET.get("fault_class", "")
    if grade and grade not in Grade.values:
        raise Invalid(field=_("Grade"), problem=", ".join(Grade.values))
    if fault_class and fault_class not in FaultClass.values:
        raise Invalid(field=_("Fault class"), problem=", ".join(FaultClass.values))
    return figures.Scope(days=int(days), part=request.GET.get("part", ""), grade=grade, fault_class=fault_class)
