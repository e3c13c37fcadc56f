"""Who sits at the browser, and for how long the session may last.

A session ends 30 minutes after its last use and 12 hours after log-in, whatever happens. What the page fetches by
itself (live fragments, polling) is not use.
"""

import time

from django.contrib.auth import logout
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest

from contingency.org import selectors as org
from contingency.org.models import User
from kernel.actors import Actor

IDLE_S = 30 * 60
ABSOLUTE_S = 12 * 3600
SEEN_STEP_S = 60  # the mark is written once a minute, not on every request
STARTED, SEEN = "started_at", "seen_at"
BY_ITSELF = frozenset({"/feed/", "/feed/poll/"})


def session_begin(session: SessionBase) -> None:
    """Mark a fresh log-in."""
    session[STARTED] = session[SEEN] = int(time.time())


def session_is_over(session: SessionBase) -> bool:
    """Whether idle or absolute time has run out. A session without marks was not made by our log-in."""
    present = time.time()
    started, seen = session.get(STARTED), session.get(SEEN)
    if not isinstance(started, int) or not isinstance(seen, int):
        return True
    return present - started > ABSOLUTE_S or present - seen > IDLE_S


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


def language_set(user: User, language: str) -> None:
    """The language of what is sent to this person from now on."""
    User.objects.filter(pk=user.pk).update(language=language)
    user.language = language


def actor_of(request: HttpRequest) -> Actor:
    """The person as an actor with the holdings in force now; read once per request. Raises TypeError for nobody."""
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None:
        if not isinstance(request.user, User):
            raise TypeError("nobody is logged in")
        actor = org.actor_of_user(request.user)
        request.actor = actor  # type: ignore[attr-defined]
    return actor
