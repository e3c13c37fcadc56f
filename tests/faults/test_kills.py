"""Kills while work is claimed, of every process and both services, under load (T1–T7, T13). Counts are printed.

One console, one load, one long story: whatever dies, no accepted alert is lost, no page is lost, every deadline fires once.
Full lengths run with `make soak` (SWITCHBACK_SOAK=1); in `make test` each fault strikes once and each silence lasts 20 s.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest
import redis

from tests.faults.load import Filing, copies
from tests.flows.conftest import free_ports, open_folder_for
from tests.flows.running import CLONE, Console, Person, running, wait_for
from tests.flows.test_main_job import SCOPES, switched

IS_SOAK = os.environ.get("SWITCHBACK_SOAK") == "1"
pytestmark = [pytest.mark.soak if IS_SOAK else pytest.mark.story, pytest.mark.timeout(1500), pytest.mark.xdist_group("console")]
KILLS = 10 if IS_SOAK else 1  # of each fault point and each process
SILENCE_S = 60 if IS_SOAK else 20
ALERTS_PER_SECOND = 50 if IS_SOAK else 15
POINTS = (
    "notify.after_claim", "notify.after_send", "notify.before_record",
    "relay.after_claim", "relay.before_commit", "deadline.after_claim", "deadline.before_commit",
)  # fmt: skip
ESCALATION_S = 301  # the shipped chain waits five minutes for an answer


def told(line: str) -> None:
    """A count, for whoever reads the run."""
    print(f"  faults: {line}", flush=True)


@pytest.fixture(scope="module")
def console() -> Iterator[Console]:
    """`make run` whose processes die at a fault point as soon as that point's trigger file exists."""
    port, sink_port = free_ports(2)
    with open_folder_for("faults") as folder:
        triggers = folder / "triggers"
        triggers.mkdir()
        fault = ",".join(f"{point}@{triggers / point}" for point in POINTS)
        with running(folder / "home", port, sink_port, SWITCHBACK_FAULT=fault, NOTIFY_LEASE_SECONDS="5") as started:
            started.triggers = triggers  # type: ignore[attr-defined]
            yield started


@pytest.fixture(scope="module")
def engineer(console: Console) -> Person:
    """On duty."""
    return console.as_person("chen.yu", *SCOPES, "contact-points:read", "contact-points:write", "deliveries:read")


@pytest.fixture(scope="module")
def lead(console: Console) -> Person:
    """Leads operations."""
    return console.as_person("zhao.min", *SCOPES)


@pytest.fixture(scope="module")
def filing(console: Console) -> Iterator[Filing]:
    """Alerts come in all the time."""
    source = console.manage("source_create", "--kind", "alertmanager", "--name", "load", "--json")
    url = console.url + "/" + json.loads(source)["url"].split("/", 3)[3]
    thread = Filing(url, per_second=ALERTS_PER_SECOND)
    thread.start()
    yield thread
    if thread.is_alive():
        thread.end()


@pytest.fixture(scope="module")
def state() -> dict[str, Any]:
    """What `provoke` remembers: one incident of a part and class can be open at a time."""
    return {}


def query(console: Console, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """Count in the database itself."""
    connection = psycopg2.connect((console.home / "database_url").read_text().strip(), connect_timeout=5)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall()
    finally:
        connection.close()


def count(console: Console, statement: str, *parameters: Any) -> int:
    """One number."""
    return int(query(console, statement, *parameters)[0][0] or 0)


def provoke(console: Console, engineer: Person, lead: Person, state: dict[str, Any]) -> None:
    """Something to claim: a message, an entry with subscribers, an escalation that is due."""
    if "contact" not in state:
        state["contact"] = retried(lambda: engineer.items("contact-points", user__username="chen.yu")[0])
    retried(lambda: engineer.move("contact-points", state["contact"], "contact_point_test"))
    if state.get("escalations", 5) >= 5:
        if "incident" in state:
            retried(lambda: dismissed(lead, state["incident"]))
        part = retried(lambda: lead.items("parts")[0])
        title = f"rehearsal {time.time_ns()}"
        state["incident"] = retried(lambda: opened(lead, part, title))
        state["escalations"] = 0
    else:
        retried(lambda: console.lab("clock", str(ESCALATION_S)))
        state["escalations"] += 1


def dismissed(lead: Person, incident: dict[str, Any]) -> None:
    """A false alarm. It may be one already: the server may have been killed between the deed and its answer."""
    if lead.get(f"/api/v1/incidents/{incident['id']}/")["state"] != "false_alarm":
        lead.move("incidents", incident, "false_alarm", reason="rehearsal")


def opened(lead: Person, part: dict[str, Any], title: str) -> dict[str, Any]:
    """An incident of this title, once."""
    there = [incident for incident in lead.items("incidents") if incident["title"] == title]
    return there[0] if there else lead.do("/api/v1/incidents/open/", part=part["slug"], fault_class="network", title=title)


def retried(act: Any, *, within_s: float = 180) -> Any:
    """A person clicks again when the server is just being killed."""
    end = time.monotonic() + within_s
    while True:
        try:
            return act()
        except Exception:
            if time.monotonic() > end:
                raise
            time.sleep(0.5)


@pytest.mark.req("RTO-01", "INC-03")
def test_nothing_is_lost_when_processes_die_at_the_worst_moment(
    console: Console, engineer: Person, lead: Person, filing: Filing, state: dict[str, Any]
) -> None:
    provoke(console, engineer, lead, state)
    died = dict.fromkeys(POINTS, 0)
    triggers: Path = console.triggers  # type: ignore[attr-defined]
    for _round in range(KILLS * 3 + 4):
        wanted = [point for point in POINTS if died[point] < KILLS]
        if not wanted:
            break
        for point in wanted:
            (triggers / point).touch()
        provoke(console, engineer, lead, state)
        end = time.monotonic() + 12
        while time.monotonic() < end and any((triggers / point).exists() for point in wanted):
            time.sleep(0.2)
        for point in wanted:
            died[point] += not (triggers / point).exists()
    for point in POINTS:
        (triggers / point).unlink(missing_ok=True)
    told(f"died at the fault points: {died}")
    assert min(died.values()) >= KILLS
    settled(console, filing)


def test_nothing_is_lost_when_each_process_is_killed_again_and_again(
    console: Console, engineer: Person, lead: Person, filing: Filing, state: dict[str, Any]
) -> None:
    kills: dict[str, int] = {}
    names = ("worker", "beat", "web", "watchdog")
    threads = [threading.Thread(target=kill_again_and_again, args=(console, name, kills), daemon=True) for name in names]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        provoke(console, engineer, lead, state)
        time.sleep(1)
    told(f"killed: {kills}")
    assert kills == dict.fromkeys(kills, KILLS)
    assert len(kills) == 4
    settled(console, filing)


def kill_again_and_again(console: Console, name: str, kills: dict[str, int]) -> None:
    """SIGKILL to the part's whole group as soon as it is up again."""
    seen: set[int] = set()

    def risen() -> int | None:
        pid = console.pids().get(name)
        return pid if pid is not None and pid not in seen and psutil.pid_exists(pid) else None

    while kills.get(name, 0) < KILLS:
        pid = wait_for(f"a new {name}", risen, within_s=120)
        time.sleep(1.5)  # let it take up work
        seen.add(pid)
        with contextlib.suppress(ProcessLookupError):  # it ended by itself meanwhile, for want of the others: that is no kill of ours
            console.signal(name, signal.SIGKILL, group=True, pid=pid)
            kills[name] = kills.get(name, 0) + 1


def test_a_scheduler_that_stands_still_and_two_of_them_do_everything_once(
    console: Console, engineer: Person, lead: Person, filing: Filing, state: dict[str, Any], tmp_path: Path
) -> None:
    """T3 and T4. What fell due meanwhile is done once when the scheduler is back; a second scheduler doubles nothing."""
    console.signal("beat", signal.SIGSTOP)
    try:
        for _ in range(3):
            provoke(console, engineer, lead, state)
            time.sleep(SILENCE_S / 3)
    finally:
        console.signal("beat", signal.SIGCONT)
    settled(console, filing)
    command = [sys.executable, "-m", "celery", "-A", "config", "beat", "--loglevel", "error", "-s", str(tmp_path / "beat"), "--pidfile", ""]
    second = subprocess.Popen(command, cwd=CLONE, env=console.environment)
    try:
        began = time.monotonic()
        while time.monotonic() - began < SILENCE_S:
            provoke(console, engineer, lead, state)
            time.sleep(2)
        assert second.poll() is None, "the second scheduler did not run"
    finally:
        second.terminate()
        second.wait(30)
    told(f"scheduler stood still {SILENCE_S} s, then two of them {SILENCE_S} s")
    settled(console, filing)


def test_nothing_depends_on_redis(console: Console, engineer: Person, lead: Person, filing: Filing, state: dict[str, Any]) -> None:
    broker = redis.Redis.from_url((console.home / "redis_url").read_text().strip())
    for _ in range(3):
        broker.flushall()
        provoke(console, engineer, lead, state)
    accepted = len(filing.accepted)
    console.signal("valkey", signal.SIGSTOP)
    began = time.monotonic()
    try:
        while time.monotonic() - began < SILENCE_S:
            provoke(console, engineer, lead, state)
            time.sleep(2)
        mails = len(console.sink.mails)
        wait_for("mail while the broker is silent", lambda: len(console.sink.mails) > mails or mails, within_s=30)
    finally:
        console.signal("valkey", signal.SIGCONT)
    taken = len(filing.accepted) - accepted
    told(f"broker frozen {SILENCE_S} s: {taken} alerts taken meanwhile, slowest answer {filing.slowest_s:.2f} s")
    assert taken > SILENCE_S
    console.signal("valkey", signal.SIGKILL)
    provoke(console, engineer, lead, state)
    settled(console, filing)


def test_no_alert_is_lost_when_postgres_dies(console: Console, engineer: Person, lead: Person, filing: Filing, state: dict[str, Any]) -> None:
    for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):  # fast shutdown, immediate, and gone
        before = filing.codes.copy()
        console.signal("postgres", how)
        wait_for("alerts taken again", lambda b=before: filing.codes["200"] > b["200"] + 20, within_s=60)  # type: ignore[misc]
        provoke(console, engineer, lead, state)
    told(f"answers of the intake in all: {dict(filing.codes)}")
    assert not [code for code in filing.codes if code.startswith("5") and code != "503"]
    settled(console, filing)


def test_each_recovery_clock_fires_each_threshold_once_through_it_all(
    console: Console, engineer: Person, lead: Person, filing: Filing, state: dict[str, Any]
) -> None:
    """T13: 1 h, 2 h and 24 h by winding the clock, while processes are killed."""
    part = retried(lambda: lead.items("parts")[0])
    incident = retried(lambda: lead.do("/api/v1/incidents/open/", part=part["slug"], fault_class="software", title="clocks through the storm"))
    retried(lambda: engineer.move("incidents", incident, "confirm", grade="severe", stops_business=True))
    outage = retried(lambda: next(each for each in lead.items("outages") if each["state"] == "failing"))
    wound = threading.Thread(target=kill_again_and_again_once, args=(console,), daemon=True)
    wound.start()
    for _ in range(7):
        retried(lambda: console.lab("clock", "600"))
        time.sleep(1)
    wait_for("the switchover clock breached", lambda: retried(lambda: state_of(engineer, outage, "switchover")) == "breached", within_s=60)
    retried(lambda: lead.move("outages", outage, "switch_over"))
    switched(lead, retried(lambda: lead.items("switches"))[0], within_s=120)
    retried(lambda: engineer.move("outages", outage, "repair_record", what="rehearsed"))
    for _ in range(9):
        retried(lambda: console.lab("clock", "10000"))
        time.sleep(1)
    for kind, wanted in (("switchover", "met_late"), ("recovery", "breached"), ("switchback", "breached")):
        wait_for(f"{kind} {wanted}", lambda k=kind, w=wanted: retried(lambda: state_of(engineer, outage, k)) == w, within_s=60)  # type: ignore[misc]
    wound.join(60)
    settled(console, filing)
    rows = query(
        console,
        "SELECT payload->>'kind', coalesce(payload->>'percent', '100'), count(*) FROM kernel_entry"
        " WHERE name IN ('incidents.clock_warned.v1', 'incidents.clock_breached.v1') AND payload->>'outage_id' = %s GROUP BY 1, 2 ORDER BY 1, 2",
        outage["id"],
    )
    told(f"thresholds fired: {rows}")
    expected = sorted((kind, percent, 1) for kind in ("switchover", "recovery", "switchback") for percent in ("50", "80", "95", "100"))
    assert sorted(rows) == expected
    early = count(console, "SELECT count(*) FROM kernel_deadline WHERE fired_at < due_at")
    assert early == 0


def kill_again_and_again_once(console: Console) -> None:
    """One kill of each process while the clocks fire."""
    for name in ("worker", "beat", "watchdog"):
        retried(lambda part=name: console.signal(part, signal.SIGKILL, group=True))  # type: ignore[misc]  # it may be between two lives
        time.sleep(4)


def state_of(person: Person, outage: dict[str, Any], kind: str) -> str:
    """State of one clock of the outage."""
    return str(next(each["state"] for each in person.items("clocks") if each["outage"] == outage["number"] and each["kind"] == kind))


DUE = {
    "an entry on its way": "SELECT id, handler, attempts, error FROM kernel_delivery WHERE state = 'pending' AND id <= %s",
    "a deadline": "SELECT id, kind, key, attempts, error FROM kernel_deadline"
    " WHERE fired_at IS NULL AND cancelled_at IS NULL AND next_try_at <= to_timestamp(%s)",
    "a message": "SELECT id, channel, state, attempts, error FROM notify_delivery WHERE state IN ('queued', 'sending') AND id <= %s",
}


def everything_due_done(console: Console) -> None:
    """What was due when we began to look is done; alerts go on coming in, so something is due at any moment."""
    marks = retried(
        lambda: query(
            console,
            "SELECT (SELECT coalesce(max(id), 0) FROM kernel_delivery), extract(epoch FROM switchback_now())::float8,"
            " (SELECT coalesce(max(id), 0) FROM notify_delivery)",
        )
    )[0]
    end = time.monotonic() + 90
    while left := {what: rows for what, mark in zip(DUE, marks, strict=True) if (rows := still_due(console, what, mark))}:
        assert time.monotonic() < end, f"due and not done within 90 s: {left}"
        time.sleep(1)


def still_due(console: Console, what: str, mark: float) -> list[tuple[Any, ...]]:
    """The rows of one kind that are left of those up to the mark."""
    return retried(lambda: query(console, DUE[what], mark))  # type: ignore[no-any-return]


def settled(console: Console, filing: Filing) -> None:
    """After the storm: everything due is done, everything accepted is there, every message went out."""
    everything_due_done(console)
    accepted = set(filing.accepted)
    stored = {row[0] for row in query(console, "SELECT dedup_key FROM alerts_alert WHERE labels->>'alertname' = 'Load'")}
    lost = accepted - stored
    told(f"{len(accepted)} alerts accepted, {len(lost)} lost")
    assert not lost
    assert count(console, "SELECT count(*) FROM kernel_delivery WHERE state = 'dead'") == 0
    twice = query(
        console,
        "SELECT subject_id, payload->>'to_step', count(*) FROM kernel_entry WHERE name = 'notify.page_escalated.v1'"
        " GROUP BY 1, 2 HAVING count(*) > 1",
    )
    assert twice == []
    # mails go on being sent: what is recorded as sent before the sink is looked at must be there; a repeat is marked before it is sent
    rows = query(console, "SELECT idempotency_key FROM notify_delivery WHERE channel = 'email' AND state IN ('sent', 'maybe_sent')")
    sent = copies(console.sink)
    marked = query(console, "SELECT idempotency_key FROM notify_delivery WHERE channel = 'email' AND is_repeat")
    missing = [key for (key,) in rows if not any(key in seen for seen in sent)]
    repeated = {key for key, times in sent.items() if times > 1}
    unmarked = [key for key in repeated if not any(name in key for (name,) in marked)]
    told(f"{len(rows)} mails sent, {len(missing)} never came, {len(repeated)} came twice, {len(unmarked)} of those unmarked")
    assert not missing
    assert not unmarked
    # a test message is given up after five minutes, and this story winds the clock by more than that
    given_up = query(
        console,
        "SELECT d.error, d.attempts, d.address FROM notify_delivery d JOIN notify_message m ON m.id = d.message_id"
        " WHERE d.state = 'failed' AND m.kind <> 'test'",
    )
    assert given_up == []
