"""A company, a fake order system, and one incident told to its end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from incidents.switchover.selectors import switching
from incidents.switchover.services import running
from tests.harness.template import Template
from tests.incidents.reports.story import Story, tell
from tests.incidents.response.world import World, build, built
from tests.incidents.switchover.fake_control import FakeControl


@pytest.fixture
def world(db: None) -> World:
    return built()


@pytest.fixture(scope="session")
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeControl]:
    """One for all stories: each ends as it began, with business on the primary."""
    fake = FakeControl(tmp_path_factory.mktemp("control")).start()
    yield fake
    fake.stop()


@pytest.fixture(scope="session")
def told(control: FakeControl) -> Template[Story]:
    return Template(lambda: tell(build(), control))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """One try a turn; nothing that another test's gateway was asked."""
    switching._asked.clear()
    monkeypatch.setattr(running, "PAUSE", timedelta(minutes=5))
    monkeypatch.setattr("incidents.switchover.services.verification._PAUSE_S", 0.01)


@pytest.fixture
def story(db: None, told: Template[Story]) -> Story:
    """A severe incident, late in places, over; its report drafted. Its people: `story.world`."""
    return told()
