"""Fixtures that every room may use. A room's own stand in its own conftest."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from django.utils import translation

from localservers.valkey import ValkeyServer
from tests.flows.running import OPEN

LAST_WORDS = 120  # lines
LONGEST_FIRST = ("clocks", "console", "walk", "main job", "streams")  # groups of tests: what takes long must not begin last
pytest_plugins = ["tests.harness.flush", "tests.harness.skips", "tests.harness.told"]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long groups begin first: with two processes the run is then as short as its longest half."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    mark = item.get_closest_marker("xdist_group")
    group = mark.args[0] if mark is not None else ""
    return LONGEST_FIRST.index(group) if group in LONGEST_FIRST else len(LONGEST_FIRST)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Beside a failure: the last words of the consoles that were running."""
    report = yield
    if report.failed:
        for console in OPEN:
            report.sections.append((f"console on port {console.port}", "\n".join(console.lines[-LAST_WORDS:])))
    return report


@pytest.fixture(autouse=True)
def _nothing_left_over() -> Iterator[None]:
    """A test that reads Chinese must not leave the next one reading it, nor names of people who are gone."""
    from contingency.catalog.sentences import PART_NAMES_ZH
    from contingency.org.sentences import NAMES_ZH

    yield
    translation.deactivate()
    NAMES_ZH.forget()
    PART_NAMES_ZH.forget()


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A temporary folder that other system users can reach: as root, servers run as one of them."""
    folder = Path(tempfile.mkdtemp(prefix="switchback-open-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def valkey_server(open_folder: Path) -> Iterator[ValkeyServer]:
    """A real Valkey of this test run (one per xdist worker)."""
    server = ValkeyServer(open_folder / "valkey")
    server.start(die_with_parent=True)
    yield server
    server.stop()
