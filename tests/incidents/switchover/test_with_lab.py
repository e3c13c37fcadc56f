"""The executor against the real practice order system under load: its customers judge, by their own count."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from contingency.catalog.models import Gateway, Part, Side
from incidents.switchover import selectors, services
from incidents.switchover.models import Outage, Switch
from incidents.switchover.selectors import switching
from kernel import clock
from kernel.actors import SYSTEM, Actor
from tests.incidents.switchover.conftest import look, make_part, make_targets, person
from tests.lab.practice_system import PracticeSystem, running

pytestmark = [pytest.mark.story, pytest.mark.django_db(transaction=True), pytest.mark.req("SWO-01", "SWO-03", "RTO-01")]


@pytest.fixture(scope="module")
def lab(open_folder: Path) -> Iterator[PracticeSystem]:
    with running(PracticeSystem(open_folder / "lab-of-switchover", environment={"LAB_RATE": "15"})) as system:
        yield system


@pytest.fixture
def part(lab: PracticeSystem) -> Part:
    """The lab as a guarded part, both sides serving, the primary carrying business."""
    lab.wait(lambda status: status["replication"]["second_copy"] and status["gateway"]["serving"] == "primary", 20, "a healthy start")
    switching._asked.clear()
    clock.allow_winding(True)
    make_targets()
    book = lab.book
    part = make_part(base_url=book["gateway"]["url"])
    for role in ("primary", "standby"):
        addresses = book["sides"][role]
        Side.objects.create(part=part, role=role, name=role.title(), url=addresses["service_url"], ready_url=addresses["service_url"] + "/ready")
    Gateway.objects.create(
        part=part, kind="lab", control_url=book["control"]["url"], admin_url=book["gateway"]["admin_url"], secret_file=str(lab.folder / "lab.json")
    )
    look()
    return part


@pytest.fixture
def lead(db: None) -> Actor:
    return person("lead", "team_lead")


def run(switch: Switch, within_s: float = 40) -> Switch:
    """Turn the sweep until the switch is settled, as beat would."""
    give_up = time.monotonic() + within_s
    while switch.settled_at is None:
        services.switch_run()
        switch.refresh_from_db()
        assert time.monotonic() < give_up, [(step.name, step.state, step.error) for step in switch.steps.all()]
        time.sleep(0.2)
    return switch


def told(switch: Switch) -> str:
    hold = sum(step.took_ms or 0 for step in switch.steps.filter(is_verification=False))
    steps = ", ".join(f"{step.name} {step.took_ms}" for step in switch.steps.order_by("order"))
    return f"{switch.direction} ({switch.mode}): steps {hold} ms; {steps}"


def test_planned_over_and_back_under_load_nobody_fails_and_nothing_is_lost(lab: PracticeSystem, part: Part, lead: Actor) -> None:
    before, began = lab.counts(), time.time()
    for _round in range(2):
        for direction, there in (("over", "standby"), ("back", "primary")):
            since = time.time()
            switch = run(services.switch_order(actor=lead, part=part, direction=direction))
            assert switch.state == "done", switch.failure_detail
            assert lab.status()["gateway"]["serving"] == there
            assert switch.evidence["business_check"]["side"] == there
            assert switch.evidence["replication_caught_up"]["confirmed_lsn"]
            time.sleep(1.2)
            print(told(switch), f"- longest silence at the customers {lab.counts(since)['since']['silence_ms']:.0f} ms")
            look()
    after = lab.counts(began)
    assert after["failed"] == before["failed"]
    assert after["done"] > before["done"] + 20
    lab.nothing_lost()


def test_out_of_a_failed_upgrade_and_back_after_the_repair(lab: PracticeSystem, part: Part, lead: Actor) -> None:
    lab.must("POST", "/break/upgrade")
    try:
        began = clock.now()
        outage = services.outage_open(part=part, failing_since=began - timedelta(seconds=3), actor=SYSTEM, needs_second=False)
        lab.wait(lambda status: status["sides"]["primary"]["version"].startswith("2."), 10, "version 2")
        look()
        over = run(services.switch_over(public_id=outage.public_id, version=None, actor=lead))
        print(told(over))
        assert (over.state, over.mode) == ("done", "planned")
        services.business_checks_run()
        services.business_normal_record(public_id=outage.public_id, version=None, actor=lead)
    finally:
        lab.must("POST", "/fix")
    lab.wait(lambda status: status["replication"]["second_copy"], 20, "a second copy")
    before = lab.counts()
    services.repair_record(public_id=outage.public_id, version=None, actor=lead, what="version 2 mended in schema and code")
    look()
    back = run(services.switch_back(public_id=outage.public_id, version=None, actor=lead))
    print(told(back))
    outage = Outage.objects.get(pk=outage.pk)
    assert (back.state, outage.state) == ("done", "back_on_primary")
    assert [view.clock.state for view in selectors.clocks_of(outage)] == ["met", "met", "met"]
    assert lab.counts()["failed"] == before["failed"]
    lab.nothing_lost()


def test_a_crashed_primary_is_left_in_an_emergency_nothing_is_lost_and_the_way_back_rebuilds_it(lab: PracticeSystem, part: Part, lead: Actor) -> None:
    outage = services.outage_open(part=part, failing_since=clock.now(), actor=SYSTEM, needs_second=False)
    since = time.time()
    lab.must("POST", "/break/crash")
    lab.wait(lambda status: not status["sides"]["primary"]["database"]["up"], 10, "the crash to be seen")
    look()
    over = run(services.switch_over(public_id=outage.public_id, version=None, actor=lead))
    assert (over.state, over.mode) == ("done", "emergency")
    assert lab.status()["gateway"]["serving"] == "standby"
    time.sleep(1.2)
    print(told(over), f"- longest silence at the customers {lab.counts(since)['since']['silence_ms']:.0f} ms")
    lab.nothing_lost()
    services.business_normal_record(public_id=outage.public_id, version=None, actor=lead)
    services.repair_record(public_id=outage.public_id, version=None, actor=lead, what="power supply replaced")
    look()
    back = services.switch_back(public_id=outage.public_id, version=None, actor=lead)
    assert back.steps.order_by("order").first().name == "rebuild"  # type: ignore[union-attr]
    before = lab.counts()
    run(back, within_s=90)
    print(told(back))
    assert back.state == "done", back.failure_detail
    assert lab.counts()["failed"] == before["failed"]
    lab.nothing_lost()


def test_differing_sides_are_never_switched_and_nobody_is_refused(lab: PracticeSystem, part: Part, lead: Actor) -> None:
    import uuid

    from tests.lab.test_planned_switch import run_sql

    before, key = lab.counts(), uuid.uuid4().hex
    insert = "insert into orders (id, idem_key, customer, item, quantity, amount_cents) values (gen_random_uuid(), %s, 'x', 'x', 1, 1)"
    run_sql(lab, "standby", insert, key)
    try:
        switch = run(services.switch_order(actor=lead, part=part, direction="over"))
    finally:
        run_sql(lab, "standby", "delete from orders where idem_key = %s", key)
    print(told(switch), switch.failure_detail)
    assert (switch.state, switch.failure) == ("reverted", "step_failed")
    assert "differ" in switch.failure_detail
    assert lab.status()["gateway"]["serving"] == "primary"
    time.sleep(1.2)
    assert lab.counts()["failed"] == before["failed"]
    lab.nothing_lost()
