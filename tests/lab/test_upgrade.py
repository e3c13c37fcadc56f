"""The upgrade fails as upgrades fail: refused orders, slow answers, no damaged rows. It is mended, and both versions replicate both ways."""

from __future__ import annotations

import time
import urllib.request
import uuid

import pytest

from tests.lab.practice_system import PracticeSystem, fetch
from tests.lab.test_planned_switch import rows_of

pytestmark = pytest.mark.story  # real processes


def metric(system: PracticeSystem, side: str, name: str, **labels: str) -> float:
    """Sum of the series with these labels, as Prometheus would read them."""
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(system.book["sides"][side]["metrics_url"]) as response:
        lines = response.read().decode().splitlines()
    wanted = [f'{label}="{value}"' for label, value in labels.items()]
    found = [line for line in lines if line.startswith(f"{name}{{") and all(pair in line for pair in wanted)]
    assert found, f"no series {name} {labels}"
    return sum(float(line.rsplit(" ", 1)[1]) for line in found)


def test_the_upgrade_fails_is_switched_out_of_mended_and_switched_back(system: PracticeSystem) -> None:
    started, before = time.time(), system.counts()
    promised = rows_of(system, "primary", "select count(*), sum(amount_cents) from orders where placed_at < now()")
    assert system.cli("break", "upgrade").returncode == 0
    noticed = system.wait(lambda s: not s["sides"]["primary"]["service"]["recent"]["healthy"], 60, "the failure shows")
    health, _ = fetch("GET", system.book["sides"]["primary"]["health_url"])
    assert health == 503
    system.wait(lambda s: s["sides"]["primary"]["service"]["recent"]["p95_seconds"] > 1.5, 60, "answers get slow")
    system.wait(lambda s: s["sides"]["primary"]["service"]["recent"]["success_ratio"] < 0.6, 60, "orders are refused")
    assert system.status()["sides"]["primary"]["version"] == "2.0.0"
    assert metric(system, "primary", "orders_success_ratio") < 0.7
    assert metric(system, "primary", "orders_p95_seconds") > 1
    assert metric(system, "primary", "orders_database_up") == 1
    assert system.status()["gateway"]["serving"] == "primary"  # the gateway sees nothing wrong: people must decide

    refused = metric(system, "primary", "orders_requests_total", route="place", code="500")
    took, failing_for = system.switch("primary", "standby"), time.time() - started
    system.wait(lambda s: s["sides"]["standby"]["service"]["recent"]["healthy"], 60, "the standby is well")
    out, give_up = system.counts(), time.monotonic() + 60
    while out["last_10_s"]["failed"] and time.monotonic() < give_up:  # every order of the failure has its outcome then
        time.sleep(0.5)
        out = system.counts()
    failed = out["failed"] - before["failed"]
    print(f"noticed after {noticed:.1f} s, failing for {failing_for:.1f} s, steps {sum(took.values()):.0f} ms {took}, failed {failed}")
    assert refused >= 3  # customers tried again, many with success at the standby: failed is less than refused
    assert out["last_10_s"]["failed"] == 0
    assert out["last_10_s"]["placed"] > 15
    system.nothing_lost()
    assert rows_of(system, "standby", "select count(*), sum(amount_cents) from orders")[0][0] >= promised[0][0]

    fixed = system.cli("fix")
    assert fixed.returncode == 0, fixed.stderr
    system.wait(lambda s: s["sides"]["primary"]["version"] == "2.0.1" and s["replication"]["second_copy"], 60, "mended and following")
    on_standby = uuid.uuid4().hex
    assert system.place(on_standby, amount_cents=5, channel="app")[1]["side"] == "standby"
    assert rows_of(system, "primary", "select channel from orders where idem_key = %s", on_standby) == [("web",)]  # version 1 knows no channel

    back, since = system.counts(), time.time()
    system.switch("standby", "primary")
    on_primary = uuid.uuid4().hex
    status, order = system.place(on_primary, amount_cents=5, channel="app")
    assert (status, order["version"], order["channel"]) == (201, "2.0.1", "app")
    assert rows_of(system, "standby", "select channel from orders where idem_key = %s", on_primary) == [("app",)]
    assert system.counts(since)["failed"] == back["failed"]
    assert rows_of(system, "primary", "select to_regclass('order_channels')") == [(None,)]
    system.nothing_lost()


def test_the_standby_is_never_upgraded(system: PracticeSystem) -> None:
    broken = system.cli("break", "upgrade", "--side", "standby", "--json")
    assert broken.returncode == 1
    assert "stays at version 1" in broken.stdout
