"""What may be put to the lines of a room's timeline, and which line it is about, said before it is done."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse

from console.selectors.previews import PREVIEWS, Preview
from console.selectors.timeline import readable
from incidents.response import selectors as response
from incidents.response.models import Incident
from incidents.response.selectors.views import SEEN
from kernel import moves
from kernel.actors import Actor
from kernel.errors import DomainError
from kernel.permissions import Grant, can
from kernel.sentences import sentence

MARKING = ("incidents.entry_pin", "incidents.entry_unpin", "incidents.entry_annotate", "incidents.entry_retime")


def marks_permitted(actor: Actor, incident: Incident) -> dict[str, tuple[str, str, str]]:
    """Verb → (title, effect, address that only wants the entry) of what the person may put to a line."""
    found = {}
    for move in map(moves.get, MARKING):
        if can(actor, move.id, incident) in (Grant.ALL, Grant.OWN):
            address = reverse("console:do", args=[move.id, incident.public_id])
            found[move.verb] = (str(move.title), str(move.effect), f"{address}?{urlencode({'entry': ''})}")
    return found


def _of_entry(incident: Incident, chosen: Mapping[str, str]) -> Preview | None:
    """The line that it is about, in words; nothing for one that a cut view does not show."""
    view = getattr(incident, "view", response.View.FULL)
    try:
        entry = response.entry_of(incident, UUID(chosen.get("entry", "")))
    except (DomainError, ValueError):
        return None
    if view != response.View.FULL and entry.name not in SEEN.get(view, ()):
        return None
    return Preview([f"“{readable(sentence(entry))}”"], [])


def register() -> None:
    """Let the forms of these moves show the line."""
    about: Any = _of_entry
    PREVIEWS.update(dict.fromkeys(MARKING, about))


register()
