"""Recovery clocks: from the failure, from the switch, from the repair; stopped by evidence, never by a click (RTO-01)."""

from datetime import timedelta
from typing import Any

import pytest

from contingency.catalog.models import Part
from contingency.plan.models import RecoveryTarget
from incidents.switchover import selectors, services
from incidents.switchover.errors import EvidenceMissing, OutageAlreadyOpen, TargetMissing
from incidents.switchover.models import Outage, PartCheck, RecoveryClock
from kernel import clock, deadlines, proposals
from kernel.actors import SYSTEM, Actor
from kernel.errors import InvalidTransition, NeedsSecondPerson, NotPermitted, ReasonRequired, Stale
from kernel.models import Deadline, Entry
from tests.incidents.switchover.conftest import make_part, names_of

pytestmark = [pytest.mark.django_db, pytest.mark.req("RTO-01")]

KIND = "recovery_clock"


def clock_of(outage: Outage, kind: str) -> RecoveryClock:
    return RecoveryClock.objects.get(outage=outage, kind=kind)


def business_check(part: Part, *, ok: bool = True, ago: timedelta = timedelta(0)) -> PartCheck:
    return PartCheck.objects.create(part=part, kind="business", at=clock.now() - ago, is_ok=ok, took_ms=20, evidence={"order_id": "o-1"})


def test_an_outage_comes_with_three_clocks_and_only_the_first_runs_from_the_failure(outage: Outage) -> None:
    views = selectors.clocks_of(outage)
    assert [(view.clock.kind, view.clock.state) for view in views] == [("switchover", "running"), ("recovery", "waiting"), ("switchback", "waiting")]
    first = views[0].clock
    assert first.started_at == outage.failing_since
    assert first.due_at == outage.failing_since + timedelta(hours=1)
    assert 3400 < (views[0].seconds_left or 0) < 3481
    armed = deadlines.armed_of(first, KIND)
    assert [(item.key, item.due_at) for item in armed] == [
        (str(percent), outage.failing_since + timedelta(hours=1) * percent / 100) for percent in (50, 80, 95, 100)
    ]
    assert names_of(outage) == ["outage_opened"]
    assert names_of(first) == ["clock_started"]


def test_editing_the_plan_moves_no_running_clock(outage: Outage) -> None:
    RecoveryTarget.objects.update(target=timedelta(minutes=1))
    assert clock_of(outage, "switchover").target == timedelta(hours=1)


def test_one_open_outage_per_part(outage: Outage, part: Part) -> None:
    with pytest.raises(OutageAlreadyOpen) as refused:
        services.outage_open(part=part, failing_since=clock.now(), actor=SYSTEM)
    assert refused.value.params["number"] == outage.number


def test_a_plan_without_a_target_is_refused_by_name(targets: None) -> None:
    RecoveryTarget.objects.filter(clock="switchback").delete()
    with pytest.raises(TargetMissing):
        services.outage_open(part=make_part("other"), failing_since=clock.now(), actor=SYSTEM)
    assert not Outage.objects.exists()


def test_thresholds_warn_and_the_last_breaches_each_once(outage: Outage, windable: None) -> None:
    first = clock_of(outage, "switchover")
    for minutes, expected in [(29, 1), (18, 1), (9, 1), (3, 1)]:
        clock.wind(timedelta(minutes=minutes))
        assert deadlines.sweep(KIND) == expected
        assert deadlines.sweep(KIND) == 0
    first.refresh_from_db()
    assert first.state == "breached"
    assert names_of(first) == ["clock_started", "clock_warned", "clock_warned", "clock_warned", "clock_breached"]
    percents = [entry.payload["percent"] for entry in Entry.objects.filter(name="incidents.clock_warned.v1").order_by("id")]
    assert percents == [50, 80, 95]


def test_a_failure_noticed_late_fires_what_is_past_at_once(part: Part) -> None:
    outage = services.outage_open(part=part, failing_since=clock.now() - timedelta(minutes=90), actor=SYSTEM)
    deadlines.sweep(KIND)
    first = clock_of(outage, "switchover")
    assert first.state == "breached"
    assert names_of(first) == ["clock_started", "clock_warned", "clock_warned", "clock_warned", "clock_breached"]
    warned = Entry.objects.filter(name="incidents.clock_warned.v1").first()
    assert warned is not None
    assert warned.after is None


def test_correcting_the_start_arms_a_new_generation_and_the_old_one_fires_into_nothing(outage: Outage, lead: Actor, windable: None) -> None:
    old = list(Deadline.objects.filter(kind=KIND, subject_id=clock_of(outage, "switchover").public_id))
    services.outage_correct_start(
        public_id=outage.public_id,
        version=1,
        actor=lead,
        failing_since=outage.failing_since - timedelta(minutes=30),
        reason="first refusal in the log",
    )
    row = clock_of(outage, "switchover")
    assert row.generation == 2
    assert {item.generation for item in deadlines.armed_of(row, KIND)} == {2}
    services.clock_deadlines_fire(old, clock.now())  # a sweep that claimed them just before
    assert names_of(row) == ["clock_started", "clock_corrected"]
    clock.wind(timedelta(minutes=1))
    deadlines.sweep(KIND)
    assert names_of(row) == ["clock_started", "clock_corrected", "clock_warned"]


def test_a_correction_judges_a_breach_again_and_keeps_its_entry(part: Part, lead: Actor) -> None:
    outage = services.outage_open(part=part, failing_since=clock.now() - timedelta(minutes=90), actor=SYSTEM)
    deadlines.sweep(KIND)
    services.outage_correct_start(
        public_id=outage.public_id, version=1, actor=lead, failing_since=outage.opened_at - timedelta(minutes=1), reason="a test alert of the night"
    )
    row = clock_of(outage, "switchover")
    assert row.state == "running"
    assert row.breached_at is None
    assert "clock_breached" in names_of(row)


def test_a_correction_needs_a_reason_a_right_and_a_past_moment(outage: Outage, lead: Actor, engineer: Actor, auditor: Actor, stranger: Actor) -> None:
    def correct(actor: Actor, **changed: Any) -> None:
        values = {"failing_since": outage.failing_since - timedelta(minutes=1), "reason": "seen in the log", "version": 1, **changed}
        services.outage_correct_start(public_id=outage.public_id, actor=actor, **values)

    with pytest.raises(ReasonRequired):
        correct(lead, reason=" ")
    for nobody in (engineer, auditor, stranger):
        with pytest.raises(NotPermitted):
            correct(nobody)
    with pytest.raises(Stale):
        correct(lead, version=7)
    with pytest.raises(Exception, match="invalid"):
        correct(lead, failing_since=clock.now() + timedelta(minutes=1))


def test_repaired_in_place_meets_two_clocks_by_a_marked_order_and_cancels_the_third(outage: Outage, part: Part, engineer: Actor) -> None:
    with pytest.raises(EvidenceMissing):
        services.repaired_in_place(public_id=outage.public_id, version=1, actor=engineer)
    check = business_check(part, ago=timedelta(seconds=5))
    services.repaired_in_place(public_id=outage.public_id, version=1, actor=engineer)
    outage.refresh_from_db()
    assert outage.state == "repaired_in_place"
    assert [view.clock.state for view in selectors.clocks_of(outage)] == ["met", "met", "cancelled"]
    first = clock_of(outage, "switchover")
    assert first.stopped_at == check.at
    assert first.evidence["business_check"]["order_id"] == "o-1"
    assert not deadlines.armed_of(first, KIND)


def test_a_failed_an_old_and_a_foreign_check_prove_nothing(outage: Outage, part: Part, engineer: Actor) -> None:
    business_check(part, ago=timedelta(minutes=3))  # from before the failure
    with pytest.raises(EvidenceMissing):
        services.repaired_in_place(public_id=outage.public_id, version=1, actor=engineer)
    business_check(part, ago=timedelta(seconds=100))
    with pytest.raises(EvidenceMissing, match="too old"):
        services.repaired_in_place(public_id=outage.public_id, version=1, actor=engineer)
    business_check(part, ok=False)
    with pytest.raises(EvidenceMissing, match="failed"):
        services.repaired_in_place(public_id=outage.public_id, version=1, actor=engineer)


def test_a_person_may_vouch_with_a_reason_and_it_counts_as_that(outage: Outage, lead: Actor, engineer: Actor) -> None:
    with pytest.raises(NotPermitted):
        services.repaired_in_place(public_id=outage.public_id, version=1, actor=engineer, override=True, reason="I saw it")
    with pytest.raises(ReasonRequired):
        services.repaired_in_place(public_id=outage.public_id, version=1, actor=lead, override=True)
    services.repaired_in_place(public_id=outage.public_id, version=1, actor=lead, override=True, reason="orders seen at the till")
    first = clock_of(outage, "switchover")
    assert first.state == "met"
    assert first.evidence["overridden"] is True
    met = Entry.objects.get(name="incidents.clock_met.v1", subject_id=str(first.public_id))
    assert met.payload["overridden"] is True


def test_evidence_after_the_due_moment_breaches_first_even_before_the_sweep_came(part: Part, lead: Actor) -> None:
    outage = services.outage_open(part=part, failing_since=clock.now() - timedelta(hours=2), actor=SYSTEM)
    business_check(part)
    services.repaired_in_place(public_id=outage.public_id, version=1, actor=lead)
    first = clock_of(outage, "switchover")
    assert first.state == "met_late"
    assert first.breached_at == first.due_at
    assert names_of(first) == ["clock_started", "clock_breached", "clock_met"]
    assert deadlines.sweep(KIND) == 0


def test_the_repair_starts_the_third_clock_from_then(outage: Outage, engineer: Actor) -> None:
    moment = clock.now() - timedelta(minutes=1)
    services.repair_record(public_id=outage.public_id, version=1, actor=engineer, what="disk replaced", repaired_at=moment)
    row = clock_of(outage, "switchback")
    assert (row.state, row.started_at, row.due_at) == ("running", moment, moment + timedelta(hours=24))
    outage.refresh_from_db()
    assert outage.repaired_evidence == {"what": "disk replaced", "said_by": "Engineer"}


def test_calling_off_cancels_all_three_and_nothing_fires_later(outage: Outage, lead: Actor, windable: None) -> None:
    services.outage_call_off(public_id=outage.public_id, version=1, actor=lead, reason="a test alert")
    assert {view.clock.state for view in selectors.clocks_of(outage)} == {"cancelled"}
    clock.wind(timedelta(hours=2))
    assert deadlines.sweep(KIND) == 0
    with pytest.raises(InvalidTransition):
        services.outage_call_off(public_id=outage.public_id, version=None, actor=lead, reason="again")


def test_a_waiver_takes_two_people_and_a_reason(outage: Outage, lead: Actor, second_lead: Actor, engineer: Actor) -> None:
    row = clock_of(outage, "switchover")
    with pytest.raises(NeedsSecondPerson):
        services.clock_waive(public_id=row.public_id, version=None, actor=lead, reason="supplier down")
    with pytest.raises(NotPermitted):
        proposals.perform("incidents.clock_waive", actor=engineer, public_id=row.public_id, version=row.version, reason="supplier down")
    with pytest.raises(ReasonRequired):
        proposals.perform("incidents.clock_waive", actor=lead, public_id=row.public_id, version=row.version)
    proposal = proposals.perform("incidents.clock_waive", actor=lead, public_id=row.public_id, version=row.version, reason="supplier down")
    row.refresh_from_db()
    assert row.state == "running"
    with pytest.raises(NotPermitted):
        proposals.proposal_accept(public_id=proposal.public_id, version=1, actor=lead)
    proposals.proposal_accept(public_id=proposal.public_id, version=1, actor=second_lead)
    row.refresh_from_db()
    assert row.state == "waived"
    assert row.evidence == {"waived_by": "Second", "proposed_by": "Lead", "reason": "supplier down"}
    assert not deadlines.armed_of(row, KIND)


def test_a_waived_clock_is_never_met(outage: Outage, part: Part, lead: Actor, second_lead: Actor) -> None:
    row = clock_of(outage, "recovery")
    proposal = proposals.perform("incidents.clock_waive", actor=lead, public_id=row.public_id, version=row.version, reason="agreed with the board")
    proposals.proposal_accept(public_id=proposal.public_id, version=1, actor=second_lead)
    business_check(part)
    services.repaired_in_place(public_id=outage.public_id, version=None, actor=lead)
    assert clock_of(outage, "recovery").state == "waived"


def test_the_commander_of_the_incident_may_act_by_that_alone(outage: Outage, stranger: Actor) -> None:
    services.outage_grade_record(outage=outage, grade="severe", commanders=[stranger.id], actor=SYSTEM)
    outage.refresh_from_db()
    assert outage.needs_second is False
    services.outage_correct_start(
        public_id=outage.public_id, version=None, actor=stranger, failing_since=outage.failing_since - timedelta(seconds=5), reason="log"
    )


@pytest.mark.parametrize("grade, expected", [("", True), ("general", False), ("severe", False), ("major", True)])
def test_major_and_ungraded_need_a_second_person(part: Part, grade: str, expected: bool) -> None:
    outage = services.outage_open(part=part, failing_since=clock.now(), actor=SYSTEM, needs_second=not expected)
    Outage.objects.filter(pk=outage.pk).update(grade="unset")
    assert services.outage_grade_record(outage=outage, grade=grade, commanders=[], actor=SYSTEM).needs_second is expected
