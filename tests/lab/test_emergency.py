"""The active side dies or hangs: business goes on at the other one, nothing acknowledged is lost, and the dead side is brought back."""

from __future__ import annotations

import time
import uuid

import pytest

from tests.lab.practice_system import PracticeSystem
from tests.lab.test_planned_switch import rows_of, run_sql

pytestmark = pytest.mark.story  # real processes


@pytest.mark.parametrize("fault", ["crash", "freeze", "database"])
def test_after_an_emergency_switch_nothing_acknowledged_is_lost(system: PracticeSystem, fault: str) -> None:
    before, began = system.counts(), time.time()
    assert system.cli("break", fault).returncode == 0
    time.sleep(0.5)  # as if it took that long to notice
    started = time.monotonic()
    took = system.switch("primary", "standby", plan="emergency")
    switched_ms = (time.monotonic() - started) * 1000
    view = system.status()
    assert (view["active"], view["gateway"]["serving"], view["sides"]["primary"]["role"]) == ("standby", "standby", "isolated")
    assert view["replication"]["second_copy"] is False
    time.sleep(2)
    assert system.place(uuid.uuid4().hex, amount_cents=1)[1]["side"] == "standby"
    checked, counts = system.nothing_lost(), system.counts(began)
    failed = counts["failed"] - before["failed"]
    print(f"{fault}: steps {switched_ms:.0f} ms {took}; silence {counts['since']['silence_ms']:.0f} ms, failed {failed}, lost {checked['lost']}")
    assert counts["lost"] == before["lost"]
    assert failed == 0  # all tried again within their ten seconds

    rebuilt = system.must("POST", "/fix")
    print(rebuilt["detail"], f"{rebuilt['took_ms']:.0f} ms")
    system.wait(lambda s: s["replication"]["second_copy"], 60, "a second copy again")
    back = system.counts()
    system.switch("standby", "primary")
    assert system.counts()["failed"] == back["failed"]
    system.nothing_lost()
    assert stock(system, "primary", began) == stock(system, "standby", began)


def stock(system: PracticeSystem, side: str, until: float) -> list[tuple[object, ...]]:
    """What was there before the moment."""
    old = "where placed_at < to_timestamp(%s)"
    return rows_of(system, side, f"select count(*), sum(amount_cents), md5(string_agg(id::text, '' order by id)) from orders {old}", until)


def test_an_order_that_reached_only_the_dead_side_is_saved_as_an_orphan_at_the_rebuild(system: PracticeSystem) -> None:
    """Not acknowledged (its follower was gone), so not lost; but somebody may want to know."""
    key = uuid.uuid4().hex
    run_sql(
        system,
        "primary",
        "insert into orders (id, idem_key, customer, item, quantity, amount_cents) values (gen_random_uuid(), %s, 'x', 'x', 1, 1)",
        key,
    )
    system.must("POST", "/break/crash")
    system.switch("primary", "standby", plan="emergency")
    _, answer = system.step("rebuild", "primary", "standby")
    orphans = answer["evidence"]["orphans"]
    assert orphans["orders"] == 1
    with open(orphans["file"], encoding="utf-8") as file:
        assert key in file.read()
    assert rows_of(system, "primary", "select * from orders where idem_key = %s", key) == []


def test_a_follower_that_stumbles_over_a_row_of_its_own_is_rebuilt_when_forced(system: PracticeSystem) -> None:
    key = uuid.uuid4().hex
    run_sql(
        system,
        "standby",
        "insert into orders (id, idem_key, customer, item, quantity, amount_cents) values (gen_random_uuid(), %s, 'x', 'x', 1, 1)",
        key,
    )
    assert system.place(key, amount_cents=1)[0] in (201, 503)  # the standby cannot apply it: nobody waits for it for long
    system.wait(lambda s: s["replication"]["synchronous"] == "degraded", 60, "orders no longer wait for the standby")
    status, answer = system.step("rebuild", "standby", "primary", force=True)
    assert (status, answer["evidence"]["orphans"]["orders"]) == (200, 1)
    system.wait(lambda s: s["replication"]["second_copy"], 60, "a second copy again")
    until = time.time()
    system.wait(lambda _status: stock(system, "primary", until) == stock(system, "standby", until), 60, "what was placed has travelled")


def test_a_side_that_still_answers_is_only_given_up_when_ordered_killed(system: PracticeSystem) -> None:
    began = time.time()
    status, answer = system.step("confirm_down", "primary", "standby")
    assert (status, answer["code"], answer["evidence"]["database_answers"]) == (409, "still_alive", True)
    status, answer = system.step("confirm_down", "primary", "standby", stonith=True)
    assert status == 200
    assert answer["evidence"]["killed_processes"]
    assert not system.status()["sides"]["primary"]["database"]["up"]
    for step in ("detach_subscription", "attach_subscription", "release"):  # thought better of it: all taken back
        assert system.step(step, "primary", "standby")[0] == 200
    system.wait(
        lambda s: s["gateway"]["serving"] == "primary" and s["replication"]["second_copy"], 60, "the primary carries business, with a second copy"
    )
    system.nothing_lost()
    assert system.counts(began)["since"]["failed"] == 0


def test_a_crash_without_a_switch_is_simply_cured(system: PracticeSystem) -> None:
    system.must("POST", "/break/crash")
    assert system.cli("fix").returncode == 0
    system.wait(lambda s: s["gateway"]["serving"] == "primary" and s["replication"]["second_copy"], 60, "the primary carries business again")
    system.nothing_lost()


def test_moving_the_gateway_sends_orders_to_one_side_only_and_can_be_taken_back(system: PracticeSystem) -> None:
    for step, sides in (("move_gateway", ["primary"]), ("restore_gateway", ["primary", "standby"])):
        status, answer = system.step(step, "standby", "primary")
        assert status == 200
        assert sorted(upstream["side"] for upstream in answer["evidence"]["upstreams"]) == sides
        assert system.place(uuid.uuid4().hex, amount_cents=1)[1]["side"] == "primary"
    assert not system.status()["gateway"]["moved_to"]
