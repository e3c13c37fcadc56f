"""Every refusal of the API as {"code", "message", "params"}, in the reader's language."""

from typing import Any

import structlog
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_exception_handler

from kernel.errors import DomainError, NotPermitted

security_log = structlog.get_logger("security")


class UnknownFields(DomainError):
    """The body has fields that this move does not take. Params: fields."""

    code = "unknown_fields"
    http_status = 400
    template = _("These fields are not known here: %(fields)s. Nothing was changed.")


class MissingVersion(DomainError):
    """A move on an existing record names the version the caller saw."""

    code = "version_required"
    http_status = 422
    template = _("Give “version”: the version of the record that you saw.")


class ScopeMissing(NotPermitted):
    """The token was not made for this. Params: scope."""

    code = "scope_missing"
    template = _("The token lacks the scope “%(scope)s”.")


_CODES = {400: "invalid_body", 401: "not_authenticated", 403: "not_permitted", 404: "not_found", 405: "method_not_allowed", 406: "not_acceptable"}


def body_of(error: DomainError) -> dict[str, Any]:
    """The three keys of every refusal."""
    return {"code": error.code, "message": error.message, "params": {key: _plain(value) for key, value in error.params.items()}}


def exception_handler(exception: Exception, context: dict[str, Any]) -> Response | None:
    """Turn domain errors and the framework's own into the one shape; the unexpected stays a 500."""
    if isinstance(exception, DomainError):
        if isinstance(exception, NotPermitted):
            log_refusal(context["request"], exception)
        return Response(body_of(exception), status=exception.http_status)
    if isinstance(exception, Http404):
        exception = exceptions.NotFound()
    elif isinstance(exception, PermissionDenied):
        exception = exceptions.PermissionDenied()
    response = drf_exception_handler(exception, context)
    if response is None or not isinstance(exception, exceptions.APIException):
        return response
    codes = exception.get_codes()
    code = _CODES.get(response.status_code, codes if isinstance(codes, str) else "invalid")
    response.data = {"code": code, "message": _message(exception.detail), "params": {}}
    return response


def log_refusal(request: Any, error: DomainError) -> None:
    """Who was refused what: for the security log."""
    actor = getattr(request, "actor", None)
    security_log.warning("refused", code=error.code, actor=getattr(actor, "id", None), path=request.path, method=request.method)


def _message(detail: Any) -> str:
    if isinstance(detail, dict):
        return "; ".join(f"{key}: {_message(value)}" for key, value in detail.items())
    if isinstance(detail, list):
        return " ".join(map(_message, detail))
    return str(detail)


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | float | bool | None) else str(value)
