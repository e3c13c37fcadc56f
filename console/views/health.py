"""Health and metrics."""

from ipaddress import ip_address

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET
from prometheus_client import CONTENT_TYPE_LATEST

from console import health
from contingency.org import selectors as org
from kernel.access import OPERATIONS, PUBLIC, access
from kernel.errors import NotFound

AWAY = {"ok": False, "database": "away"}


@access(PUBLIC)
@require_GET
def shallow(request: HttpRequest) -> HttpResponse:
    """The process answers. Touches nothing else, so a database restart takes no web process out of a pool."""
    return JsonResponse({"ok": True})


@access(PUBLIC)
@require_GET
def deep(request: HttpRequest) -> HttpResponse:
    """Clocks fire and pages go out; 503 when they do not."""
    try:
        found = health.deep()
    except DatabaseError:
        return JsonResponse(AWAY, status=503)
    return JsonResponse(found.as_dict(), status=200 if found.is_well else 503)


@access(OPERATIONS)
@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """For Prometheus on this machine, or with a token that has the scope `operations`. To others it does not exist."""
    if not (is_here(request) or has_token(request)):
        raise NotFound(kind="metrics")
    try:
        return HttpResponse(health.metrics(), content_type=CONTENT_TYPE_LATEST)
    except DatabaseError:
        return HttpResponse(status=503)


def is_here(request: HttpRequest) -> bool:
    """From this machine, and not passed on by a proxy (whose callers are elsewhere)."""
    if any(header in request.META for header in ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def has_token(request: HttpRequest) -> bool:
    """A bearer token made for operations."""
    words = request.headers.get("Authorization", "").split()
    if len(words) != 2 or words[0].lower() != "bearer":
        return False
    actor = org.actor_of_token(words[1])
    return actor is not None and actor.scopes is not None and OPERATIONS in actor.scopes
