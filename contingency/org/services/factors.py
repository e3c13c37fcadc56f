"""Second factors: people enrol and remove their own, an administrator takes a lost one away; nobody ever sees or sets another's.

Changes ask for a person who proved a short while ago, at this browser, that it is them: the moves say so (`asks_proof`),
`kernel.permissions.require` refuses.
"""

import secrets
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from contingency.org.errors import CodesNeedFactor, FactorRemovedAlready, PasskeyRefused, WrongCode
from contingency.org.events import (
    CodesGuessed,
    FactorEnrolled,
    FactorRemoved,
    FactorTakenAway,
    RecoveryCodesMade,
    RecoveryCodeUsed,
    SessionsEnded,
)
from contingency.org.models import Factor, RecoveryCode, User
from contingency.org.models.factors import plain_code
from contingency.org.selectors import actor_of_user
from contingency.org.services import passkeys, totp
from contingency.org.services.sealing import SealBroken, seal, unseal
from kernel import clock, journal
from kernel.actors import SYSTEM, Actor
from kernel.errors import Conflict, Invalid, NotPermitted
from kernel.permissions import Grant, require

CODES = 10
CODE_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another
CODE_LENGTH = 16
MOST_FACTORS = 10
security_log = structlog.get_logger("security")


@transaction.atomic
def totp_enrol(*, actor: Actor, name: str, offer: str, code: str, reason: str = "") -> Factor:
    """Take an authenticator app as one's second factor, proved by its first code. Raises ProofNeeded, Conflict, WrongCode."""
    user = _oneself(actor, "org.totp_enrol")
    secret, _address = totp.app_offered(user, offer)
    step = totp.step_of(secret, plain_code(code), after=None)
    if step is None:
        raise WrongCode
    factor = Factor(user=user, kind=Factor.Kind.APP, name=_named(name), created_at=clock.now(), last_step=step)
    factor.secret = seal(secret, of=str(factor.public_id))
    return _enrolled(factor, actor, reason)


@transaction.atomic
def passkey_enrol(*, actor: Actor, name: str, offer: str, credential: str, reason: str = "") -> Factor:
    """Take a passkey as one's second factor. Raises ProofNeeded, Conflict (also for one that is enrolled already), PasskeyRefused."""
    user = _oneself(actor, "org.passkey_enrol")
    attested = passkeys.passkey_offered(user, offer, credential)
    data = attested.credential_data
    assert data is not None  # passkey_offered refuses one without
    factor = Factor(user=user, kind=Factor.Kind.PASSKEY, name=_named(name), created_at=clock.now(), uses=attested.counter)
    factor.credential_id, factor.credential = bytes(data.credential_id), bytes(data)
    return _enrolled(factor, actor, reason)


@transaction.atomic
def recovery_codes_make(*, actor: Actor, reason: str = "") -> Factor:
    """Ten codes for the day the phone is lost, on the returned record, this once. The set before opens nothing any more.

    Raises CodesNeedFactor without another factor, ProofNeeded.
    """
    user = _person(actor, "org.recovery_codes_make")
    if not second_factors(user):
        raise CodesNeedFactor
    for earlier in Factor.objects.select_for_update().filter(user=user, kind=Factor.Kind.RECOVERY, removed_at=None):
        _retire(earlier)
    factor = Factor(user=user, kind=Factor.Kind.RECOVERY, name=str(Factor.Kind.RECOVERY.label), created_at=clock.now())
    factor.save()
    codes = tuple(_new_code() for _number in range(CODES))
    RecoveryCode.objects.bulk_create([RecoveryCode(factor=factor, digest=RecoveryCode.digest_of(factor, code)) for code in codes])
    journal.record(RecoveryCodesMade(user_id=user.public_id, count=CODES), subject=factor, under=[user], actor=actor, reason=reason)
    factor.codes = codes
    return factor


@transaction.atomic
def factor_remove(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> Factor:
    """Give up a factor of one's own. With the last one the recovery codes go too. Raises NotPermitted, ProofNeeded, Stale, Conflict."""
    factor = Factor.lock(public_id, version=version)
    require(actor, "org.factor_remove", factor)
    if actor.user_id != factor.user_id:
        raise NotPermitted(action=_("removing another person's second factor"))
    _remove(factor)
    event = FactorRemoved(user_id=factor.user.public_id, kind=factor.kind, name_of_factor=factor.name)
    journal.record(event, subject=factor, under=[factor.user], actor=actor, reason=reason)
    return factor


@transaction.atomic
def factor_take_away(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> Factor:
    """A person lost a factor: an administrator takes it away; the person is told. Raises NotPermitted, ProofNeeded, Stale, Conflict."""
    factor = Factor.lock(public_id, version=version)
    if require(actor, "org.factor_take_away", factor) != Grant.ALL or actor.user_id == factor.user_id:
        raise NotPermitted(action=_("taking away a second factor of one's own: remove it on the screen of one's own log-in"))
    _remove(factor)
    event = FactorTakenAway(user_id=factor.user.public_id, kind=factor.kind, name_of_factor=factor.name, by=actor.label)
    journal.record(event, subject=factor, under=[factor.user], actor=actor, reason=reason)
    return factor


@transaction.atomic
def sessions_end(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> User:
    """Log a person out everywhere: oneself, or an administrator for them. Raises NotPermitted, Stale."""
    user = User.lock(public_id, version=version)
    if require(actor, "org.sessions_end", user) != Grant.ALL and actor.user_id != user.pk:
        raise NotPermitted(action=_("changing another person's affairs"))
    user.sessions_ended += 1
    user.version += 1
    user.save()
    journal.record(SessionsEnded(user_id=user.public_id), subject=user, actor=actor, reason=reason)
    return user


@transaction.atomic
def code_use(*, user: User, code: str) -> Factor:
    """The factor that this code belongs to: an app's six digits, or a recovery code. Each opens once. Raises WrongCode."""
    typed = plain_code(code[:100])
    factors = list(Factor.objects.select_for_update().filter(user=user, removed_at=None).exclude(kind=Factor.Kind.PASSKEY).order_by("pk"))
    for factor in factors:
        if factor.kind == Factor.Kind.APP and _is_next_code(factor, typed):
            factor.last_used_at = clock.now()
            factor.save(update_fields=["last_step", "last_used_at"])
            return factor
    for factor in factors:
        if factor.kind == Factor.Kind.RECOVERY and _use_recovery_code(factor, typed):
            return factor
    raise WrongCode


@transaction.atomic
def passkey_use(*, state: dict[str, object], credential: str, user: User | None = None) -> Factor:
    """The passkey that answered; with a user it must be theirs. Raises PasskeyRefused; nobody learns whether it is known."""
    assertion = passkeys.assertion_read(credential)
    known = Factor.objects.select_for_update(of=("self",)).select_related("user")
    found = known.filter(credential_id=assertion.credential_id, kind=Factor.Kind.PASSKEY, removed_at=None).first()
    if found is None or not found.user.is_active or (user is not None and found.user_id != user.pk):
        raise PasskeyRefused
    found.uses = passkeys.assertion_check(state, assertion, found)
    found.last_used_at = clock.now()
    found.save(update_fields=["uses", "last_used_at"])
    return found


@transaction.atomic
def codes_guessed(*, user: User) -> None:
    """Somebody knows this person's password and guesses codes: recorded, and the person is told."""
    journal.record(CodesGuessed(user_id=user.public_id), subject=user, actor=SYSTEM)


def second_factors(user: User) -> list[Factor]:
    """What a log-in with a password asks for besides; recovery codes alone are none. One query."""
    return list(Factor.objects.filter(user=user, removed_at=None).exclude(kind=Factor.Kind.RECOVERY))


def factors_sealed_elsewhere() -> int:
    """How many apps in force were sealed under a key that is not known any more."""
    found = 0
    for public_id, sealed in Factor.objects.filter(kind=Factor.Kind.APP, removed_at=None).values_list("public_id", "secret"):
        try:
            unseal(bytes(sealed or b""), of=str(public_id))
        except SealBroken:
            found += 1
    return found


def _person(actor: Actor, move: str) -> User:
    person = User.objects.select_for_update().filter(pk=actor.user_id or 0).first()
    if person is None:
        raise NotPermitted(action=_("having a second factor"))
    require(actor, move)
    return person


def _oneself(actor: Actor, move: str) -> User:
    person = _person(actor, move)
    if len(second_factors(person)) >= MOST_FACTORS:
        raise Conflict(problem=_("You have ten second factors. Remove one first."))
    return person


def _named(name: str) -> str:
    cleaned = " ".join(name.split())
    if not cleaned or len(cleaned) > 60:
        raise Invalid(field="name", problem=_("give it a name of at most 60 letters, such as “my phone”."))
    return cleaned


def _enrolled(factor: Factor, actor: Actor, reason: str) -> Factor:
    try:
        with transaction.atomic():
            factor.save()
    except IntegrityError as error:
        raise Conflict(problem=_("This passkey is enrolled already.")) from error
    event = FactorEnrolled(user_id=factor.user.public_id, kind=factor.kind, name_of_factor=factor.name)
    journal.record(event, subject=factor, under=[factor.user], actor=actor, reason=reason)
    return factor


def _remove(factor: Factor) -> None:
    if factor.removed_at is not None:
        raise FactorRemovedAlready
    _retire(factor)
    if not second_factors(factor.user):
        for codes in Factor.objects.select_for_update().filter(user=factor.user, kind=Factor.Kind.RECOVERY, removed_at=None):
            _retire(codes)


def _retire(factor: Factor) -> None:
    factor.removed_at = clock.now()
    factor.secret = factor.credential = None
    factor.version += 1
    factor.save()
    factor.recovery_codes.all().delete()


def _is_next_code(factor: Factor, typed: str) -> bool:
    """Whether it is a code of this app that was not used yet; then no code up to it opens anything again."""
    try:
        secret = unseal(bytes(factor.secret or b""), of=str(factor.public_id))
    except SealBroken:
        security_log.error("factor_cannot_be_unsealed", factor=str(factor.public_id))
        return False
    step = totp.step_of(secret, typed, after=factor.last_step)
    if step is None:
        return False
    factor.last_step = step
    return True


def _use_recovery_code(factor: Factor, typed: str) -> bool:
    now = clock.now()
    used = factor.recovery_codes.filter(digest=RecoveryCode.digest_of(factor, typed), used_at=None).update(used_at=now)
    if not used:
        return False
    factor.last_used_at = now
    factor.save(update_fields=["last_used_at"])
    left = factor.recovery_codes.filter(used_at=None).count()
    event = RecoveryCodeUsed(user_id=factor.user.public_id, left=left)
    journal.record(event, subject=factor, under=[factor.user], actor=actor_of_user(factor.user))
    return True


def _new_code() -> str:
    letters = "".join(secrets.choice(CODE_LETTERS) for _place in range(CODE_LENGTH))
    return "-".join(letters[at : at + 4] for at in range(0, CODE_LENGTH, 4))
