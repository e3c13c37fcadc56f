"""Whom a switch concerns: those whose agreement it waits for, everybody at work when it begins, those who lead when it fails."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from contingency.org.models import User
from incidents.response.models import Incident, IncidentRole
from incidents.response.services.calling import LEADS, role_people, tell
from incidents.response.services.outages import incident_of_outage
from incidents.switchover.models import Direction, Mode, Switch
from incidents.switchover.problems import problem_words
from incidents.switchover.selectors.second import approvers
from incidents.switchover.texts import failure_words
from kernel import clock
from kernel.i18n import in_both
from kernel.models import Entry

APPROVAL_WANTED, APPROVED, FAILED = "switch-approval-wanted", "switch-ordered", "switch-failed"


@transaction.atomic
def switch_ordered(entry: Entry) -> None:
    """A switch that waits for a second person waits for somebody who knows: everybody who may agree is told (SWO-02)."""
    found = _switch(entry)
    if found is None:
        return
    incident, switch = found
    if switch.needs_second and switch.state == Switch.State.ORDERED:
        people = approvers(switch.outage, switch.part, clock.now(), besides=switch.ordered_by_id)
        tell(incident, people, text=APPROVAL_WANTED, params=_params(switch), cause=entry)


@transaction.atomic
def switch_approved(entry: Entry) -> None:
    """It will be carried out: everybody with a role keeps their hands off the part, and whoever ordered it waits for nobody any more."""
    found = _switch(entry)
    if found is None:
        return
    incident, switch = found
    people = _with_orderer(role_people(incident, IncidentRole.Role.values), switch)
    tell(incident, [user for user in people if str(user.public_id) != entry.actor_id], text=APPROVED, params=_params(switch), cause=entry)


@transaction.atomic
def switch_failed(entry: Entry) -> None:
    """Those who lead, and whoever ordered it, are told what was seen; and again when taking back fails too."""
    found = _switch(entry)
    if found is None:
        return
    incident, switch = found
    problem = in_both(lambda: " ".join(filter(None, (failure_words(switch.failure), problem_words(switch.failure_detail)))))
    tell(incident, _with_orderer(role_people(incident, LEADS), switch), text=FAILED, params={**_params(switch), "problem": problem}, cause=entry)


def _switch(entry: Entry) -> tuple[Incident, Switch] | None:
    """The switch, and the open incident that it is for; None for one that was ordered without an incident."""
    incident = incident_of_outage(entry)
    switch = Switch.objects.select_related("part__unit", "outage", "ordered_by").filter(public_id=entry.payload["switch_id"]).first()
    return (incident, switch) if incident is not None and switch is not None else None


def _with_orderer(people: Sequence[User], switch: Switch) -> list[User]:
    by = [switch.ordered_by] if switch.ordered_by is not None else []
    return list({user.pk: user for user in (*people, *by)}.values())


def _params(switch: Switch) -> dict[str, Any]:
    return {
        "ordered_by": switch.ordered_by.display_name if switch.ordered_by is not None else _("The console's policy"),
        "direction": Direction(switch.direction).label,
        "mode": Mode(switch.mode).label,
    }
