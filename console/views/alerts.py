"""The screens about alerts: triage, one alert, silences, what no part claims, what could not be read."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from console import bulk, people
from console.feed import news
from console.models import SavedFilter
from console.selectors import alerts_more as more
from console.selectors.alerts import AlertsScreen
from console.views.parts import page_or_parts
from contingency.catalog import selectors as catalog
from kernel import clock, permissions, records
from kernel.access import LOGGED_IN, MOVE, RECORD, access
from kernel.actors import Actor
from kernel.errors import DomainError, Invalid, NotPermitted, ReasonRequired
from monitoring.alerts import evidence

SHARED = {"late": "console/partials/_late.html"}
ONE_PARTS = {f"alert-{name}": f"console/alerts/one/_{name}.html" for name in ("header", "facts", "timeline", "episodes")}
KEPT_FILTERS = 30  # of one person


def _reader(request: HttpRequest, kind: str) -> Actor:
    """Whoever may see records of this kind at all: an empty list would say that there are none. Raises NotPermitted."""
    actor = people.actor_of(request)
    if not records.may_read(actor, records.get(kind), None):
        raise NotPermitted(action=_("seeing what monitoring tools report"))
    return actor


@access(RECORD)
@login_required
@require_GET
def table(request: HttpRequest) -> HttpResponse:
    """Alerts as a live triage table."""
    cursor = news.head()
    actor = _reader(request, "alert")
    screen = AlertsScreen(actor, request.GET, clock.now())
    context = {"screen": screen, "cursor": cursor, "room_tabs": more.tabs_of_room("alert-list", actor)}
    parts = {"rows": "console/alerts/_rows.html", "alert-tabs": "console/alerts/_tabs.html", **SHARED}
    return page_or_parts(request, "console/alerts/table.html", parts, context)


@access(RECORD)
@login_required
@require_GET
def one(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One alert in full."""
    cursor = news.head()
    actor = people.actor_of(request)
    alert = records.fetch("alert", actor, public_id)
    screen = more.AlertScreen(actor, alert, clock.now())
    return page_or_parts(request, "console/alerts/one.html", {**ONE_PARTS, **SHARED}, {"screen": screen, "cursor": cursor})


@access(RECORD)
@login_required
@require_GET
def one_body(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The body that an alert first came in, as a file."""
    alert = records.fetch("alert", people.actor_of(request), public_id)
    body = evidence.body_of(alert)
    if body is None:
        raise Http404
    return _as_file(evidence.shown(body), f"alert-{alert.public_id}.txt")


def _as_file(text: str, name: str) -> HttpResponse:
    """Never shown as a page: it comes from outside."""
    answer = HttpResponse(text, content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


# -- many at once ----------------------------------------------------------------------------------------------------------------


@access(MOVE)
@login_required
@require_http_methods(["GET", "POST"])
def many(request: HttpRequest) -> HttpResponse:
    """Acknowledge or silence the ticked alerts; GET shows the form that silences them."""
    given = request.POST if request.method == "POST" else request.GET
    chosen = bulk.selection(given.getlist("alert"))
    wanted = given.get("do", "")
    if not chosen:
        return _told(request, _("Tick at least one alert first."), "warning")
    if wanted == "acknowledge" and request.method == "POST":
        outcome = bulk.perform_each("monitoring.alert_acknowledge", kind="alert", chosen=chosen, actor=people.actor_of(request))
        return _outcome(request, outcome)
    if wanted == "silence":
        return _silence(request, chosen)
    raise Invalid(field="do", problem=_("there is no such filter."))


def _silence(request: HttpRequest, chosen: dict[UUID, int]) -> HttpResponse:
    actor = people.actor_of(request)
    if permissions.can(actor, "monitoring.silence_create") is None:
        raise NotPermitted(action=_("Silence alerts"))
    planned = bulk.silences_planned(actor, chosen)
    minutes, reason = request.POST.get("minutes", ""), request.POST.get("reason", "")
    refusal: DomainError | None = None
    if request.method == "POST" and request.POST.get("asked"):
        if not reason.strip():
            refusal = ReasonRequired(action=_("Silence alerts"))
        elif not minutes.isdigit() or not 0 < len(minutes) < 6 or int(minutes) < 1:
            refusal = Invalid(field=_("For how long"), problem=_("this is needed."))
        else:
            ends_at = clock.now() + timedelta(minutes=int(minutes))
            return _outcome(request, bulk.silence_each(planned, actor=actor, reason=reason, ends_at=ends_at))
    marks = [f"{public_id}.{version}" for public_id, version in chosen.items()]
    context = {
        "planned": planned,
        "lengths": more.lengths(actor),
        "marks": marks,
        "reason": reason,
        "minutes": minutes,
        "refusal": refusal,
        "next": _next(request),
    }
    name = "console/alerts/_silence_form.html" if _is_fragment(request) else "console/alerts/silence.html"
    return render(request, name, context, status=refusal.http_status if refusal else 200)


def _outcome(request: HttpRequest, outcome: bulk.Outcome) -> HttpResponse:
    """All done: back to the list. Something refused: say what, and why."""
    if not outcome.refused:
        return _told(request, outcome.says, "success")
    context = {"outcome": outcome, "next": _next(request)}
    name = "console/alerts/_outcome.html" if _is_fragment(request) else "console/alerts/outcome.html"
    return render(request, name, context, status=409)


def _told(request: HttpRequest, says: str, kind: str) -> HttpResponse:
    if _is_fragment(request):
        answer = HttpResponse(status=204)
        answer["HX-Trigger"] = json.dumps({"moved": {"says": says, "go": ""}})
        return answer
    getattr(messages, kind)(request, says)
    return redirect(_next(request))


def _is_fragment(request: HttpRequest) -> bool:
    return bool(request.headers.get("HX-Request"))


def _next(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.headers.get("HX-Current-URL") or request.headers.get("Referer") or ""
    fits = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return wanted if fits and "/bulk/" not in wanted else "/alerts/"


# -- filters that people keep ------------------------------------------------------------------------------------------------------


@access(LOGGED_IN)
@login_required
@require_POST
def filter_keep(request: HttpRequest) -> HttpResponse:
    """Keep a question under a name; the same name again replaces it."""
    name, query = request.POST.get("name", "").strip()[:60], request.POST.get("query", "")[:1500]
    mine = SavedFilter.objects.filter(user_id=request.user.pk or 0, screen="alert")
    if not name:
        messages.warning(request, _("Give the filter a name."))
    elif mine.exclude(name=name).count() >= KEPT_FILTERS:
        messages.warning(request, _("You keep %(most)d filters already. Forget one first.") % {"most": KEPT_FILTERS})
    else:
        mine.update_or_create(user_id=request.user.pk or 0, screen="alert", name=name, defaults={"query": query})
        messages.success(request, _("Kept. Its address can be given to others."))
    return redirect(f"/alerts/?{query}")


@access(LOGGED_IN)
@login_required
@require_POST
def filter_forget(request: HttpRequest) -> HttpResponse:
    """Forget one of one's own filters."""
    key = request.POST.get("key", "")
    SavedFilter.objects.filter(pk=int(key) if key.isdecimal() and len(key) < 15 else 0, user_id=request.user.pk or 0).delete()
    return redirect(_next(request))


# -- silences ----------------------------------------------------------------------------------------------------------------------


@access(RECORD)
@login_required
@require_GET
def silences(request: HttpRequest) -> HttpResponse:
    """Who silenced what, why, and for how long still."""
    cursor = news.head()
    actor = _reader(request, "silence")
    context = {
        "screen": more.SilencesScreen(actor, request.GET, clock.now()),
        "cursor": cursor,
        "room_tabs": more.tabs_of_room("alert-silences", actor),
    }
    return page_or_parts(request, "console/alerts/silences.html", {"rows": "console/alerts/_silences.html", **SHARED}, context)


# -- what no part claims -------------------------------------------------------------------------------------------------------------


@access(RECORD)
@login_required
@require_GET
def unrouted(request: HttpRequest) -> HttpResponse:
    """Open alerts that no part claims."""
    cursor = news.head()
    actor = _reader(request, "alert")
    context = {
        "screen": more.UnroutedScreen(actor, request.GET, clock.now()),
        "cursor": cursor,
        "room_tabs": more.tabs_of_room("alert-unrouted", actor),
    }
    return page_or_parts(request, "console/alerts/unrouted.html", {"rows": "console/alerts/_unrouted.html", **SHARED}, context)


@access(RECORD)
@login_required
@require_GET
def give(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Choose the part and the label; then the form of the routing rule opens, filled in."""
    actor = people.actor_of(request)
    alert = records.fetch("alert", actor, public_id)
    pairs = more.telling(alert)
    wanted = request.GET.get("part", "")
    label = request.GET.get("label", "")
    value = dict(pairs).get(label)
    if wanted and value is not None:
        part = catalog.part_get(wanted)
        return redirect(more.matcher_form(part, label, value))
    context: dict[str, Any] = {"alert": alert, "pairs": pairs, "parts": more.parts_to_give(actor)}
    return render(request, "console/alerts/give.html", context)


# -- what could not be read ------------------------------------------------------------------------------------------------------------


@access(RECORD)
@login_required
@require_GET
def inbox(request: HttpRequest) -> HttpResponse:
    """Bodies that could not be read, to be replayed after the mapping was mended."""
    cursor = news.head()
    actor = people.actor_of(request)
    context = {"screen": more.InboxScreen(actor, request.GET), "cursor": cursor, "room_tabs": more.tabs_of_room("alert-inbox", actor)}
    return page_or_parts(request, "console/alerts/inbox.html", {"rows": "console/alerts/_inbox.html", **SHARED}, context)


@access(RECORD)
@login_required
@require_GET
def inbox_body(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One such body in full, on a page of its own or (`?file=1`) as a file."""
    failed = records.fetch("failed_intake", people.actor_of(request), public_id)
    if failed.body is None:
        raise Http404
    text = evidence.shown(failed)
    if request.GET.get("file"):
        return _as_file(text, f"intake-{failed.public_id}.txt")
    context = {"failed": failed, "text": text[: more.LONG], "is_cut": len(text) > more.LONG}
    return render(request, "console/alerts/inbox_body.html", context)


INBOX_MOVES = {"replay": "monitoring.failed_intake_replay", "discard": "monitoring.failed_intake_discard"}


@access(MOVE)
@login_required
@require_POST
def inbox_many(request: HttpRequest) -> HttpResponse:
    """Replay or discard the ticked bodies."""
    chosen = bulk.selection(request.POST.getlist("item"))
    wanted = request.POST.get("do", "")
    if not chosen:
        return _told(request, _("Tick at least one entry first."), "warning")
    if wanted not in INBOX_MOVES:
        raise Invalid(field="do", problem=_("there is no such filter."))
    reason = request.POST.get("reason", "").strip()
    if wanted == "discard" and not reason:
        raise ReasonRequired(action=_("Discard"))
    outcome = bulk.perform_each(INBOX_MOVES[wanted], kind="failed_intake", chosen=chosen, actor=people.actor_of(request), reason=reason)
    return _outcome(request, outcome)
