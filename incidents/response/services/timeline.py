"""What people put to the timeline: pins, remarks, better times, and the report in three lines. The entries themselves stay as they are."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from incidents.response.events import CanReported, EntryAnnotated, EntryPinned, EntryRetimed, EntryUnpinned
from incidents.response.models import Incident
from incidents.response.selectors.marks import MARKS, entry_of, marks_of
from incidents.response.selectors.views import entries_seen, view_of
from kernel import clock, journal
from kernel.actors import Actor
from kernel.errors import Conflict, Invalid, NotFound, ReasonRequired
from kernel.models import Entry
from kernel.permissions import require


@transaction.atomic
def can_report(*, public_id: UUID, version: int | None, actor: Actor, condition: str, actions: str, needs: str = "", reason: str = "") -> Incident:
    """Say how things stand: condition, actions, needs. `version` does not matter: two who report at once are both right.

    Raises NotFound, NotPermitted.
    """
    incident = Incident.lock(public_id)
    require(actor, "incidents.can_report", incident)
    event = CanReported(incident_id=incident.public_id, condition=condition, actions=actions, needs=needs)
    journal.record(event, subject=incident, actor=actor, reason=reason, before={}, after={})
    return incident


@transaction.atomic
def entry_pin(*, public_id: UUID, version: int | None, actor: Actor, entry: UUID, reason: str = "") -> Incident:
    """Hold an entry up for everybody. Pinning what is pinned changes nothing.

    Raises NotFound, NotPermitted, Conflict (a mark cannot be marked).
    """
    incident, found = _marking("incidents.entry_pin", public_id, actor, entry)
    if not _is_pinned(incident, found):
        _record(EntryPinned(incident_id=incident.public_id, entry_id=found.public_id), incident, actor, reason, found)
    return incident


@transaction.atomic
def entry_unpin(*, public_id: UUID, version: int | None, actor: Actor, entry: UUID, reason: str = "") -> Incident:
    """Take the pin off. Raises NotFound, NotPermitted, Conflict when it is not pinned."""
    incident, found = _marking("incidents.entry_unpin", public_id, actor, entry)
    if not _is_pinned(incident, found):
        raise Conflict(problem=_("This entry is not pinned."))
    _record(EntryUnpinned(incident_id=incident.public_id, entry_id=found.public_id), incident, actor, reason, found)
    return incident


@transaction.atomic
def entry_annotate(*, public_id: UUID, version: int | None, actor: Actor, entry: UUID, text: str, reason: str = "") -> Incident:
    """Write a remark beneath an entry. Raises NotFound, NotPermitted, Conflict."""
    incident, found = _marking("incidents.entry_annotate", public_id, actor, entry)
    _record(EntryAnnotated(incident_id=incident.public_id, entry_id=found.public_id, text=text), incident, actor, reason, found)
    return incident


@transaction.atomic
def entry_retime(*, public_id: UUID, version: int | None, actor: Actor, entry: UUID, placed_at: datetime, reason: str = "") -> Incident:
    """Say when it really happened; what was recorded, and when, stays beside it (INC-05).

    Raises NotFound, NotPermitted, ReasonRequired, Invalid (in the future), Conflict.
    """
    incident, found = _marking("incidents.entry_retime", public_id, actor, entry)
    if not reason.strip():
        raise ReasonRequired
    if placed_at > clock.now():
        raise Invalid(field=_("It happened at"), problem=_("this lies in the future."))
    event = EntryRetimed(incident_id=incident.public_id, entry_id=found.public_id, placed_at=placed_at, recorded_at=found.at)
    _record(event, incident, actor, reason, found)
    return incident


def _marking(move_id: str, public_id: UUID, actor: Actor, entry_id: UUID) -> tuple[Incident, Entry]:
    """The locked incident and the entry, if the actor may do this and sees it. `version` does not matter: a mark contradicts nobody."""
    incident = Incident.lock(public_id)
    require(actor, move_id, incident)
    found = entry_of(incident, entry_id)
    if not entries_seen(actor, view_of(actor, incident), [found]):
        raise NotFound(kind=_("entry"))
    if found.name in MARKS:
        raise Conflict(problem=_("Pins, remarks and times stand at an entry; they have none of their own."))
    return incident, found


def _is_pinned(incident: Incident, entry: Entry) -> bool:
    marked = marks_of(incident).get(str(entry.public_id))
    return marked is not None and marked.pinned is not None


def _record(event: EntryPinned | EntryUnpinned | EntryAnnotated | EntryRetimed, incident: Incident, actor: Actor, reason: str, cause: Entry) -> None:
    journal.record(event, subject=incident, actor=actor, reason=reason, before={}, after={}, cause=cause)
