"""Pins, remarks and better times stand at an entry; the entry itself is never touched. The report in three lines. Taking a role."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from incidents.response import selectors, services
from incidents.response.errors import RoleIsHeld
from incidents.response.models import Incident
from kernel import clock, journal
from kernel.errors import Conflict, Invalid, NotFound, NotPermitted, ReasonRequired
from kernel.models import Entry
from notify.models import Page
from tests.incidents.response.test_life_cycle import at
from tests.incidents.response.world import World, entries, names

pytestmark = [pytest.mark.django_db, pytest.mark.req("INC-05")]


def marking(world: World, incident: Incident, entry: Entry, by: str = "olga", **fields: Any) -> dict[str, Any]:
    """What every mark is made with."""
    return {"public_id": incident.public_id, "version": None, "actor": world.actor(by), "entry": entry.public_id, **fields}


def noted(world: World, incident: Incident, text: str = "the lamp was out") -> Entry:
    """An entry to be marked."""
    services.note_add(**at(incident), actor=world.actor("olga"), body=text)
    return journal.timeline(incident)[-1]


def row_of(entry: Entry) -> dict[str, Any]:
    """The entry as the database has it."""
    return Entry.objects.filter(pk=entry.pk).values().get()


def test_marks_are_entries_of_their_own_and_leave_the_marked_one_alone(world: World) -> None:
    incident = world.confirmed()
    entry = noted(world, incident)
    before = row_of(entry)
    moment = entry.at - timedelta(minutes=17)
    services.entry_pin(**marking(world, incident, entry))
    services.entry_annotate(**marking(world, incident, entry, by="lena", text="I saw it too"))
    services.entry_retime(**marking(world, incident, entry, placed_at=moment, reason="the door log says so"))
    assert row_of(entry) == before
    marked = selectors.marks_of(incident)[str(entry.public_id)]
    assert marked.pinned is not None
    assert marked.pinned.actor_label == world.users["olga"].journal_label()
    assert [remark.payload["text"] for remark in marked.remarks] == ["I saw it too"]
    assert marked.placed_at == moment
    assert marked.placed is not None
    assert marked.placed.reason == "the door log says so"
    assert marked.placed.cause_id == entry.id
    assert marked.placed.payload["recorded_at"].startswith(entry.at.isoformat()[:19])


def test_the_last_pin_and_the_last_time_count(world: World) -> None:
    incident = world.confirmed()
    entry = noted(world, incident)
    services.entry_pin(**marking(world, incident, entry))
    services.entry_pin(**marking(world, incident, entry, by="lena"))
    assert len(entries(incident, "incidents.entry_pinned.v1")) == 1
    services.entry_unpin(**marking(world, incident, entry))
    with pytest.raises(Conflict):
        services.entry_unpin(**marking(world, incident, entry))
    for minutes in (9, 3):
        services.entry_retime(**marking(world, incident, entry, placed_at=entry.at - timedelta(minutes=minutes), reason="better known"))
    marked = selectors.marks_of(incident)[str(entry.public_id)]
    assert marked.pinned is None
    assert marked.placed_at == entry.at - timedelta(minutes=3)


def test_a_time_needs_a_reason_and_lies_in_the_past(world: World) -> None:
    incident = world.confirmed()
    entry = noted(world, incident)
    with pytest.raises(ReasonRequired):
        services.entry_retime(**marking(world, incident, entry, placed_at=entry.at, reason="  "))
    with pytest.raises(Invalid):
        services.entry_retime(**marking(world, incident, entry, placed_at=clock.now() + timedelta(minutes=1), reason="soon"))
    assert "incidents.entry_retimed.v1" not in names(incident)


def test_only_entries_of_this_incident_can_be_marked_and_marks_cannot(world: World) -> None:
    incident, other = world.confirmed(), world.opened(fault_class="network")
    foreign = journal.timeline(other)[0]
    with pytest.raises(NotFound):
        services.entry_pin(**marking(world, incident, foreign))
    services.entry_annotate(**marking(world, incident, noted(world, incident), text="mark me"))
    mark = entries(incident, "incidents.entry_annotated.v1")[-1]
    with pytest.raises(Conflict):
        services.entry_annotate(**marking(world, incident, mark, text="a mark at a mark"))


@pytest.mark.req("SEC-01")
def test_who_may_not_see_an_entry_cannot_mark_it_either(world: World) -> None:
    incident = world.confirmed()
    entry = noted(world, incident, "port 5432 refuses")
    with pytest.raises(NotFound):
        services.entry_annotate(**marking(world, incident, entry, by="cyril", text="what is that?"))
    with pytest.raises(NotPermitted):
        services.entry_pin(**marking(world, incident, entry, by="cyril"))


def test_condition_actions_and_needs_are_one_entry(world: World) -> None:
    incident = world.confirmed()
    services.can_report(**at(incident), actor=world.actor("olga"), condition="no orders", actions="switch prepared", needs="a second person")
    entry = entries(incident, "incidents.can_reported.v1")[-1]
    assert {name: entry.payload[name] for name in ("condition", "actions", "needs")} == {
        "condition": "no orders",
        "actions": "switch prepared",
        "needs": "a second person",
    }


@pytest.mark.req("INC-03")
def test_a_free_role_is_taken_at_once_and_nobody_is_called_for_it(world: World) -> None:
    incident = world.confirmed()
    before = Page.objects.count()
    incident = services.role_take(**at(incident), actor=world.actor("olga"), role="scribe")
    role = incident.roles.get(role="scribe", ended_at=None)
    assert role.user == world.users["olga"]
    assert role.acknowledged_at is not None
    assert Page.objects.count() == before


@pytest.mark.req("INC-03")
def test_a_role_whose_holder_answered_is_not_taken_away(world: World) -> None:
    incident = world.confirmed()
    holder = incident.roles.get(role="technical_lead", ended_at=None)
    services.role_acknowledge(**at(incident), actor=world.actor(holder.user.username))
    with pytest.raises(RoleIsHeld):
        services.role_take(public_id=incident.public_id, version=None, actor=world.actor("lena"), role="technical_lead")


@pytest.mark.req("INC-03")
@pytest.mark.req("SEC-01")
def test_command_is_given_and_business_takes_its_own_role_only(world: World) -> None:
    incident = world.confirmed(grade="general")
    incident.roles.filter(ended_at=None).update(ended_at=clock.now())
    for name, role in (("olga", "commander"), ("bea", "technical_lead"), ("cyril", "scribe")):
        with pytest.raises(NotPermitted):
            services.role_take(public_id=incident.public_id, version=None, actor=world.actor(name), role=role)
    incident = services.role_take(public_id=incident.public_id, version=None, actor=world.actor("bea"), role="business_lead")
    assert incident.roles.get(role="business_lead", ended_at=None).user == world.users["bea"]
