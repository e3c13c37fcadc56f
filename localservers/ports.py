"""Free TCP ports on loopback."""

from __future__ import annotations

import contextlib
import random
import socket
import sys
import time
from collections.abc import Iterable, Iterator

# Below the range from which Linux (32768) and macOS (49152) take the ports of outgoing connections: a server that restarts
# on its old port must not find it taken by somebody's outgoing connection.
_FIRST_PORT = 20_000
_LAST_PORT = 32_000
_TRIES = 50


def is_free(port: int) -> bool:
    """True when a server could listen on 127.0.0.1:port now (connections in TIME_WAIT do not count, as for the servers themselves)."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def becomes_free(port: int, within_s: float = 1.5) -> bool:
    """True when the port is free or gets free soon: the socket of a server that was killed lives a moment longer than its process."""
    give_up = time.monotonic() + within_s
    while not is_free(port):
        if time.monotonic() > give_up:
            return False
        time.sleep(0.02)
    return True


@contextlib.contextmanager
def held(ports: Iterable[int]) -> Iterator[None]:
    """Keep ports from being given out by `free_port` anywhere on this machine, also while nobody listens on them.

    For a door that is closed for a while and must find its port again. The hold ends with the process, however that ends;
    a port that somebody else holds stays theirs.
    """
    with contextlib.ExitStack() as names:
        for port in ports:
            with contextlib.suppress(OSError):
                names.enter_context(_name_of(port))
        yield


def is_held(port: int) -> bool:
    """True when some process holds this port by `held`."""
    try:
        _name_of(port).close()
    except OSError:
        return True
    return False


def _name_of(port: int) -> socket.socket:
    """A name that one process at a time can have: Linux' abstract sockets belong to no folder and vanish with their owner."""
    name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    if sys.platform == "linux":
        try:
            name.bind(f"\0switchback-port-{port}")
        except OSError:
            name.close()
            raise
    return name


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on or holds. Another process may take it before you do: retry on "Address already in use"."""
    for _ in range(_TRIES):
        port = random.SystemRandom().randint(_FIRST_PORT, _LAST_PORT)
        if is_free(port) and not is_held(port):
            return port
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        chosen: int = probe.getsockname()[1]
        return chosen
