"""The journal: one statement, one truth, heard above, never skipped."""

import threading
import time
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction

from kernel import journal
from kernel.actors import SYSTEM
from kernel.journal import Record, Ref, subscriptions
from kernel.journal.relay import relay, relay_batch
from kernel.models import Delivery, Entry


@dataclass(frozen=True, kw_only=True)
class Happened:
    """A fact for tests."""

    name: ClassVar[str] = "tests.happened.v1"
    what: str = "it"


def ref(label: str = "R") -> Ref:
    """A record nobody else uses."""
    return Ref("thing", str(uuid4()), label)


@pytest.fixture
def subscribed() -> Any:
    """Subscribe handlers for one test only."""
    before = {name: list(handlers) for name, handlers in subscriptions._by_name.items()}, dict(subscriptions._by_key)
    yield journal.subscribe
    subscriptions._by_name.clear()
    subscriptions._by_name.update(before[0])
    subscriptions._by_key.clear()
    subscriptions._by_key.update(before[1])


@pytest.mark.django_db(transaction=True)
def test_an_entry_outside_a_transaction_is_refused() -> None:
    with pytest.raises(RuntimeError):
        journal.record(Happened(), subject=ref(), actor=SYSTEM)


@pytest.mark.django_db
@pytest.mark.req("INC-05")
def test_an_entry_belongs_to_its_subject_and_to_those_it_stands_under() -> None:
    part, incident = ref("part"), ref("incident")
    entry = journal.record(Happened(what="x"), subject=incident, under=[part], actor=SYSTEM, reason="because")
    assert [e.id for e in journal.timeline(part)] == [entry.id]
    assert [e.id for e in journal.timeline(incident)] == [entry.id]
    stored = Entry.objects.get(id=entry.id)
    assert (stored.reason, stored.payload, stored.actor_label) == ("because", {"what": "x"}, "Switchback")


@pytest.mark.django_db
def test_a_linked_records_entries_join_the_timeline_from_that_moment_on() -> None:
    parent, child = ref("incident"), ref("outage")
    journal.record(Happened(what="before"), subject=child, actor=SYSTEM)
    later = journal.record(Happened(what="after"), subject=child, actor=SYSTEM)
    journal.link(parent, child, since=later.at, actor=SYSTEM)
    assert [e.payload.get("what") for e in journal.timeline(parent)] == ["after", None]


@pytest.mark.django_db
@pytest.mark.parametrize("dangerous", ["a\x00b", "lone \ud800 surrogate", "\u202eright to left", "𝒳 emoji 🧯"])
def test_text_that_postgres_cannot_store_is_mended_not_refused(dangerous: str) -> None:
    entry = journal.record(Happened(what=dangerous), subject=ref(dangerous), actor=SYSTEM, reason=dangerous)
    stored = Entry.objects.get(id=entry.id)
    assert "\x00" not in stored.reason
    assert stored.payload["what"] == stored.reason


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("statement", ["UPDATE kernel_entry SET reason = 'x'", "DELETE FROM kernel_entry", "DELETE FROM kernel_entry_link"])
def test_the_database_refuses_to_change_the_journal(statement: str) -> None:
    with transaction.atomic():
        journal.record(Happened(), subject=ref(), actor=SYSTEM)
    with pytest.raises(DatabaseError, match=r"append_only|Cannot"), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.django_db
def test_a_handler_hears_once_and_a_batch_handler_hears_all_at_once(subscribed: Any) -> None:
    singles: list[int] = []
    batches: list[int] = []

    @subscribed(Happened)
    def one(entry: Entry) -> None:
        singles.append(entry.id)

    @subscribed(Happened, batch=True)
    def many(entries: list[Entry]) -> None:
        batches.append(len(entries))

    journal.record_many([Record(event=Happened(), subject=ref()) for _ in range(7)], actor=SYSTEM)
    relay()
    relay()
    assert (len(singles), batches) == (7, [7])


@pytest.mark.django_db
def test_one_poisoned_entry_does_not_hold_up_the_others_and_is_kept_with_its_error(subscribed: Any) -> None:
    heard: list[str] = []

    @subscribed(Happened, batch=True)
    def picky(entries: list[Entry]) -> None:
        if any(entry.payload["what"] == "poison" for entry in entries):
            raise ValueError("poison")
        heard.extend(entry.payload["what"] for entry in entries)

    journal.record_many([Record(event=Happened(what=what), subject=ref()) for what in ("a", "poison", "b")], actor=SYSTEM)
    relay_batch()
    assert heard == ["a", "b"]
    left = Delivery.objects.get(state="pending")
    assert left.attempts == 1
    assert "poison" in left.error


@pytest.mark.django_db(transaction=True)
def test_a_reader_of_the_tail_never_skips_a_late_commit() -> None:
    """T58: an entry written first and committed last appears, although a later one was read before."""
    _, start = journal.tail(None, limit=100_000)
    early_written, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            journal.record(Happened(what="early"), subject=ref(), actor=SYSTEM)
            early_written.set()
            let_go.wait(10)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert early_written.wait(10)
    with transaction.atomic():
        journal.record(Happened(what="late"), subject=ref(), actor=SYSTEM)
    settled, cursor = journal.tail(start)
    shown, live_cursor = journal.tail_visible(start)
    assert settled == []
    assert [entry.payload["what"] for entry in shown] == ["late"]
    let_go.set()
    thread.join()
    assert [entry.payload["what"] for entry in journal.tail_visible(live_cursor)[0]] == ["early", "late"]
    end = time.monotonic() + 60  # settled is what no transaction of the whole server can precede, other databases included
    while len(settled := journal.tail(cursor)[0]) < 2 and time.monotonic() < end:
        time.sleep(0.05)
    assert [entry.payload["what"] for entry in settled] == ["early", "late"]
