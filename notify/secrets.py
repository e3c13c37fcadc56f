"""The signing secrets of webhooks, one per contact point, derived from the server's key: none is stored."""

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from contingency.org.models import ContactPoint
from notify.channels.webhook import shown_secret

_LENGTH = 32  # bytes; the specification wants 24 to 64


def webhook_secrets(point: ContactPoint) -> tuple[bytes, ...]:
    """The present secret first; then those of SECRET_KEY_FALLBACKS, so that receivers can change over without a gap."""
    return tuple(_derive(key, point) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


def webhook_secret_shown(point: ContactPoint) -> str:
    """What the owner types into the receiver (`whsec_…`)."""
    return shown_secret(webhook_secrets(point)[0])


def _derive(key: str | bytes, point: ContactPoint) -> bytes:
    key = key.encode() if isinstance(key, str) else key
    return HKDF(algorithm=SHA256(), length=_LENGTH, salt=b"switchback.webhook", info=str(point.public_id).encode()).derive(key)
