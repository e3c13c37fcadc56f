"""The HTML edge of every move: GET asks, POST does. Works as a page without script and in a dialog with it."""

import json
import uuid
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from console import people, services
from console.api.errors import log_refusal
from console.forms import MoveForm, move_form
from console.selectors import buttons
from console.selectors.previews import Preview, preview_of
from console.selectors.shown_once import shown_once
from kernel import clock, moves, permissions, proposals, records
from kernel.access import MOVE, access
from kernel.actors import Actor
from kernel.errors import Conflict, DomainError, NotPermitted, Stale
from kernel.i18n import pick
from kernel.models import Proposal
from kernel.moves import Move
from kernel.permissions import Grant

AWAY_FROM = "/do/"


@access(MOVE)
@login_required
@require_http_methods(["GET", "POST"])
def do(request: HttpRequest, move_id: str, public_id: UUID | None = None) -> HttpResponse:
    """One move on one record, or one that makes a record."""
    move = moves.get(move_id)
    actor = people.actor_of(request)
    if request.method == "GET" and "own_screen" in move.extra:
        return _elsewhere(request, reverse(move.extra["own_screen"]))
    record = None if move.creates else records.fetch(move.record, actor, _given(public_id, move))
    grant = permissions.can(actor, move.id, record)
    if grant not in (Grant.ALL, Grant.OWN, Grant.SECOND, Grant.PROPOSE):
        raise NotPermitted(action=move.title)
    if request.method == "GET":
        if _decided(move, record).wants_proof(actor):
            return _elsewhere(request, f"{reverse('console:login-again')}?{urlencode({'next': _next(request) or '/setup/'})}")
        refusal = None if move.creates else _not_now(record) if not buttons.is_legal(move, record) else buttons.refusal_of(move, record)
        return _ask(request, move, record, grant, move_form(move, request.GET.dict(), record), refusal)
    form = move_form(move, {name: str(value).replace("\r\n", "\n") for name, value in request.POST.items()})
    try:
        answer = _carry_out(request, actor, move, record, form)
    except DomainError as refusal:
        if isinstance(refusal, NotPermitted):
            log_refusal(request, refusal)
        if record is not None and refusal.http_status == 409:
            record = records.fetch(move.record, actor, record.public_id)  # the new state, not the one that was seen
        if refusal.http_status != 409:
            form.take(refusal)
        return _ask(request, move, record, grant, form, refusal)
    return _done(request, answer)


def _decided(move: Move, record: Any) -> Move:
    """What is carried out: of agreeing to a proposal, the proposed move."""
    return moves.get(record.move) if isinstance(record, Proposal) and move.verb == "accept" else move


def _elsewhere(request: HttpRequest, address: str) -> HttpResponse:
    """To the move's own screen where a plain form would not do, or to proving once more who one is."""
    if not request.headers.get("HX-Request"):
        return HttpResponseRedirect(address)
    response = HttpResponse(status=204)
    response["HX-Redirect"] = address
    return response


def _given(public_id: UUID | None, move: Move) -> UUID:
    if public_id is None:
        raise Conflict(problem=gettext("This needs a record to work on."))
    return public_id


def _version(request: HttpRequest, record: Any) -> int:
    """The version that the person saw."""
    text = request.POST.get("version", "")
    if not text.isdigit() or len(text) > 9:
        raise Stale(state=record.state_label(), version=record.version)
    return int(text)


def _not_now(record: Any) -> DomainError:
    return Conflict(
        problem=gettext("This is not possible now: the record is “%(state)s”.") % {"state": record.state_label() if record is not None else "—"}
    )


def _carry_out(request: HttpRequest, actor: Actor, move: Move, record: Any, form: MoveForm) -> dict[str, Any]:
    """Do it once per form, and keep what to say and where to go."""
    public_id = record.public_id if record is not None else None
    version = None if move.creates else _version(request, record)

    def act() -> services.Answer:
        result = proposals.perform(move.id, actor=actor, public_id=public_id, version=version, inputs=form.inputs, reason=form.reason)
        proposed = isinstance(result, Proposal) and move.record != Proposal.journal_kind
        if proposed:
            says = gettext("Proposed: %(title)s. Somebody else must agree.") % {"title": move.title}
        else:
            says = gettext("%(record)s: “%(title)s” is recorded.") % {"record": _name_of(result), "title": move.title}
            says = " ".join(filter(None, (says, _waits(actor, _decided(move, record), result, "waits_after"))))
        answer = {"says": says, "go": "" if proposed else _address(result)}
        secret = getattr(result, "secret", "") or getattr(result, "issued_key", "")
        if secret and not proposed:
            return 200, {**answer, "secret": secret, "of": [result.journal_kind, str(result.public_id)]}
        return 200, answer

    mark = request.POST.get("mark", "")
    sent = {
        "move": move.id,
        "record": str(public_id),
        "version": version,
        "inputs": {shown.name: shown.value for shown in form.fields if shown.widget != "secret"},
    }
    return services.carry_out_once(person=actor.id, key=f"form {mark}" if mark else "", sent=sent, act=act)[1]


def _name_of(result: Any) -> str:
    """What the reader calls the record that was moved; a proposal by its move, never by the move's id."""
    if isinstance(result, Proposal):
        return " ".join(filter(None, (str(moves.get(result.move).title), result.record_label)))
    return str(pick(result, "name")) if hasattr(result, "name_en") else str(result.journal_label())


def _address(result: Any) -> str:
    try:
        record_type = records.get(result.journal_kind)
    except (AttributeError, KeyError):
        return ""
    return urlsplit(record_type.address(result)).path if record_type.address is not None else ""


def _ask(request: HttpRequest, move: Move, record: Any, grant: Grant, form: MoveForm, refusal: DomainError | None = None) -> HttpResponse:
    proposes = grant == Grant.PROPOSE or (grant == Grant.SECOND and move.wants_second(record))
    context = {
        "move": move,
        "record": record,
        "called": _name_of(record) if record is not None else "",
        "form": form,
        "proposes": proposes,
        "needs_second": grant == Grant.SECOND and proposes,
        "refusal": refusal,
        "is_not_now": refusal is not None and request.method == "GET",  # nothing was typed yet, and nothing can be sent
        "is_stale": refusal is not None and refusal.http_status == 409,
        "preview": _preview(people.actor_of(request), move, record, request),
        "proposal": record if isinstance(record, Proposal) else None,
        "way_back": _way_back(move),
        "waits": _waits(people.actor_of(request), move, record, "waits_before"),
        "mark": uuid.uuid4().hex,
        "next": _next(request),
        "action": request.path,
    }
    template = "console/partials/_move.html" if request.headers.get("HX-Request") else "console/move.html"
    return render(request, template, context, status=refusal.http_status if refusal and request.method == "POST" else 200)


def _preview(actor: Actor, move: Move, record: Any, request: HttpRequest) -> Preview | None:
    """The exact effect. Of a proposal it is that of the move which would be carried out."""
    if isinstance(record, Proposal):
        about = records.fetch(record.record_kind, actor, record.record_id) if record.record_id else None
        inputs = {name: str(value) for name, value in record.inputs.items()}
        return preview_of(_decided(move, record), about, inputs) if move.verb == "accept" else None
    return preview_of(move, record, {**request.GET.dict(), **request.POST.dict()})


def _waits(actor: Actor, move: Move, record: Any, when: str) -> str:
    """Whom it waits for, where its row in the table says so: “waits_before” it is ordered, “waits_after” of what came of it."""
    ask = move.extra.get(when)
    return str(ask(actor, record, clock.now())) if ask is not None else ""


def _way_back(move: Move) -> str:
    """How it is undone: the title of the undoing move, or the words of the table."""
    undo = str(move.undo)
    return next((str(other.title) for other in moves.all_moves() if other.id == undo), undo)


def _next(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.headers.get("HX-Current-URL") or request.headers.get("Referer") or ""
    fits = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return wanted if fits and AWAY_FROM not in wanted else ""


def _done(request: HttpRequest, answer: dict[str, Any]) -> HttpResponse:
    says, go = answer.get("says", ""), answer.get("go", "")
    if answer.get("secret"):
        page, partial, more = shown_once(answer)
        template = partial if request.headers.get("HX-Request") else page
        return render(request, template, {**more, "secret": answer["secret"], "says": says, "next": _next(request) or "/"})
    if request.headers.get("HX-Request"):
        response = HttpResponse(status=204)
        response["HX-Trigger"] = json.dumps({"moved": {"says": says, "go": go}})
        return response
    messages.success(request, says)
    return HttpResponseRedirect(_next(request) or go or quote("/"))
