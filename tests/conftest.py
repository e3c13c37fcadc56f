"""Fixtures that every room may use. A room's own stand in its own conftest."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation

from localservers.valkey import ValkeyServer

pytest_plugins = ["tests.harness.flush", "tests.harness.skips"]


@pytest.fixture(autouse=True)
def _no_language_left_over() -> Iterator[None]:
    """A test that reads Chinese must not leave the next one reading it."""
    yield
    translation.deactivate()


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
