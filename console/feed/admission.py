"""Who may listen to what: the same session, token and read rules as for every other address."""

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, load_backend
from django.contrib.sessions.backends.base import SessionBase
from django.utils.crypto import constant_time_compare

from console import people
from console.feed.news import Interest, Ref
from contingency.org import selectors as org
from contingency.org.models import User
from kernel import records
from kernel.actors import Actor
from kernel.errors import NotFound

MOST_UNDER = 5


def interest_of(actor: Actor, under: list[str]) -> Interest | None:
    """What this actor may hear; None when they may not see a record they ask for, or nothing at all."""
    kinds = frozenset(kind.kind for kind in records.all_types() if records.may_read(actor, kind, None))
    refs: set[Ref] = set()
    for text in under[:MOST_UNDER]:
        kind, _, public_id = text.partition(":")
        try:
            records.fetch(kind, actor, UUID(public_id))
        except (NotFound, KeyError, ValueError):
            return None
        refs.add((kind, public_id.lower()))
    return Interest(kinds, frozenset(refs)) if kinds else None


def admit(headers: Mapping[str, str], under: list[str]) -> Interest | None:
    """Look the caller up by bearer token or session cookie. A handful of queries; run it in a thread."""
    actor = _actor_of_token(headers) or _actor_of_session(headers)
    return interest_of(actor, under) if actor else None


def _actor_of_token(headers: Mapping[str, str]) -> Actor | None:
    words = headers.get("authorization", "").split()
    if len(words) != 2 or words[0].lower() != "bearer" or len(words[1]) > 200:
        return None
    return org.actor_of_token(words[1])


def _actor_of_session(headers: Mapping[str, str]) -> Actor | None:
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME)
    except CookieError:
        return None
    if cookie is None:
        return None
    session: SessionBase = import_module(settings.SESSION_ENGINE).SessionStore(cookie.value)
    if SESSION_KEY not in session or people.session_is_over(session):
        return None
    user = load_backend(session[BACKEND_SESSION_KEY]).get_user(int(session[SESSION_KEY]))
    if not isinstance(user, User) or not constant_time_compare(session.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash()):
        return None
    actor = org.actor_of_user(user)
    return None if people.needs_factor(actor) else actor
