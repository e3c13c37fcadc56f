"""Samples of gateways, lists and outputs, the command line."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contingency.catalog.models import Part
from incidents.switchover import selectors, services
from incidents.switchover.errors import NothingToSwitch
from incidents.switchover.models import GatewaySample, Outage
from incidents.switchover.selectors import switching
from kernel import clock, records
from kernel.actors import SYSTEM, Actor
from kernel.errors import NotFound
from tests.incidents.switchover.conftest import look, make_part
from tests.incidents.switchover.fake_control import FakeSystem

pytestmark = pytest.mark.django_db


def make_old(seconds: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE switchover_gatewaysample SET seen_at = clock_timestamp() - make_interval(secs => %s)", [seconds])


@pytest.mark.req("SWO-04")
def test_a_gateway_is_sampled_once_a_second_however_many_ask(part: Part) -> None:
    assert services.gateway_watch() == 0  # the fixture has just looked
    look()
    assert GatewaySample.objects.count() == 1
    assert services.oldest_sample() is None
    make_old(30)
    oldest = services.oldest_sample()
    assert oldest is not None
    assert timedelta(seconds=29) < clock.now() - oldest < timedelta(seconds=40)


def test_a_silent_gateway_is_asked_less_often(part: Part) -> None:
    part.gateway.secret_file = "/nonexistent/lab.json"
    part.gateway.save()
    look()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE switchover_gatewaysample SET claimed_at = clock_timestamp() - interval '2 s'")
    assert services.gateway_watch() == 0
    assert selectors.traffic_now(part).is_known is False


def test_inside_a_transaction_the_network_is_never_used(part: Part, lead: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    def network(_target: Any) -> Any:
        raise AssertionError("the network was used in a transaction")

    monkeypatch.setattr(switching, "executor_for", network)
    assert connection.in_atomic_block
    make_old(5)
    assert selectors.traffic_now(part).serving == "primary"  # still good enough for an order
    make_old(11)
    assert selectors.traffic_now(part).is_known is False
    with pytest.raises(NothingToSwitch):
        services.switch_order(actor=lead, part=part, direction="over")


@pytest.mark.django_db(transaction=True)
def test_outside_of_one_an_old_sample_is_renewed_by_asking(part: Part, system: FakeSystem) -> None:
    make_old(5)
    system.gate["primary"] = False
    assert selectors.traffic_now(part).serving is None


@pytest.mark.req("SWO-04")
def test_readiness_shows_lag_versions_and_the_last_validation(part: Part, system: FakeSystem, engineer: Actor) -> None:
    services.switch_dry_run(public_id=part.public_id, actor=engineer)
    ready = selectors.readiness(part)
    assert ready.is_ready is True
    assert (ready.view.lag_bytes, ready.view.sides["standby"].version) == (0, "1.0.0")
    assert ready.last_dry_run is not None
    system.alive["standby"] = False
    look()
    assert selectors.readiness(part).is_ready is False


def test_outputs_are_plain_json_and_lists_are_cut_to_the_own_team(outage: Outage, lead: Actor, stranger: Actor, auditor: Actor) -> None:
    switch = services.switch_over(public_id=outage.public_id, version=None, actor=lead)
    services.switch_run()
    for kind, count in (("outage", 1), ("recovery_clock", 3), ("switch", 1), ("part_check", 1)):
        record_type = records.get(kind)
        for actor in (lead, auditor):
            rows = list(record_type.list_for(actor))
            assert len(rows) == count
            json.dumps([record_type.output(row) for row in rows])
        assert list(record_type.list_for(stranger)) == []
        with pytest.raises(NotFound):
            records.fetch(kind, stranger, rows[0].public_id)
        assert records.fetch(kind, lead, rows[0].public_id) == rows[0]
    output = records.get("switch").output(records.fetch("switch", lead, switch.public_id))
    assert output["steps"][0]["effect"]["zh"].startswith("Primary的订单服务停止监听")
    assert records.get("outage").list_for(lead, state="failing").count() == 0
    assert records.get("outage").list_for(lead, open="true").count() == 1


def test_a_commander_sees_the_outage_of_another_team(outage: Outage, stranger: Actor) -> None:
    services.outage_grade_record(outage=outage, grade="severe", commanders=[stranger.id], actor=SYSTEM)
    assert [row.pk for row in records.get("outage").list_for(stranger)] == [outage.pk]
    assert records.fetch("recovery_clock", stranger, selectors.clocks_of(outage)[0].clock.public_id)


@pytest.mark.parametrize("kind", ["recovery_clock", "switch", "outage"])
def test_lists_take_the_same_number_of_queries_for_one_and_for_many(part: Part, lead: Actor, kind: str) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            [records.get(kind).output(row) for row in records.get(kind).list_for(lead)]
        return len(captured)

    def add(slug: str) -> None:
        outage = services.outage_open(part=make_part(slug), failing_since=clock.now(), actor=SYSTEM, needs_second=False)
        assert outage.pk

    services.switch_order(actor=lead, part=part, direction="over")
    add("one")
    first = queries()
    for slug in ("two", "three", "four"):
        add(slug)
    assert queries() == first <= 3


@pytest.mark.req("RTO-01")
def test_the_command_lists_clocks_with_the_seconds_left(outage: Outage) -> None:
    out = StringIO()
    call_command("clocks", "--json", stdout=out)
    listed = {row["kind"]: row for row in json.loads(out.getvalue())}
    assert set(listed) == {"switchover", "recovery", "switchback"}
    assert 3400 < listed["switchover"]["seconds_left"] < 3481
    assert (listed["switchover"]["state"], listed["switchover"]["outage"], listed["recovery"]["seconds_left"]) == ("running", outage.number, None)
    assert listed["switchover"]["thresholds"] == [50, 80, 95, 100]
    out = StringIO()
    call_command("clocks", stdout=out)
    assert outage.number in out.getvalue()
    Outage.objects.filter(pk=outage.pk).update(state="called_off", ended_at=clock.now())
    out = StringIO()
    call_command("clocks", "--json", stdout=out)
    assert json.loads(out.getvalue()) == []
