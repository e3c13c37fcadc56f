"""Log-in, log-out, language and look."""

from django.conf import settings
from django.contrib.auth import authenticate, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from console import people, services
from console.entrance import CHOSEN_COOKIE, PENDING_FOR_S, STRANGER, bucket_of, enter, pending_begin, safe_next, security_log
from console.errors import TooManyTries, WrongPassword
from console.selectors.frame import THEME_COOKIE, THEMES
from contingency.org import selectors as org
from kernel.access import LOGGED_IN, PUBLIC, access
from kernel.errors import DomainError

YEAR_S = 365 * 24 * 3600


@access(PUBLIC)
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def login_page(request: HttpRequest) -> HttpResponse:
    """Ask for name and password; ten wrong ones per account and quarter of an hour. Whoever has a second factor is asked for it next."""
    if request.method == "GET":
        return ask(request)
    typed = request.POST.get("username", "")[: services.ACCOUNT_LENGTH].replace("\x00", "")
    account = org.account_of(typed)
    bucket = bucket_of(request, account)
    try:
        services.login_admit(account=account, bucket=bucket)
        user = authenticate(request, username=typed, password=request.POST.get("password", "")[:1000])
        if user is None:
            raise WrongPassword
    except (TooManyTries, WrongPassword) as refusal:
        security_log.warning("log_in_refused", code=refusal.code, known_browser=bucket != STRANGER)
        return ask(request, typed, refusal)
    go = safe_next(request)
    if org.has_second_factor(user.pk):
        pending_begin(request, user, account=account, bucket=bucket, go=go)
        return redirect("console:login-second")
    return enter(request, user, by="password", account=account, bucket=bucket, go=go)


def ask(request: HttpRequest, username: str = "", refusal: DomainError | None = None) -> HttpResponse:
    """The page that asks, with what was wrong."""
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
    response = HttpResponseRedirect(safe_next(request, log_in_too=True))
    if wanted in dict(settings.LANGUAGES):
        translation.activate(wanted)
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, wanted, max_age=YEAR_S, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)
        if not request.user.is_authenticated:
            response.set_cookie(CHOSEN_COOKIE, wanted, max_age=PENDING_FOR_S, httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)
        elif request.user.language != wanted:
            people.language_set(request.user, wanted)
    return response


@access(PUBLIC)
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Light or dark in this browser; anything else: as the system has it."""
    response = HttpResponseRedirect(safe_next(request, log_in_too=True))
    wanted = request.POST.get("theme", "")
    if wanted in THEMES:
        response.set_cookie(THEME_COOKIE, wanted, max_age=YEAR_S, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE, httponly=True)
    else:
        response.delete_cookie(THEME_COOKIE)
    return response
