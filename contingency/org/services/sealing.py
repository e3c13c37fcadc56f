"""Small secrets at rest: encrypted under a key derived from SECRET_KEY, bound to what they belong to.

A copy of the database alone opens nothing, and a secret copied to another row does not open there. When SECRET_KEY is
changed, the old one stays in SECRET_KEY_FALLBACKS until nothing is sealed under it any more.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_NONCE = 12
_PURPOSE = b"switchback second factor v1"


class SealBroken(ValueError):
    """Sealed under another key, for another owner, or changed since."""


def seal(secret: bytes, *, of: str) -> bytes:
    """Encrypt a secret for its owner `of`."""
    nonce = os.urandom(_NONCE)
    return nonce + _key(settings.SECRET_KEY).encrypt(nonce, secret, of.encode())


def unseal(sealed: bytes, *, of: str) -> bytes:
    """The secret again. Raises SealBroken."""
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        try:
            return _key(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], of.encode())
        except (InvalidTag, ValueError):
            continue
    raise SealBroken


def _key(secret_key: str) -> AESGCM:
    return AESGCM(HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret_key.encode()))
