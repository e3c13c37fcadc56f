"""How often those who wait are told (COM-03): a deadline per update, renewed by each, silent at the end."""

from datetime import datetime

from contingency.org.models import User
from incidents.response.events import UpdateOverdue
from incidents.response.models import Incident, IncidentRole
from incidents.response.models.states import GRADED_OPEN
from incidents.response.services.calling import update_remind
from kernel import deadlines, journal
from kernel.actors import SYSTEM
from kernel.deadlines import arm_many
from kernel.journal import Record
from kernel.models import Deadline

KIND = "update_due"
TELLERS = (IncidentRole.Role.COMMUNICATIONS_LEAD, IncidentRole.Role.COMMANDER)


def cadence_start(incident: Incident, *, at: datetime) -> datetime | None:
    """Begin the cadence anew from now: the next update is due after the level's time. Saves the incident."""
    due_at = at + incident.update_every if incident.update_every is not None else None
    incident.cadence(due_at=due_at)
    incident.save(update_fields=["update_due_at", "update_generation"])
    cadence_arm(incident)
    return due_at


def cadence_arm(incident: Incident) -> None:
    """Arm the deadline of the incident's present generation; the older ones are called off."""
    deadlines.cancel(kind=KIND, subject=incident)
    if incident.update_due_at is not None:
        deadlines.arm(kind=KIND, subject=incident, key="1", due_at=incident.update_due_at, generation=incident.update_generation)


def cadence_stop(incident: Incident) -> None:
    """Nobody waits for an update any more."""
    deadlines.cancel(kind=KIND, subject=incident)


def updates_overdue(due: list[Deadline], now: datetime) -> None:
    """Remind those who tell, and again each time the cadence has gone by.

    Reads the incidents without locking them: whoever posts an update holds the row and then waits for this deadline, so
    the other order would be a deadlock. The generation tells an old deadline from the present one.
    """
    incidents = Incident.objects.in_bulk([deadline.subject_id for deadline in due], field_name="public_id")
    waiting: list[tuple[Deadline, Incident]] = []
    for deadline in due:
        incident = incidents.get(deadline.subject_id)
        if incident is not None and incident.update_generation == deadline.generation and incident.state in GRADED_OPEN:
            waiting.append((deadline, incident))
    if not waiting:
        return
    records = [
        Record(event=UpdateOverdue(incident_id=incident.public_id, due_at=deadline.due_at), subject=incident, before={}, after={})
        for deadline, incident in waiting
    ]
    entries = journal.record_many(records, actor=SYSTEM)
    tellers = _tellers([incident for _deadline, incident in waiting])
    for (deadline, incident), entry in zip(waiting, entries, strict=True):
        update_remind(incident, tellers.get(incident.pk, []), due_at=deadline.due_at, cause=entry)
    arm_many([_again(deadline, incident, now) for deadline, incident in waiting if incident.update_every is not None])


def _tellers(incidents: list[Incident]) -> dict[int, list[User]]:
    """Whoever leads communication or commands, per incident. One query."""
    people: dict[int, list[User]] = {}
    roles = IncidentRole.objects.filter(incident__in=incidents, role__in=TELLERS, ended_at=None).select_related("user")
    for role in roles:
        people.setdefault(role.incident_id, []).append(role.user)
    return people


def _again(deadline: Deadline, incident: Incident, now: datetime) -> Deadline:
    assert incident.update_every is not None
    return Deadline(
        kind=KIND,
        subject_kind=deadline.subject_kind,
        subject_id=deadline.subject_id,
        key=str(int(deadline.key) + 1),
        generation=deadline.generation,
        due_at=now + incident.update_every,
    )
