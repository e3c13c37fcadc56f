"""Log-in, log-out, language and look."""

import secrets

import structlog
from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from console import people, services
from console.errors import TooManyTries, WrongPassword
from console.selectors.frame import THEME_COOKIE, THEMES
from kernel.access import LOGGED_IN, PUBLIC, access
from kernel.errors import DomainError

security_log = structlog.get_logger("security")

STRANGER = "stranger"
KNOWN_COOKIE = "known_browser"
KNOWN_FOR_S = 180 * 24 * 3600
YEAR_S = 365 * 24 * 3600
_signer = signing.TimestampSigner(salt="console.known_browser")


def safe_next(request: HttpRequest, fallback: str = "/") -> str:
    """Where to go on, only within this console."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    fits = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return wanted if fits and not wanted.startswith("/login") else fallback


def bucket_of(request: HttpRequest, account: str) -> str:
    """The browser's mark if this account logged in with it before, else “stranger”."""
    try:
        owner, _, mark = _signer.unsign(request.COOKIES.get(KNOWN_COOKIE, ""), max_age=KNOWN_FOR_S).rpartition("/")
    except signing.BadSignature:
        return STRANGER
    return mark if owner == account.lower() else STRANGER


@access(PUBLIC)
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def login_page(request: HttpRequest) -> HttpResponse:
    """Ask for name and password; ten wrong ones per account and quarter of an hour."""
    if request.method == "GET":
        return _ask(request)
    account = request.POST.get("username", "")[: services.ACCOUNT_LENGTH].replace("\x00", "")
    bucket = bucket_of(request, account)
    try:
        services.login_admit(account=account, bucket=bucket)
        user = authenticate(request, username=account, password=request.POST.get("password", "")[:1000])
        if user is None:
            raise WrongPassword
    except (TooManyTries, WrongPassword) as refusal:
        security_log.warning("log_in_refused", code=refusal.code, known_browser=bucket != STRANGER)
        return _ask(request, account, refusal)
    services.login_succeeded(account=account, bucket=bucket)
    login(request, user)
    people.session_begin(request.session)
    security_log.info("logged_in", person=str(user.public_id), known_browser=bucket != STRANGER)
    response = HttpResponseRedirect(safe_next(request))
    mark = bucket if bucket != STRANGER else secrets.token_urlsafe(24)
    response.set_cookie(
        KNOWN_COOKIE,
        _signer.sign(f"{account.lower()}/{mark}"),
        max_age=KNOWN_FOR_S,
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )
    return response


def _ask(request: HttpRequest, username: str = "", refusal: DomainError | None = None) -> HttpResponse:
    context = {"next": safe_next(request), "username": username, "problem": refusal.message if refusal else ""}
    return render(request, "console/login.html", context, status=refusal.http_status if refusal else 200)


@access(LOGGED_IN)
@require_POST
def logout_page(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return HttpResponseRedirect(settings.LOGIN_URL)


@access(PUBLIC)
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Read on in another language, here and in what is sent to the person."""
    wanted = request.POST.get("language", "")
    response = HttpResponseRedirect(safe_next(request))
    if wanted in dict(settings.LANGUAGES):
        translation.activate(wanted)
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, wanted, max_age=YEAR_S, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)
        if request.user.is_authenticated and request.user.language != wanted:
            people.language_set(request.user, wanted)
    return response


@access(PUBLIC)
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Light or dark in this browser; anything else: as the system has it."""
    response = HttpResponseRedirect(safe_next(request))
    wanted = request.POST.get("theme", "")
    if wanted in THEMES:
        response.set_cookie(THEME_COOKIE, wanted, max_age=YEAR_S, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE, httponly=True)
    else:
        response.delete_cookie(THEME_COOKIE)
    return response
