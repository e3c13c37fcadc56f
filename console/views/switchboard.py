"""The switchboard: overview, guide through a switch, and the paper for doing it by hand."""

import uuid
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET

from console import people
from console.feed import news
from console.selectors.switchboard import Switchboard, board_get
from console.selectors.switchboard_guide import Guide
from console.selectors.switchboard_manual import Manual
from kernel import clock
from kernel.access import RECORD, access

PIECES = ("picture", "readiness", "switch")


@access(RECORD)
@login_required
@require_GET
def board(request: HttpRequest) -> HttpResponse:
    """Where traffic flows, whether the spare could take over, and what a running switch is doing."""
    cursor = news.head()
    screen = Switchboard(people.actor_of(request), clock.now())
    context = {"screen": screen, "cursor": cursor}
    wanted = request.GET.get("parts")
    if wanted is None:
        return render(request, "console/switchboard.html", context)
    return HttpResponse(_fragments(request, screen, set(wanted.split(",")), context))


def _fragments(request: HttpRequest, screen: Switchboard, wanted: set[str], context: dict[str, Any]) -> str:
    """Only the pieces asked for, each with its own root element and id; nothing else is looked up."""
    pieces = [render_to_string("console/partials/_late.html", context, request)] if "late" in wanted else []
    for shown in screen.boards:
        asked = [piece for piece in PIECES if f"board-{shown.slug}-{piece}" in wanted]
        pieces += [render_to_string(f"console/switchboard/_{piece}.html", {**context, "board": shown}, request) for piece in asked]
    return "".join(pieces)


@access(RECORD)
@login_required
@require_GET
def guide(request: HttpRequest, slug: str, direction: str) -> HttpResponse:
    """One switch, shown exactly before it is ordered."""
    cursor = news.head()
    shown = Guide(board_get(people.actor_of(request), slug, clock.now()), direction)
    context = {"guide": shown, "board": shown.board, "cursor": cursor, "mark": uuid.uuid4().hex}
    return render(request, "console/switchboard/guide.html", context)


@access(RECORD)
@login_required
@require_GET
def manual(request: HttpRequest, slug: str) -> HttpResponse:
    """The same by hand, in both languages, for printing beforehand."""
    return render(request, "console/switchboard/manual.html", {"manual": Manual(board_get(people.actor_of(request), slug, clock.now()))})
