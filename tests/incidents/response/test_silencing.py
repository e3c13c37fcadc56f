"""The commander quietens the part's alerts; the silence ends with the incident."""

from datetime import timedelta
from decimal import Decimal

import pytest

from incidents.response import services
from incidents.response.errors import AlertsSilenced, NotSilenced
from incidents.response.models import Incident
from kernel import clock, journal
from kernel.errors import NotPermitted, ReasonRequired
from monitoring.alerts import directory
from tests.incidents.response.test_life_cycle import at
from tests.incidents.response.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.req("MON-02")]
WHY = "all of it is the failed upgrade"


def quiet(incident: Incident) -> bool:
    """Whether an alert of the part would open no incident now."""
    directory.forget()
    return directory.load().is_silenced(incident.part_id, {}, clock.now())


def silenced(world: World, **fields: str) -> Incident:
    """An incident whose part's alerts are silenced for two hours by the lead."""
    incident = world.verifying(**fields)
    return services.alerts_silence(**at(incident), actor=world.actor("lena"), hours=Decimal(2), reason=WHY)


def test_for_so_long_the_parts_alerts_open_nothing_and_the_timeline_says_why(world: World) -> None:
    incident = silenced(world)
    assert quiet(incident)
    said = next(entry for entry in journal.timeline(incident) if entry.name == "monitoring.silence_created.v1")
    assert (said.reason, said.actor_label) == (WHY, world.actor("lena").label)
    clock.wind(timedelta(hours=2, seconds=1))
    assert not quiet(incident)


def test_it_needs_a_reason_the_right_and_comes_once(world: World) -> None:
    incident = world.verifying()
    with pytest.raises(ReasonRequired):
        services.alerts_silence(**at(incident), actor=world.actor("lena"), hours=Decimal(2))
    with pytest.raises(NotPermitted):
        services.alerts_silence(**at(incident), actor=world.actor("olga"), hours=Decimal(2), reason=WHY)
    with pytest.raises(NotSilenced):
        services.alerts_unsilence(**at(incident), actor=world.actor("lena"))
    incident = services.alerts_silence(**at(incident), actor=world.actor("lena"), hours=Decimal(2), reason=WHY)
    with pytest.raises(AlertsSilenced):
        services.alerts_silence(**at(incident), actor=world.actor("lena"), hours=Decimal(2), reason=WHY)


def test_it_is_taken_back_by_hand(world: World) -> None:
    incident = silenced(world)
    services.alerts_unsilence(**at(incident), actor=world.actor("leo"))
    assert not quiet(incident)


def test_it_ends_with_the_incident_for_what_fires_then_is_a_new_failure(world: World) -> None:
    incident = world.shown(silenced(world))
    services.incident_resolve(**at(incident), actor=world.actor("lena"))
    assert not quiet(incident)


def test_it_ends_when_it_was_a_false_alarm_and_when_another_incident_goes_on_for_it(world: World) -> None:
    incident = services.alerts_silence(**at(world.confirmed()), actor=world.actor("lena"), hours=Decimal(1), reason=WHY)
    services.incident_false_alarm(**at(incident), actor=world.actor("lena"), reason="nothing")
    assert not quiet(incident)
    other = world.confirmed(fault_class="data")
    incident = services.alerts_silence(**at(world.confirmed()), actor=world.actor("lena"), hours=Decimal(1), reason=WHY)
    services.incident_merge(**at(incident), actor=world.actor("lena"), into=other.public_id)
    assert not quiet(incident)
