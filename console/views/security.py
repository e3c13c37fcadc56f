"""One's own log-in: adding second factors, recovery codes, and where one is logged in."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from console import people
from console.passkey_address import passkeys_elsewhere
from console.selectors.security import SecurityScreen, codes_left
from contingency.org.models import Factor
from contingency.org.services import passkeys, totp
from kernel import clock, proposals
from kernel.access import LOGGED_IN, MOVE, access
from kernel.errors import Conflict, DomainError


@access(MOVE)
@login_required
@never_cache
@sensitive_post_parameters("offer", "code")
@require_http_methods(["GET", "POST"])
def app_page(request: HttpRequest) -> HttpResponse:
    """Add an authenticator app: a QR code, the secret as text, and the first code as proof that it works."""
    if (elsewhere := _prove_first(request)) is not None:
        return elsewhere
    if request.method == "GET":
        return _ask_app(request)
    typed = {name: request.POST.get(name, "") for name in ("name", "offer", "code")}
    try:
        proposals.perform("org.totp_enrol", actor=people.actor_of(request), inputs=typed)
    except DomainError as refusal:
        return _ask_app(request, typed, refusal)
    return _enrolled(request)


@access(MOVE)
@login_required
@never_cache
@sensitive_post_parameters("offer", "credential")
@require_http_methods(["GET", "POST"])
def passkey_page(request: HttpRequest) -> HttpResponse:
    """Add a passkey: the browser makes it, its public key comes back here."""
    if (elsewhere := _prove_first(request)) is not None:
        return elsewhere
    typed = {name: request.POST.get(name, "") for name in ("name", "offer", "credential")}
    refusal: DomainError | None = None
    if request.method == "POST":
        try:
            proposals.perform("org.passkey_enrol", actor=people.actor_of(request), inputs=typed)
        except DomainError as error:
            refusal = error
        else:
            return _enrolled(request)
    context = {
        "screen": _screen(request),
        "name": typed["name"] or gettext("This device"),
        "refusal": refusal,
        "other_address": passkeys_elsewhere(request),
    }
    return render(request, "console/setup/security_passkey.html", context, status=refusal.http_status if refusal else 200)


@access(MOVE)
@login_required
@never_cache
@require_POST
def passkey_offer(request: HttpRequest) -> HttpResponse:
    """What the browser needs to make a passkey, and the sealed offer that must come back with it."""
    offer, options = passkeys.passkey_offer(people.user_of(request))
    return JsonResponse({**options, "offer": offer})


@access(MOVE)
@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def codes_page(request: HttpRequest) -> HttpResponse:
    """Make a new set of recovery codes; they are shown in the answer and never again."""
    if (elsewhere := _prove_first(request)) is not None:
        return elsewhere
    refusal: DomainError | None = None
    if request.method == "POST":
        try:
            return _show_codes(request)
        except DomainError as error:
            refusal = error
    context = {"screen": _screen(request), "refusal": refusal, "left": codes_left(people.user_of(request).pk)}
    return render(request, "console/setup/security_codes.html", context, status=refusal.http_status if refusal else 200)


@access(LOGGED_IN)
@login_required
@require_POST
def sessions_end(request: HttpRequest) -> HttpResponse:
    """Log out everywhere but here."""
    user = people.user_of(request)
    ended = proposals.perform("org.sessions_end", actor=people.actor_of(request), public_id=user.public_id, version=user.version)
    update_session_auth_hash(request, ended)
    messages.success(request, gettext("You are logged out everywhere but here."))
    return redirect("console:setup-security")


def _screen(request: HttpRequest) -> SecurityScreen:
    return SecurityScreen(people.actor_of(request), clock.now())


def _prove_first(request: HttpRequest) -> HttpResponse | None:
    """Off to where a password or factor is given once more, and back here."""
    if people.actor_of(request).proved:
        return None
    return HttpResponseRedirect(f"{reverse('console:login-again')}?{urlencode({'next': request.path})}")


def _ask_app(request: HttpRequest, typed: dict[str, str] | None = None, refusal: DomainError | None = None) -> HttpResponse:
    user = people.user_of(request)
    try:
        offer = typed["offer"] if typed else ""
        secret, address = totp.app_offered(user, offer)
    except Conflict:  # the first look, or an offer that is too old: a new one
        offer, _address = totp.app_offer(user, issuer=_issuer())
        secret, address = totp.app_offered(user, offer)
    context: dict[str, Any] = {
        "screen": _screen(request),
        "name": (typed or {}).get("name") or gettext("My phone"),
        "offer": offer,
        "secret": totp.as_text(secret),
        "picture": totp.as_picture(address),
        "address": address,
        "refusal": refusal,
    }
    return render(request, "console/setup/security_app.html", context, status=refusal.http_status if refusal else 200)


def _issuer() -> str:
    """What the app calls the account: which console it is, for people who know several."""
    return f"Switchback {settings.PASSKEY_HOST}"


def _enrolled(request: HttpRequest) -> HttpResponse:
    """The first factor comes with recovery codes at once: later is when the phone is lost already."""
    if not Factor.objects.filter(user=people.user_of(request), kind=Factor.Kind.RECOVERY, removed_at=None).exists():
        return _show_codes(request)
    messages.success(request, gettext("Added. From the next log-in on it is asked for."))
    return redirect("console:setup-security")


def _show_codes(request: HttpRequest) -> HttpResponse:
    made = proposals.perform("org.recovery_codes_make", actor=people.actor_of(request))
    return render(request, "console/setup/security_codes_once.html", {"screen": _screen(request), "codes": made.codes})
