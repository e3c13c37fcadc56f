"""Our own eyes: what they see, when they cry, and what they may not look at."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from contingency.catalog.models import Part, Side
from kernel import clock
from kernel.actors import SYSTEM
from kernel.errors import Invalid
from kernel.models import Entry
from monitoring.alerts.models import Alert
from monitoring.probes import selectors
from monitoring.probes.looking import Allowed, Look, Rules, Target, look, measure
from monitoring.probes.models import Probe, Sample
from monitoring.probes.services import probe_define, probes_run, running, samples_add, target_allow

LOOPBACK = Rules(allowed=(Allowed(ipaddress.ip_network("127.0.0.0/8"), 1, 65535),))
Answer = Callable[[socket.socket], None]


class Server:
    """A server on loopback that does to each connection what the test says, and counts them."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.accepted = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _peer = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            self._open.append(connection)
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            self.answer(connection)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(2)
        for connection in self._open:
            connection.close()


def says(status: str = "200 OK", body: bytes = b"fine") -> Answer:
    """An ordinary answer."""

    def answer(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        connection.close()

    return answer


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], Server]]:
    """Start servers."""
    servers: list[Server] = []

    def start(answer: Answer) -> Server:
        servers.append(Server(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def see(kind: str, address: str, *, timeout_s: float = 1.0, metric: str = "", rules: Rules = LOOPBACK) -> Look:
    return asyncio.run(look(Target(kind=kind, address=address, timeout_s=timeout_s, metric=metric), rules))


# -- one look -------------------------------------------------------------------------------------------------------------------


def test_an_answer_is_healthy_and_an_error_is_not(serve: Callable[[Answer], Server]) -> None:
    good, bad = serve(says()), serve(says("503 Service Unavailable"))
    assert see("http", f"http://127.0.0.1:{good.port}/ready").is_ok
    assert see("tcp", f"127.0.0.1:{good.port}").is_ok
    seen = see("http", f"http://127.0.0.1:{bad.port}/ready")
    assert (seen.is_ok, seen.problem) == (False, "status_503")
    assert bad.accepted == 2, "a failure is tried a second time at once"


def test_a_second_try_forgives_one_failure(serve: Callable[[Answer], Server]) -> None:
    calls: list[int] = []

    def answer(connection: socket.socket) -> None:
        calls.append(1)
        says("500 Internal Server Error" if len(calls) == 1 else "200 OK")(connection)

    assert see("http", f"http://127.0.0.1:{serve(answer).port}/").is_ok


def test_a_redirect_is_an_answer_and_is_not_followed(serve: Callable[[Answer], Server]) -> None:
    canary = serve(says())

    def answer(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{canary.port}/\r\n\r\n".encode())
        connection.close()

    assert see("http", f"http://127.0.0.1:{serve(answer).port}/").is_ok
    assert canary.accepted == 0


def _silent(connection: socket.socket) -> None:
    time.sleep(20)


def _drip(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.3)


def _endless(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536)


@pytest.mark.attack
@pytest.mark.parametrize("answer, problem", [(_silent, "timeout"), (_drip, "timeout"), (_endless, "")], ids=["silent", "drip", "endless"])
def test_a_hostile_target_is_left_alone_by_itself(serve: Callable[[Answer], Server], answer: Answer, problem: str) -> None:
    started = time.monotonic()
    seen = see("http", f"http://127.0.0.1:{serve(answer).port}/", timeout_s=0.5)
    assert seen.problem == problem
    assert time.monotonic() - started < 15  # half a second and what a busy machine adds; these targets would go on for ever, or for 20 s


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert see("tcp", f"127.0.0.1:{port}").problem == "no_connection"


@pytest.mark.attack
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1", "2130706433", "0x7f.1", "0x7f000001", "017700000001", "127.0.0.1.", "localhost", "0", "0.0.0.0", "[::1]", "[::]",
        "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "①②⑦.⓪.⓪.①", "169.254.169.254", "[fe80::1]", "224.0.0.1",
        "[fd00:ec2::254]", "255.255.255.255", "[::127.0.0.1]",
    ],
)  # fmt: skip
def test_what_no_row_allows_is_never_connected_to(serve: Callable[[Answer], Server], host: str) -> None:
    canary = serve(says())
    rules = Rules(allowed=(Allowed(ipaddress.ip_network("10.0.0.0/8"), 1, 65535),))
    for kind, address in (("http", f"http://{host}:{canary.port}/"), ("tcp", f"{host}:{canary.port}")):
        assert not see(kind, address, rules=rules).is_ok
    assert canary.accepted == 0


@pytest.mark.attack
def test_link_local_and_our_own_services_are_refused_whatever_a_row_says(serve: Callable[[Answer], Server]) -> None:
    canary = serve(says())
    everything = tuple(Allowed(ipaddress.ip_network(network), 1, 65535) for network in ("0.0.0.0/0", "::/0"))
    rules = Rules(allowed=everything, denied=frozenset({("127.0.0.1", canary.port), ("::1", canary.port)}))
    for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "2130706433"):
        assert see("http", f"http://{host}:{canary.port}/", rules=rules).problem == "not_allowed"
    assert not rules.permit(ipaddress.ip_address("169.254.169.254"), 80)
    assert not rules.permit(ipaddress.ip_address("::ffff:169.254.169.254"), 80)
    assert rules.permit(ipaddress.ip_address("10.1.2.3"), 80)
    assert canary.accepted == 0


@pytest.mark.parametrize(
    "address",
    ["ftp://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1:6379/_x", "http://user:pw@127.0.0.1/", "http://127.0.0.1/\r\nX: y", "http://"],
)
def test_only_plain_web_addresses_are_targets(part: Part, address: str) -> None:
    with pytest.raises(Invalid):
        probe_define(actor=SYSTEM, name="p", part=part, kind="http", target=address)


def test_a_measure_is_read_from_a_metrics_page() -> None:
    page = (
        b"# HELP orders_total Orders.\n# TYPE orders_total counter\n"
        b'orders_total{outcome="placed",side="a"} 40\norders_total{outcome="placed",side="b"} 2\norders_total{outcome="failed"} 5\n'
        b"orders_total_created 7\nrate 1.5e1 1700000000000\nbad NaN\n"
    )
    assert measure(page, 'orders_total{outcome="placed"}') == 42
    assert measure(page, "orders_total") == 47
    assert measure(page, "rate") == 15


# -- probes over time -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def side(part: Part) -> Side:
    target_allow(actor=SYSTEM, network="127.0.0.0/8", note="practice")
    return Side.objects.create(part=part, role="primary", name="Primary", url="http://127.0.0.1:1/")


def turn(seconds: float = 5) -> int:
    """One more turn of the sweep."""
    clock.wind(timedelta(seconds=seconds))
    return probes_run()


@pytest.mark.django_db(transaction=True)
@pytest.mark.req("MON-01")
def test_a_probe_cries_at_its_threshold_once_and_says_when_it_is_over(serve: Callable[[Answer], Server], part: Part, side: Side) -> None:
    status = ["200 OK"]
    server = serve(lambda connection: says(status[0])(connection))
    probe = probe_define(
        actor=SYSTEM, name="primary ready", part=part, side=side, kind="http", target=f"http://127.0.0.1:{server.port}/ready", fail_after=3
    )
    before = clock.now()
    assert turn() == 1
    assert selectors.side_is_healthy(side, before) is True
    assert selectors.first_failure(part, clock.now()) is None
    status[0] = "503 Service Unavailable"
    turn()
    first = Probe.objects.get().failing_since
    turn()
    assert Alert.objects.count() == 0, "two failures are below the threshold of three"
    assert selectors.side_is_healthy(side, before) is False
    turn()
    turn()
    alert = Alert.objects.get()
    assert (alert.state, alert.part, alert.severity, alert.opens_incident, alert.episode_start) == ("firing", part, "critical", True, first)
    assert selectors.first_failure(part, clock.now()) == first
    status[0] = "200 OK"
    turn()
    alert.refresh_from_db()
    assert (alert.state, alert.resolved_by) == ("resolved", "sender")
    names = [entry.name for entry in Entry.objects.filter(subject_kind="probe").order_by("id")]
    assert names == ["monitoring.probe_defined.v1", "monitoring.probe_recovered.v1", "monitoring.probe_failed.v1", "monitoring.probe_recovered.v1"]
    assert Sample.objects.count() == 6
    assert [value is not None for _at, value in selectors.series_of(part, "primary ready", before, side=side)] == [True] * 6
    probe.refresh_from_db()
    assert (probe.state, probe.failures, probe.failing_since) == ("healthy", 0, None)


@pytest.mark.django_db(transaction=True)
def test_a_hanging_target_holds_up_no_other_probe(serve: Callable[[Answer], Server], part: Part, side: Side) -> None:
    silent, good = serve(_silent), serve(says())
    for number in range(10):
        address = f"http://127.0.0.1:{silent.port}/"
        probe_define(actor=SYSTEM, name=f"silent {number}", part=part, kind="http", target=address, timeout_ms=3000, every=timedelta(minutes=5))
    probe_define(actor=SYSTEM, name="good", part=part, side=side, kind="http", target=f"http://127.0.0.1:{good.port}/")
    clock.wind(timedelta(minutes=5))
    begun: list[float] = []

    def watch() -> None:
        """Whether the good one is recorded while the silent ones still hang."""
        from django.db import connection

        end = time.monotonic() + 60
        while time.monotonic() < end and not begun:
            if Probe.objects.get(name="good").last_at is not None:
                begun.append(Probe.objects.filter(name__startswith="silent", last_at=None).count())
            time.sleep(0.02)
        connection.close()

    watcher = threading.Thread(target=watch)
    watcher.start()
    started = time.monotonic()
    probes_run()
    took = time.monotonic() - started
    watcher.join()
    assert begun == [10], "the good probe waited for the silent ones"
    assert took < 25  # one after another they hang for 30 s


@pytest.mark.django_db(transaction=True)
def test_a_claimed_probe_is_not_looked_at_twice(serve: Callable[[Answer], Server], part: Part, side: Side) -> None:
    def slow(connection: socket.socket) -> None:
        time.sleep(0.6)
        says()(connection)

    server = serve(slow)
    probe_define(actor=SYSTEM, name="p", part=part, kind="http", target=f"http://127.0.0.1:{server.port}/", every=timedelta(seconds=60))
    clock.wind(timedelta(seconds=61))

    def run() -> None:
        from django.db import connection

        probes_run()
        connection.close()

    threads = [threading.Thread(target=run) for _number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.accepted == 1
    assert Sample.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_probe_that_is_due_again_while_it_is_being_looked_at_waits(
    serve: Callable[[Answer], Server], part: Part, side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lease: slow answers must not pile up looks at one target."""
    monkeypatch.setattr(running, "CLAIMING_FOR_S", 4.0)
    at_once: list[int] = []
    looking = threading.Semaphore(1000)

    def slow(connection: socket.socket) -> None:
        looking.acquire()
        at_once.append(1000 - looking._value)
        time.sleep(1.3)
        looking.release()
        says()(connection)

    target = f"http://127.0.0.1:{serve(slow).port}/"
    probe_define(actor=SYSTEM, name="p", part=part, kind="http", target=target, every=timedelta(seconds=1), timeout_ms=5000)
    clock.wind(timedelta(seconds=2))

    def run() -> None:
        from django.db import connection

        probes_run()
        connection.close()

    threads = [threading.Thread(target=run) for _number in range(2)]
    for thread in threads:
        thread.start()
        time.sleep(0.6)
    for thread in threads:
        thread.join()
    assert len(at_once) >= 2
    assert max(at_once) == 1


@pytest.mark.django_db(transaction=True)
def test_a_metric_probe_fills_a_series(serve: Callable[[Answer], Server], part: Part, side: Side) -> None:
    server = serve(says(body=b"orders_per_second 12.5\n"))
    probe_define(
        actor=SYSTEM, name="order rate", part=part, kind="metric", target=f"http://127.0.0.1:{server.port}/metrics", metric="orders_per_second"
    )
    turn()
    since = clock.now() - timedelta(minutes=1)
    assert [value for _at, value in selectors.series_of(part, "orders_per_second", since)] == [12.5]
    assert selectors.first_failure(part, clock.now()) is None
    samples_add(part=part, name="backlog", samples=[(clock.now(), 3.0)], unit="orders")
    assert [value for _at, value in selectors.series_of(part, "backlog", since)] == [3.0]
