"""A passkey's counter: a copy of the authenticator is found out when the original has moved on, or the other way round."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from django.conf import settings
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import Aaguid, AttestedCredentialData, AuthenticatorData, CollectedClientData

from contingency.org import services as org
from contingency.org.errors import PasskeyRefused
from contingency.org.models import Factor, User
from contingency.org.services import passkeys
from kernel import clock

pytestmark = [pytest.mark.django_db, pytest.mark.req("SEC-02")]

FLAG = AuthenticatorData.FLAG


@dataclass
class Key:
    """A security key in software: it signs what it is asked to, and counts."""

    name: bytes = b"a key of sixteen"
    secret: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    count: int = 0

    def credential(self) -> bytes:
        """What the console keeps of it."""
        return bytes(AttestedCredentialData.create(Aaguid.NONE, self.name, ES256.from_cryptography_key(self.secret.public_key())))

    def answer(self, challenge: str) -> str:
        """What the browser sends for this challenge."""
        self.count += 1
        flags = FLAG.USER_PRESENT | FLAG.USER_VERIFIED
        spoken = AuthenticatorData.create(hashlib.sha256(passkeys.rp_id().encode()).digest(), flags, self.count)
        client = CollectedClientData.create("webauthn.get", challenge, settings.PASSKEY_ORIGINS[-1])
        signature = self.secret.sign(bytes(spoken) + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        response = {"clientDataJSON": client, "authenticatorData": spoken, "signature": signature}
        texts = {name: websafe_encode(bytes(value)) for name, value in response.items()}
        return json.dumps({"id": websafe_encode(self.name), "rawId": websafe_encode(self.name), "type": "public-key", "response": texts})


def enrolled(user: User, key: Key) -> Factor:
    """The passkey as it is kept once it was added."""
    return Factor.objects.create(
        user=user, kind=Factor.Kind.PASSKEY, name="Key", created_at=clock.now(), credential=key.credential(), credential_id=key.name, uses=key.count
    )


def use(user: User, key: Key) -> Factor:
    """Log in with it."""
    options, state = passkeys.assertion_begin(user)
    asked: dict[str, Any] = dict(options["publicKey"])
    challenge = asked["challenge"]
    return org.passkey_use(state=state, credential=key.answer(challenge if isinstance(challenge, str) else websafe_encode(challenge)), user=user)


def test_a_key_whose_counter_rises_opens_each_time(person) -> None:
    user, key = person("olga"), Key()
    enrolled(user, key)
    assert [use(user, key).uses for _time in range(3)] == [1, 2, 3]


def test_a_copy_that_counts_from_an_earlier_moment_opens_nothing(person) -> None:
    user, key = person("olga"), Key()
    factor = enrolled(user, key)
    use(user, key)
    copy = Key(name=key.name, secret=key.secret, count=key.count)
    use(user, key)
    with pytest.raises(PasskeyRefused):
        use(user, copy)  # it counts 2, as the original just did
    copy.count = 0
    with pytest.raises(PasskeyRefused):
        use(user, copy)
    factor.refresh_from_db()
    assert factor.uses == 2
    assert use(user, key).uses == 3  # the original still opens


def test_a_key_that_never_counts_stays_good(person) -> None:
    user, key = person("olga"), Key(count=-1)
    enrolled(user, Key(name=key.name, secret=key.secret))
    for _time in range(2):
        assert use(user, key).uses == 0
        key.count = -1
