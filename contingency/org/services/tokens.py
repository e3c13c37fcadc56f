"""Personal tokens: a script acts in its owner's name, within scopes, until a day. The secret is shown once (SEC-02)."""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from contingency.org.errors import UnknownScope
from contingency.org.events import TokenCreated, TokenRevoked
from contingency.org.models import PersonalToken, User
from kernel import access, clock, journal, moves, records
from kernel.actors import Actor
from kernel.errors import Conflict, Invalid, NotPermitted
from kernel.permissions import Grant, require

DEFAULT_LIFE = timedelta(days=90)
LONGEST_LIFE = timedelta(days=366)
_SECRET_BYTES = 32


def known_scopes() -> frozenset[str]:
    """Every scope that opens something: reading and writing each collection, what moves ask for, operations."""
    reading = {record_type.read_scope for record_type in records.all_types()}
    writing = {scope.replace(":read", ":write") for scope in reading}
    return frozenset(reading | writing | {move.scope for move in moves.all_moves() if move.scope} | {access.OPERATIONS})


@transaction.atomic
def token_create(
    *,
    actor: Actor,
    user: UUID | None = None,
    scopes: Iterable[str],
    name: str = "",
    expires_at: datetime | None = None,
    reason: str = "",
) -> tuple[PersonalToken, str]:
    """Make a token for oneself and return it with its secret, which nobody will see again. It ends after 90 days unless said otherwise.

    Only the command line may make one for somebody else; a token makes no token that may do more than itself.
    Raises NotPermitted, UnknownScope, Invalid.
    """
    now = clock.now()
    person = User.lock(user) if user is not None else User.objects.select_for_update().filter(pk=actor.user_id or 0).first()
    if person is None or not person.is_active:
        raise Invalid(field="user", problem=_("this is needed."))
    if require(actor, "org.token_issue", person) != Grant.ALL and actor.user_id != person.pk:
        raise NotPermitted(action=_("making a token in another person's name"))
    wanted = _checked_scopes(actor, scopes)
    expires_at = expires_at or now + DEFAULT_LIFE
    if not now < expires_at <= now + LONGEST_LIFE:
        raise Invalid(field="expires_at", problem=_("a token ends after now and within a year."))
    secret = PersonalToken.PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
    shown = secret[: len(PersonalToken.PREFIX) + 6]
    token = PersonalToken(user=person, name=name.strip(), prefix=shown, scopes=wanted, created_at=now, expires_at=expires_at)
    token.digest = PersonalToken.digest_of(secret)
    token.save()
    event = TokenCreated(user_id=person.public_id, prefix=shown, scopes=wanted, expires_at=expires_at)
    journal.record(event, subject=token, under=[person], actor=actor, reason=reason)
    return token, secret


def token_issue(*, actor: Actor, scopes: str, name: str = "", expires_at: datetime | None = None, reason: str = "") -> PersonalToken:
    """`token_create` for the screens and the API: scopes in one line, and the secret on the returned token, this once."""
    token, secret = token_create(actor=actor, scopes=scopes.replace(",", " ").split(), name=name, expires_at=expires_at, reason=reason)
    token.secret = secret
    return token


@transaction.atomic
def token_revoke(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> PersonalToken:
    """Make a token worthless at once: its owner, or an administrator. Raises NotPermitted, Stale, Conflict."""
    token = PersonalToken.lock(public_id, version=version)
    if require(actor, "org.token_revoke", token) != Grant.ALL and actor.user_id != token.user_id:
        raise NotPermitted(action=_("revoking another person's token"))
    if token.revoked_at is not None:
        raise Conflict(problem=_("This token is revoked already."))
    token.revoked_at = clock.now()
    token.version += 1
    token.save()
    journal.record(TokenRevoked(user_id=token.user.public_id, prefix=token.prefix), subject=token, under=[token.user], actor=actor, reason=reason)
    return token


def _checked_scopes(actor: Actor, scopes: Iterable[str]) -> list[str]:
    wanted = sorted(set(scopes))
    if not wanted:
        raise Invalid(field="scopes", problem=_("give at least one scope."))
    for scope in wanted:
        if scope not in known_scopes():
            raise UnknownScope(scope=scope)
    if actor.scopes is not None and not set(wanted) <= actor.scopes:
        raise NotPermitted(action=_("making a token that may do more than this one"))
    return wanted
