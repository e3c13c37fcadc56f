"""A throw-away Postgres for one test run, started before Django reads its settings.

Loaded with `-p tests.harness.database` (see pyproject.toml). With DATABASE_URL in the environment that server is used
instead. Under xdist only the controller starts one; its workers inherit the address.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import tempfile
from collections.abc import Generator
from pathlib import Path

import psutil
import pytest

from localservers.postgres import PostgresCluster

_FOLDER_PREFIX = "switchback-test-"
# A crash of this cluster loses nothing that anybody wants; all else is as in earnest.
_SETTINGS = {"fsync": "off", "full_page_writes": "off", "max_connections": "200", "shared_buffers": "128MB", "log_min_messages": "warning"}

_cluster: PostgresCluster | None = None
_folder: Path | None = None


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Generator[None]:
    """A wrapper runs before pytest-django's own hook, which reads the settings."""
    if not os.environ.get("DATABASE_URL"):
        _start()
    yield


def pytest_unconfigure() -> None:
    """Stop the cluster and leave nothing behind."""
    global _cluster, _folder
    if _cluster is not None and _folder is not None:
        _cluster.stop(mode="immediate")
        shutil.rmtree(_folder, ignore_errors=True)
        _cluster = _folder = None
        del os.environ["DATABASE_URL"]


def _start() -> None:
    global _cluster, _folder
    _sweep_leftovers()
    _folder = Path(tempfile.mkdtemp(prefix=f"{_FOLDER_PREFIX}{os.getpid()}-"))
    _folder.chmod(0o755)  # as root the server runs as another user, who must get through
    _cluster = PostgresCluster(_folder / "pg", settings=_SETTINGS)
    _cluster.start(die_with_parent=True)
    _cluster.ensure_database("switchback")
    os.environ["DATABASE_URL"] = _cluster.dsn("switchback")
    atexit.register(pytest_unconfigure)  # pytest does not unconfigure when Django fails to load
    signal.signal(signal.SIGTERM, _stop_on_signal)


def _stop_on_signal(*_: object) -> None:
    raise KeyboardInterrupt  # pytest then tears down and unconfigures as after Ctrl-C


def _sweep_leftovers() -> None:
    """Remove the folders of test runs that were killed; their servers died with them."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDER_PREFIX}*"):
        owner = folder.name.removeprefix(_FOLDER_PREFIX).partition("-")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)
