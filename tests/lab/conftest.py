"""One practice order system for the tests of this room, back at "primary carries business, nothing broken" after each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.practice_system import PracticeSystem, running


@pytest.fixture(scope="session")
def shared_system(open_folder: Path) -> Iterator[PracticeSystem]:
    system = PracticeSystem(open_folder / "lab", environment={"LAB_RATE": "15", "LAB_DEGRADE_AFTER": "2"})
    with running(system):
        yield system


@pytest.fixture
def system(shared_system: PracticeSystem) -> Iterator[PracticeSystem]:
    yield shared_system
    shared_system.must("POST", "/fix")
    shared_system.wait(lambda s: s["replication"]["second_copy"], 60, "a second copy again")
    if shared_system.status()["active"] != "primary":
        shared_system.switch("standby", "primary")
