"""One console per story file, started as a user would."""

from __future__ import annotations

import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.running import Console, running


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


@pytest.fixture(scope="module")
def console() -> Iterator[Console]:
    """`make run` on a folder of its own, with the practice order system, its mails going to a sink of ours."""
    folder = Path(tempfile.mkdtemp(prefix="switchback-flow-"))
    folder.chmod(0o755)
    port, sink_port = free_ports(2)
    try:
        with running(folder / "home", port, sink_port) as started:
            yield started
    finally:
        shutil.rmtree(folder, ignore_errors=True)
