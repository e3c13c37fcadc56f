"""People come, get a password, and leave."""

from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from contingency.org.errors import NameTaken, PasswordTooWeak
from contingency.org.events import LanguageChosen, PasswordSet, UserCreated, UserDeactivated
from contingency.org.models import Holding, User
from contingency.org.services.holdings import last_one_refuse
from kernel import clock, journal
from kernel.actors import Actor
from kernel.errors import Invalid, NotPermitted
from kernel.permissions import Grant, require


@transaction.atomic
def user_create(
    *,
    actor: Actor,
    username: str,
    display_name: str,
    display_name_zh: str = "",
    email: str = "",
    language: str = "",
    time_zone: str = "",
    password: str = "",
    reason: str = "",
) -> User:
    """Make a person known. Without a password they cannot log in yet; without a position they may do nothing.

    Raises NotPermitted, NameTaken, Invalid, PasswordTooWeak.
    """
    require(actor, "org.user_create")
    user = User(
        username=username.strip(),
        display_name=display_name.strip(),
        display_name_zh=display_name_zh.strip(),
        email=email.strip(),
        language=language or User.Language.ENGLISH,
        time_zone=time_zone or "Asia/Shanghai",
        joined_at=clock.now(),
    )
    _check(user)
    _take_password(user, password)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:
        raise NameTaken(username=user.username) from error
    journal.record(UserCreated(user_id=user.public_id), subject=user, actor=actor, reason=reason)
    return user


@transaction.atomic
def password_set(*, public_id: UUID, version: int | None, actor: Actor, password: str, reason: str = "") -> User:
    """Give a person a new password: their own, or an administrator for them.

    It asks for a proof, as second factors do: a forgotten screen or a token must not become a password, and that a proof.
    Raises NotPermitted, ProofNeeded, PasswordTooWeak, Stale.
    """
    user = User.lock(public_id, version=version)
    _require_self_or_all(actor, "org.password_set", user)
    if not password:
        raise Invalid(field="password", problem=_("this is needed."))
    _take_password(user, password)
    user.version += 1
    user.save()
    journal.record(PasswordSet(user_id=user.public_id), subject=user, actor=actor, reason=reason)
    return user


@transaction.atomic
def language_choose(*, public_id: UUID, version: int | None, actor: Actor, language: str, reason: str = "") -> User:
    """Say in which language a person reads and is written to. Choosing the present one changes nothing. Raises NotPermitted, Stale."""
    user = User.lock(public_id, version=version)
    _require_self_or_all(actor, "org.language_choose", user)
    if user.language == language:
        return user
    user.language = language
    _check(user)
    user.version += 1
    user.save()
    journal.record(LanguageChosen(user_id=user.public_id, language=language), subject=user, actor=actor, reason=reason)
    return user


@transaction.atomic
def user_deactivate(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> User:
    """A person leaves: no log-in, no tokens, no calls. Their name stays in every record. Raises NotPermitted, LastOfItsKind."""
    user = User.lock(public_id, version=version)
    require(actor, "org.user_deactivate", user)
    now = clock.now()
    for holding in Holding.objects.filter(user=user).exclude(ends_at__lte=now).select_related("position"):
        last_one_refuse(holding.position.role, without=Q(user=user), at=now)
    user.is_active = False
    user.version += 1
    user.save()
    journal.record(UserDeactivated(user_id=user.public_id), subject=user, actor=actor, reason=reason)
    return user


def _require_self_or_all(actor: Actor, move: str, user: User) -> None:
    """One's own affairs, or anybody's for those whom the table gives all."""
    if require(actor, move, user) != Grant.ALL and actor.user_id != user.pk:
        raise NotPermitted(action=_("changing another person's affairs"))


def _check(user: User) -> None:
    """What the columns demand, said in words."""
    if not user.display_name:
        raise Invalid(field="display_name", problem=_("this is needed."))
    try:
        User._meta.get_field("username").clean(user.username, user)
    except ValidationError:
        raise Invalid(field="username", problem=_("letters, digits and @ . + - _ only, at most 60.")) from None
    if user.email:
        try:
            validate_email(user.email)
        except ValidationError:
            raise Invalid(field="email", problem=_("this is no e-mail address.")) from None
    if user.language not in User.Language.values:
        raise Invalid(field="language", problem=_("choose one of: %(choices)s.") % {"choices": ", ".join(User.Language.values)})
    try:
        ZoneInfo(user.time_zone)
    except (KeyError, ValueError, OSError):  # not found; not a name; the name of a folder
        raise Invalid(field="time_zone", problem=_("this is no time zone.")) from None


def _take_password(user: User, password: str) -> None:
    if not password:
        user.set_unusable_password()
        return
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise PasswordTooWeak(problems=" ".join(error.messages)) from error
    user.set_password(password)
