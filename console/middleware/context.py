"""A request's id, its line in the access log, and the headers that keep browsers in bounds."""

import re
import time
import uuid
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest

log = structlog.get_logger("access")

_SECRETS = re.compile(r"^(/in/[^/]+/|/ack/)([^/?]+)")
_CLEAN_ID = re.compile(r"^[A-Za-z0-9._-]{8,64}$")
QUIET = frozenset({"/healthz", "/healthz/deep", "/metrics"})


def masked(path: str) -> str:
    """The path without intake keys and acknowledgement tokens: a log is read by more people than a secret may be."""
    return _SECRETS.sub(r"\1***", path)


class RequestContextMiddleware:
    """Outermost of ours: binds the request id to every log line, times the request, sets the fixed headers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if _CLEAN_ID.match(given) else uuid.uuid4().hex
        request.request_id = request_id  # type: ignore[attr-defined]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started = time.perf_counter()
        # Postgres can store no NUL, so no address with one can mean anything: refused here, for all views at once.
        has_nul = "\x00" in request.path or "%00" in request.META.get("QUERY_STRING", "")
        response = HttpResponseBadRequest() if has_nul else self.get_response(request)
        response["X-Request-ID"] = request_id
        response.setdefault("Referrer-Policy", "same-origin")
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        if not request.path.startswith("/static/") and not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        if request.path not in QUIET and not request.path.startswith("/static/"):
            log.info(
                "request",
                method=request.method,
                path=masked(request.path),
                status=response.status_code,
                ms=round((time.perf_counter() - started) * 1000, 1),
                actor=getattr(getattr(request, "actor", None), "id", None),
            )
        structlog.contextvars.clear_contextvars()
        return response
