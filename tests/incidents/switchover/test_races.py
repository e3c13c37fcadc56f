"""Two at once, and workers that die: each effect once (T13 and T16 in the small)."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection

from contingency.catalog.models import Part
from incidents.switchover import services
from incidents.switchover.errors import SwitchAlreadyActive
from incidents.switchover.models import Outage, RecoveryClock, Switch
from incidents.switchover.selectors import clocks_of
from incidents.switchover.services import running
from kernel import clock, deadlines
from kernel.actors import SYSTEM, Actor
from kernel.errors import DomainError
from kernel.models import Deadline, Entry
from tests.incidents.switchover.conftest import make_part, make_switchable, make_targets, names_of, person
from tests.incidents.switchover.fake_control import FakeControl

pytestmark = pytest.mark.django_db(transaction=True)

KIND = "recovery_clock"
REPOSITORY = Path(__file__).resolve().parents[3]
PLANNED = ["close_gate", "fence", "catch_up", "compare_quick", "reverse", "grant", "open_gate"]


@pytest.fixture
def company(control: FakeControl) -> Part:
    """The switchable part, committed."""
    clock.allow_winding(True)
    make_targets()
    return make_switchable(control)


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Run all at the same moment; what each gave, or the refusal it met. Anything else fails the test."""
    gate = threading.Barrier(len(acts))
    results: list[Any] = [None] * len(acts)

    def run(number: int, act: Callable[[], Any]) -> None:
        gate.wait()
        try:
            results[number] = act()
        except DomainError as refused:
            results[number] = refused
        except BaseException as wrong:
            results[number] = wrong
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number, act)) for number, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    unexpected = [result for result in results if isinstance(result, BaseException) and not isinstance(result, DomainError)]
    assert not unexpected, unexpected
    return results


@pytest.mark.req("RTO-01")
def test_four_sweepers_fire_the_thresholds_of_many_clocks_exactly_once_under_wound_time(company: Part) -> None:
    outages = [
        services.outage_open(part=make_part(f"part-{number}"), failing_since=clock.now(), actor=SYSTEM, needs_second=False) for number in range(25)
    ]
    early = 0
    for minutes in (30, 18, 9, 3):
        early += deadlines.sweep(KIND)
        clock.wind(timedelta(minutes=minutes))
        at_once(*[lambda: deadlines.sweep(KIND)] * 4)
    assert early == 0
    for outage in outages:
        row = RecoveryClock.objects.get(outage=outage, kind="switchover")
        assert row.state == "breached"
        assert names_of(row) == ["clock_started", "clock_warned", "clock_warned", "clock_warned", "clock_breached"]
    assert Deadline.objects.filter(kind=KIND, fired_at=None).count() == 0


@pytest.mark.req("RTO-01")
def test_calling_off_against_the_sweep_never_breaches_a_stopped_clock(company: Part) -> None:
    lead = person("lead", "team_lead")
    outcomes = set()
    for _round in range(12):
        outage = services.outage_open(part=company, failing_since=clock.now() - timedelta(minutes=61), actor=SYSTEM, needs_second=False)
        at_once(
            lambda: deadlines.sweep(KIND),
            lambda outage=outage: services.outage_call_off(public_id=outage.public_id, version=None, actor=lead, reason="a test"),  # type: ignore[misc]
            lambda: deadlines.sweep(KIND),
        )
        row = RecoveryClock.objects.get(outage=outage, kind="switchover")
        assert row.state == "cancelled"
        names = names_of(row)
        assert names.count("clock_breached") <= 1
        assert names[-1] == "clock_cancelled"
        outcomes.add("clock_breached" in names)
        assert deadlines.sweep(KIND) == 0
    assert outcomes


@pytest.mark.req("RTO-01")
def test_waiving_against_the_sweep_ends_waived_with_one_entry(company: Part) -> None:
    lead, other = person("lead", "team_lead"), person("other", "team_lead")
    seconded = Actor(**{**other.__dict__, "second": lead})
    for _round in range(8):
        outage = services.outage_open(part=company, failing_since=clock.now() - timedelta(minutes=61), actor=SYSTEM, needs_second=False)
        row = RecoveryClock.objects.get(outage=outage, kind="switchover")

        def waive(public_id: Any = row.public_id) -> Any:
            return services.clock_waive(public_id=public_id, version=None, actor=seconded, reason="agreed")

        results = at_once(waive, lambda: deadlines.sweep(KIND), waive)
        assert sum(isinstance(result, RecoveryClock) for result in results) == 1
        row.refresh_from_db()
        assert row.state == "waived"
        assert names_of(row).count("clock_waived") == 1
        assert names_of(row)[-1] == "clock_waived"
        services.outage_call_off(public_id=outage.public_id, version=None, actor=lead, reason="next round")


@pytest.mark.req("SWO-01")
def test_of_two_orders_at_once_one_wins_and_the_other_is_told_which(company: Part) -> None:
    lead, other = person("lead", "team_lead"), person("other", "team_lead")
    for _round in range(8):
        results = at_once(*[lambda who=who: services.switch_order(actor=who, part="orders", direction="over") for who in (lead, other, lead)])  # type: ignore[misc]
        won = [result for result in results if isinstance(result, Switch)]
        lost = [result for result in results if isinstance(result, SwitchAlreadyActive)]
        assert (len(won), len(lost)) == (1, 2)
        assert all(refused.http_status == 409 and refused.params["number"] == won[0].number for refused in lost)
        services.switch_abort(public_id=won[0].public_id, version=None, actor=lead, reason="next round")
    assert Entry.objects.filter(name="incidents.switch_ordered.v1").count() == 8


@pytest.mark.req("SWO-01")
def test_of_two_approvals_at_once_one_wins(company: Part) -> None:
    lead, second, third = person("lead", "team_lead"), person("second", "team_lead"), person("third", "team_lead")
    outage = services.outage_open(part=company, failing_since=clock.now(), actor=SYSTEM)
    switch = services.switch_over(public_id=outage.public_id, version=1, actor=lead)
    results = at_once(
        *[lambda who=who: services.switch_approve(public_id=switch.public_id, version=1, actor=who) for who in (second, third)]  # type: ignore[misc]
    )
    assert sum(isinstance(result, Switch) for result in results) == 1
    assert [result.http_status for result in results if isinstance(result, DomainError)] == [409]


@pytest.mark.req("SWO-01")
def test_four_workers_at_once_carry_out_each_step_once(company: Part, control: FakeControl) -> None:
    lead = person("lead", "team_lead")
    switch = services.switch_order(actor=lead, part="orders", direction="over")
    at_once(*[services.switch_run] * 4)
    switch.refresh_from_db()
    assert switch.state == "done"
    assert control.system.calls == PLANNED


@pytest.mark.req("SWO-01")
def test_a_worker_whose_lease_was_taken_over_writes_nothing(company: Part, control: FakeControl) -> None:
    import uuid

    lead = person("lead", "team_lead")
    switch = services.switch_order(actor=lead, part="orders", direction="over")
    slow = uuid.uuid4()
    work = running.advance(switch.public_id, slow, None)
    assert work is not None
    assert running.advance(switch.public_id, uuid.uuid4(), None) is None  # the lease is in force
    clock.wind(timedelta(seconds=20))
    services.switch_run()
    entries = Entry.objects.count()
    assert running.advance(switch.public_id, slow, running._act(work)) is None
    assert Entry.objects.count() == entries
    switch.refresh_from_db()
    assert switch.state == "done"


def database_url() -> str:
    at = connection.settings_dict
    return f"postgresql://{quote(at['USER'])}:{quote(at['PASSWORD'])}@{at['HOST']}:{at['PORT']}/{at['NAME']}"


WORKER = "import django; django.setup(); from incidents.switchover import services; services.switch_run()"


def die_until_done(switch: Switch, point: str, hits: int) -> int:
    """Start workers that kill themselves at the given pass of the point, until the switch is done. Returns how many died."""
    died = 0
    environment = {**os.environ, "DATABASE_URL": database_url(), "SWITCHBACK_FAULT": f"{point}={hits}"}
    for _start in range(30):
        ended = subprocess.run([sys.executable, "-c", WORKER], env=environment, cwd=REPOSITORY, check=False, timeout=60, capture_output=True)
        switch.refresh_from_db()
        if ended.returncode == 0 and switch.state == "done":
            return died
        assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()[-2000:]
        died += 1
        clock.wind(timedelta(seconds=20))  # past the dead worker's lease
    raise AssertionError(f"not done after {died} kills: {switch.state}")


def resumed(company: Part, control: FakeControl, point: str, hits: int) -> int:
    make = person(f"lead-{point}-{hits}", "team_lead")
    outage = services.outage_open(part=company, failing_since=clock.now(), actor=SYSTEM, needs_second=False)
    switch = services.switch_over(public_id=outage.public_id, version=1, actor=make)
    died = die_until_done(switch, point, hits)
    outage = Outage.objects.get(pk=outage.pk)
    assert outage.state == "on_standby"
    assert [view.clock.state for view in clocks_of(outage)][:2] == ["met", "running"]
    done = [entry.payload["step"] for entry in Entry.objects.filter(name="incidents.switch_step_done.v1").order_by("id")]
    assert done == [*PLANNED, "verify_traffic", "verify_probes", "verify_business"]  # each recorded once
    calls = control.system.calls
    assert [name for number, name in enumerate(calls) if name not in calls[:number]] == PLANNED  # in order, some perhaps twice
    assert len(calls) - len(PLANNED) <= died
    assert len(control.system.orders) == 1  # the marked order too: its key is the switch's own
    assert names_of(switch).count("switched_over") == 1
    return died


@pytest.mark.story
@pytest.mark.req("SWO-01")
@pytest.mark.parametrize("point", ["switch.after_claim", "switch.after_step", "switch.before_record"])
def test_a_switch_outlives_its_workers(company: Part, control: FakeControl, point: str) -> None:
    assert resumed(company, control, point, hits=4) >= 2


@pytest.mark.soak
@pytest.mark.parametrize("point", ["switch.after_claim", "switch.after_step", "switch.before_record"])
def test_a_switch_outlives_ten_workers(company: Part, control: FakeControl, point: str) -> None:
    started = time.monotonic()
    died = resumed(company, control, point, hits=2)
    print(f"{point}: {died} kills, {time.monotonic() - started:.0f} s")
    assert died >= 9
