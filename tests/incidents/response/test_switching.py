"""A switch is known of by whom it concerns: those who may agree to it, and those who lead when it fails."""

from __future__ import annotations

import pytest

from incidents.response.models import Incident
from incidents.switchover.events import SwitchFailed, SwitchOrdered
from incidents.switchover.models import Switch
from incidents.switchover.problems import at_step, said
from kernel import clock, journal
from kernel.journal.relay import relay
from notify.models import Message
from tests.incidents.response.world import World

pytestmark = pytest.mark.django_db


def ordered(world: World, incident: Incident, *, by: str, needs_second: bool, **fields: object) -> Switch:
    switch = Switch.objects.create(
        number="SWI-2026-0001",
        part=incident.part,
        outage=incident.outage,
        direction="over",
        mode="planned",
        from_side="primary",
        to_side="standby",
        needs_second=needs_second,
        ordered_by=world.users[by],
        ordered_at=clock.now(),
        seen_at_order={},
        **fields,
    )
    assert incident.outage is not None
    event = SwitchOrdered(
        switch_id=switch.public_id,
        part_id=incident.part.public_id,
        outage_id=incident.outage.public_id,
        direction="over",
        mode="planned",
        needs_second=needs_second,
    )
    journal.record(event, subject=switch, actor=world.actor(by))
    relay()
    return switch


def told(text: str) -> set[str]:
    """Who was sent it."""
    return {delivery.user.username for message in Message.objects.filter(text=text) for delivery in message.deliveries.all()}


@pytest.mark.req("SWO-02")
def test_a_switch_that_needs_a_second_person_is_told_to_everybody_who_may_agree(world: World) -> None:
    incident = world.confirmed(grade="severe", stops_business="yes")
    ordered(world, incident, by="olga", needs_second=True)
    assert told("switch-approval-wanted") == {"lena", "leo"}
    (message,) = Message.objects.filter(text="switch-approval-wanted")
    assert message.subject_kind == "incident"


@pytest.mark.req("SWO-02")
def test_nobody_is_asked_for_what_goes_at_once_and_nobody_to_agree_to_their_own(world: World) -> None:
    incident = world.confirmed(grade="major", stops_business="yes")
    switch = ordered(world, incident, by="lena", needs_second=False)
    assert told("switch-approval-wanted") == set()
    Switch.objects.filter(pk=switch.pk).delete()
    ordered(world, incident, by="lena", needs_second=True)
    assert told("switch-approval-wanted") == {"leo"}


@pytest.mark.req("SWO-01")
def test_a_switch_that_failed_is_told_to_those_who_lead_and_to_who_ordered_it(world: World) -> None:
    incident = world.confirmed(grade="severe", stops_business="yes")
    detail = at_step("compare_quick", said("differs", "orders differ"))
    switch = ordered(world, incident, by="oscar", needs_second=False)
    Switch.objects.filter(pk=switch.pk).update(failure="step_failed", failure_detail=detail)
    assert incident.outage is not None
    event = SwitchFailed(
        switch_id=switch.public_id, outage_id=incident.outage.public_id, failure="step_failed", detail=detail, instruction="undoing", undoing=True
    )
    journal.record(event, subject=switch, actor=world.actor("olga"))
    relay()
    leads = {role.user.username for role in incident.roles.filter(role__in=("commander", "technical_lead"), ended_at=None)}
    assert told("switch-failed") == leads | {"oscar"}
    (message,) = Message.objects.filter(text="switch-failed")
    assert "两侧数据不一致" in str(message.params)
    assert "the two sides differ" in str(message.params)
