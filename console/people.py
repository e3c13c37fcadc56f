"""Who sits at the browser, and for how long the session may last.

A session ends 30 minutes after its last use and 12 hours after log-in, whatever happens (SESSION_IDLE_MINUTES, SESSION_HOURS).
What the page fetches by itself (live fragments, polling) is not use. The host's own time counts here, not the house's clock:
winding that for an exercise must not throw people out in the middle of it.
"""

import time
from dataclasses import replace

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest

from console.sessions import BROWSER
from contingency.org import selectors as org
from contingency.org import services as org_services
from contingency.org.models import User
from kernel.actors import Actor

PROVED_FOR_S = 10 * 60  # how long one may change one's second factors after giving a password or factor
SEEN_STEP_S = 60  # the mark is written once a minute, not on every request
STARTED, SEEN, PROVED, BY = "started_at", "seen_at", "proved_at", "logged_in_by"
BY_ITSELF = frozenset({"/feed/", "/feed/poll/"})


def session_begin(request: HttpRequest, *, by: str) -> None:
    """Mark a fresh log-in: when, with what, and what the browser says of itself."""
    session = request.session
    session[STARTED] = session[SEEN] = session[PROVED] = int(time.time())
    session[BY] = by
    session[BROWSER] = request.headers.get("User-Agent", "")[:200]


def proved_again(session: SessionBase) -> None:
    """The person gave a password or second factor once more."""
    session[PROVED] = int(time.time())


def is_proved(session: SessionBase) -> bool:
    """Whether that was a short while ago."""
    proved = session.get(PROVED)
    return isinstance(proved, int) and 0 <= time.time() - proved < PROVED_FOR_S


def session_is_over(session: SessionBase) -> bool:
    """Whether idle or absolute time has run out. A session without marks was not made by our log-in."""
    present = time.time()
    started, seen = session.get(STARTED), session.get(SEEN)
    if not isinstance(started, int) or not isinstance(seen, int):
        return True
    return present - started > settings.SESSION_LONGEST.total_seconds() or present - seen > settings.SESSION_IDLE.total_seconds()


def session_check(request: HttpRequest) -> None:
    """End an overaged session; otherwise note that it is in use."""
    if not request.user.is_authenticated:
        return
    if session_is_over(request.session):
        logout(request)
        return
    automatic = request.path in BY_ITSELF or request.headers.get("X-Requested-With") == "fetch"
    if not automatic and time.time() - request.session[SEEN] > SEEN_STEP_S:
        request.session[SEEN] = int(time.time())


def needs_factor(actor: Actor) -> bool:
    """Whether this person's role asks for a second factor that they have not enrolled yet. No query unless the rule is on."""
    wanted = set(settings.SECOND_FACTOR_ROLES)
    if not wanted or not ("all" in wanted or actor.roles & wanted):
        return False
    return not org.has_second_factor(actor.user_id or 0)


def language_set(user: User, language: str) -> None:
    """The language of what is sent to this person from now on: their own choice, also of one who holds no position."""
    org_services.language_choose(public_id=user.public_id, version=None, actor=org.actor_of_user(user), language=language)
    user.language = language


def user_of(request: HttpRequest) -> User:
    """The person who is logged in. Raises TypeError for nobody."""
    if not isinstance(request.user, User):
        raise TypeError("nobody is logged in")
    return request.user


def actor_of(request: HttpRequest) -> Actor:
    """The person as an actor with the holdings in force now; read once per request. Raises TypeError for nobody."""
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None:
        actor = replace(org.actor_of_user(user_of(request)), proved=is_proved(request.session))
        request.actor = actor  # type: ignore[attr-defined]
    return actor
