"""Who calls the API: a personal token, or the browser session with its CSRF token."""

from dataclasses import dataclass
from typing import Any

from django.utils import translation
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from console import people
from console.errors import TokenRefused
from contingency.org import selectors as org
from kernel.actors import Actor


@dataclass(frozen=True)
class TokenPerson:
    """The owner of a token as the framework wants to see a user."""

    actor: Actor
    is_authenticated: bool = True
    is_active: bool = True

    @property
    def pk(self) -> int | None:
        """The owner's key."""
        return self.actor.user_id


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer sbp_…`: the owner's roles, cut down to the token's scopes."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """The token's owner; None without such a header; 401 when the token is unknown, expired, or its owner disabled."""
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != b"bearer":
            return None
        if len(words) != 2 or len(words[1]) > 200 or not words[1].isascii():
            raise AuthenticationFailed(TokenRefused().message)
        actor = org.actor_of_token(words[1].decode())
        if actor is None:
            raise AuthenticationFailed(TokenRefused().message)
        if "HTTP_ACCEPT_LANGUAGE" not in request.META:
            translation.activate(actor.language)
        request._request.actor = actor  # type: ignore[attr-defined]
        return TokenPerson(actor), actor

    def authenticate_header(self, request: Request) -> str:
        """Makes a missing log-in 401 instead of 403."""
        return "Bearer"


class ConsoleSessionAuthentication(SessionAuthentication):
    """The logged-in person of the browser; writing needs the CSRF token."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """The session's person under the console's own session rules."""
        user = getattr(request._request, "user", None)
        if user is None or not user.is_authenticated or not user.is_active:
            return None
        self.enforce_csrf(request)
        return user, people.actor_of(request._request)
