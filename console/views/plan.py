"""The plan: the version in force, the others, what differs, loading a document, chart, playbooks, readers, paper."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from console import people
from console.feed import news
from console.selectors.plan import OrgChart, PlaybookScreen, VersionScreen, comparison
from console.selectors.plan_texts import TextsScreen
from console.selectors.rounds import RoundsScreen
from console.views.parts import page_or_parts
from contingency.plan import selectors as plan
from contingency.plan import services
from contingency.plan.document import PlanDocumentInvalid
from contingency.plan.models import PlanVersion
from kernel import clock, permissions, proposals, records
from kernel.access import MOVE, RECORD, access
from kernel.actors import Actor
from kernel.errors import DomainError, NotFound, NotPermitted

LOAD = "plan.load"
LARGEST_BYTES = 2 * 1024 * 1024
AROUND = 2  # lines shown before and after a wrong one
ROUND_PARTS = {"plan-rounds": "console/plan/_rounds.html", "late": "console/partials/_late.html"}
PARTS = {"plan-head": "console/plan/_head.html", "plan-receipt": "console/plan/_receipt.html", "late": "console/partials/_late.html"}


def _actor(request: HttpRequest) -> Actor:
    """The person, who must be one that may read plans. Raises NotFound."""
    actor = people.actor_of(request)
    if not records.may_read(actor, records.get(PlanVersion.journal_kind), None):
        raise NotFound(kind=_("plan"))
    return actor


def _screen(request: HttpRequest, number: int | None = None) -> VersionScreen:
    return VersionScreen(_actor(request), plan.version_get(number), clock.now())


@access(RECORD)
@login_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The version in force; before the first approval, how to get one."""
    actor = _actor(request)
    version = plan.version_in_force()
    if version is None:
        context = {"versions": plan.version_list(), "may_load": permissions.can(actor, LOAD)}
        return render(request, "console/plan/none.html", context)
    return _version(request, VersionScreen(actor, version, clock.now()))


@access(RECORD)
@login_required
@require_GET
def version(request: HttpRequest, number: int) -> HttpResponse:
    """Any version."""
    return _version(request, _screen(request, number))


def _version(request: HttpRequest, screen: VersionScreen) -> HttpResponse:
    context = {"screen": screen, "cursor": news.head(), "may_load": permissions.can(screen.actor, LOAD)}
    return page_or_parts(request, "console/plan.html", PARTS, context)


@access(RECORD)
@login_required
@require_GET
def paper(request: HttpRequest, number: int | None = None) -> HttpResponse:
    """The whole of it on paper, playbooks with their steps and texts included."""
    screen = _screen(request, number)
    chart = OrgChart(screen) if screen.document is not None else None
    return render(request, "console/plan/paper.html", {"screen": screen, "chart": chart})


@access(RECORD)
@login_required
@require_GET
def versions(request: HttpRequest) -> HttpResponse:
    """All versions, the newest first."""
    actor = _actor(request)
    return render(request, "console/plan/versions.html", {"versions": plan.version_list(), "may_load": permissions.can(actor, LOAD)})


@access(RECORD)
@login_required
@require_GET
def compare(request: HttpRequest) -> HttpResponse:
    """What differs between two versions, by meaning."""
    _actor(request)
    found = plan.version_list()
    before, after = (_chosen(found, request.GET.get(name, "")) for name in ("from", "to"))
    shown = comparison(before, after) if before is not None and after is not None else None
    return render(request, "console/plan/compare.html", {"versions": found, "shown": shown, "before": before, "after": after})


def _chosen(versions: list[PlanVersion], number: str) -> PlanVersion | None:
    if not number:
        return None
    found = next((version for version in versions if str(version.number) == number), None)
    if found is None:
        raise NotFound(kind=_("plan version"))
    return found


@access(RECORD)
@login_required
@require_GET
def export(request: HttpRequest, number: int) -> HttpResponse:
    """The document itself, byte by byte as it is kept."""
    found = _screen(request, number).version
    answer = HttpResponse(services.plan_export(found).encode(), content_type="application/yaml; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{found.plan.slug}-plan-{found.number}.yaml"'
    return answer


@access(RECORD)
@login_required
@require_GET
def chart(request: HttpRequest) -> HttpResponse:
    """The organisation, drawn from the version in force."""
    screen = _screen(request)
    return render(request, "console/plan/chart.html", {"screen": screen, "chart": OrgChart(screen)})


@access(RECORD)
@login_required
@require_GET
def playbook(request: HttpRequest, slug: str) -> HttpResponse:
    """One playbook of the version in force, or of the one asked for."""
    number = request.GET.get("version", "")
    screen = _screen(request, int(number) if number.isdigit() and len(number) < 9 else None)
    return render(request, "console/plan/playbook.html", {"screen": screen, "shown": PlaybookScreen(screen, slug)})


@access(RECORD)
@login_required
@require_GET
def texts(request: HttpRequest) -> HttpResponse:
    """What is said to staff, customers, suppliers, partners and press: filled from an incident, ready to be copied."""
    return render(request, "console/plan/texts.html", {"screen": TextsScreen(_actor(request), request.GET.get("incident", "")[:40])})


@access(RECORD)
@login_required
@require_GET
def readers(request: HttpRequest) -> HttpResponse:
    """Who has read and understood the version in force. Raises NotPermitted."""
    screen = _screen(request)
    if not screen.may_see_readers:
        raise NotPermitted(action=_("seeing who has read the plan"))
    return render(request, "console/plan/readers.html", {"screen": screen})


@access(RECORD)
@login_required
@require_GET
def rounds(request: HttpRequest) -> HttpResponse:
    """What comes round again, next and lately. Also for whoever has to see to some of it and may not read plans. Raises NotFound."""
    cursor = news.head()
    screen = RoundsScreen(people.actor_of(request), clock.now())
    if not screen.is_reader and not screen.open:
        raise NotFound(kind=_("plan"))
    return page_or_parts(request, "console/plan/rounds.html", ROUND_PARTS, {"screen": screen, "cursor": cursor})


@dataclass(frozen=True)
class Wrong:
    """One problem with the lines around it: (number, text, is it the wrong one)."""

    line: int
    at: str
    message: str
    shown: list[tuple[int, str, bool]]


@access(MOVE)
@login_required
@require_http_methods(["GET", "POST"])
def load(request: HttpRequest) -> HttpResponse:
    """A document by file or paste. What is wrong with it is shown at its lines, and nothing typed is lost."""
    actor = _actor(request)
    if permissions.can(actor, LOAD) is None:
        raise NotPermitted(action=_("Load a plan document"))
    if request.method == "GET":
        return render(request, "console/plan/load.html", {"text": "", "start": _start()})
    context: dict[str, Any] = {"text": "", "reason": request.POST.get("reason", "")[:1000]}
    try:
        context["text"] = _sent(request)
        made = proposals.perform(LOAD, actor=actor, inputs={"text": context["text"]}, reason=context["reason"])
    except PlanDocumentInvalid as problem:
        return render(request, "console/plan/load.html", {**context, "wrong": _wrongs(problem, context["text"])}, status=422)
    except DomainError as refusal:
        return render(request, "console/plan/load.html", {**context, "refusal": refusal}, status=refusal.http_status)
    messages.success(request, _("Loaded as version %(number)s.") % {"number": made.number})
    return redirect("console:plan-version", made.number)


def _start() -> PlanVersion | None:
    """What one usually starts from."""
    return plan.version_in_force()


def _sent(request: HttpRequest) -> str:
    """The file when there is one, else what was pasted. Raises DomainError for one that is no text."""
    from kernel.errors import Invalid

    file = request.FILES.get("file")
    if file is None:
        return request.POST.get("text", "").replace("\r\n", "\n")
    if (file.size or 0) > LARGEST_BYTES:
        raise Invalid(field="file", problem=_("The document is larger than 2 MiB."))
    try:
        return file.read(LARGEST_BYTES + 1).decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise Invalid(field="file", problem=_("this is no text in UTF-8.")) from None


def _wrongs(invalid: PlanDocumentInvalid, text: str) -> list[Wrong]:
    lines = text.split("\n")
    found = []
    for problem in invalid.problems[:100]:
        first, last = max(1, problem.line - AROUND), min(len(lines), problem.line + AROUND)
        shown = [(number, lines[number - 1][:200], number == problem.line) for number in range(first, last + 1)]
        found.append(Wrong(problem.line, problem.at, str(problem.message), shown))
    return found
