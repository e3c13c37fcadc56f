"""A person's phone, for tests: an authenticator app that is enrolled through the screens."""

from __future__ import annotations

import base64
import re
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.test import Client

from contingency.org.services import totp
from tests.console.conftest import PASSWORD


def code_at(secret: bytes, *, steps: int = 0) -> str:
    """What the app shows, or showed, so many half minutes from now."""
    return TOTP(secret, 6, SHA1(), 30).generate(int(totp.time.time()) + steps * 30).decode()


def wrong_codes(secret: bytes) -> list[str]:
    """Six digits each, none of which the app shows around now: of a million guesses a few are right."""
    right = {code_at(secret, steps=steps) for steps in range(-3, 4)}
    return [code for number in range(200) if (code := f"{number:06d}") not in right]


def secret_in(page: str) -> bytes:
    """The key that the page shows for typing it in."""
    text = re.search(r'id="secret">([A-Z2-7 ]+)<', page)
    assert text is not None
    return base64.b32decode(text[1].replace(" ", ""))


def offer_in(page: str) -> str:
    """The sealed offer of the page."""
    found = re.search(r'name="offer" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def enrol_app(client: Client, name: str = "My phone") -> tuple[bytes, Any]:
    """(secret, the answer); the code of the step before this one is used, so the present one is still good."""
    page = client.get("/setup/security/app/").content.decode()
    secret = secret_in(page)
    answer = client.post("/setup/security/app/", {"name": name, "offer": offer_in(page), "code": code_at(secret, steps=-1)})
    return secret, answer


def codes_in(answer: Any) -> list[str]:
    """The recovery codes that this page shows."""
    return re.findall(r'<li class="mono">([a-z0-9-]{19})</li>', answer.content.decode())


def give_password(name: str = "lead", client: Client | None = None, **extra: Any) -> Client:
    """A browser behind the password, before the second step."""
    client = client or Client()
    answer = client.post("/login/", {"username": name, "password": PASSWORD, **extra})
    assert (answer.status_code, answer["Location"]) == (302, "/login/second/")
    return client
