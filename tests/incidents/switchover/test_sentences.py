"""Every entry of this room reads as a sentence, in both languages, without codes or raw times."""

import dataclasses
import inspect
import re

import pytest
from django.utils.translation import override

from incidents.switchover import events, services
from incidents.switchover.models import Outage
from kernel import sentences
from kernel.actors import Actor
from kernel.models import Entry
from tests.incidents.switchover.fake_control import FakeSystem


def test_every_event_has_words() -> None:
    ours = [event for _name, event in inspect.getmembers(events, dataclasses.is_dataclass)]
    assert len(ours) > 25
    assert [event.name for event in ours if not sentences.is_known(event.name)] == []


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_whole_story_reads_well(outage: Outage, lead: Actor, system: FakeSystem, language: str) -> None:
    system.refuse["compare_quick"] = 409
    services.switch_over(public_id=outage.public_id, version=None, actor=lead)
    services.switch_run()
    system.refuse.clear()
    services.switch_over(public_id=outage.public_id, version=None, actor=lead)
    services.switch_run()
    services.business_normal_record(public_id=outage.public_id, version=None, actor=lead)
    services.repair_record(public_id=outage.public_id, version=None, actor=lead, what="mended")
    services.switch_back(public_id=outage.public_id, version=None, actor=lead)
    services.switch_run()
    with override(language):
        lines = [sentences.sentence(entry) for entry in Entry.objects.filter(name__startswith="incidents.").order_by("id")]
    assert len(lines) > 40
    for line in lines:
        assert "%" not in line.replace("%%", ""), line
        assert "—" not in line, line
        assert not re.search(r"\d{4}-\d\d-\d\dT", line), line
        ours = re.sub("“.*?”", "", line)  # without what the other machine said itself
        assert not re.search("[_{]", ours), line
    if language == "en":
        assert any(line == f"{outage.number} is now: On the standby." for line in lines)
        assert "Hold new orders: done in" in " ".join(lines)
