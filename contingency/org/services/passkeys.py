"""Passkeys (WebAuthn). All checks of signatures, origins and flags are the library's; here is what we ask of it.

Every passkey is discoverable and verifies its user (PIN, finger, face): it is two factors by itself and may open alone.
"""

import json
from dataclasses import dataclass
from typing import Any

import structlog
from django.conf import settings
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorData,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from contingency.org.errors import PasskeyRefused
from contingency.org.models import Factor, User
from contingency.org.services.offers import offer_open, offer_seal

PURPOSE = "passkey"
MOST_TEXT = 20_000
security_log = structlog.get_logger("security")


@dataclass(frozen=True)
class Assertion:
    """What a browser sent, taken apart but not yet checked."""

    credential_id: bytes
    response: AuthenticationResponse


def rp_id() -> str:
    """The name that passkeys are bound to: the host of the console's address; the machine itself is called localhost."""
    return str(settings.PASSKEY_HOST)


def passkey_offer(user: User) -> tuple[str, dict[str, Any]]:
    """(the sealed offer that must come back, the options for `navigator.credentials.create`)."""
    known = [AttestedCredentialData(bytes(factor.credential)) for factor in passkeys_of(user) if factor.credential]
    options, state = _server().register_begin(
        PublicKeyCredentialUserEntity(id=user.public_id.bytes, name=user.username, display_name=user.display_name),
        credentials=known,
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return offer_seal(user, PURPOSE, state), dict(options)


def passkey_offered(user: User, offer: str, credential: str) -> AuthenticatorData:
    """The new passkey, checked against its offer. Raises Conflict for an old offer, PasskeyRefused for what the browser should not have sent."""
    state = offer_open(user, PURPOSE, offer)
    try:
        attested = _server().register_complete(state, RegistrationResponse.from_dict(_read(credential)))
    except (ValueError, TypeError, KeyError, AttributeError, AssertionError) as error:
        raise _refused(error) from error
    if attested.credential_data is None:
        raise PasskeyRefused
    return attested


def assertion_begin(user: User | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """(options for `navigator.credentials.get`, state to keep); without a user any passkey of this console may answer."""
    credentials = None
    if user is not None:
        credentials = [AttestedCredentialData(bytes(factor.credential)) for factor in passkeys_of(user) if factor.credential]
    options, state = _server().authenticate_begin(credentials, user_verification=UserVerificationRequirement.REQUIRED)
    return dict(options), state


def assertion_read(credential: str) -> Assertion:
    """Take apart what the browser sent. Raises PasskeyRefused."""
    try:
        response = AuthenticationResponse.from_dict(_read(credential))
        return Assertion(bytes(response.raw_id), response)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _refused(error) from error


def assertion_check(state: dict[str, Any], assertion: Assertion, factor: Factor) -> int:
    """The passkey's counter, once signature, origin, challenge and user verification hold. Raises PasskeyRefused."""
    if factor.credential is None:
        raise PasskeyRefused
    try:
        _server().authenticate_complete(state, [AttestedCredentialData(bytes(factor.credential))], assertion.response)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _refused(error) from error
    counter: int = assertion.response.response.authenticator_data.counter
    handle = assertion.response.response.user_handle
    if (counter or factor.uses) and counter <= factor.uses:
        security_log.warning("passkey_counter_went_back", factor=str(factor.public_id))
        raise PasskeyRefused
    if handle is not None and bytes(handle) != factor.user.public_id.bytes:
        raise PasskeyRefused
    return counter


def passkeys_of(user: User) -> list[Factor]:
    """Those in force."""
    return list(Factor.objects.filter(user=user, kind=Factor.Kind.PASSKEY, removed_at=None))


def _server() -> Fido2Server:
    return Fido2Server(PublicKeyCredentialRpEntity(id=rp_id(), name="Switchback"), verify_origin=_is_ours)


def _is_ours(origin: str) -> bool:
    """Only the console's own origins, not every host below its name."""
    return origin in settings.PASSKEY_ORIGINS


def _read(text: str) -> dict[str, Any]:
    if len(text) > MOST_TEXT:
        raise ValueError("too long")
    found = json.loads(text)
    if not isinstance(found, dict):
        raise TypeError("no object")
    return found


def _refused(error: Exception) -> PasskeyRefused:
    security_log.warning("passkey_refused", problem=type(error).__name__, says=str(error)[:120])
    return PasskeyRefused()
