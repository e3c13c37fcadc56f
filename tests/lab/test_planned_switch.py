"""A planned switch loses nothing and refuses nobody; every step can be repeated, refuses what is unsafe, and can be undone."""

from __future__ import annotations

import time
import uuid

import psycopg2
import pytest

from tests.lab.practice_system import PracticeSystem
from tests.lab.test_processes import patience

pytestmark = pytest.mark.story  # real processes


def test_there_and_back_under_load_nobody_is_refused_and_nothing_is_lost(system: PracticeSystem) -> None:
    before, began = system.counts(), time.time()
    for old, new in (("primary", "standby"), ("standby", "primary")) * 2:
        since = time.time()
        took = system.switch(old, new)
        assert system.status()["active"] == new
        time.sleep(1.5)
        silence = system.counts(since)["since"]["silence_ms"]
        print(f"{old} → {new}: steps {sum(took.values()):.0f} ms, longest silence at the customers {silence:.0f} ms, {took}")
        assert silence < 2000 * patience()
    after = system.counts(began)
    assert after["failed"] == before["failed"]
    assert after["lost"] == before["lost"]
    assert after["done"] > before["done"] + 30
    checked = system.nothing_lost()
    assert checked["checked"] >= after["placed"] - before["placed"]


def test_after_a_switch_orders_are_on_both_sides_and_wait_for_both(system: PracticeSystem) -> None:
    system.switch("primary", "standby")
    key = uuid.uuid4().hex
    status, order = system.place(key, item="desk", quantity=2, amount_cents=900)
    assert (status, order["side"]) == (201, "standby")
    copy = system.status()["replication"]
    assert (copy["from"], copy["to"], copy["synchronous"], copy["second_copy"]) == ("standby", "primary", "on", True)
    assert rows_of(system, "primary", "select idem_key from orders where idem_key = %s", key) == [(key,)]  # acknowledged means: already there
    again, same = system.place(key, item="desk", quantity=2, amount_cents=900)
    assert (again, same["id"], same["hits"]) == (200, order["id"], 2)


def test_steps_refuse_what_would_put_business_on_two_sides(system: PracticeSystem) -> None:
    refusals = {
        "fence": "gate_open",
        "catch_up": "not_fenced",
        "reverse": "not_fenced",
        "grant": "other_side_writes",
        "open_gate": "not_granted",
        "confirm_down": "still_alive",
        "detach_subscription": "not_confirmed_down",
    }
    for step, code in refusals.items():
        status, answer = system.step(step, "primary", "standby")
        assert (step, status, answer["code"]) == (step, 409, code)
    assert system.status()["gateway"]["serving"] == "primary"


def test_a_switch_that_finds_the_sides_different_is_undone_and_nobody_is_refused(system: PracticeSystem) -> None:
    before, key = system.counts(), uuid.uuid4().hex
    run_sql(
        system,
        "standby",
        "insert into orders (id, idem_key, customer, item, quantity, amount_cents) values (gen_random_uuid(), %s, 'x', 'x', 1, 1)",
        key,
    )
    try:
        for step in ("close_gate", "fence", "catch_up"):
            assert system.step(step, "primary", "standby")[0] == 200
        status, answer = system.step("compare_quick", "primary", "standby")
        assert (status, answer["code"]) == (409, "differs")
        assert answer["evidence"]["orders"]["standby"]["rows"] == answer["evidence"]["orders"]["primary"]["rows"] + 1
        assert answer["evidence"]["payments"]["standby"] == answer["evidence"]["payments"]["primary"]
        for step in ("unfence", "reopen_gate"):
            assert system.step(step, "primary", "standby")[0] == 200
    finally:
        run_sql(system, "standby", "delete from orders where idem_key = %s", key)
    assert system.place(uuid.uuid4().hex, amount_cents=1)[1]["side"] == "primary"
    assert system.counts()["failed"] == before["failed"]


TO_THE_END_OF_A_PAGE = """do $$ begin
  for number in 1..200000 loop
    perform pg_logical_emit_message(false, 'tests', repeat('x', (random() * 200)::int));
    exit when mod(pg_current_wal_insert_lsn() - '0/0'::pg_lsn, 8192) = 24;
  end loop;
end $$"""


def test_a_follower_has_caught_up_also_when_the_last_record_ends_with_its_page(system: PracticeSystem) -> None:
    """Seen once: the next record would begin behind the header of the page after, 24 bytes on; nobody can ever confirm that place."""
    for step in ("close_gate", "fence"):
        assert system.step(step, "primary", "standby")[0] == 200
    run_sql(system, "primary", TO_THE_END_OF_A_PAGE, alone=True)
    status, answer = system.step("catch_up", "primary", "standby")
    assert status == 200, answer
    for step in ("unfence", "reopen_gate"):
        assert system.step(step, "primary", "standby")[0] == 200


def test_every_step_done_twice_is_done_once(system: PracticeSystem) -> None:
    before = system.counts()
    for entry in system.must("GET", "/steps")["plans"]["planned"]:
        for _ in range(2):
            status, answer = system.step(entry["step"], "primary", "standby")
            assert status == 200, answer
    system.switch("standby", "primary")
    assert system.counts()["failed"] == before["failed"]


def test_a_switch_can_be_taken_back_from_its_last_step_but_one(system: PracticeSystem) -> None:
    before = system.counts()
    for step in ("close_gate", "fence", "catch_up", "compare_quick", "reverse", "grant", "ungrant", "reverse_back", "unfence", "reopen_gate"):
        status, answer = system.step(step, "primary", "standby")
        assert status == 200, (step, answer)
    assert system.place(uuid.uuid4().hex, amount_cents=1)[1]["side"] == "primary"
    view = system.status()
    assert (view["active"], view["sides"]["standby"]["writes_granted"], view["replication"]["synchronous"]) == ("primary", False, "on")
    assert system.counts()["failed"] == before["failed"]


def test_without_the_follower_the_switch_stops_at_catching_up_and_orders_go_on_with_a_warning(system: PracticeSystem) -> None:
    before = system.counts()
    assert system.cli("stop-database", "standby").returncode == 0
    assert not system.must("GET", "/preflight?from=primary&to=standby")["ok"]
    system.wait(
        lambda s: s["replication"]["synchronous"] == "degraded" and not s["replication"]["second_copy"], 60, "orders no longer wait for the standby"
    )
    placed = system.counts()["placed"]
    for step in ("close_gate", "fence"):
        assert system.step(step, "primary", "standby")[0] == 200
    status, answer = system.step("catch_up", "primary", "standby", timeout_s=0.5)
    assert (status, answer["code"]) == (504, "not_caught_up")
    for step in ("unfence", "reopen_gate"):
        assert system.step(step, "primary", "standby")[0] == 200
    system.wait(lambda _status: system.counts()["placed"] > placed, 30, "orders placed")  # the primary goes on by itself: its database is another one
    assert system.cli("start-database", "standby").returncode == 0
    system.wait(lambda s: s["replication"]["second_copy"], 60, "a second copy again")
    assert system.must("GET", "/preflight?from=primary&to=standby")["ok"]
    assert system.counts()["failed"] == before["failed"]


def test_primary_and_standby_are_two_databases(system: PracticeSystem) -> None:
    databases = [system.status()["sides"][side]["database"] for side in ("primary", "standby")]
    for fact in ("system_identifier", "port", "data_dir"):
        assert databases[0][fact] != databases[1][fact]


def test_a_business_check_is_an_order_that_counts_as_no_business(system: PracticeSystem) -> None:
    view = system.status()["sides"]["primary"]["database"]
    status, order = system.place(key := uuid.uuid4().hex, marked=True, item="probe", amount_cents=1)
    assert (status, order["marked"]) == (201, True)
    assert rows_of(system, "standby", "select marked from orders where idem_key = %s", key) == [(True,)]

    def unmarked() -> int:
        return int(str(rows_of(system, "primary", "select count(*) from orders where not marked")[0][0]))

    # the status is of a moment ago, and orders only become more
    system.wait(lambda s: view["orders"] <= s["sides"]["primary"]["database"]["orders"] <= unmarked(), 30, "counted without the marked one")
    assert rows_of(system, "primary", "select count(*) from orders where marked")[0][0] >= 1


def test_the_fence_stops_the_order_service_itself(system: PracticeSystem) -> None:
    """The service's own log-in cannot write on the passive side, whatever its gate does."""
    with (
        psycopg2.connect(system.book["sides"]["standby"]["database"]["app_dsn"]) as connection,
        connection.cursor() as cursor,
        pytest.raises(psycopg2.errors.InsufficientPrivilege),
    ):
        cursor.execute("update orders set hits = hits + 1")


def test_the_control_server_wants_its_token(system: PracticeSystem) -> None:
    assert system.ask("GET", "/status", token="wrong")[0] == 401
    assert system.ask("POST", "/steps/close_gate", {"from": "primary", "to": "standby"}, token="")[0] == 401
    assert system.ask("POST", "/steps/close_gate", {"from": "primary", "to": "primary"})[1]["code"] == "same_side"
    assert system.ask("POST", "/steps/dance", {"from": "primary", "to": "standby"})[0] == 404


def rows_of(system: PracticeSystem, side: str, sql: str, *args: object) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(system.book["sides"][side]["database"]["admin_dsn"])
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql, args)
            rows: list[tuple[object, ...]] = cursor.fetchall()
            return rows
    finally:
        connection.close()


def run_sql(system: PracticeSystem, side: str, sql: str, *args: object, alone: bool = False) -> None:
    """As administrator and without being replicated: what only this side has. `alone`: nothing but this is written."""
    connection = psycopg2.connect(system.book["sides"][side]["database"]["admin_dsn"])
    try:
        with connection, connection.cursor() as cursor:
            if alone:
                cursor.execute(sql, args or None)
                return
            cursor.execute("select pg_replication_origin_create('tests') where not exists (select from pg_replication_origin where roname = 'tests')")
            cursor.execute("select pg_replication_origin_session_setup('tests')")
            cursor.execute(sql, args)
    finally:
        connection.close()
