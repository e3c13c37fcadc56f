"""The wallboard: Now on a wall, dark and big, heard as well as seen."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from console import people
from console.feed import news
from console.selectors.wallboard import Wallboard
from console.views.parts import page_or_parts
from kernel import clock
from kernel.access import LOGGED_IN, access

PARTS = {f"wall-{name}": f"console/wallboard/_{name}.html" for name in ("state", "signs", "numbers", "incidents", "alerts")}
SHARED = {
    "now-exhausted": "console/now/_exhausted.html",
    "now-parts": "console/now/_parts.html",
    "now-duty": "console/now/_duty.html",
    "late": "console/partials/_late.html",
}


@access(LOGGED_IN)
@login_required
@require_GET
def wallboard(request: HttpRequest) -> HttpResponse:
    """What is wrong, how long have we got, who has it, from across the room."""
    cursor = news.head()
    screen = Wallboard(people.actor_of(request), clock.now())
    return page_or_parts(request, "console/wallboard.html", {**PARTS, **SHARED}, {"screen": screen, "cursor": cursor})
