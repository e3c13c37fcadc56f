"""What people write during an incident: notes, decisions, updates."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction

from contingency.org.models import User
from incidents.response.events import DecisionRecorded, NoteAdded, UpdatePosted
from incidents.response.models import Incident, Note
from incidents.response.services.cadence import cadence_arm
from incidents.response.services.calling import update_tell
from incidents.response.services.following import tasks_done_at_once
from kernel import clock, fsm, journal
from kernel.actors import Actor
from kernel.permissions import require

SENT_TWICE = timedelta(seconds=60)  # the same words by the same person within this time are one note (double click, browser re-send)


@transaction.atomic
def note_add(*, public_id: UUID, version: int | None, actor: Actor, body: str, reason: str = "") -> Incident:
    """Write a remark or a finding. `version` does not matter: two people who write at once are both right.

    Raises NotFound, NotPermitted.
    """
    incident = Incident.lock(public_id)
    require(actor, "incidents.note", incident)
    note = _write(incident, Note.Kind.NOTE, body, actor=actor)
    if note is not None:
        event = NoteAdded(incident_id=incident.public_id, note_id=note.public_id, text=body)
        journal.record(event, subject=incident, actor=actor, reason=reason)
    return incident


@transaction.atomic
def decision_record(*, public_id: UUID, version: int | None, actor: Actor, body: str, reason: str = "") -> Incident:
    """Record what was decided. As `note_add`."""
    incident = Incident.lock(public_id)
    require(actor, "incidents.decision", incident)
    note = _write(incident, Note.Kind.DECISION, body, actor=actor)
    if note is not None:
        event = DecisionRecorded(incident_id=incident.public_id, note_id=note.public_id, text=body)
        journal.record(event, subject=incident, actor=actor, reason=reason)
    return incident


@transaction.atomic
def update_post(*, public_id: UUID, version: int | None, actor: Actor, body: str, reason: str = "") -> Incident:
    """Tell those who wait how things are (COM-03): the cadence begins anew, so of two updates at once one is told to look again.

    Raises NotPermitted, InvalidTransition, Stale.
    """
    now = clock.now()
    incident = Incident.lock(public_id, version=version)
    require(actor, "incidents.update", incident)
    due_at = now + incident.update_every if incident.update_every is not None else None
    fsm.move(incident, incident.tell, due_at=due_at)
    note = _write(incident, Note.Kind.UPDATE, body, actor=actor, once=False)
    assert note is not None
    cadence_arm(incident)
    event = UpdatePosted(incident_id=incident.public_id, note_id=note.public_id, text=body, next_due_at=due_at)
    entry = journal.record(event, subject=incident, under=[incident.part], actor=actor, reason=reason)
    tasks_done_at_once(incident, "incidents.update", cause=entry)
    update_tell(incident, body, due_at=due_at, actor=actor, cause=entry)
    return incident


def _write(incident: Incident, kind: str, body: str, *, actor: Actor, once: bool = True) -> Note | None:
    """The note; None when the same words by the same person were written a moment ago. The incident's row is locked."""
    now = clock.now()
    if once and incident.notes.filter(kind=kind, author_id=actor.user_id, author_label=actor.label, body=body, at__gt=now - SENT_TWICE).exists():
        return None
    author = User.objects.filter(pk=actor.user_id).first() if actor.user_id is not None else None
    return Note.objects.create(incident=incident, kind=kind, body=body, author=author, author_label=actor.label, at=now)
