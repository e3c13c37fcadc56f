"""Keys and passwords never reach the screen or the log file."""

from __future__ import annotations

import re
from collections.abc import Iterable

HIDDEN = "***"

_PATTERNS = (
    # a password in a URL: postgresql://user:PASSWORD@host, redis://:PASSWORD@host
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s@/]+(@)", re.IGNORECASE), rf"\1{HIDDEN}\2"),
    # an intake key in a path: /in/alertmanager/KEY, /in/ping/KEY/start; the first characters tell which one it was
    (re.compile(r"(/in/[a-z]+/[A-Za-z0-9_-]{4})[A-Za-z0-9_-]{4,}"), rf"\1{HIDDEN}"),
    # a signed link that acknowledges a page
    (re.compile(r"(/ack/)[^\s/?\"']{6,}"), rf"\1{HIDDEN}"),
    # Authorization headers
    (re.compile(r"\b(Bearer|GenieKey|Token|Basic)(\s+)[A-Za-z0-9._~+/=:-]{6,}", re.IGNORECASE), rf"\1\2{HIDDEN}"),
    # name=value and "name": "value"
    (
        re.compile(
            r"(?i)(\b(?:password|passwd|secret|secret_key|token|api_key|apikey|routing_key|requirepass|pgpassword)\b[\"']?\s*[=:]\s*[\"']?)[^\s\"',;&]{4,}"
        ),
        rf"\1{HIDDEN}",
    ),
)
_SHORTEST_SECRET = 8  # characters; shorter words would blot out ordinary text


class Mask:
    """Replaces what looks like a secret, and the secrets that are known by their very text."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: list[str] = []
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Hide this text wherever it appears from now on."""
        if len(secret) >= _SHORTEST_SECRET and secret not in self._secrets:
            self._secrets.append(secret)
            self._secrets.sort(key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text
