"""Authenticator apps: six digits from a shared secret and the time (RFC 6238), each usable once."""

import base64
import secrets
import time

import segno
from cryptography.hazmat.primitives import constant_time
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from contingency.org.models import User
from contingency.org.services.offers import offer_open, offer_seal

STEP_S = 30
DIGITS = 6
TOLERANCE = 1  # steps that the phone's clock may be off, either way
SECRET_BYTES = 20
PURPOSE = "app"


def app_offer(user: User, *, issuer: str) -> tuple[str, str]:
    """A new secret for this person's app: (the sealed offer that must come back with the first code, its address as a QR code holds it)."""
    secret = secrets.token_bytes(SECRET_BYTES)
    return offer_seal(user, PURPOSE, {"secret": secret.hex(), "issuer": issuer}), _totp(secret).get_provisioning_uri(user.username, issuer)


def app_offered(user: User, offer: str) -> tuple[bytes, str]:
    """(the secret of an offer, its address again). Raises Conflict when the offer is too old or not this person's."""
    content = offer_open(user, PURPOSE, offer)
    secret = bytes.fromhex(content["secret"])
    return secret, _totp(secret).get_provisioning_uri(user.username, content["issuer"])


def as_text(secret: bytes) -> str:
    """The secret for typing it into an app, in groups of four."""
    text = base64.b32encode(secret).decode()
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def as_picture(address: str) -> str:
    """The QR code as a `data:` address: black on white with its quiet zone, whatever the page's colours are."""
    return segno.make(address, error="m", micro=False).svg_data_uri(scale=5, border=4, dark="#000", light="#fff", omitsize=False)


def step_of(secret: bytes, code: str, *, after: int | None) -> int | None:
    """The time step that this code belongs to, if it is within the tolerance and newer than `after`.

    The host's own time, not the house's: a phone knows nothing of a clock that was wound for an exercise.
    """
    if len(code) != DIGITS or not code.isdigit() or not code.isascii():
        return None
    present = int(time.time()) // STEP_S
    found = None
    for step in range(present - TOLERANCE, present + TOLERANCE + 1):
        if constant_time.bytes_eq(_totp(secret).generate(step * STEP_S), code.encode()) and (after is None or step > after):
            found = step
    return found


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, DIGITS, SHA1(), STEP_S)
