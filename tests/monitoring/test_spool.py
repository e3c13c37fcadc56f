"""When Postgres is away: nothing accepted is lost, nothing is counted twice, strangers stay out."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError, connection, connections

from contingency.catalog.models import Part
from monitoring.alerts import directory, reception
from monitoring.alerts.door import IntakeDoor
from monitoring.alerts.models import Alert, Heartbeat, IntakeBody
from monitoring.alerts.services.replay import spool_oldest, spool_replay
from monitoring.alerts.spool import Full, KnownKey, Spool, Spooled
from tests.monitoring.conftest import Tool, alert, group
from tests.monitoring.test_storms import request_to

pytestmark = pytest.mark.req("MON-06")
Make = Callable[..., Tool]


def spooled(number: int = 0, body: bytes = b"{}") -> Spooled:
    """A record."""
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number)
    return Spooled(body_id=uuid4(), source_id=number, format="alertmanager", received_at=moment, headers={}, path="/in/x", body=body)


# -- files ----------------------------------------------------------------------------------------------------------------------


def test_records_come_back_in_order_and_torn_lines_are_passed_over(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    records = [spooled(number, bytes([number, 0, 255, 10])) for number in range(5)]
    spool.append(records[:2])
    spool.append(records[2:])
    with (tmp_path / "spool" / "intake.jsonl").open("ab") as file:
        file.write(b'{"body_id": "torn')
    assert (tmp_path / "spool" / "intake.jsonl").stat().st_mode & 0o077 == 0, "bodies are nobody else's business"
    with spool.replaying() as files:
        (path,) = list(files)
        assert list(spool.read(path)) == records
        spool.append([spooled(9)])  # what comes meanwhile goes to a new file
        spool.done(path)
    with spool.replaying() as files:
        assert [record.source_id for path in files for record in spool.read(path)] == [9]


def test_a_file_whose_replay_was_interrupted_is_replayed_again(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append([spooled(1)])
    with spool.replaying() as files:
        next(iter(files))
    spool.append([spooled(2)])
    with spool.replaying() as files:
        assert [record.source_id for path in files for record in spool.read(path)] == [1, 2]


def test_the_spool_is_bounded(tmp_path: Path) -> None:
    spool = Spool(tmp_path, size_limit=2_000)
    spool.append([spooled(1, b"x" * 500)])
    with pytest.raises(Full):
        spool.append([spooled(2, b"x" * 1_500)])
    assert spool.size() < 2_000


def test_many_writers_tear_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    threads = [threading.Thread(target=lambda: [Spool(tmp_path).append([spooled(n, b"y" * 3000)]) for n in range(20)]) for _number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with spool.replaying() as files:
        assert sum(1 for path in files for _record in spool.read(path)) == 120


def test_only_one_replays_at_a_time(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append([spooled(1)])
    with spool.replaying() as mine, Spool(tmp_path).replaying() as theirs:
        assert list(theirs) == []
        assert len(list(mine)) == 1


def test_the_copy_of_the_keys_holds_no_key(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    assert spool.read_keys() == {}
    spool.write_keys({"d" * 64: KnownKey(source_id=3, kind="generic")})
    assert spool.read_keys() == {"d" * 64: KnownKey(source_id=3, kind="generic")}
    (tmp_path / "keys.json").write_text("{broken")
    assert spool.read_keys() == {}


# -- with the database gone -----------------------------------------------------------------------------------------------------


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bool], None]]:
    """Point this process' connection at a port where nobody listens, as when Postgres is down."""
    settings = connections.settings["default"]
    port = settings["PORT"]

    def switch(gone: bool) -> None:
        connection.close()
        connection.settings_dict["PORT"] = "1" if gone else port

    yield switch
    switch(False)


@pytest.mark.django_db(transaction=True)
def test_without_postgres_bodies_wait_on_disk_and_are_stored_once_afterwards(
    tool: Make, part: Part, away: Callable[[bool], None], own_spool: Path
) -> None:
    """T7: 503 with Retry-After within 2 s, strangers refused as usual, 0 lost, 0 doubled."""
    am, pd, job = tool("alertmanager"), tool("pagerduty", part=part), tool("heartbeat")
    am.post(group(alert("f" * 16)))
    assert am.key not in (own_spool / "keys.json").read_text()
    directory.forget()  # as in a process that starts while Postgres is away
    event = {"routing_key": pd.key, "event_action": "trigger", "payload": {"summary": "S", "source": "s", "severity": "critical"}}
    requests = [
        *(request_to(am.path, group(alert(f"{number:016x}"))) for number in range(5)),
        request_to(am.path, group(alert(f"{1:016x}", status="resolved", ends="2026-11-20T10:05:00Z"), status="resolved")),
        request_to(pd.path, event),
        request_to(job.path + "/fail", {}),
    ]
    away(True)
    answers = reception.receive_many(requests)
    assert [answer.status for answer in answers] == [503] * 8
    assert all(answer.headers["Retry-After"] for answer in answers)
    strangers = [
        request_to("/in/alertmanager/" + "x" * 32, group(alert())),
        request_to(pd.path, {**event, "routing_key": "y" * 32}),
        request_to(f"/in/ping/{am.key}", {}),
    ]
    assert [answer.status for answer in reception.receive_many(strangers)] == [404, 400, 404]
    broken = request_to(am.path, {})._replace(body=b"{", size_bytes=1)
    assert reception.receive(broken).status == 400
    assert spool_oldest() is not None
    assert am.key not in (own_spool / "intake.jsonl").read_text(), "the path is kept without the key"

    away(False)
    # the senders came again by themselves
    assert reception.receive(requests[0]._replace(body_id=uuid4())).status == 200
    assert reception.receive(requests[6]._replace(body_id=uuid4())).status == 202
    assert spool_replay() == 7, "the event without a key was sent again meanwhile, so it is passed over"
    assert spool_replay() == 0
    assert spool_oldest() is None
    found = {row.dedup_key: (row.state, row.times_seen) for row in am.alerts()}
    assert found == {
        "f" * 16: ("firing", 1),
        f"{0:016x}": ("firing", 2),
        f"{1:016x}": ("resolved", 1),
        **{f"{n:016x}": ("firing", 1) for n in range(2, 5)},
    }
    assert len(pd.alerts()) == 1
    assert job.alerts()[0].state == "firing"
    assert Heartbeat.objects.get().ping_count == 1


@pytest.mark.django_db(transaction=True)
def test_a_replay_that_is_interrupted_doubles_nothing(tool: Make, part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    am = tool("alertmanager")
    am.post(group(alert("f" * 16)))
    reception.spool_all([request_to(am.path, group(alert(f"{number:016x}"))) for number in range(120)])
    from monitoring.alerts.services import replay

    stored = replay._store_batch
    calls: list[int] = []

    def once(batch: list[Spooled]) -> int:
        calls.append(len(batch))
        if len(calls) == 2:
            raise OperationalError("the server went away again")
        return stored(batch)

    monkeypatch.setattr(replay, "_store_batch", once)
    with pytest.raises(OperationalError):
        spool_replay()
    monkeypatch.setattr(replay, "_store_batch", stored)
    assert spool_replay() == 70
    assert set(Alert.objects.values_list("times_seen", flat=True)) == {1}
    assert Alert.objects.count() == 121


@pytest.mark.django_db(transaction=True)
def test_a_body_that_is_stored_already_is_counted_once(tool: Make, part: Part) -> None:
    """The connection died in the commit, nobody knows whether it held: the same body is stored again, and changes nothing."""
    am = tool("alertmanager")
    request = request_to(am.path, group(alert()))
    assert reception.receive(request).status == 200
    other = request_to(am.path, group(alert("e" * 16)))
    assert [answer.status for answer in reception.receive_many([request, other])] == [200, 200]
    assert am.alerts()[0].times_seen == 1
    assert reception.receive(request._replace(body_id=uuid4())).status == 200
    assert am.alerts()[0].times_seen == 2


@pytest.mark.django_db(transaction=True)
def test_what_happened_while_away_is_dated_when_it_came(tool: Make, part: Part) -> None:
    """A trigger from before the outage's end must not beat a resolve that was told after it."""
    pd = tool("pagerduty", part=part)
    event = {"routing_key": pd.key, "event_action": "trigger", "dedup_key": "k", "payload": {"summary": "S", "source": "s", "severity": "critical"}}
    pd.post({**event, "dedup_key": "other"})
    reception.spool_all([request_to(pd.path, event)])
    pd.post(event)
    pd.post({"routing_key": pd.key, "event_action": "resolve", "dedup_key": "k"})
    assert spool_replay() == 1
    assert set(Alert.objects.filter(dedup_key="k").values_list("state", flat=True)) == {"resolved"}


@pytest.mark.django_db(transaction=True)
def test_a_full_spool_says_503_and_keeps_nothing(tool: Make, monkeypatch: pytest.MonkeyPatch, own_spool: Path) -> None:
    am = tool("alertmanager")
    am.post(group(alert()))
    monkeypatch.setattr(directory, "spool", lambda: Spool(own_spool, size_limit=10))
    assert [answer.status for answer in reception.spool_all([request_to(am.path, group(alert()))])] == [503]


# -- the door -------------------------------------------------------------------------------------------------------------------


async def _ask(door: IntakeDoor, path: str, chunks: list[bytes], *, pause: float = 0, method: str = "POST") -> tuple[int, dict[bytes, bytes], bytes]:
    """One request through the ASGI door."""
    waiting = list(chunks)
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(pause)
        chunk = waiting.pop(0) if waiting else b""
        return {"type": "http.request", "body": chunk, "more_body": bool(waiting)}

    async def send(message: Any) -> None:
        sent.append(message)

    await door({"type": "http", "method": method, "path": path, "headers": [(b"content-type", b"application/json")]}, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


async def _elsewhere(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 299, "headers": []})
    await send({"type": "http.response.body", "body": b"elsewhere"})


@pytest.mark.django_db(transaction=True)
def test_the_door_stores_many_requests_together_and_passes_the_rest_on(tool: Make, part: Part) -> None:
    am = tool("alertmanager")
    door = IntakeDoor(_elsewhere)

    async def everybody() -> list[tuple[int, dict[bytes, bytes], bytes]]:
        asks = [_ask(door, am.path, [json.dumps(group(alert(f"{n % 20:016x}"))).encode()]) for n in range(100)]
        return await asyncio.gather(
            *asks, _ask(door, "/incidents/", [b""]), _ask(door, am.path, [b""], method="GET"), _ask(door, "/in/alertmanager/" + "x" * 32, [b"{}"])
        )

    answers = asyncio.run(everybody())
    assert [status for status, _headers, _body in answers] == [200] * 100 + [299, 405, 404]
    assert Alert.objects.count() == 20
    assert set(Alert.objects.values_list("times_seen", flat=True)) == {5}
    assert IntakeBody.objects.count() == 100


@pytest.mark.django_db(transaction=True)
def test_the_door_reads_no_more_than_it_must(tool: Make) -> None:
    am = tool("alertmanager")
    door = IntakeDoor(_elsewhere)
    status, _headers, _body = asyncio.run(_ask(door, am.path, [b"x" * 1024 * 1024] * 50))
    assert status == 413


@pytest.mark.django_db(transaction=True)
def test_a_slow_sender_is_let_go(tool: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    from monitoring.alerts import door as module

    monkeypatch.setattr(module, "READ_TIMEOUT_S", 0.3)
    am = tool("alertmanager")
    status, _headers, _body = asyncio.run(_ask(IntakeDoor(_elsewhere), am.path, [b"x"] * 50, pause=0.05))
    assert status == 408


@pytest.mark.django_db(transaction=True)
def test_a_frozen_postgres_is_told_while_it_is_frozen_and_nothing_is_lost(tool: Make, part: Part) -> None:
    """Postgres does not refuse, it just says nothing: the locks of the intake are held by somebody else, as when it is stopped."""
    am = tool("alertmanager")
    am.post(group(alert("f" * 16)))
    door = IntakeDoor(_elsewhere)
    release, holding = threading.Event(), threading.Event()

    def hold() -> None:
        from django.db import transaction

        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE alerts_intake_body IN ACCESS EXCLUSIVE MODE")
            holding.set()
            release.wait(60)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    assert holding.wait(5)

    async def ask() -> list[tuple[int, dict[bytes, bytes], bytes]]:
        return await asyncio.gather(*(_ask(door, am.path, [json.dumps(group(alert(f"{n:016x}"))).encode()]) for n in range(20)))

    answers = asyncio.run(ask())
    assert holder.is_alive()  # Postgres still says nothing; how soon they come, two seconds, is measured by the fault tests
    release.set()
    holder.join()
    assert {status for status, _headers, _body in answers} == {503}
    assert all(headers[b"retry-after"] for _status, headers, _body in answers)
    time.sleep(1)  # the transactions that were held may now commit: their bodies' ids keep the replay from doubling them
    spool_replay()
    assert {row.dedup_key: row.times_seen for row in am.alerts()} == {"f" * 16: 1, **{f"{n:016x}": 1 for n in range(20)}}
