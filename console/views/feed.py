"""The live feed under servers without an event loop, and asking instead of listening."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from console import people
from console.feed import news
from console.feed.admission import interest_of
from console.feed.news import Interest
from kernel.access import LOGGED_IN, access
from kernel.errors import Invalid
from kernel.journal import StableCursor

RETRY_MS = 5000


def _interest(request: HttpRequest) -> Interest | None:
    if not request.user.is_authenticated:
        return None
    return interest_of(people.actor_of(request), request.GET.getlist("under"))


@access(LOGGED_IN)
@require_GET
def poll(request: HttpRequest) -> HttpResponse:
    """`{"cursor", "kinds", "entries", "now"}` of what happened behind `after`."""
    interest = _interest(request)
    if interest is None:
        return JsonResponse({"code": "not_authenticated", "message": gettext("Log in again."), "params": {}}, status=401)
    after = request.GET.get("after", "")
    StableCursor.parse(after)
    if not after:
        after = news.head()
    told, now = news.since(after, interest)
    return JsonResponse({"cursor": told.cursor, "kinds": sorted(told.kinds), "entries": told.entries[: news.MENTIONED], "now": now})


@access(LOGGED_IN)
@require_GET
def feed(request: HttpRequest) -> HttpResponse:
    """The same feed where only threads serve: tell what is new, close, and let the browser come back by itself.

    Under the project's own server this address never reaches Django: `console.feed.stream` answers it.
    """
    interest = _interest(request)
    if interest is None:
        return HttpResponse(status=401)
    after = request.headers.get("Last-Event-ID") or request.GET.get("after", "")
    try:
        StableCursor.parse(after)
    except Invalid:
        return HttpResponse(status=400)
    told, now = news.since(after or news.head(), interest)
    body = f"retry: {RETRY_MS}\n\nevent: time\ndata: {now}\n\n"
    if told.kinds:
        body += f"event: news\nid: {told.cursor}\ndata: {told.as_json()}\n\n"
    return HttpResponse(body, content_type="text/event-stream; charset=utf-8")
