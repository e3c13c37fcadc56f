"""The second step of the log-in, passkeys, and proving once more that it is you."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import authenticate
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from console import entrance, people, services
from console.entrance import bucket_of, security_log
from console.errors import TooManyTries, WrongPassword
from console.views.login import ask as ask_password
from contingency.org import services as org
from contingency.org.errors import PasskeyRefused, WrongCode
from contingency.org.models import Factor, User
from contingency.org.services import passkeys
from kernel.access import LOGGED_IN, PUBLIC, access
from kernel.errors import Conflict, DomainError


@access(PUBLIC)
@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def second_page(request: HttpRequest) -> HttpResponse:
    """Behind the right password: a code of the app or a recovery code; a passkey answers at its own address."""
    pending = entrance.pending_of(request)
    if pending is None:
        return redirect("console:login")
    if request.method == "GET":
        return _ask_second(request, pending)
    try:
        factor = _check_code(pending.user, request.POST.get("code", ""), bucket=pending.bucket)
    except (TooManyTries, WrongCode) as refusal:
        return _ask_second(request, pending, refusal)
    if factor.kind == Factor.Kind.RECOVERY:
        _say_what_is_left(request, factor)
    by = "recovery" if factor.kind == Factor.Kind.RECOVERY else "code"
    return entrance.enter(request, pending.user, by=by, account=pending.account, bucket=pending.bucket, go=pending.go)


@access(PUBLIC)
@never_cache
@require_POST
def passkey_options(request: HttpRequest) -> HttpResponse:
    """What to ask a passkey: anybody's before the log-in, the person's own behind the password or when they prove it again."""
    whom = _whom(request)
    options, state = passkeys.assertion_begin(whom)
    entrance.challenge_keep(request, state, whom)
    return JsonResponse(options)


@access(PUBLIC)
@never_cache
@require_POST
def passkey_page(request: HttpRequest) -> HttpResponse:
    """Log in with a passkey, alone or as the second step. Not counted: there is nothing to guess, so nobody can be locked out of it."""
    pending = entrance.pending_of(request)
    try:
        factor = _check_passkey(request, pending.user if pending else None)
    except (PasskeyRefused, Conflict) as refusal:
        security_log.warning("log_in_refused", code=refusal.code)
        return _ask_second(request, pending, refusal) if pending else ask_password(request, refusal=refusal)
    account = pending.account if pending else factor.user.username.lower()
    bucket = pending.bucket if pending else bucket_of(request, account)
    go = pending.go if pending else entrance.safe_next(request)
    return entrance.enter(request, factor.user, by="passkey", account=account, bucket=bucket, go=go)


@access(LOGGED_IN)
@login_required
@never_cache
@sensitive_post_parameters("password", "code")
@require_http_methods(["GET", "POST"])
def again_page(request: HttpRequest) -> HttpResponse:
    """Password or second factor once more, before second factors are changed."""
    user = people.user_of(request)
    if request.method == "GET":
        return _ask_again(request, user)
    try:
        if request.POST.get("credential"):
            _check_passkey(request, user)
        else:
            _check_again(request, user)
    except (TooManyTries, WrongPassword, WrongCode, PasskeyRefused, Conflict) as refusal:
        security_log.warning("proof_refused", code=refusal.code, person=str(user.public_id))
        return _ask_again(request, user, refusal)
    people.proved_again(request.session)
    request.session.cycle_key()
    return HttpResponseRedirect(entrance.safe_next(request))


def _check_code(user: User, code: str, *, bucket: str) -> Factor:
    """The factor of a code, after counting the try; who guesses ten times is told on to the account's owner."""
    tried = services.login_admit(account=str(user.public_id), bucket=f"code {bucket}", a_day=services.CODE_TRIES_A_DAY)
    try:
        return org.code_use(user=user, code=code)
    except WrongCode:
        security_log.warning("code_refused", person=str(user.public_id), known_browser=bucket != entrance.STRANGER)
        if tried + 1 == services.TRIES:
            org.codes_guessed(user=user)
        raise


def _check_again(request: HttpRequest, user: User) -> None:
    """One field, two possible answers: the password, or a code."""
    bucket = f"again {bucket_of(request, user.username)}"
    services.login_admit(account=str(user.public_id), bucket=bucket, a_day=services.CODE_TRIES_A_DAY)
    answer = request.POST.get("proof", "")[:1000]
    if authenticate(request, username=user.username, password=answer) is None:
        try:
            org.code_use(user=user, code=answer)
        except WrongCode:
            raise WrongPassword from None
    services.login_succeeded(account=str(user.public_id), bucket=bucket)


def _check_passkey(request: HttpRequest, whom: User | None) -> Factor:
    state = entrance.challenge_take(request, whom)
    if state is None:
        raise Conflict(problem=gettext("This took too long. Try again."))
    return org.passkey_use(state=state, credential=request.POST.get("credential", ""), user=whom)


def _whom(request: HttpRequest) -> User | None:
    if request.user.is_authenticated:
        return people.user_of(request)
    pending = entrance.pending_of(request)
    return pending.user if pending else None


def _kinds(user: User) -> dict[str, Any]:
    kinds = set(Factor.objects.filter(user=user, removed_at=None).values_list("kind", flat=True))
    return {"has_app": "app" in kinds, "has_passkey": "passkey" in kinds, "has_recovery": "recovery" in kinds}


def _ask_second(request: HttpRequest, pending: entrance.Pending, refusal: DomainError | None = None) -> HttpResponse:
    context = {**_kinds(pending.user), "refusal": refusal, "next": pending.go}
    return render(request, "console/login_second.html", context, status=refusal.http_status if refusal else 200)


def _ask_again(request: HttpRequest, user: User, refusal: DomainError | None = None) -> HttpResponse:
    context = {**_kinds(user), "refusal": refusal, "next": entrance.safe_next(request)}
    return render(request, "console/login_again.html", context, status=refusal.http_status if refusal else 200)


def _say_what_is_left(request: HttpRequest, codes: Factor) -> None:
    left = codes.recovery_codes.filter(used_at=None).count()
    words = ngettext(
        "You used a recovery code; %(left)d is left. Make new ones under Set-up, My log-in.",
        "You used a recovery code; %(left)d are left. Make new ones under Set-up, My log-in.",
        left,
    )
    messages.warning(request, words % {"left": left})
