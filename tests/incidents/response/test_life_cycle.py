"""The way from the first sign to the closed report, its guards, and the ways out and back."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from incidents.response import services
from incidents.response.errors import (
    AnotherIsOpen,
    CommanderMissing,
    EndConditionsMissing,
    GradeMissing,
    GradeNotHigher,
    GradeNotLower,
    OutageInTheWay,
    OutageStillOpen,
    ReportMissing,
)
from incidents.response.models import Incident, IncidentRole
from incidents.response.models.states import CHANGES, State
from incidents.response.selectors.guards import guard_handle
from kernel import clock
from kernel.errors import InvalidTransition, NotPermitted, ReasonRequired, Stale
from tests.incidents.response.world import World, entries, fresh, names

pytestmark = pytest.mark.django_db


def at(incident: Incident) -> dict[str, Any]:
    """What a person who saw it sends back."""
    return {"public_id": incident.public_id, "version": incident.version}


@pytest.mark.req("INC-01")
def test_an_incident_goes_all_the_way_and_every_step_says_who_and_when(world: World) -> None:
    lena = world.actor("lena")
    incident = world.opened()
    incident = services.incident_confirm(**at(incident), actor=lena, grade="general", stops_business="no")
    incident = services.incident_locate(**at(incident), actor=lena, finding="a wrong setting")
    incident = services.incident_handle(**at(incident), actor=lena)
    incident = services.incident_verify(**at(incident), actor=lena)
    incident = world.shown(incident)
    incident = services.incident_resolve(**at(incident), actor=lena)
    incident = services.incident_review(**at(incident), actor=lena)
    incident = services.incident_close(**at(incident), actor=lena, report_summary="A wrong setting; the check is automatic now.")
    incident = fresh(incident)
    assert incident.state == "closed"
    moments = [
        getattr(incident, f"{word}_at") for word in ("discovered", "confirmed", "located", "handling", "verifying", "resolved", "reviewed", "closed")
    ]
    assert moments == sorted(moments)
    told = [name.split(".")[1] for name in names(incident)]
    way = [
        "incident_opened",
        "incident_confirmed",
        "incident_located",
        "handling_started",
        "verifying_started",
        "incident_resolved",
        "review_started",
    ]
    assert [name for name in told if name in way] == way
    assert told[-1] == "incident_closed"
    assert {entry.actor_label for entry in entries(incident, "incidents.incident_resolved.v1")} == {"Lena"}


def test_handling_may_start_without_locating_which_is_then_recorded_meanwhile(world: World) -> None:
    incident = world.handling()
    assert incident.located_at is None
    incident = services.incident_locate(**at(incident), actor=world.actor("olga"), finding="the database", fault_kind="database")
    assert (incident.state, incident.finding, incident.fault_kind.slug) == ("handling", "the database", "database")
    assert incident.located_at is not None


@pytest.mark.req("INC-02")
def test_confirming_as_major_needs_a_reason(world: World) -> None:
    incident = world.opened()
    with pytest.raises(ReasonRequired):
        services.incident_confirm(**at(incident), actor=world.actor("lena"), grade="major", stops_business="no")
    assert fresh(incident).state == "discovered"
    assert not entries(incident, "incidents.incident_confirmed.v1")


@pytest.mark.req("INC-02")
def test_an_engineer_confirms_but_major_is_for_those_who_may_declare_it(world: World) -> None:
    incident = world.opened()
    with pytest.raises(NotPermitted):
        services.incident_confirm(**at(incident), actor=world.actor("olga"), grade="major", reason="all down")
    incident = services.incident_confirm(**at(incident), actor=world.actor("olga"), grade="severe", stops_business="no")
    with pytest.raises(NotPermitted):
        services.declare_major(**at(incident), actor=world.actor("olga"), reason="all down")
    assert services.declare_major(**at(incident), actor=world.actor("lena"), reason="all down").grade == "major"


@pytest.mark.req("INC-01")
def test_nobody_handles_what_nobody_commands(world: World) -> None:
    incident = world.confirmed()
    incident.roles.filter(role="commander").update(ended_at=clock.now())
    with pytest.raises(CommanderMissing):
        services.incident_handle(**at(incident), actor=world.actor("lena"))
    assert fresh(incident).state == "confirmed"


@pytest.mark.req("INC-01")
def test_nobody_handles_what_nobody_graded() -> None:
    with pytest.raises(GradeMissing):  # the database refuses such a row, so there is none to try it on
        guard_handle(Incident(state="confirmed", grade=""))


@pytest.mark.req("INC-07")
@pytest.mark.parametrize("left_out", ["functions", "data", "business"])
def test_the_end_needs_each_of_the_three_conditions(world: World, left_out: str) -> None:
    incident = world.verifying()
    for condition in ("functions", "data", "business"):
        if condition != left_out:
            incident = services.end_condition_check(**at(incident), actor=world.actor("lena"), condition=condition, evidence="seen", passed="yes")
    with pytest.raises(EndConditionsMissing):
        services.incident_resolve(**at(incident), actor=world.actor("lena"))
    incident = services.end_condition_check(**at(incident), actor=world.actor("lena"), condition=left_out, evidence="seen", passed="no")
    with pytest.raises(EndConditionsMissing):
        services.incident_resolve(**at(incident), actor=world.actor("lena"))
    incident = services.end_condition_override(**at(incident), actor=world.actor("lena"), condition=left_out, reason="measured by hand")
    incident = services.incident_resolve(**at(incident), actor=world.actor("lena"))
    assert entries(incident, "incidents.incident_resolved.v1")[0].payload["overridden"] == [left_out]
    assert incident.end_conditions.get(kind=left_out).outcome == "overridden"


def test_an_override_needs_a_reason(world: World) -> None:
    incident = world.verifying()
    with pytest.raises(ReasonRequired):
        services.end_condition_override(**at(incident), actor=world.actor("lena"), condition="data")


def test_business_people_speak_for_business_only(world: World) -> None:
    incident = world.verifying(grade="general")
    with pytest.raises(NotPermitted):
        services.end_condition_check(**at(incident), actor=world.actor("bea"), condition="data", evidence="looks fine", passed="yes")
    incident = services.end_condition_check(**at(incident), actor=world.actor("bea"), condition="business", evidence="orders flow", passed="yes")
    assert incident.end_conditions.get(kind="business").reported_by == "Bea"


@pytest.mark.req("INC-07")
def test_an_incident_does_not_end_while_its_outage_is_open(world: World) -> None:
    incident = world.shown(world.verifying(stops_business="yes"))
    with pytest.raises(OutageStillOpen):
        services.incident_resolve(**at(incident), actor=world.actor("lena"))


@pytest.mark.req("INC-01")
def test_a_grave_incident_closes_only_with_the_report_that_the_room_of_reports_approved(world: World) -> None:
    incident = world.in_review(grade="severe")
    with pytest.raises(ReportMissing):
        services.incident_close(**at(incident), actor=world.actor("lena"), report_summary="It broke.")
    incident = services.report_accepted(incident=incident, report="RPT-2026-0001", actor=world.actor("dora"))
    assert services.incident_close(**at(incident), actor=world.actor("lena")).state == "closed"


def test_a_general_incident_closes_with_its_short_report_and_not_without(world: World) -> None:
    incident = world.in_review(grade="general")
    with pytest.raises(ReportMissing):
        services.incident_close(**at(incident), actor=world.actor("lena"))
    incident = services.incident_close(**at(incident), actor=world.actor("lena"), report_summary="A slip.")
    assert (incident.state, incident.report_summary) == ("closed", "A slip.")


@pytest.mark.req("INC-01")
def test_a_false_alarm_needs_a_reason_and_calls_off_an_outage_that_only_fails(world: World) -> None:
    incident = world.confirmed(stops_business="yes")
    with pytest.raises(ReasonRequired):
        services.incident_false_alarm(**at(incident), actor=world.actor("lena"))
    incident = services.incident_false_alarm(**at(incident), actor=world.actor("lena"), reason="maintenance")
    assert (incident.state, fresh(incident).outage.state) == ("false_alarm", "called_off")


def test_it_is_no_false_alarm_once_traffic_has_moved(world: World) -> None:
    incident = world.confirmed(stops_business="yes")
    outage = incident.outage
    outage.start_switching()
    outage.save()
    with pytest.raises(OutageInTheWay):
        services.incident_false_alarm(**at(incident), actor=world.actor("lena"), reason="maintenance")


@pytest.mark.req("INC-01")
def test_reopening_begins_a_new_round_in_which_nothing_is_shown_yet(world: World) -> None:
    incident = world.resolved()
    with pytest.raises(ReasonRequired):
        services.incident_reopen(**at(incident), actor=world.actor("lena"))
    incident = services.incident_reopen(**at(incident), actor=world.actor("lena"), reason="it is back")
    assert (incident.state, incident.round, incident.resolved_at) == ("handling", 2, None)
    assert incident.update_due_at is not None
    incident = services.incident_verify(**at(incident), actor=world.actor("lena"))
    with pytest.raises(EndConditionsMissing):
        services.incident_resolve(**at(incident), actor=world.actor("lena"))


@pytest.mark.req("INC-01")
def test_reopening_is_refused_while_another_is_open_for_that_part_and_class(world: World) -> None:
    incident = world.resolved()
    other = world.opened()
    with pytest.raises(AnotherIsOpen) as refused:
        services.incident_reopen(**at(incident), actor=world.actor("lena"), reason="it is back")
    assert refused.value.params["number"] == other.number
    assert refused.value.http_status == 409


def test_one_in_review_does_not_swallow_the_next_failure(world: World) -> None:
    reviewed = world.in_review()
    alert = world.alert()
    world.hear(alert)
    other = Incident.objects.get(state="discovered")
    assert other.pk != reviewed.pk
    with pytest.raises(InvalidTransition):
        services.incident_reopen(**at(fresh(reviewed)), actor=world.actor("lena"), reason="again")


def test_reporting_what_is_open_already_points_to_it(world: World) -> None:
    incident = world.opened()
    with pytest.raises(AnotherIsOpen) as refused:
        world.opened()
    assert refused.value.params["number"] == incident.number


@pytest.mark.req("INC-02")
def test_raising_means_higher_and_lowering_means_lower(world: World) -> None:
    incident = world.confirmed(grade="severe")
    with pytest.raises(GradeNotHigher):
        services.grade_raise(**at(incident), actor=world.actor("lena"), grade="severe")
    with pytest.raises(GradeNotLower):
        services.grade_lower(**at(incident), actor=world.actor("lena"), grade="severe", reason="less")
    with pytest.raises(ReasonRequired):
        services.grade_lower(**at(incident), actor=world.actor("lena"), grade="general")
    incident = services.grade_lower(**at(incident), actor=world.actor("lena"), grade="general", reason="one function only")
    assert (incident.grade, incident.update_every.total_seconds()) == ("general", 3600)


def test_whoever_saw_an_older_version_is_told(world: World) -> None:
    incident = world.confirmed()
    services.incident_handle(**at(incident), actor=world.actor("lena"))
    with pytest.raises(Stale):
        services.incident_locate(public_id=incident.public_id, version=incident.version, actor=world.actor("olga"), finding="x")


ILLEGAL = [
    (State.DISCOVERED, "incident_handle"),
    (State.DISCOVERED, "incident_verify"),
    (State.CONFIRMED, "incident_verify"),
    (State.HANDLING, "incident_resolve"),
    (State.HANDLING, "incident_handle"),
    (State.VERIFYING, "incident_review"),
    (State.RESOLVED, "incident_resolve"),
    (State.RESOLVED, "incident_close"),
    (State.IN_REVIEW, "incident_review"),
    (State.CLOSED, "incident_review"),
    (State.FALSE_ALARM, "incident_handle"),
    (State.MERGED, "incident_handle"),
]


@pytest.mark.parametrize("state, service", ILLEGAL)
def test_what_a_state_does_not_allow_is_refused_in_words(world: World, state: str, service: str) -> None:
    incident = world.in_state(state)
    with pytest.raises(InvalidTransition) as refused:
        getattr(services, service)(**at(incident), actor=world.actor("lena"))
    assert refused.value.http_status == 409
    assert fresh(incident).state == state


def test_the_database_refuses_every_change_that_is_no_move(world: World) -> None:
    incident = world.opened()
    for target in State:
        if (State.DISCOVERED, target) in CHANGES or target in (State.DISCOVERED, State.MERGED):
            continue
        with pytest.raises((DatabaseError, IntegrityError)), transaction.atomic():
            Incident.objects.filter(pk=incident.pk).update(state=target)


@pytest.mark.parametrize(
    "change",
    [
        {"state": "confirmed"},
        {"grade": "huge"},
        {"proposed_grade": ""},
        {"fault_class": "magic"},
        {"state_before_merge": "handling"},
        {"state": "merged", "state_before_merge": "discovered"},
    ],
)
def test_the_database_refuses_what_must_never_be_true(world: World, change: dict[str, str]) -> None:
    incident = world.opened()
    with pytest.raises(IntegrityError), transaction.atomic():
        Incident.objects.filter(pk=incident.pk).update(**change)


def test_the_database_lets_one_person_hold_a_role_at_a_time(world: World) -> None:
    incident = world.confirmed()
    with pytest.raises(IntegrityError), transaction.atomic():
        IncidentRole.objects.create(incident=incident, role="commander", user=world.users["olga"], assigned_at=clock.now())
