"""Switches: ordered, approved, carried out in order, proved, taken back (SWO-01, SWO-02)."""

from datetime import timedelta
from typing import Any

import pytest

from contingency.catalog.models import Part
from incidents.switchover import selectors, services
from incidents.switchover.errors import NothingToSwitch, NotReadyToSwitchBack, PastPointOfNoReturn, SecondMustDiffer, SwitchAlreadyActive
from incidents.switchover.models import Outage, PartCheck, Switch
from incidents.switchover.services import running
from kernel import clock, proposals
from kernel.actors import SYSTEM, Actor
from kernel.errors import InvalidTransition, NotPermitted, Stale
from kernel.models import Entry, Proposal
from tests.incidents.switchover.conftest import look, names_of
from tests.incidents.switchover.fake_control import FakeSystem

pytestmark = [pytest.mark.django_db, pytest.mark.req("SWO-01", "SWO-02")]

PLANNED = ["close_gate", "fence", "catch_up", "compare_quick", "reverse", "grant", "open_gate"]
EMERGENCY = ["confirm_down", "detach_subscription", "grant", "open_gate"]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """One try a turn: a pause that only `run` ends."""
    monkeypatch.setattr(running, "PAUSE", timedelta(minutes=5))
    monkeypatch.setattr("incidents.switchover.services.verification._PAUSE_S", 0.01)


def run(switch: Switch) -> Switch:
    Switch.objects.filter(pk=switch.pk).update(lease_until=None)
    services.switch_run()
    switch.refresh_from_db()
    return switch


def states(switch: Switch) -> dict[str, str]:
    return {step.name: step.state for step in switch.steps.order_by("order")}


def on_standby(outage: Outage, lead: Actor) -> Switch:
    return run(services.switch_over(public_id=outage.public_id, version=None, actor=lead))


def ready_for_back(outage: Outage, lead: Actor) -> None:
    services.business_normal_record(public_id=outage.public_id, version=None, actor=lead)
    services.repair_record(public_id=outage.public_id, version=None, actor=lead, what="version 2 mended")


def test_a_planned_switch_without_an_outage_over_and_reversed(part: Part, system: FakeSystem, lead: Actor) -> None:
    switch = services.switch_order(actor=lead, part="orders", direction="over", reason="before the upgrade")
    assert (switch.state, switch.mode, switch.needs_second, switch.outage) == ("approved", "planned", False, None)
    run(switch)
    assert system.calls == PLANNED
    assert system.serving() == "standby"
    assert switch.state == "done"
    assert switch.evidence["traffic"]["serving"] == "standby"
    assert switch.evidence["business_check"]["side"] == "standby"
    assert switch.evidence["replication_caught_up"]["step"] == "catch_up"
    assert names_of(switch) == ["switch_ordered", "switch_approved", "switch_started", "switch_verifying", "switched_over"]
    assert not Outage.objects.exists()

    system.calls.clear()
    back = services.switch_revert(public_id=switch.public_id, version=switch.version, actor=lead)
    assert (back.direction, back.from_side, back.to_side, back.mode) == ("back", "standby", "primary", "planned")
    run(back)
    switch.refresh_from_db()
    assert system.serving() == "primary"
    assert system.calls == PLANNED
    assert (back.state, switch.state) == ("done", "reverted")


@pytest.mark.req("RTO-01")
def test_out_of_an_outage_and_back_moves_outage_and_clocks_by_evidence(outage: Outage, system: FakeSystem, lead: Actor) -> None:
    on_standby(outage, lead)
    outage.refresh_from_db()
    assert outage.state == "on_standby"
    views = {view.clock.kind: view.clock for view in selectors.clocks_of(outage)}
    assert (views["switchover"].state, views["recovery"].state) == ("met", "running")
    assert views["switchover"].evidence["business_check"]["read_back"] is True

    with pytest.raises(NotReadyToSwitchBack, match="business normal"):
        services.switch_back(public_id=outage.public_id, version=None, actor=lead)
    services.business_normal_record(public_id=outage.public_id, version=None, actor=lead)
    with pytest.raises(NotReadyToSwitchBack, match="repair"):
        services.switch_back(public_id=outage.public_id, version=None, actor=lead)
    services.repair_record(public_id=outage.public_id, version=None, actor=lead, what="version 2 mended")

    back = run(services.switch_back(public_id=outage.public_id, version=None, actor=lead))
    outage.refresh_from_db()
    assert (back.state, outage.state) == ("done", "back_on_primary")
    assert [view.clock.state for view in selectors.clocks_of(outage)] == ["met", "met", "met"]
    third = selectors.clocks_of(outage)[2].clock
    assert third.evidence["replication_caught_up"] is not None
    assert "proved" not in str(third.evidence)
    assert names_of(outage) == ["outage_opened", "outage_moved", "outage_moved", "business_normal", "repaired", "outage_moved", "outage_moved"]


def test_a_dead_primary_is_left_by_the_emergency_way_and_rebuilt_before_the_way_back(outage: Outage, system: FakeSystem, lead: Actor) -> None:
    system.alive["primary"] = False
    look()
    over = on_standby(outage, lead)
    assert (over.mode, over.state) == ("emergency", "done")
    assert system.calls == EMERGENCY
    ready_for_back(outage, lead)
    system.calls.clear()
    back = run(services.switch_back(public_id=outage.public_id, version=None, actor=lead))
    assert back.state == "done"
    assert system.calls == ["rebuild", *PLANNED]


def test_an_order_out_of_a_major_or_ungraded_outage_waits_for_another_person(
    part: Part, lead: Actor, second_lead: Actor, engineer: Actor, stranger: Actor
) -> None:
    outage = services.outage_open(part=part, failing_since=clock.now(), actor=SYSTEM)
    switch = services.switch_over(public_id=outage.public_id, version=1, actor=lead)
    assert (switch.state, switch.needs_second) == ("ordered", True)
    assert services.switch_run() == 0
    with pytest.raises(SecondMustDiffer):
        services.switch_approve(public_id=switch.public_id, version=1, actor=lead)
    for nobody in (engineer, stranger):
        with pytest.raises(NotPermitted):
            services.switch_approve(public_id=switch.public_id, version=1, actor=nobody)
    services.switch_approve(public_id=switch.public_id, version=1, actor=second_lead)
    assert run(switch).state == "done"


def test_an_engineers_order_always_waits_for_a_lead(outage: Outage, engineer: Actor, lead: Actor) -> None:
    assert outage.needs_second is False
    switch = services.switch_over(public_id=outage.public_id, version=1, actor=engineer)
    assert (switch.state, switch.needs_second) == ("ordered", True)
    services.switch_approve(public_id=switch.public_id, version=1, actor=lead)
    assert run(switch).state == "done"


def test_who_may_not_order(outage: Outage, auditor: Actor, stranger: Actor, part: Part) -> None:
    for nobody in (auditor, stranger):
        with pytest.raises(NotPermitted):
            services.switch_over(public_id=outage.public_id, version=1, actor=nobody)
        with pytest.raises(NotPermitted):
            services.switch_order(actor=nobody, part=part, direction="over")
    assert not Switch.objects.exists()


def test_business_may_only_propose(outage: Outage, lead: Actor) -> None:
    from tests.incidents.switchover.conftest import person

    business = person("business", "business_ops")
    proposal = proposals.perform("incidents.switch_over", actor=business, public_id=outage.public_id, version=1)
    assert isinstance(proposal, Proposal)
    switch = proposals.proposal_accept(public_id=proposal.public_id, version=1, actor=lead)
    assert isinstance(switch, Switch)
    assert switch.ordered_by_id == lead.user_id


def test_one_switch_at_a_time_and_the_version_seen_counts(outage: Outage, lead: Actor, second_lead: Actor) -> None:
    with pytest.raises(Stale):
        services.switch_over(public_id=outage.public_id, version=9, actor=lead)
    first = services.switch_over(public_id=outage.public_id, version=1, actor=lead)
    with pytest.raises(SwitchAlreadyActive) as refused:
        services.switch_order(actor=second_lead, part="orders", direction="over")
    assert refused.value.params["number"] == first.number
    assert refused.value.http_status == 409


def test_a_refused_step_is_taken_back_in_reverse_and_business_stays(outage: Outage, system: FakeSystem, lead: Actor) -> None:
    system.refuse["compare_quick"] = 409
    switch = on_standby(outage, lead)
    outage.refresh_from_db()
    assert system.calls == ["close_gate", "fence", "catch_up", "compare_quick", "unfence", "reopen_gate"]
    assert (switch.state, outage.state, system.serving()) == ("reverted", "failing", "primary")
    assert switch.settled_at is not None
    assert switch.failure == "step_failed"
    assert "compare_quick" in switch.failure_detail
    assert states(switch) == {
        "close_gate": "undone", "fence": "undone", "catch_up": "done", "compare_quick": "failed", "reverse": "skipped", "grant": "skipped",
        "open_gate": "skipped", "verify_traffic": "skipped", "verify_probes": "skipped", "verify_business": "skipped",
    }  # fmt: skip
    system.refuse.clear()
    assert on_standby(outage, lead).state == "done"


def test_what_was_surely_not_done_is_not_taken_back(outage: Outage, system: FakeSystem, lead: Actor) -> None:
    system.refuse["close_gate"] = 409
    on_standby(outage, lead)
    assert system.calls == ["close_gate"]


def test_no_answer_is_tried_again_and_then_taken_back_as_if_done(part: Part, system: FakeSystem, lead: Actor) -> None:
    system.refuse["fence"] = 500
    switch = run(services.switch_order(actor=lead, part=part, direction="over"))
    for _turn in range(3):
        run(switch)
    assert system.calls == ["close_gate", "fence", "fence", "unfence", "reopen_gate"]
    assert switch.state == "reverted"
    assert system.serving() == "primary"


def test_an_old_side_that_dies_on_the_way_does_not_stop_a_switch_out_of_an_outage(outage: Outage, system: FakeSystem, lead: Actor) -> None:
    system.die_at["catch_up"] = "primary"
    switch = on_standby(outage, lead)
    assert system.calls == ["close_gate", "fence", "catch_up", *EMERGENCY]
    assert (switch.state, switch.mode) == ("done", "emergency")
    assert "switch_turned_emergency" in names_of(switch)


def test_without_an_outage_it_does_and_nothing_is_cut_loose(part: Part, system: FakeSystem, lead: Actor) -> None:
    system.die_at["fence"] = "primary"
    switch = run(services.switch_order(actor=lead, part=part, direction="over"))
    assert "detach_subscription" not in system.calls
    assert switch.failure == "step_failed"
    for _turn in range(12):
        run(switch)
    assert (switch.state, switch.instruction) == ("failed", "undo_by_hand")
    assert switch.settled_at is not None
    assert selectors.switch_active(part) is None


def test_a_gate_without_answer_is_taken_out_of_the_gateway_in_an_outage(outage: Outage, system: FakeSystem, lead: Actor) -> None:
    system.refuse["close_gate"] = 503
    system.gate["primary"] = False  # it hangs: takes no order, answers nobody
    switch = services.switch_over(public_id=outage.public_id, version=1, actor=lead)
    run(switch)
    run(switch)
    assert system.calls == ["close_gate", "close_gate", "move_gateway", *PLANNED[1:]]
    assert (switch.state, system.moved_to) == ("done", "standby")
    system.calls.clear()
    system.refuse.clear()
    ready_for_back(outage, lead)
    run(services.switch_back(public_id=outage.public_id, version=None, actor=lead))
    assert system.calls == ["restore_gateway", *PLANNED]


def test_past_the_point_of_no_return_there_is_only_forward(outage: Outage, system: FakeSystem, lead: Actor) -> None:
    system.refuse["open_gate"] = 504
    switch = services.switch_over(public_id=outage.public_id, version=1, actor=lead)
    run(switch)
    with pytest.raises(PastPointOfNoReturn):
        services.switch_abort(public_id=switch.public_id, version=None, actor=lead)
    system.refuse.clear()
    assert run(switch).state == "done"
    assert switch.steps.get(name="open_gate").attempts == 2


def test_stuck_past_the_point_of_no_return_is_left_to_people_and_may_be_ordered_again(
    outage: Outage, system: FakeSystem, lead: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "TRIES_PAST_RETURN", 3)
    system.refuse["open_gate"] = 504
    switch = services.switch_over(public_id=outage.public_id, version=1, actor=lead)
    for _turn in range(4):
        run(switch)
    outage.refresh_from_db()
    assert (switch.state, switch.instruction, outage.state) == ("failed", "finish_by_hand", "failing")
    assert "unfence" not in system.calls
    system.refuse.clear()
    look()
    assert on_standby(outage, lead).state == "done"


def test_unproved_business_is_not_called_done_and_the_next_order_only_verifies(
    outage: Outage, system: FakeSystem, lead: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "VERIFY_FOR", timedelta(0))
    system.business_fails = True
    monkeypatch.setattr("incidents.switchover.services.verification.BUDGET_S", 0.1)
    from incidents.switchover.models import SwitchStep

    switch = services.switch_over(public_id=outage.public_id, version=1, actor=lead)
    SwitchStep.objects.filter(name="verify_business").update(limit=timedelta(seconds=1.1))
    run(switch)
    outage.refresh_from_db()
    assert (switch.state, switch.failure, outage.state) == ("failed", "not_verified", "failing")
    assert selectors.clocks_of(outage)[0].clock.state == "running"
    system.business_fails = False
    system.calls.clear()
    again = services.switch_over(public_id=outage.public_id, version=None, actor=lead)
    assert again.mode == "verify"
    assert run(again).state == "done"
    assert system.calls == []
    assert selectors.clocks_of(outage)[0].clock.state == "met"


def test_stopping_before_it_began_takes_it_back_at_once(outage: Outage, system: FakeSystem, lead: Actor, engineer: Actor) -> None:
    switch = services.switch_over(public_id=outage.public_id, version=1, actor=lead)
    services.switch_abort(public_id=switch.public_id, version=switch.version, actor=engineer, reason="wrong part")
    assert services.switch_run() == 0
    switch.refresh_from_db()
    assert switch.state == "reverted"
    assert set(states(switch).values()) == {"skipped"}
    assert system.calls == []
    with pytest.raises(InvalidTransition):
        services.switch_abort(public_id=switch.public_id, version=None, actor=lead)


def test_stopping_on_the_way_takes_the_steps_back(outage: Outage, system: FakeSystem, lead: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    switch = services.switch_over(public_id=outage.public_id, version=1, actor=lead)
    act = running._act

    def act_and_stop(work: running.Work) -> running.Report:
        report = act(work)
        if work.name == "catch_up":
            services.switch_abort(public_id=switch.public_id, version=None, actor=lead, reason="the primary came back")
        return report

    monkeypatch.setattr(running, "_act", act_and_stop)
    run(switch)
    outage.refresh_from_db()
    assert system.calls == ["close_gate", "fence", "catch_up", "unfence", "reopen_gate"]
    assert (switch.state, switch.failure, outage.state) == ("reverted", "aborted", "failing")


def test_repaired_in_place_is_refused_while_a_switch_is_under_way(outage: Outage, lead: Actor) -> None:
    services.switch_over(public_id=outage.public_id, version=1, actor=lead)
    with pytest.raises(Exception, match="stop it first"):
        services.repaired_in_place(public_id=outage.public_id, version=None, actor=lead, override=True, reason="seen")


def test_a_gateway_that_is_not_seen_refuses_the_order(outage: Outage, part: Part, lead: Actor, control: Any) -> None:
    part.gateway.secret_file = "/nonexistent/lab.json"
    part.gateway.save()
    look()
    with pytest.raises(NothingToSwitch):
        services.switch_over(public_id=outage.public_id, version=1, actor=lead)


def test_a_dead_standby_refuses_the_order(outage: Outage, system: FakeSystem, lead: Actor) -> None:
    system.alive["standby"] = False
    look()
    with pytest.raises(NothingToSwitch, match="lives and can take over"):
        services.switch_over(public_id=outage.public_id, version=1, actor=lead)


def test_an_emergency_back_meets_no_clock_because_nothing_shows_lag_0(outage: Outage, system: FakeSystem, lead: Actor) -> None:
    on_standby(outage, lead)
    ready_for_back(outage, lead)
    system.alive["standby"] = False
    look()
    back = run(services.switch_back(public_id=outage.public_id, version=None, actor=lead))
    assert (back.mode, back.state) == ("emergency", "done")
    assert selectors.clocks_of(outage)[2].clock.state == "cancelled"


@pytest.mark.req("SWO-04")
def test_the_dry_run_looks_changes_nothing_and_is_kept(part: Part, system: FakeSystem, engineer: Actor, auditor: Actor) -> None:
    with pytest.raises(NotPermitted):
        services.switch_dry_run(public_id=part.public_id, actor=auditor)
    row = services.switch_dry_run(public_id=part.public_id, actor=engineer)
    assert row.is_ok is True
    assert system.calls == []
    system.alive["standby"] = False
    look()
    row = services.switch_dry_run(public_id=part.public_id, actor=engineer, direction="over")
    assert row.is_ok is False
    assert {check["code"] for check in row.evidence["checks"] if not check["ok"]} == {"target_alive", "target_ready", "replication_streaming"}
    assert Entry.objects.filter(name="incidents.switch_dry_run_made.v1").count() == 2


def test_the_preview_says_exactly_what_will_be_done_and_how_long_it_takes(outage: Outage, part: Part, lead: Actor) -> None:
    preview = selectors.switch_preview(part, "over")
    assert (preview.mode, preview.traffic_now, preview.traffic_after, preview.needs_second) == ("planned", "primary", "standby", False)
    assert preview.may_turn_emergency is True
    assert preview.expected_s is None
    assert preview.refusal is None
    switch = services.switch_over(public_id=outage.public_id, version=1, actor=lead)
    assert [step.effect for step in preview.steps] == [step.effect_en for step in switch.steps.order_by("order")]
    assert "Primary" in preview.steps[0].effect
    assert [step.point_of_no_return for step in preview.steps].index(True) == 5
    run(switch)
    ready = selectors.readiness(part)
    assert ready.last_switch == switch
    after = selectors.switch_preview(part, "over")
    assert after.mode == "verify"
    assert after.expected_s is None


def test_durations_of_earlier_runs_make_the_expected_seconds(part: Part, lead: Actor) -> None:
    run(services.switch_order(actor=lead, part=part, direction="over"))
    run(services.switch_order(actor=lead, part=part, direction="back"))
    preview = selectors.switch_preview(part, "over")
    assert preview.expected_s is not None
    assert 0 < preview.expected_s < 10


def test_business_checks_are_made_during_an_outage_every_ten_seconds(outage: Outage, part: Part, system: FakeSystem, windable: None) -> None:
    assert services.business_checks_run() == 1
    assert services.business_checks_run() == 0
    clock.wind(timedelta(seconds=11))
    assert services.oldest_unchecked() is not None
    assert services.business_checks_run() == 1
    assert services.oldest_unchecked() is None
    assert PartCheck.objects.filter(part=part, is_ok=True).count() == 2
    assert len(system.orders) == 2
