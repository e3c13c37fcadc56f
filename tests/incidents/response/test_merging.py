"""Two incidents are one disturbance; or were not, after all. Both histories stay."""

from __future__ import annotations

import pytest

from incidents.response import services
from incidents.response.errors import AnotherIsOpen, MergeIntoItself, MergeTargetNotOpen, MergeWouldHide, OutageWouldBeLost
from incidents.response.models.states import OPEN
from kernel import journal
from kernel.errors import NotPermitted
from tests.incidents.response.test_life_cycle import at
from tests.incidents.response.world import World, fresh, names

pytestmark = [pytest.mark.django_db, pytest.mark.req("INC-01")]


def merge(world: World, incident: object, target: object, by: str = "lena") -> object:
    """The first into the second."""
    return services.incident_merge(**at(incident), actor=world.actor(by), into=target.public_id)  # type: ignore[arg-type, attr-defined]


@pytest.mark.parametrize("state", [state.value for state in OPEN])
def test_a_merge_keeps_the_history_and_can_be_undone_to_the_earlier_state(world: World, state: str) -> None:
    target = world.confirmed(fault_class="network", grade="severe")
    incident = world.in_state(state)
    before = names(incident)
    incident = merge(world, incident, target)
    assert (incident.state, incident.merged_into) == ("merged", target)
    assert "incidents.incident_opened.v1" in [entry.name for entry in journal.timeline(target, limit=500) if entry.subject_label == incident.number]
    incident = services.incident_unmerge(**at(incident), actor=world.actor("lena"))
    assert (incident.state, incident.merged_into) == (state, None)
    assert names(incident)[: len(before)] == before


def test_taking_it_out_is_refused_while_another_is_open_for_its_part_and_class(world: World) -> None:
    target = world.opened(fault_class="network")
    incident = merge(world, world.opened(), target)
    world.opened()
    with pytest.raises(AnotherIsOpen):
        services.incident_unmerge(**at(incident), actor=world.actor("lena"))
    assert fresh(incident).state == "merged"


def test_what_cannot_go_on_for_two_is_refused(world: World) -> None:
    incident = world.opened()
    with pytest.raises(MergeIntoItself):
        merge(world, incident, incident)
    with pytest.raises(MergeTargetNotOpen):
        merge(world, incident, world.false_alarm(fault_class="network"))


def test_a_graver_incident_is_not_hidden_in_a_lesser(world: World) -> None:
    target = world.confirmed(fault_class="network", grade="general")
    with pytest.raises(MergeWouldHide):
        merge(world, world.confirmed(grade="severe"), target)


def test_the_outage_goes_along_and_comes_back(world: World) -> None:
    target = world.confirmed(fault_class="network", grade="severe")
    incident = world.confirmed(grade="severe", stops_business="yes")
    outage = incident.outage
    incident = merge(world, incident, target)
    assert fresh(target).outage == outage
    services.incident_unmerge(**at(incident), actor=world.actor("lena"))
    assert fresh(target).outage is None
    assert fresh(incident).outage == outage


def test_the_outage_of_another_part_is_not_lost_in_a_merge(world: World) -> None:
    target = world.confirmed(part=world.other_part, grade="severe")
    incident = world.confirmed(grade="severe", stops_business="yes")
    with pytest.raises(OutageWouldBeLost):
        merge(world, incident, target)


def test_a_merge_needs_the_right_on_both(world: World) -> None:
    from contingency.catalog.models import Part
    from contingency.org.models import Unit

    target = world.opened(part=world.other_part)
    Part.objects.filter(pk=world.other_part.pk).update(unit=Unit.objects.get(slug="warehouse"))
    with pytest.raises(NotPermitted):
        merge(world, world.opened(), target, by="olga")


def test_a_merged_incident_is_called_about_no_more(world: World) -> None:
    from notify.models import Page

    target = world.opened(fault_class="network")
    incident = merge(world, world.opened(), target)
    assert Page.objects.get(subject_id=incident.public_id).state == "cancelled"
    assert Page.objects.get(subject_id=target.public_id).state == "calling"
    services.incident_unmerge(**at(incident), actor=world.actor("lena"))
    assert Page.objects.filter(subject_id=incident.public_id, state="calling").count() == 1
