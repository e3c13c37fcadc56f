"""Every entry of an incident reads as a sentence, in both languages, with nothing left to fill in."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils.translation import override

from incidents.response import events, services
from kernel import clock, deadlines, journal
from kernel.journal.relay import relay
from kernel.models import Entry
from kernel.sentences import is_known, sentence
from tests.incidents.response.test_life_cycle import at
from tests.incidents.response.world import World, fresh

pytestmark = pytest.mark.django_db

OURS = {event.name for event in vars(events).values() if isinstance(event, type) and event.__module__ == events.__name__}


def test_every_event_has_words_of_its_own() -> None:
    assert [name for name in OURS if not is_known(name)] == []


def tell_everything(world: World) -> None:
    """A story in which everything happens that an incident can record."""
    lena, leo = world.actor("lena"), world.actor("leo")
    first = world.alert(key="one")
    world.hear(first)
    world.hear(world.alert())
    world.flap(first, turns=5)
    world.false_alarm(fault_class="network")
    incident = world.located(fault_class="data", stops_business="no")
    incident = services.business_stop(**at(incident), actor=lena)
    incident = services.role_assign(
        **at(incident), actor=lena, role="business_lead", user=world.users["cyril"].public_id, note="100 % of shops called {all}"
    )
    services.role_acknowledge(**at(incident), actor=world.actor("cyril"))
    incident = services.playbook_start(**at(fresh(incident)), actor=lena, playbook="database-failed")
    services.note_add(**at(incident), actor=lena, body="100 % of orders {refused}")
    services.decision_record(**at(incident), actor=lena, body="wait")
    services.can_report(**at(incident), actor=lena, condition="100 % of orders {refused}", actions="the switch is prepared")
    marked = {"public_id": incident.public_id, "version": None, "actor": lena, "entry": journal.timeline(incident)[-1].public_id}
    services.entry_pin(**marked)
    services.entry_unpin(**marked)
    services.entry_annotate(**marked, text="100 % {all}")
    services.entry_retime(**marked, placed_at=clock.now() - timedelta(minutes=2), reason="by the door log")
    clock.wind(timedelta(minutes=61))
    for kind in ("update_due", "recovery_clock"):
        deadlines.sweep(kind)
    for _step in range(4):
        clock.wind(timedelta(minutes=6))
        deadlines.sweep("page_escalation")
    relay()
    incident = services.update_post(public_id=incident.public_id, version=None, actor=lena, body="still looking")
    incident = services.declare_major(**at(incident), actor=lena, reason="worse")
    services.grade_lower(**at(incident), actor=lena, grade="general", reason="better")
    resolved = world.resolved(fault_class="business")
    resolved = services.incident_reopen(**at(resolved), actor=lena, reason="again")
    resolved = services.end_condition_override(**at(resolved), actor=lena, condition="data", reason="measured")
    resolved = services.incident_verify(**at(resolved), actor=lena)
    world.closed(fault_class="hardware")
    reviewed = world.in_review(fault_class="security")
    services.report_accepted(incident=reviewed, report="RPT-2026-0001", actor=leo)
    target = world.opened(part=world.other_part)
    merged = services.incident_merge(**at(world.opened(fault_class="security")), actor=lena, into=target.public_id)
    services.incident_unmerge(**at(merged), actor=lena)
    for alert in (first, *type(first).objects.filter(state="firing").exclude(pk=first.pk)):
        world.resolve(alert)


@pytest.mark.req("INC-05")
def test_a_whole_story_reads_well_in_both_languages(world: World) -> None:
    tell_everything(world)
    told = Entry.objects.filter(name__in=OURS).order_by("id")
    assert set(told.values_list("name", flat=True)) == OURS
    for entry in told:
        with override("en"):
            english = sentence(entry)
        with override("zh-hans"):
            chinese = sentence(entry)
        for words in (english, chinese):
            assert "%(" not in words, (entry.name, words)
            assert not re.search(r"\{(?!refused|all)", words), (entry.name, words)
            assert "—" not in words, (entry.name, words)
        assert re.search("[\u4e00-\u9fff：]", chinese), (entry.name, chinese)
        assert not re.search("[\u4e00-\u9fff]", english), (entry.name, english)
