"""What a person types: answers, exit statuses, and the clock."""

from __future__ import annotations

import json
import time
import uuid
from pathlib import Path

import psycopg2
import pytest

from tests.lab.practice_system import PracticeSystem
from tests.lab.test_planned_switch import rows_of

pytestmark = pytest.mark.story  # real processes


def test_status_says_where_orders_go_in_words_and_as_json(system: PracticeSystem) -> None:
    words = system.cli("status")
    assert words.returncode == 0
    assert "orders go to: primary" in words.stdout
    answer = json.loads(system.cli("status", "--json").stdout)
    assert answer["gateway"]["serving"] == "primary"
    assert answer["customers"]["failed"] == system.counts()["failed"]


def test_exit_statuses_tell_usage_refusal_and_not_running_apart(system: PracticeSystem, tmp_path: Path) -> None:
    assert system.cli("break", "everything").returncode == 2
    refused = system.cli("step", "open_gate", "primary", "standby")
    assert (refused.returncode, "may not write yet" in refused.stderr) == (1, True)
    nowhere = PracticeSystem(tmp_path / "nowhere").cli("status")
    assert (nowhere.returncode, "make run" in nowhere.stderr) == (3, True)


def test_an_order_that_disappears_is_counted_as_lost(system: PracticeSystem) -> None:
    """The verifier must be able to fail: one acknowledged order is taken away, and put back."""
    assert system.cli("status", "--verify").returncode == 0
    system.wait(lambda _status: system.counts()["done"] > 0, 30, "an order shipped")
    dsn = system.book["sides"]["primary"]["database"]["admin_dsn"]
    [(victim,)] = rows_of(system, "primary", "select id::text from orders where state = 'shipped' and not marked order by placed_at limit 1")
    with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute("create table taken as select * from orders where id = %s", (victim,))
        cursor.execute("delete from orders where id = %s", (victim,))
    try:
        found = system.cli("status", "--verify", "--json")
        assert found.returncode == 1
        assert list(json.loads(found.stdout)["verify"]["lost_orders"]) == [victim]
    finally:
        with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
            cursor.execute("insert into orders select * from taken; drop table taken")
    system.nothing_lost()


def test_slow_makes_orders_slow_and_fix_cures_it(system: PracticeSystem) -> None:
    assert system.cli("break", "slow").returncode == 0
    system.wait(lambda s: s["sides"]["primary"]["service"]["recent"]["p95_seconds"] > 2.5, 60, "answers take three seconds")
    assert system.status()["faults"][0]["kind"] == "slow"
    assert system.cli("fix").returncode == 0
    asked = time.monotonic()
    assert system.place(uuid.uuid4().hex, amount_cents=1)[0] == 201
    assert time.monotonic() - asked < 2.5  # slow ones take three seconds
    assert system.status()["faults"] == []


def test_orders_at_a_steady_rate_that_can_be_set(system: PracticeSystem) -> None:
    assert system.cli("rate", "30").returncode == 0

    def share_of_thirty() -> float:
        """Over the next two seconds."""
        since, before = time.monotonic(), system.counts()["started"]
        time.sleep(2)
        return float(system.counts()["started"] - before) / (30 * (time.monotonic() - since))

    try:
        system.wait(lambda _status: 0.7 < share_of_thirty() < 1.3, 30, "thirty orders a second, and not the fifteen of before")
    finally:
        system.cli("rate", "15")


def test_the_clock_is_wound_in_the_console_database_only_where_that_allows_it(system: PracticeSystem, tmp_path: Path) -> None:
    dsn = system.book["sides"]["standby"]["database"]["admin_dsn"]
    console = {"SWITCHBACK_DATABASE_URL": dsn}
    assert "no console clock" in system.cli("clock", "+60", environment=console).stderr
    allowed = "create function switchback_wind_clock(delta interval) returns interval language sql as 'select delta + interval ''30 s'''"
    refusing = (
        allowed.split(" language", maxsplit=1)[0].replace("create", "create or replace", 1)
        + " language plpgsql as 'begin raise ''may not be wound''; end'"
    )
    try:
        with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
            cursor.execute(allowed)
        wound = system.cli("clock", "+3600", "--json", environment=console)
        assert (wound.returncode, json.loads(wound.stdout)["offset_seconds"]) == (0, 3630.0)
        (tmp_path / "database_url").write_text(dsn + "\n")
        assert system.cli("clock", "+1", environment={"SWITCHBACK_HOME": str(tmp_path)}).returncode == 0
        with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
            cursor.execute(refusing)
        refused = system.cli("clock", "+60", environment=console)
        assert (refused.returncode, "may not be wound" in refused.stderr) == (1, True)
    finally:
        with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
            cursor.execute("drop function if exists switchback_wind_clock(interval)")
    assert system.cli("clock", "+60", environment={"SWITCHBACK_HOME": str(tmp_path / "none")}).returncode == 1


@pytest.mark.parametrize("path", ["/health", "/ready"])
def test_each_side_reports_on_its_service_port(system: PracticeSystem, path: str) -> None:
    from tests.lab.practice_system import fetch

    system.wait(lambda s: s["sides"]["primary"]["service"]["recent"]["healthy"], 60, "what an earlier test slowed down is forgotten")
    answers = {side: fetch("GET", system.book["sides"][side]["service_url"] + path) for side in ("primary", "standby")}
    assert answers["primary"][0] == 200
    assert answers["standby"][0] == (200 if path == "/health" else 503)
    assert {side: answer["side"] for side, (_, answer) in answers.items()} == {"primary": "primary", "standby": "standby"}
