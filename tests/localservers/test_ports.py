"""Free ports."""

import socket

from localservers.ports import free_port, is_free


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
