"""Free ports."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from localservers import ports
from localservers.ports import free_port, held, is_free, is_held

ROOT = Path(__file__).resolve().parents[2]


def test_a_free_port_can_be_listened_on_and_then_is_no_longer_free():
    port = free_port()
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", port))
        server.listen()
        assert not is_free(port)
    assert is_free(port)


def test_free_ports_lie_below_those_of_outgoing_connections():
    assert all(20_000 <= free_port() <= 32_000 for _ in range(20))


def test_a_held_port_is_given_to_nobody_while_its_door_is_closed(monkeypatch):
    """Seen once: the gate of the standby, closed until the switch, had lost its port to another server started meanwhile."""
    port = free_port()
    monkeypatch.setattr(ports, "_FIRST_PORT", port)
    monkeypatch.setattr(ports, "_LAST_PORT", port)
    with held([port]):
        assert is_held(port)
        assert is_free(port)
        assert free_port() != port
        with held([port]):  # somebody else's stays theirs
            pass
        assert is_held(port)
    assert free_port() == port


def test_a_hold_ends_with_its_process():
    port = free_port()
    code = f"import os, signal; from localservers.ports import held\nwith held([{port}]):\n    os.kill(os.getpid(), signal.SIGKILL)"
    with pytest.raises(subprocess.CalledProcessError):
        subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
    assert not is_held(port)
