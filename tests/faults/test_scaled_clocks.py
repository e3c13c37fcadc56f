"""The three recovery clocks at 1:60 (1, 2 and 24 minutes) in real time, while everything is killed again and again (T13, `make soak` only)."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.faults.test_kills import count, query, retried, state_of
from tests.flows.conftest import free_ports, open_folder_for
from tests.flows.running import Console, Person, running, wait_for
from tests.flows.test_main_job import SCOPES, switched

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3000), pytest.mark.xdist_group("clocks")]
KILLED = ("worker", "jobs", "beat", "web", "watchdog", "postgres", "valkey")
PAUSE_S = 60
WINDOWS = (("switchover", 60), ("recovery", 120), ("switchback", 1440))


@pytest.fixture
def console() -> Iterator[Console]:
    """A console of its own: the other stories wind their clock."""
    port, sink_port = free_ports(2)
    with open_folder_for("clocks") as folder, running(folder / "home", port, sink_port) as started:
        yield started


@pytest.mark.req("RTO-01")
def test_scaled_clocks_fire_once_each_and_never_early_while_everything_is_killed(console: Console, tmp_path: Path) -> None:
    with_minutes_for_hours(console, tmp_path)
    engineer, lead = console.as_person("chen.yu", *SCOPES), console.as_person("zhao.min", *SCOPES)
    part = lead.items("parts")[0]
    incident = lead.do("/api/v1/incidents/open/", part=part["slug"], fault_class="software", title="minutes for hours")
    engineer.move("incidents", incident, "confirm", grade="severe", stops_business=True)
    outage = next(each for each in lead.items("outages") if each["state"] == "failing")
    over, kills = threading.Event(), [0]
    storm = threading.Thread(target=kill_everything_in_turn, args=(console, over, kills), daemon=True)
    storm.start()
    try:
        breached(console, "switchover", within_s=150)
        retried(lambda: lead.move("outages", outage, "switch_over"))
        switched_through(lead)
        wait_for("met late", lambda: retried(lambda: state_of(engineer, outage, "switchover")) == "met_late", within_s=120)
        breached(console, "recovery", within_s=240)
        retried(lambda: engineer.move("outages", outage, "repair_record", what="rehearsed"))
        breached(console, "switchback", within_s=1600)
    finally:
        over.set()
        storm.join(90)
    rows = query(
        console,
        "SELECT d.payload->>'kind', d.key, count(*), max(extract(epoch FROM d.fired_at - d.due_at)) FROM kernel_deadline d"
        " WHERE d.kind = 'recovery_clock' AND d.fired_at IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2",
    )
    entries = query(
        console,
        "SELECT payload->>'kind', coalesce(payload->>'percent', '100'), count(*) FROM kernel_entry"
        " WHERE name IN ('incidents.clock_warned.v1', 'incidents.clock_breached.v1') GROUP BY 1, 2 ORDER BY 1, 2",
    )
    print(f"  scaled clocks: {kills[0]} kills; thresholds {entries}; latest {max(row[3] for row in rows):.1f} s after it was due")
    assert sorted(entries) == sorted((kind, percent, 1) for kind, _ in WINDOWS for percent in ("50", "80", "95", "100"))
    assert count(console, "SELECT count(*) FROM kernel_deadline WHERE fired_at < due_at") == 0
    assert max(row[3] for row in rows) < 20, "a killed Postgres is back within ten seconds, and what fell due meanwhile within five more"
    assert kills[0] >= 20


def with_minutes_for_hours(console: Console, folder: Path) -> None:
    """The shipped plan with targets of one, two and twenty-four minutes, approved as people do."""
    text = console.manage("plan_export")
    for hours in (1, 2, 24):
        assert text.count(f"target: {hours} h\n") == 1
        text = text.replace(f"target: {hours} h\n", f"target: {hours} min\n")
    (folder / "plan.yaml").write_text(text, encoding="utf-8")
    console.manage("plan_load", str(folder / "plan.yaml"), "--as", "zhao.min", "--submit", "--approve-as", "zhou.hong")


def kill_everything_in_turn(console: Console, over: threading.Event, kills: list[int]) -> None:
    """One process at random each minute, SIGKILL to its whole group; now and then the broker is emptied."""
    dice = random.Random(20261122)
    while not over.wait(PAUSE_S if kills[0] else 20):
        name = dice.choice(KILLED)
        pid = retried(lambda n=name: console.pids()[n])
        try:
            console.signal(name, signal.SIGKILL, group=name not in {"postgres", "valkey"}, pid=pid)
            kills[0] += 1
        except ProcessLookupError:
            continue
        if dice.random() < 0.3:
            retried(lambda: redis.Redis.from_url((console.home / "redis_url").read_text().strip()).flushall())


def breached(console: Console, kind: str, *, within_s: float) -> None:
    """Wait for the journal's entry: the API may be down just now."""
    seen = "SELECT count(*) FROM kernel_entry WHERE name = 'incidents.clock_breached.v1' AND payload->>'kind' = %s"
    wait_for(f"{kind} breached", lambda: retried(lambda: count(console, seen, kind)) > 0, within_s=within_s, every_s=1)
    time.sleep(1)


def switched_through(lead: Person) -> None:
    """The switch goes on whoever is killed; a person looks again when the page does not come."""
    retried(lambda: switched(lead, lead.items("switches")[0], within_s=60), within_s=240)
