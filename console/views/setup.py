"""The set-up: monitoring tools, parts, probes, people, rosters, one's own addresses and tokens."""

import uuid
from collections.abc import Callable

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from console import people
from console.feed import news
from console.selectors import setup
from console.selectors.security import SecurityScreen
from console.selectors.setup_sources import SourceScreen, SourcesScreen
from console.views.parts import page_or_parts
from kernel import clock, records
from kernel.access import RECORD, access
from kernel.errors import NotPermitted
from monitoring.alerts.models import Source

LATE = {"late": "console/partials/_late.html"}
SOURCE_PARTS = {
    f"source-{name}": f"console/setup/_source_{name}.html"
    for name in ("head", "keys", "alerts")
}  # fmt: skip


@access(RECORD)
@login_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """What can be set up, as far as the person may."""
    actor, now = people.actor_of(request), clock.now()
    counts = setup.counts(actor, now)
    cards = [(section, counts.get(section.name)) for section in setup.sections(actor)]
    return render(request, "console/setup/home.html", {"screen": setup.SetupScreen(actor, now), "cards": cards})


def _screen(make: type[setup.SetupScreen], template: str) -> Callable[[HttpRequest], HttpResponse]:
    @access(RECORD)
    @login_required
    @require_GET
    def view(request: HttpRequest) -> HttpResponse:
        cursor = news.head()
        actor = people.actor_of(request)
        if not records.may_read(actor, records.get(make.kind), None):
            raise NotPermitted(action=_("seeing this part of the set-up"))
        screen = make(actor, clock.now())
        if isinstance(screen, SecurityScreen):
            screen.session_key = request.session.session_key
        context = {"screen": screen, "cursor": cursor}
        return page_or_parts(request, "console/setup/page.html", {"setup-rows": template, **LATE}, {**context, "template": template})

    view.__name__, view.__doc__ = make.__name__, make.__doc__
    return view


sources = _screen(SourcesScreen, "console/setup/_sources.html")
parts = _screen(setup.PartsScreen, "console/setup/_parts.html")
probes = _screen(setup.ProbesScreen, "console/setup/_probes.html")
persons = _screen(setup.PeopleScreen, "console/setup/_people.html")
rosters = _screen(setup.RostersScreen, "console/setup/_rosters.html")
contacts = _screen(setup.ContactsScreen, "console/setup/_contacts.html")
own_login = _screen(SecurityScreen, "console/setup/_security.html")
tokens = _screen(setup.TokensScreen, "console/setup/_tokens.html")


@access(RECORD)
@login_required
@require_GET
def source(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """One monitoring tool: how to connect it, its keys, and what came from it."""
    cursor = news.head()
    actor = people.actor_of(request)
    found = records.fetch(Source.journal_kind, actor, public_id)
    context = {"screen": SourceScreen(actor, clock.now(), found), "cursor": cursor}
    return page_or_parts(request, "console/setup/source.html", {**SOURCE_PARTS, **LATE}, context)
