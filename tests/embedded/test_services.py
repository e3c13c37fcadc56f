"""The supervisor's own Postgres and Valkey."""

from __future__ import annotations

import os
import signal
import socket
import time

import psutil
import psycopg2
import pytest
import redis

from localservers.ports import is_free
from tests.embedded.conftest import eventually, part
from tests.harness.own import is_gone

pytestmark = pytest.mark.story  # real processes

OWN = {"DATABASE_URL": "", "REDIS_URL": ""}


def test_without_urls_it_brings_its_own_and_tells_other_terminals_where(supervise):
    run = supervise(part("web"), **OWN).until_ready()
    database_url, redis_url = (run.home / "database_url").read_text(), (run.home / "redis_url").read_text()
    connection = psycopg2.connect(database_url)
    with connection.cursor() as cursor:
        cursor.execute("select rolsuper from pg_roles where rolname = current_user")
        assert cursor.fetchone() == (False,)  # a superuser could switch off the journal's triggers
        cursor.execute("create extension btree_gist")  # what migrations need is allowed all the same
        cursor.execute("create table kept as select 7 as n")
    connection.commit()
    connection.close()
    assert redis.Redis.from_url(redis_url).ping()
    for name in ("database_url", "redis_url", "run.json"):
        assert (run.home / name).stat().st_mode & 0o077 == 0
    pids = [run.pid_of("postgres"), run.pid_of("valkey")]
    assert run.stop() == 0
    assert all(is_gone(pid) for pid in pids)
    assert "recover" not in (run.home / "postgres.log").read_text()  # it was a clean stop

    again = supervise(part("web"), **OWN).until_ready()
    assert (again.home / "database_url").read_text() == database_url
    connection = psycopg2.connect(database_url)
    with connection.cursor() as cursor:
        cursor.execute("select n from kept")
        assert cursor.fetchone() == (7,)
    connection.close()
    again.stop()
    assert is_free(int(redis_url.rpartition(":")[2].partition("/")[0]))


def test_a_killed_service_comes_back_at_the_same_address(supervise):
    run = supervise(part("web"), **OWN).until_ready()
    database_url, redis_url = (run.home / "database_url").read_text(), (run.home / "redis_url").read_text()
    old = {name: run.pid_of(name) for name in ("postgres", "valkey")}
    for pid in old.values():
        os.kill(pid, signal.SIGKILL)
    run.until_said(r"postgres +\| up again")
    run.until_said(r"valkey +\| up again")
    psycopg2.connect(database_url).close()
    assert redis.Redis.from_url(redis_url).ping()
    eventually(lambda: all(run.pid_of(name) != pid for name, pid in old.items()))
    assert run.stop() == 0


def test_a_held_service_stays_down_and_then_comes_back_where_it_was(supervise):
    run = supervise(part("web"), **OWN).until_ready()
    (run.home / "hold").mkdir()
    (run.home / "hold" / "valkey").touch()
    os.kill(run.pid_of("valkey"), signal.SIGTERM)
    run.until_said(r"valkey +\| is gone")
    time.sleep(1.5)
    assert "up again" not in run.said

    redis_url = (run.home / "redis_url").read_text()
    with socket.create_server(("127.0.0.1", int(redis_url.rpartition(":")[2].partition("/")[0]))):
        (run.home / "hold" / "valkey").unlink()
        run.until_said("Valkey in .* did not get ready")  # never at another address: its clients know this one
    run.until_said(r"valkey +\| up again")
    assert redis.Redis.from_url(redis_url).ping()


def test_services_die_with_a_killed_supervisor_and_the_next_start_goes_on_with_the_data(supervise):
    run = supervise(part("web"), **OWN).until_ready()
    database_url = (run.home / "database_url").read_text()
    connection = psycopg2.connect(database_url)
    with connection, connection.cursor() as cursor:
        cursor.execute("create table kept as select 8 as n")
    connection.close()
    pids = [run.pid_of("postgres"), run.pid_of("valkey")]
    run.process.kill()
    run.process.wait()
    eventually(lambda: all(is_gone(pid) for pid in pids))

    again = supervise(part("web"), **OWN).until_ready()
    connection = psycopg2.connect((again.home / "database_url").read_text())
    with connection, connection.cursor() as cursor:
        cursor.execute("select n from kept")
        assert cursor.fetchone() == (8,)
    connection.close()


def test_asked_to_stop_while_services_are_starting_it_leaves_none_of_them(supervise):
    run = supervise(part("web"), **OWN)
    run.until_said("everything is kept in")
    assert run.stop() == 0
    assert not list(run.home.glob("postgres/postmaster.pid"))
    left = [process for process in psutil.process_iter(["cmdline"]) if any(str(run.home) in word for word in process.info["cmdline"] or ())]
    assert left == []
