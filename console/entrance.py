"""The way in: which browsers an account knows, the state between password and second factor, and the last step over the threshold."""

import secrets
import time
from dataclasses import dataclass

import structlog
from django.conf import settings
from django.contrib.auth import login
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme

from console import people, services
from contingency.org.models import User

security_log = structlog.get_logger("security")

STRANGER = "stranger"
KNOWN_COOKIE = "known_browser"
KNOWN_FOR_S = 180 * 24 * 3600
PENDING = "pending"
PENDING_FOR_S = 10 * 60  # between password and second factor
CHALLENGE = "passkey"
CHALLENGE_FOR_S = 5 * 60
CHOSEN_COOKIE = "language_chosen"  # at the log-in, by whoever logs in next
_signer = signing.TimestampSigner(salt="console.known_browser")


@dataclass(frozen=True)
class Pending:
    """Somebody who gave the right password and still owes the second factor."""

    user: User
    account: str
    bucket: str
    go: str


def safe_next(request: HttpRequest, fallback: str = "/", *, log_in_too: bool = False) -> str:
    """Where to go on, only within this console; `log_in_too`: also back to the log-in, with where it leads."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    fits = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return wanted if fits and (log_in_too or not wanted.startswith("/login")) else fallback


def bucket_of(request: HttpRequest, account: str) -> str:
    """The browser's mark if this account logged in with it before, else “stranger”."""
    try:
        owner, _, mark = _signer.unsign(request.COOKIES.get(KNOWN_COOKIE, ""), max_age=KNOWN_FOR_S).rpartition("/")
    except signing.BadSignature:
        return STRANGER
    return mark if owner == account.lower() else STRANGER


def pending_begin(request: HttpRequest, user: User, *, account: str, bucket: str, go: str) -> None:
    """The password was right: a new session that is nobody's yet and opens nothing but the second step."""
    request.session.flush()
    mark = user.get_session_auth_hash()
    kept = {"user": user.pk, "mark": mark, "at": int(time.time()), "account": account, "bucket": bucket, "go": go}
    request.session[PENDING] = kept
    request.session.set_expiry(PENDING_FOR_S)


def pending_of(request: HttpRequest) -> Pending | None:
    """Who owes a second factor in this session. None when it took too long, or the password was changed or the person left meanwhile."""
    kept = request.session.get(PENDING)
    if not isinstance(kept, dict) or time.time() - kept["at"] > PENDING_FOR_S:
        return None
    user = User.objects.filter(pk=kept["user"], is_active=True).first()
    if user is None or not constant_time_compare(kept["mark"], user.get_session_auth_hash()):
        return None
    return Pending(user, kept["account"], kept["bucket"], kept["go"])


def challenge_keep(request: HttpRequest, state: dict[str, object], whom: User | None) -> None:
    """Remember what a passkey was asked, for one answer."""
    request.session[CHALLENGE] = {"state": state, "user": whom.pk if whom else None, "at": int(time.time())}
    if not request.user.is_authenticated:
        request.session.set_expiry(PENDING_FOR_S)


def challenge_take(request: HttpRequest, whom: User | None) -> dict[str, object] | None:
    """What was asked of this person's passkey in this session; it can be answered once."""
    kept = request.session.pop(CHALLENGE, None)
    if not isinstance(kept, dict) or time.time() - kept["at"] > CHALLENGE_FOR_S or kept["user"] != (whom.pk if whom else None):
        return None
    state: dict[str, object] = kept["state"]
    return state


def enter(request: HttpRequest, user: User, *, by: str, account: str, bucket: str, go: str) -> HttpResponse:
    """All is proved: a session with a new id, and a browser that this account knows from now on."""
    if by != "passkey" or bucket != STRANGER:  # a passkey proves nothing about guesses that came before it from elsewhere
        services.login_succeeded(account=account, bucket=bucket)
        services.login_succeeded(account=str(user.public_id), bucket=f"code {bucket}")
    request.session.flush()
    login(request, user)
    people.session_begin(request, by=by)
    security_log.info("logged_in", person=str(user.public_id), by=by, known_browser=bucket != STRANGER)
    response = HttpResponseRedirect(go)
    chosen = request.COOKIES.get(CHOSEN_COOKIE, "")
    if chosen in dict(settings.LANGUAGES):
        people.language_set(user, chosen)
        response.delete_cookie(CHOSEN_COOKIE)
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
