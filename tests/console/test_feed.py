"""The live feed: nothing missed, also past a held transaction; nothing told to whom it does not concern; cheap per listener."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import uuid4

import psycopg2
import pytest
from django.db import connection, connections, transaction

from console.feed import hub as hub_module
from console.feed import stream as stream_module
from console.feed.hub import Hub
from console.feed.news import head
from contingency.org.models import Holding
from incidents.response import services as response
from kernel import clock, journal
from kernel.actors import SYSTEM
from kernel.journal import Ref
from kernel.models import Entry
from tests.console.conftest import Company, made_company

pytestmark = pytest.mark.django_db(transaction=True)
WAIT_S = 20.0


@dataclass(frozen=True, kw_only=True)
class Seen:
    name: ClassVar[str] = "test.seen.v1"
    number: int = 0


def record(number: int = 0, kind: str = "incident", record_id: str = "") -> Entry:
    with transaction.atomic():
        return journal.record(Seen(number=number), subject=Ref(kind, record_id or str(uuid4()), "x"), actor=SYSTEM)


@dataclass
class Listener:
    """One reader of the feed, as a browser would be."""

    token: str
    query: str = ""
    last_id: str = ""
    status: int = 0
    news: list[dict[str, Any]] = field(default_factory=list)
    times: list[str] = field(default_factory=list)
    said_bye: bool = False
    text: str = ""
    task: asyncio.Task[None] | None = None
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    async def connect(self) -> Listener:
        headers = [(b"authorization", f"Bearer {self.token}".encode())]
        if self.last_id:
            headers.append((b"last-event-id", self.last_id.encode()))
        scope = {"type": "http", "method": "GET", "path": "/feed/", "query_string": self.query.encode(), "headers": headers}
        self.task = asyncio.create_task(stream_module.feed_application(scope, self._receive, self._send))
        await until(lambda: self.status != 0)
        return self

    async def leave(self) -> None:
        self.gone.set()
        assert self.task is not None
        await self.task

    async def _receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            return
        self.text += message["body"].decode()
        while "\n\n" in self.text:
            block, self.text = self.text.split("\n\n", 1)
            fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
            if fields.get("event") == "news":
                self.last_id = fields.get("id", self.last_id)
                self.news.append(json.loads(fields["data"]))
            elif fields.get("event") == "time":
                self.times.append(fields["data"])
            elif fields.get("event") == "bye":
                self.said_bye = True

    @property
    def entries(self) -> set[str]:
        return {entry for piece in self.news for entry in piece["entries"]}

    @property
    def kinds(self) -> set[str]:
        return {kind for piece in self.news for kind in piece["kinds"]}


async def until(true: Callable[[], bool], within_s: float = WAIT_S) -> None:
    async with asyncio.timeout(within_s):
        while not true():  # noqa: ASYNC110 (looks at what a thread brings)
            await asyncio.sleep(0.02)


async def in_thread(function: Callable[..., Any], *arguments: Any) -> Any:
    def run() -> Any:
        try:
            return function(*arguments)
        finally:
            connections.close_all()

    return await asyncio.to_thread(run)


@pytest.fixture
def fresh_hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub of this test alone, quick to look, stopped at the end."""
    made = Hub()
    monkeypatch.setattr(stream_module, "hub", made)
    monkeypatch.setattr(hub_module, "POLL_S", 0.05)
    yield made
    made.stopping.set()
    if made.thread is not None:
        made.thread.join(5)
    from concurrent.futures import wait

    wait([stream_module._admissions.submit(connections.close_all) for _ in range(8)])


@pytest.fixture
def people(fresh_hub: Hub) -> Company:
    return made_company()


def play(story: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(story(), 60))  # type: ignore[arg-type]


def test_what_happens_is_told_within_a_second(people):
    token = people.token("engineer")

    start = f"after={head()}"

    async def story() -> None:
        reader = await Listener(token, query=start).connect()
        assert reader.status == 200
        entry = await in_thread(record)
        await until(lambda: str(entry.public_id) in reader.entries, 4)  # the second, and what a busy machine adds
        assert reader.kinds == {"incident"}
        await until(lambda: bool(reader.times))
        await reader.leave()

    play(story)


def test_nothing_is_missed_between_page_and_feed_nor_while_away(people):
    token = people.token("engineer")
    page_cursor = head()
    before = record()

    async def story() -> None:
        reader = await Listener(token, query=f"after={page_cursor}").connect()
        await until(lambda: str(before.public_id) in reader.entries or "*" in reader.kinds)
        first = await in_thread(record)
        await until(lambda: str(first.public_id) in reader.entries)
        await reader.leave()
        away = [str((await in_thread(record, number)).public_id) for number in range(20)]
        back = await Listener(token, last_id=reader.last_id).connect()
        await until(lambda: set(away) <= back.entries)
        await back.leave()

    play(story)


def test_a_transaction_held_open_hides_nothing_live_and_nothing_afterwards(people):
    """A writes first and commits last; B writes and commits in between. Both readers get both."""
    token = people.token("engineer")
    parameters = connection.get_connection_params()
    parameters.pop("cursor_factory", None)

    start = f"after={head()}"

    async def story() -> None:
        live = await Listener(token, query=start).connect()
        first = await in_thread(record)
        await until(lambda: str(first.public_id) in live.entries)
        held = psycopg2.connect(**parameters)
        late_id = str(uuid4())
        with held.cursor() as cursor:
            cursor.execute(
                "INSERT INTO kernel_entry (public_id, txid, name, at, recorded_at, actor_kind, actor_id, actor_label, subject_kind, subject_id,"
                " subject_label, payload, reason) VALUES (%s, pg_current_xact_id()::text::bigint, 'test.late.v1', now(), now(), 'system', 'x', 'x',"
                " 'incident', %s, 'x', '{}', '') RETURNING id",
                [late_id, str(uuid4())],
            )
            cursor.execute(
                "INSERT INTO kernel_entry_link (entry_id, kind, record_id, label, role) VALUES (%s, 'incident', 'x', 'x', 'subject')",
                [cursor.fetchone()[0]],
            )
        between = await in_thread(record)
        await until(lambda: str(between.public_id) in live.entries)  # not held up by A
        gone_with = live.last_id
        away = await Listener(token, last_id=gone_with).connect()
        await away.leave()
        held.commit()
        held.close()
        await until(lambda: late_id in live.entries)
        back = await Listener(token, last_id=gone_with).connect()
        await until(lambda: {late_id, str(between.public_id)} <= back.entries)
        await live.leave()
        await back.leave()

    play(story)


def test_who_was_away_for_longer_than_is_kept_is_told_to_look_at_everything(people, fresh_hub, monkeypatch):
    token = people.token("engineer")
    monkeypatch.setattr(hub_module, "KEPT", 10)
    monkeypatch.setattr(hub_module, "BATCH", 5)
    old = head()

    async def story() -> None:
        reader = await Listener(token).connect()
        for number in range(40):
            last = await in_thread(record, number)
        await until(lambda: str(last.public_id) in reader.entries)
        await until(lambda: len(fresh_hub.kept) <= 10, 50)  # forgets what is settled, once nothing older runs in the cluster
        back = await Listener(token, last_id=old).connect()
        await until(lambda: "*" in back.kinds)
        await reader.leave()
        await back.leave()

    play(story)


def test_a_room_hears_its_incident_and_what_is_linked_to_it_and_nothing_else(people):
    incident = response.incident_open(actor=people.actor("lead"), part="orders", fault_class="software", title="x")
    other = response.incident_open(actor=people.actor("lead"), part="orders", fault_class="network", title="y")
    response.incident_confirm(public_id=incident.public_id, version=1, actor=people.actor("lead"), grade="severe", stops_business="yes")
    incident.refresh_from_db()
    token = people.token("lead")

    async def story() -> None:
        room = await Listener(token, query=f"under=incident:{incident.public_id}&after={head_now}").connect()
        foreign = await in_thread(lambda: record(1, "incident", str(other.public_id)))
        linked = await in_thread(lambda: record(2, "outage", str(incident.outage.public_id)))
        await until(lambda: str(linked.public_id) in room.entries)
        assert str(foreign.public_id) not in room.entries
        await room.leave()

    head_now = head()
    play(story)


@pytest.mark.req("SEC-01")
def test_who_may_not_see_a_record_cannot_listen_to_it(people):
    incident = response.incident_open(actor=people.actor("lead"), part="orders", fault_class="software", title="x")
    stranger, lead, narrow = people.token("stranger"), people.token("lead"), people.token("lead", "tokens:write")

    start = f"after={head()}"

    async def story() -> None:
        for token, query in (
            (stranger, f"under=incident:{incident.public_id}"),
            (lead, f"under=incident:{uuid4()}"),
            (lead, "under=nonsense:1"),
            (lead, "under=incident:x"),
            ("sbp_wrong", ""),
        ):
            assert (await Listener(token, query=query).connect()).status == 401
        quiet = await Listener(narrow, query=start).connect()
        heard = await Listener(lead, query=start).connect()
        entry = await in_thread(record)
        await until(lambda: str(entry.public_id) in heard.entries)
        assert str(entry.public_id) not in quiet.entries
        assert "incident" not in quiet.kinds
        await quiet.leave()
        await heard.leave()

    play(story)


@pytest.mark.req("SEC-01")
def test_a_listener_whose_rights_end_is_cut_off(people, monkeypatch):
    monkeypatch.setattr(hub_module, "ADMIT_AGAIN_S", 0.3)
    assert Hub.look_at_rights  # in earnest every thirty seconds, twenty listeners a round
    token = people.token("lead")
    incident = response.incident_open(actor=people.actor("lead"), part="orders", fault_class="software", title="x")

    async def story() -> None:
        reader = await Listener(token, query=f"under=incident:{incident.public_id}").connect()
        await asyncio.sleep(0.8)
        assert not reader.said_bye
        await in_thread(lambda: Holding.objects.filter(user=people.users["lead"]).update(ends_at=clock.now()))
        await until(lambda: reader.said_bye)
        assert reader.task is not None
        await asyncio.wait_for(reader.task, WAIT_S)

    play(story)


def test_rights_are_looked_at_within_a_minute_even_with_a_thousand_listeners():
    rounds_s = stream_module.MOST_STREAMS / hub_module.ADMIT_PER_ROUND * 0.5
    assert hub_module.ADMIT_AGAIN_S + rounds_s <= 60


def test_sixty_listeners_cost_no_database_connection_each(people, fresh_hub):
    token = people.token("engineer")

    def count() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'")
            return int(cursor.fetchone()[0])

    before = count()

    start = f"after={head()}"

    async def story() -> None:
        readers = [await Listener(token, query=start).connect() for _ in range(60)]
        entry = await in_thread(record)
        await until(lambda: all(str(entry.public_id) in reader.entries for reader in readers))
        assert await in_thread(count) - before <= 4  # the hub, two admissions, the counting one
        for reader in readers:
            await reader.leave()
        assert not fresh_hub.streams

    play(story)


def test_too_many_listeners_are_sent_away_and_nonsense_is_refused(people, monkeypatch):
    token = people.token("engineer")
    monkeypatch.setattr(stream_module, "MOST_STREAMS", 1)

    async def story() -> None:
        reader = await Listener(token).connect()
        assert (await Listener(token).connect()).status == 503
        await reader.leave()
        assert (await Listener(token, last_id="x.y").connect()).status == 400
        assert (await Listener(token, query="after=" + "9" * 400).connect()).status == 400

    play(story)


def test_who_comes_without_a_cursor_hears_only_what_is_new(people):
    token = people.token("engineer")
    old = record()

    async def story() -> None:
        first = await Listener(token).connect()
        await until(lambda: bool(first.times))  # the hub has had its first look
        new = await in_thread(record)
        await until(lambda: str(new.public_id) in first.entries)
        second = await Listener(token).connect()
        newer = await in_thread(record)
        await until(lambda: str(newer.public_id) in second.entries)
        assert str(old.public_id) not in first.entries | second.entries
        assert str(new.public_id) not in second.entries
        for reader in (first, second):
            assert "*" not in reader.kinds
            await reader.leave()

    play(story)


@pytest.mark.parametrize("address", ["/feed/", "/feed/poll/"])
def test_asking_instead_of_listening_tells_the_same(people, address):
    from django.test import Client

    client = Client()
    client.post("/login/", {"username": "engineer", "password": "correct horse battery"})
    cursor = head()
    entry = record()
    answer = client.get(address, {"after": cursor})
    assert answer.status_code == 200
    told = answer.json() if address == "/feed/poll/" else json.loads(answer.content.decode().split("data: ")[-1].split("\n")[0])
    assert told["kinds"] == ["incident"]
    assert str(entry.public_id) in told["entries"]
    end = time.monotonic() + 60  # told again until no older transaction runs anywhere in the cluster, then no more
    while client.get("/feed/poll/", {"after": told["cursor"]}).json()["kinds"]:
        assert time.monotonic() < end
        time.sleep(0.2)
        told = client.get("/feed/poll/", {"after": told["cursor"]}).json()
    assert Client().get(address).status_code == 401
    assert client.get("/feed/poll/", {"after": "x"}).status_code == 422
