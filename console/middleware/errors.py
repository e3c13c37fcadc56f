"""Domain errors on screens: the message, the right status, and nothing else."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from console.api.errors import body_of, log_refusal
from kernel.errors import DomainError, NotPermitted


class DomainErrorMiddleware:
    """Turns a DomainError that a view let through into a page, a fragment, or JSON for machines."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer with the error's own status."""
        if not isinstance(exception, DomainError):
            return None
        if isinstance(exception, NotPermitted):
            log_refusal(request, exception)
        if not request.accepts("text/html"):
            return JsonResponse(body_of(exception), status=exception.http_status)
        fragment = bool(getattr(request, "htmx", False))
        template = "console/partials/_refusal.html" if fragment else "console/refusal.html"
        return render(request, template, {"error": exception}, status=exception.http_status)
