"""One console per story file, started as a user would."""

from __future__ import annotations

import random
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.flows.running import Console, running


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago, below those that outgoing connections get by themselves."""
    found: list[int] = []
    while len(found) < count:
        port = random.SystemRandom().randint(20_000, 32_000)
        if port in found:
            continue
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        found.append(port)
    return found


@contextmanager
def open_folder_for(story: str) -> Iterator[Path]:
    """A folder of its own that other system users reach too (as root, Postgres runs as one of them); pytest's are closed."""
    folder = Path(tempfile.mkdtemp(prefix=f"switchback-{story}-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def console() -> Iterator[Console]:
    """`make run` on a folder of its own, with the practice order system, its mails going to a sink of ours."""
    port, sink_port = free_ports(2)
    with open_folder_for("flow") as folder, running(folder / "home", port, sink_port) as started:
        yield started
