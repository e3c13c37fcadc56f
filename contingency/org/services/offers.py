"""What is offered to a browser and must come back with the answer: sealed for one person, good for a quarter of an hour, stored nowhere."""

import base64
import json
import time
from typing import Any

from django.utils.translation import gettext_lazy as _

from contingency.org.models import User
from contingency.org.services.sealing import SealBroken, seal, unseal
from kernel.errors import Conflict

GOOD_FOR_S = 15 * 60


def offer_seal(user: User, purpose: str, content: dict[str, Any]) -> str:
    """The offer as text for a form."""
    body = json.dumps({"until": time.time() + GOOD_FOR_S, "content": content}).encode()
    return base64.urlsafe_b64encode(seal(body, of=f"{purpose}/{user.public_id}")).decode()


def offer_open(user: User, purpose: str, text: str) -> dict[str, Any]:
    """What was offered to this person. Raises Conflict for one that is too old, somebody else's, or made up."""
    try:
        body = json.loads(unseal(base64.urlsafe_b64decode(text.encode()), of=f"{purpose}/{user.public_id}"))
    except (SealBroken, ValueError):
        body = {"until": 0}
    if body["until"] < time.time():
        raise Conflict(problem=_("This page was open for too long. Load it again and start once more."))
    content: dict[str, Any] = body["content"]
    return content
