"""Tasks follow the console: a step that names one of its moves is done when that move is, wherever and by whomever (INC-04)."""

from collections.abc import Iterator

from django.db import transaction

from incidents.response.models import Incident
from incidents.response.services.outages import incident_of_outage
from incidents.switchover.models import Outage
from kernel.models import Entry
from work import services as work

TASKS_DONE_BY = {  # what was recorded → the move that a step may name
    "incidents.switched_over.v1": "incidents.switch_over",
    "incidents.switched_back.v1": "incidents.switch_back",
    "incidents.repaired.v1": "incidents.repair_record",
    "incidents.repaired_in_place.v1": "incidents.repair_record",
    "incidents.business_normal.v1": "incidents.business_normal_record",
}
DONE_AT_ONCE = ("incidents.update", "incidents.resolve")  # this room's own moves finish their steps themselves


@transaction.atomic
def tasks_follow(entry: Entry) -> None:
    """Finish the steps that the recorded move below did; its record is their evidence."""
    incident = incident_of_outage(entry)
    if incident is not None:
        work.tasks_done_by_move(subject=incident, move=TASKS_DONE_BY[entry.name], evidence=entry.subject_label, cause=entry)


def tasks_done_at_once(incident: Incident, move: str, *, cause: Entry) -> None:
    """Finish the steps that this move of the incident does, in its transaction: whoever hears of the end counts them as done."""
    assert move in DONE_AT_ONCE
    work.tasks_done_by_move(subject=incident, move=move, evidence=incident.number, cause=cause)


@transaction.atomic
def tasks_catch_up(entry: Entry) -> None:
    """A playbook began, or an outage joined: what the console did for it before (its policy may switch first) is not to be done again."""
    incident = Incident.objects.select_related("outage").filter(public_id=entry.payload.get("about_id") or entry.payload["incident_id"]).first()
    if incident is None or incident.outage is None:
        return
    for move in _done_already(incident.outage):
        work.tasks_done_by_move(subject=incident, move=move, evidence=incident.outage.journal_label(), cause=entry)


def _done_already(outage: Outage) -> Iterator[str]:
    if outage.state in (Outage.State.ON_STANDBY, Outage.State.SWITCHING_BACK):
        yield "incidents.switch_over"
    if outage.business_normal_at is not None:
        yield "incidents.business_normal_record"
    if outage.repaired_at is not None:
        yield "incidents.repair_record"
