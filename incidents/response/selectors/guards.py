"""What stands in the way of a move, beyond its state. Services refuse by these; screens ask them beforehand."""

from collections.abc import Callable

from incidents.response.errors import (
    AnotherIsOpen,
    CommanderMissing,
    EndConditionsMissing,
    GradeMissing,
    OutageInTheWay,
    OutageStillOpen,
    ReportMissing,
)
from incidents.response.models import EndCondition, Incident, IncidentRole
from incidents.response.models.states import OPEN
from kernel.errors import DomainError
from kernel.i18n import listed

Guard = Callable[[Incident], None]


def guard_handle(incident: Incident) -> None:
    """INC-01: no handling without grade and commander."""
    if not incident.grade:
        raise GradeMissing
    if not incident.roles.filter(role=IncidentRole.Role.COMMANDER, ended_at=None).exists():
        raise CommanderMissing


def guard_resolve(incident: Incident) -> None:
    """INC-07: business back where it belongs, and functions, data and business shown or overridden by name."""
    if incident.outage is not None and incident.outage.is_open:
        raise OutageStillOpen(number=incident.outage.number, state=incident.outage.state_label())
    missing = conditions_missing(incident)
    if missing:
        raise EndConditionsMissing(missing=listed(kind.label for kind in missing))


def guard_close(incident: Incident) -> None:
    """INC-01: the report of a severe or major incident was accepted by somebody else than its author."""
    if incident.report_accepted_at is None:
        raise ReportMissing


def guard_false_alarm(incident: Incident) -> None:
    """Once traffic moved it was no false alarm; an outage that only fails is called off with it."""
    outage = incident.outage
    if outage is not None and outage.is_open and outage.state != outage.State.FAILING:
        raise OutageInTheWay(number=outage.number, state=outage.state_label())


def guard_only_open(incident: Incident, *, fault_class: str = "") -> None:
    """No second open incident for the same part and class."""
    wanted = fault_class or incident.fault_class
    other = Incident.objects.filter(part_id=incident.part_id, fault_class=wanted, state__in=OPEN).exclude(pk=incident.pk).first()
    if other is not None:
        raise AnotherIsOpen(number=other.number, part=incident.part.journal_label(), fault_class=other.get_fault_class_display())


def conditions_missing(incident: Incident) -> list[EndCondition.Kind]:
    """The end conditions that nobody has shown or overridden in this round."""
    settled = {EndCondition.Outcome.PASSED.value, EndCondition.Outcome.OVERRIDDEN.value}
    outcomes = dict(incident.end_conditions.filter(round=incident.round).values_list("kind", "outcome"))
    return [kind for kind in EndCondition.Kind if outcomes.get(kind.value) not in settled]


GUARDS: dict[str, Guard] = {
    "incidents.handle": guard_handle,
    "incidents.resolve": guard_resolve,
    "incidents.close": guard_close,
    "incidents.false_alarm": guard_false_alarm,
    "incidents.reopen": guard_only_open,
    "incidents.unmerge": guard_only_open,
}


def blocker(incident: Incident, move_id: str) -> DomainError | None:
    """Why this move would be refused now although state and person allow it; None when nothing stands in its way."""
    guard = GUARDS.get(move_id)
    if guard is None:
        return None
    try:
        guard(incident)
    except DomainError as error:
        return error
    return None
