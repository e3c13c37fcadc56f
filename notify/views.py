"""The screen behind the link in a page's mail. Looking changes nothing; only the button does."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import override
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods

from kernel import clock
from kernel.access import PUBLIC, access
from kernel.i18n import in_readers_words, language_suffix
from notify import rendering, services
from notify.errors import LinkRefused
from notify.services import AckResult
from notify.services.links import Found

STATUS = {AckResult.OPEN: 200, AckResult.DONE: 200, AckResult.USED: 409, AckResult.ENDED: 409, AckResult.EXPIRED: 410}


@access(PUBLIC)
@never_cache
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def acknowledge(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows what the page is about and a button; POST acknowledges it as the person the link was sent to, once.

    Mail scanners open links and follow them with GET and HEAD: those are harmless.
    """
    try:
        found = services.ack_link_use(token) if request.method == "POST" else services.ack_link_find(token)
    except LinkRefused as refusal:
        return _screen(request, {"refusal": refusal.message, "result": "refused"}, status=refusal.http_status)
    with override(found.link.user.language):
        return _screen(request, _context(found), status=STATUS[found.result] if request.method == "POST" else 200)


def _context(found: Found) -> dict[str, Any]:
    page = found.page
    return {
        "result": found.result.value,
        "page": page,
        "about": _about(page.params) if found.result in (AckResult.OPEN, AckResult.DONE) else "",
        "person": found.link.user,
        "now": clock.now(),
        "answered_by": page.acknowledged_by,
    }


def _about(params: dict[str, Any]) -> str:
    """What is wrong and where, as the mail said it; empty for a page about something else."""
    part, title = params.get("part"), params.get("title", "")
    if isinstance(part, dict):
        part = part.get(language_suffix(), "")
    return " · ".join(rendering.one_line(str(words)) for words in (part, in_readers_words(str(title))) if words)


def _screen(request: HttpRequest, context: dict[str, Any], *, status: int) -> HttpResponse:
    response = render(request, "notify/ack.html", {**context, "login_url": settings.LOGIN_URL}, status=status)
    # The address is a key and must not leave; yet with “no-referrer” browsers send the button's POST as from nowhere, and it is refused.
    response["Referrer-Policy"] = "strict-origin"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
