"""The screens: home, incident room, and the plain lists."""

import uuid

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from console import people
from console.feed import news
from console.selectors import buttons
from console.selectors.lists import ListScreen
from console.selectors.now import NowScreen
from console.selectors.room import Room
from console.views.parts import page_or_parts
from incidents.response import selectors as response
from kernel import clock
from kernel.access import LOGGED_IN, RECORD, access

NOW_PARTS = {
    f"now-{name}": f"console/now/_{name}.html"
    for name in ("headline", "exhausted", "numbers", "incidents", "tasks", "alerts", "unrouted", "proposals", "parts", "rounds", "duty")
}
ROOM_PARTS = {
    f"room-{name}": f"console/room/_{name}.html"
    for name in (
        *("header", "clocks", "impact", "actions", "timeline", "cadence", "switch", "end", "tasks", "roles"),
        *("part", "series", "probes", "changes", "earlier", "alerts", "version"),
    )
}
SHARED = {"late": "console/partials/_late.html"}


@access(LOGGED_IN)
@login_required
@require_GET
def now(request: HttpRequest) -> HttpResponse:
    """What is wrong, how long have we got, who has it, what is next."""
    cursor = news.head()  # before anything is read: what comes after is told by the feed
    actor = people.actor_of(request)
    context = {"screen": NowScreen(actor, clock.now()), "makers": buttons.makers(actor, "incident"), "cursor": cursor}
    return page_or_parts(request, "console/now.html", {**NOW_PARTS, **SHARED}, context)


@access(RECORD)
@login_required
@require_GET
def room(request: HttpRequest, number: str) -> HttpResponse:
    """One incident with everything that belongs to it."""
    cursor = news.head()
    actor = people.actor_of(request)
    incident = response.incident_get_by_number(actor, number)
    screen = Room(actor, incident, clock.now(), show=request.GET.get("show", ""))
    context = {"room": screen, "cursor": cursor, "mark": uuid.uuid4().hex}
    parts = {part: template for part, template in ROOM_PARTS.items() if screen.shows(part.removeprefix("room-"))}
    return page_or_parts(request, "console/room.html", {**parts, **SHARED}, context)


@access(RECORD)
@login_required
@require_GET
def record_list(request: HttpRequest, kind: str) -> HttpResponse:
    """A list of one kind of record, newest first, paged by key."""
    cursor = news.head()
    screen = ListScreen(people.actor_of(request), kind, request.GET)
    return page_or_parts(request, "console/list.html", {"rows": f"console/lists/_{kind}s.html", **SHARED}, {"screen": screen, "cursor": cursor})


@access(RECORD)
@login_required
@require_GET
def record_go(request: HttpRequest, kind: str, public_id: uuid.UUID) -> HttpResponse:
    """From a record's id, or that of a part of one, to where it is shown."""
    from kernel import records

    kind, shown = records.shown_at(kind, public_id)
    record = records.fetch(kind, people.actor_of(request), uuid.UUID(shown))
    address = records.get(kind).address
    return redirect(address(record) if address is not None else "console:now")
