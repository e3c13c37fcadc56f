"""The doctor's look at the machine: each illness is found, named and given its cure."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys

import psycopg2
import pytest
import redis

from console.doctor import machine
from console.doctor.machine import State


def by_name(findings):
    return {finding.name: finding for finding in findings}


def test_a_healthy_database_is_named_with_its_version_and_lost_durability_is_found():
    found = by_name(machine.database(os.environ["DATABASE_URL"]))
    assert found["database"].state == State.OK
    assert found["database"].detail.startswith("Postgres 1")
    # the throw-away cluster of the tests is all that the doctor warns of
    assert found["database durability"].state == State.FAIL
    assert found["database role"].state == State.WARN
    assert "clocks" not in found


def test_a_clock_that_is_off_is_found(monkeypatch):
    import time

    monkeypatch.setattr(machine, "_now", lambda: time.time() - 60)
    assert "differ by 60 s" in by_name(machine.database(os.environ["DATABASE_URL"]))["clocks"].detail


def test_a_database_that_cannot_be_reached_is_found():
    [finding] = machine.database("postgresql://me:word@127.0.0.1:1/none")
    assert finding.state == State.FAIL
    assert "make run" in finding.cure
    assert "word" not in finding.detail


def test_the_embedded_broker_is_healthy_and_wrong_settings_and_long_queues_are_found(valkey_server):
    url = valkey_server.url()
    assert [finding.state for finding in machine.broker(url)] == [State.OK, State.OK]
    client = redis.Redis.from_url(url)
    client.config_set("maxmemory-policy", "allkeys-lru")
    client.rpush("clocks", *range(machine.LONG_QUEUE + 1))
    try:
        found = by_name(machine.broker(url))
        assert found["broker settings"].detail == "maxmemory-policy is allkeys-lru"
        assert found["queues"].detail == f"clocks holds {machine.LONG_QUEUE + 1}"
    finally:
        client.config_set("maxmemory-policy", "noeviction")
        client.delete("clocks")


def test_a_broker_and_a_mail_server_that_are_gone_are_found():
    assert [finding.state for finding in machine.broker("redis://127.0.0.1:1/0")] == [State.FAIL]
    assert [finding.state for finding in machine.mail("smtp://127.0.0.1:1")] == [State.FAIL]
    assert [finding.state for finding in machine.mail("")] == [State.WARN]
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert [finding.state for finding in machine.mail(f"smtp://127.0.0.1:{server.getsockname()[1]}")] == [State.OK]


@pytest.mark.parametrize("free_gib, state", [(0.5, State.FAIL), (3, State.WARN), (50, State.OK)])
def test_a_disk_that_runs_full_is_found(tmp_path, monkeypatch, free_gib, state):
    usage = type(machine.shutil.disk_usage(tmp_path))(100 * machine.GIB, 0, int(free_gib * machine.GIB))
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _place: usage)
    [finding] = machine.disk(tmp_path / "not" / "yet" / "there")
    assert finding.state == state


def test_a_secret_that_others_can_read_is_found_and_the_cure_names_it(tmp_path):
    (tmp_path / "keys").mkdir()
    key = tmp_path / "keys" / "secret_key"
    key.write_text("x")
    key.chmod(0o600)
    assert [finding.state for finding in machine.permissions(tmp_path)] == [State.OK]
    key.chmod(0o640)
    [finding] = machine.permissions(tmp_path)
    assert finding.state == State.FAIL
    assert finding.cure.startswith(f"chmod 600 {key}")


def test_parts_that_are_down_or_keep_crashing_are_found(tmp_path):
    def states(**parts):
        (tmp_path / "run.json").write_text(json.dumps({"supervisor": os.getpid(), "parts": parts}))
        return [(finding.state, finding.detail) for finding in machine.processes(tmp_path)]

    assert states(web={"state": "up"}) == [(State.OK, "1 parts up")]
    assert states(web={"state": "up"}, beat={"state": "waiting"}) == [(State.FAIL, "down: beat")]
    assert states(web={"state": "up", "restarts": 9}) == [(State.WARN, "restarted: web 9 times")]
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (tmp_path / "run.json").write_text(json.dumps({"supervisor": gone.pid, "parts": {}}))
    assert [finding.state for finding in machine.processes(tmp_path)] == [State.FAIL]


def test_packages_that_differ_from_the_lock_are_named(tmp_path):
    lock = tmp_path / "runtime.lock"
    lock.write_text(f"psycopg2-binary=={psycopg2.__version__.split()[0]}\nno-such-package==1.0\n# a comment\nredis==0.0.1\n")
    [finding] = machine.packages(lock)
    assert finding.state == State.WARN
    assert finding.detail.startswith("no-such-package missing (wanted 1.0); redis ")


def test_a_check_that_breaks_is_itself_a_finding(tmp_path, monkeypatch):
    def broken(_home):
        raise RuntimeError("boom")

    monkeypatch.setattr(machine, "disk", broken)
    found = by_name(machine.run_all(home=tmp_path, root=tmp_path, database_url="", redis_url=""))
    assert found["disk"].detail == "the check itself failed: RuntimeError: boom"
    assert {"python", "packages", "database", "broker", "mail", "permissions", "processes", "open files"} <= set(found)
    assert all(finding.cure for finding in found.values() if finding.state == State.FAIL)
