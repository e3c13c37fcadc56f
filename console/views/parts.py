"""One template per part of a screen, for the full page and for the live update alike."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string


def page_or_parts(request: HttpRequest, page: str, parts: Mapping[str, str], context: dict[str, Any]) -> HttpResponse:
    """The whole page, or with `?parts=a,b` only those parts, each with its own root element and id."""
    wanted = request.GET.get("parts")
    if wanted is None:
        return render(request, page, context)
    names = [name for name in wanted.split(",") if name in parts]
    return HttpResponse("".join(render_to_string(parts[name], context, request) for name in names))
