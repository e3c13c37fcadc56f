"""Session rules, and the person's own language and time zone."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone, translation

from console import people
from console.api.errors import body_of
from console.errors import SecondFactorWanted

OPEN_WITHOUT = ("/setup/security/", "/login/", "/logout/", "/language/", "/theme/")


def second_factor_first(request: HttpRequest) -> HttpResponse | None:
    """Where the person's role asks for a second factor and there is none: lead to adding one, and open nothing else.

    Personal tokens go on: they are made by people who were let in, and end.
    """
    by_token = request.path.startswith("/api/") and "Authorization" in request.headers
    if not settings.SECOND_FACTOR_ROLES or request.path.startswith(OPEN_WITHOUT) or by_token:
        return None
    if not people.needs_factor(people.actor_of(request)):
        return None
    if request.method == "GET" and request.accepts("text/html") and not request.headers.get("HX-Request"):
        return redirect("console:setup-security")
    refusal = SecondFactorWanted()
    return JsonResponse(body_of(refusal), status=refusal.http_status)


class PersonMiddleware:
    """Ends overaged sessions; shows times in the person's zone and texts in their language.

    Machines' doors carry no session cookie, so for them this costs nothing.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return self.get_response(request)
        people.session_check(request)
        if not request.user.is_authenticated:
            return self.get_response(request)
        if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
            translation.activate(request.user.language)
            request.LANGUAGE_CODE = translation.get_language()
        with timezone.override(ZoneInfo(request.user.time_zone)):
            response = second_factor_first(request) or self.get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language() or "en")
            return response
