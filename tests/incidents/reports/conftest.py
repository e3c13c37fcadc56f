"""A company, a fake order system, and one incident told to its end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from incidents.switchover.selectors import switching
from incidents.switchover.services import running
from tests.incidents.reports.story import Story, tell
from tests.incidents.response.world import World, build
from tests.incidents.switchover.fake_control import FakeControl


@pytest.fixture
def world(db: None) -> World:
    return build()


@pytest.fixture
def control(tmp_path: Path) -> Iterator[FakeControl]:
    fake = FakeControl(tmp_path).start()
    yield fake
    fake.stop()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """One try a turn; nothing that another test's gateway was asked."""
    switching._asked.clear()
    monkeypatch.setattr(running, "PAUSE", timedelta(minutes=5))
    monkeypatch.setattr("incidents.switchover.services.verification._PAUSE_S", 0.01)


@pytest.fixture
def story(world: World, control: FakeControl) -> Story:
    """A severe incident, late in places, over; its report drafted."""
    return tell(world, control)
