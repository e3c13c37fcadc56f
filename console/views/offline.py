"""Installing the console, and the copies that a browser keeps: plan, playbooks, call tree, switching by hand.

A copy is a page made for it: no form, no button, no token, nothing of any incident. The service worker keeps these pages and no others.
"""

from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from console import people
from console.selectors.offline import CallTree, parts_by_hand
from console.selectors.plan import OrgChart, VersionScreen
from console.selectors.switchboard import board_get
from console.selectors.switchboard_manual import Manual
from contingency.plan import selectors as plan
from contingency.plan.models import PlanVersion
from kernel import clock, records
from kernel.access import LOGGED_IN, PUBLIC, RECORD, access
from kernel.errors import NotFound

WORKER = "switchback/js/service-worker.js"
FILES = ("tokens.css", "frame.css", "parts.css", "switchboard.css", "plan.css", "icons.svg", "mark.svg", "js/offline.js", "js/tabs.js")
ICONS = (("icon-192.png", 192, "any"), ("icon-512.png", 512, "any"), ("icon-maskable-512.png", 512, "maskable"))


def _png(name: str, edge: int, purpose: str) -> dict[str, str]:
    return {"src": static(f"switchback/{name}"), "sizes": f"{edge}x{edge}", "type": "image/png", "purpose": purpose}


@access(PUBLIC)
@require_GET
def manifest(request: HttpRequest) -> HttpResponse:
    """What a browser asks for when the console is installed like an app."""
    told = {
        "id": "/",
        "name": "Switchback",
        "short_name": "Switchback",
        "description": _("From the first alert of a failed upgrade to the approved report."),
        "start_url": reverse("console:now"),
        "scope": "/",
        "display": "standalone",
        "background_color": "#f5f7fa",
        "theme_color": "#0a57ea",
        "lang": get_language() or "en",
        "icons": [
            *(_png(*icon) for icon in ICONS),
            {"src": static("switchback/mark.svg"), "sizes": "any", "type": "image/svg+xml", "purpose": "any"},
        ],
    }
    return JsonResponse(told, content_type="application/manifest+json")


@cache
def _worker() -> bytes:
    path = finders.find(WORKER)
    assert isinstance(path, str), "the service worker is a file of ours"
    with open(path, "rb") as file:
        return file.read()


@access(PUBLIC)
@require_GET
def service_worker(_request: HttpRequest) -> HttpResponse:
    """The script that keeps the copies; served at the root, because it may only answer for addresses below its own."""
    script = _worker.__wrapped__() if settings.DEBUG else _worker()
    return HttpResponse(script, content_type="text/javascript; charset=utf-8", headers={"Cache-Control": "no-cache"})


@access(LOGGED_IN)
@login_required
@require_GET
def copies(request: HttpRequest) -> HttpResponse:
    """Which pages and files this person's browser keeps. `who` changes with person and language: then the old ones go first."""
    parts = parts_by_hand(people.actor_of(request))
    pages = [reverse("console:copy-home"), reverse("console:copy-plan"), reverse("console:copy-calls")]
    told = {
        "who": f"{request.user.public_id} {get_language()}",  # type: ignore[union-attr]
        "made": clock.now().isoformat(),
        "pages": [*pages, *(reverse("console:copy-by-hand", args=[part.slug]) for part in parts)],
        "files": [static(f"switchback/{name}") for name in FILES],
    }
    return JsonResponse(told)


def _page(request: HttpRequest, template: str, here: str, **context: Any) -> HttpResponse:
    return render(request, f"console/offline/{template}.html", {"here": here, "parts": parts_by_hand(people.actor_of(request)), **context})


@access(LOGGED_IN)
@login_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """What stands in for the console while it cannot be reached."""
    return _page(request, "home", "home")


@access(RECORD)
@login_required
@require_GET
def copy_plan(request: HttpRequest) -> HttpResponse:
    """The plan in force, whole, with its playbooks. Raises NotFound for somebody who may not read it."""
    actor = people.actor_of(request)
    if not records.may_read(actor, records.get(PlanVersion.journal_kind), None):
        raise NotFound(kind=_("plan"))
    version = plan.version_in_force()
    screen = VersionScreen(actor, version, clock.now()) if version is not None else None
    chart = OrgChart(screen) if screen is not None and screen.document is not None else None
    return _page(request, "plan", "plan", screen=screen, chart=chart)


@access(RECORD)
@login_required
@require_GET
def copy_calls(request: HttpRequest) -> HttpResponse:
    """Whom to telephone, in which order. Raises NotFound for somebody who may not read the plan."""
    if not records.may_read(people.actor_of(request), records.get(PlanVersion.journal_kind), None):
        raise NotFound(kind=_("plan"))
    return _page(request, "calls", "calls", tree=CallTree(clock.now()))


@access(RECORD)
@login_required
@require_GET
def copy_by_hand(request: HttpRequest, slug: str) -> HttpResponse:
    """Switching by hand, for one part. Raises NotFound as the switchboard does."""
    return _page(request, "by_hand", slug, manual=Manual(board_get(people.actor_of(request), slug, clock.now())))
