"""What is answered when a view fails: 503 and *come again* while the database is away, else 500, and nothing about the inside."""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.utils.translation import gettext as _

RETRY_AFTER_S = 5


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500. Tools get JSON, people a page in both languages that needs no database and no session."""
    is_away = isinstance(sys.exc_info()[1], OperationalError | InterfaceError)
    status, name, code = (503, "503.html", "unavailable") if is_away else (500, "500.html", "internal_error")
    if request.path.startswith("/api/"):
        said = _("The database is away for a moment. Try again.") if is_away else _("Something broke on our side. It is in the log.")
        response: HttpResponse = JsonResponse({"code": code, "message": said, "params": {}}, status=status)
    else:
        response = HttpResponse(loader.get_template(name).template.source, status=status)  # type: ignore[attr-defined]
    if is_away:
        response["Retry-After"] = str(RETRY_AFTER_S)
    return response
