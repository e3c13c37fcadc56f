"""The intake through Django's own doors (any WSGI or ASGI server, and tests). `door.py` is the faster way in."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from kernel.access import KEY, access
from kernel.timed_ids import id_in_time
from monitoring.alerts import formats, reception
from monitoring.alerts.requests import NOWHERE, Request, door_of

_CHUNK = 64 * 1024  # bytes read at once


@csrf_exempt
@access(KEY)
def intake(request: HttpRequest, **_parts: str) -> HttpResponse:
    """One request of a monitoring tool."""
    answer = reception.receive(request_of(request))
    response = HttpResponse(answer.body, status=answer.status, content_type=answer.content_type)
    for name, value in answer.headers.items():
        response[name] = value
    return response


def request_of(request: HttpRequest) -> Request:
    """Django's request as the intake's own; reads no more of the body than the format's limit allows."""
    door = door_of(request.path_info)
    limit = formats.LIMITS.get(door.format, 0)
    body, is_cut, size = _read(request, limit) if door is not NOWHERE else (b"", False, 0)
    return Request(
        method=request.method or "",
        path=request.path_info,
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
        size_bytes=size,
        is_cut=is_cut,
        door=door,
        body_id=id_in_time(),
    )


def _read(request: HttpRequest, limit: int) -> tuple[bytes, bool, int]:
    parts: list[bytes] = []
    size = 0
    while chunk := request.read(_CHUNK):
        size += len(chunk)
        if size > limit:
            declared = request.META.get("CONTENT_LENGTH") or "0"
            return b"".join(parts), True, max(size, int(declared) if declared.isdecimal() else 0)
        parts.append(chunk)
    return b"".join(parts), False, size
