"""What people do with alerts, silences and sources; flapping; the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from contingency.catalog.models import Matcher, Part, RoutingStamp
from kernel import clock, moves, records
from kernel.actors import SYSTEM
from kernel.errors import InvalidTransition, NotPermitted, ReasonRequired, Stale
from kernel.models import Entry
from monitoring.alerts import events, selectors
from monitoring.alerts.errors import KeysInForce, NameTaken, SilenceTooLong
from monitoring.alerts.models import Alert, Silence, Source, SourceKey
from monitoring.alerts.services.alerts import alert_acknowledge, alert_resolve, alerts_announce
from monitoring.alerts.services.silences import silence_create, silence_end, silences_expire
from monitoring.alerts.services.sources import source_create, source_key_issue, source_key_revoke, source_route
from tests.monitoring.conftest import Tool, alert, group, names_of, person

pytestmark = pytest.mark.django_db
Make = Callable[..., Tool]
ENGINEER, LEAD, AUDITOR, STRANGER = person("ops_engineer"), person("team_lead", name="lead", user_id=2), person("auditor"), person()
ELSEWHERE = person("ops_engineer", path="/business/", name="elsewhere", user_id=9)


# -- alerts ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.req("MON-04")
def test_an_alert_is_acknowledged_and_ended_by_hand_with_a_reason(tool: Make, part: Part) -> None:
    am = tool("alertmanager")
    am.post(group(alert()))
    (stored,) = am.alerts()
    for actor in (AUDITOR, STRANGER, ELSEWHERE):
        with pytest.raises(NotPermitted):
            alert_acknowledge(public_id=stored.public_id, version=1, actor=actor)
    seen = alert_acknowledge(public_id=stored.public_id, version=1, actor=ENGINEER)
    assert (seen.state, seen.version) == ("acknowledged", 2)
    with pytest.raises(Stale):
        alert_resolve(public_id=stored.public_id, version=1, actor=ENGINEER, reason="x")
    with pytest.raises(InvalidTransition):
        alert_acknowledge(public_id=stored.public_id, version=2, actor=ENGINEER)
    with pytest.raises(ReasonRequired):
        alert_resolve(public_id=stored.public_id, version=2, actor=ENGINEER)
    ended = alert_resolve(public_id=stored.public_id, version=2, actor=ENGINEER, reason="the sensor is gone")
    assert (ended.state, ended.resolved_by) == ("resolved", "person")
    am.post(group(alert()))
    stored.refresh_from_db()
    assert (stored.state, stored.times_seen) == ("resolved", 2), "the person's word stands until a new start"
    am.post(group(alert(starts="2026-11-20T12:00:00Z")))
    assert am.alerts()[-1].state == "firing"
    assert names_of() == ["alert_raised", "alert_acknowledged", "alert_resolved", "alert_raised"]


# -- silences -------------------------------------------------------------------------------------------------------------------


@pytest.mark.req("MON-02")
def test_a_silenced_alert_is_stored_but_opens_nothing_until_the_silence_ends(tool: Make, part: Part) -> None:
    am = tool("alertmanager")
    silence = silence_create(actor=ENGINEER, reason="planned work", part=part.public_id, ends_at=clock.now() + timedelta(hours=1))
    am.post(group(alert()))
    (stored,) = am.alerts()
    assert (stored.state, stored.opens_incident) == ("firing", False)
    assert selectors.silences_over([stored], clock.now()) == {stored.pk: silence}
    clock.wind(timedelta(minutes=61))
    assert silences_expire() == 1
    stored.refresh_from_db()
    assert stored.opens_incident
    assert [entry.payload["opens_incident"] for entry in Entry.objects.filter(name="monitoring.alert_raised.v1").order_by("id")] == [False, True]
    assert Entry.objects.get(name="monitoring.silence_ended.v1").payload["announced"] == 1
    assert silences_expire() == 0
    am.post(group(alert("e" * 16)))
    assert am.alerts()[-1].opens_incident


@pytest.mark.req("MON-02")
def test_a_silence_by_labels_covers_only_what_has_all_of_them(tool: Make, part: Part) -> None:
    am = tool("alertmanager")
    silence = silence_create(actor=LEAD, reason="noise", matchers={"shop": "7", "service": "orders"}, ends_at=clock.now() + timedelta(hours=20))
    am.post(group(alert("a" * 16, shop="7"), alert("b" * 16, shop="8"), alert("c" * 16, shop="7", service="stock")))
    assert {stored.dedup_key[0]: stored.opens_incident for stored in am.alerts()} == {"a": False, "b": True, "c": False}
    silence_end(public_id=silence.public_id, version=silence.version, actor=LEAD)
    assert {stored.dedup_key[0]: stored.opens_incident for stored in am.alerts()} == {"a": True, "b": True, "c": False}, "c is nobody's part"


@pytest.mark.req("MON-02")
def test_silences_are_bounded_by_role_and_need_a_reason(part: Part) -> None:
    later = clock.now() + timedelta(hours=3)
    with pytest.raises(SilenceTooLong):
        silence_create(actor=ENGINEER, reason="x", part=part.public_id, ends_at=later)
    assert silence_create(actor=LEAD, reason="x", part=part.public_id, ends_at=later).state == "in_force"
    with pytest.raises(SilenceTooLong):
        silence_create(actor=LEAD, reason="x", part=part.public_id, ends_at=clock.now() + timedelta(hours=25))
    with pytest.raises(ReasonRequired):
        silence_create(actor=LEAD, reason=" ", part=part.public_id, ends_at=later)
    for actor in (AUDITOR, STRANGER, ELSEWHERE):
        with pytest.raises(NotPermitted):
            silence_create(actor=actor, reason="x", part=part.public_id, ends_at=later)
    assert Silence.objects.count() == 1


# -- flapping -------------------------------------------------------------------------------------------------------------------


def _trigger(pd: Tool) -> dict[str, object]:
    payload = {"summary": "Link", "source": "s", "severity": "critical"}
    return {"routing_key": pd.key, "event_action": "trigger", "dedup_key": "k", "payload": payload}


@pytest.mark.req("MON-04")
def test_a_flapping_alert_is_marked_and_does_not_churn(tool: Make, part: Part) -> None:
    """T10 in small: sixty turns of ten seconds are sixty episodes, and no sixty entries."""
    pd = tool("pagerduty", part=part)
    trigger = {
        "routing_key": pd.key,
        "event_action": "trigger",
        "dedup_key": "k",
        "payload": {"summary": "Link", "source": "s", "severity": "critical"},
    }
    for _turn in range(60):
        assert pd.post(trigger).status_code == 202
        clock.wind(timedelta(seconds=5))
        alerts_announce()
        assert pd.post({"routing_key": pd.key, "event_action": "resolve", "dedup_key": "k"}).status_code == 202
        clock.wind(timedelta(seconds=5))
    stored = pd.alerts()
    assert len(stored) == 60
    assert not stored[3].is_flapping
    assert stored[-1].is_flapping
    names = names_of()
    assert names.count("alert_flapping") == 1
    assert names.count("alert_raised") <= 5 + 20, "at most one in 30 s once it flaps"
    assert names.count("alert_raised") >= 5 + 15, "but told again and again: an incident may have been closed meanwhile"
    assert abs(names.count("alert_raised") - names.count("alert_resolved")) <= 1


@pytest.mark.req("MON-04")
def test_a_flapping_alert_that_stays_is_announced(tool: Make, part: Part) -> None:
    pd = tool("pagerduty", part=part)
    trigger = {
        "routing_key": pd.key,
        "event_action": "trigger",
        "dedup_key": "k",
        "payload": {"summary": "Link", "source": "s", "severity": "critical"},
    }
    for _turn in range(7):
        pd.post(trigger)
        pd.post({"routing_key": pd.key, "event_action": "resolve", "dedup_key": "k"})
    pd.post(trigger)
    told = names_of().count("alert_raised")
    assert alerts_announce() == 0
    clock.wind(timedelta(seconds=31))
    assert alerts_announce() == 1
    assert names_of().count("alert_raised") == told + 1
    assert alerts_announce() == 0


# -- sources --------------------------------------------------------------------------------------------------------------------


@pytest.mark.req("MON-06")
def test_keys_are_kept_as_digests_and_two_may_be_in_force(tool: Make, part: Part) -> None:
    am = tool("alertmanager")
    assert len(am.key) == 32
    assert not any(am.key in str(values) for values in [*SourceKey.objects.values_list(), *Entry.objects.values_list()])
    changed = source_key_issue(public_id=am.source.public_id, version=1, actor=LEAD)
    second = changed.issued_key  # type: ignore[attr-defined]
    for key in (am.key, second):
        assert am.post(group(alert()), f"/in/alertmanager/{key}").status_code == 200
    with pytest.raises(KeysInForce):
        source_key_issue(public_id=am.source.public_id, version=2, actor=LEAD)
    source_key_revoke(public_id=am.source.public_id, version=2, actor=LEAD, hint=am.key[:4])
    assert am.post(group(alert())).status_code == 404, "revoked a moment ago"
    assert am.post(group(alert()), f"/in/alertmanager/{second}").status_code == 200
    for actor in (ENGINEER, AUDITOR, STRANGER):
        with pytest.raises(NotPermitted):
            source_key_issue(public_id=am.source.public_id, version=3, actor=actor)


@pytest.mark.req("MON-06")
def test_a_changed_route_or_matcher_is_obeyed_by_the_next_alert(tool: Make, part: Part) -> None:
    am = tool("alertmanager")
    am.post(group(alert("a" * 16, service="stock")))
    assert am.alerts()[-1].part is None
    source_route(public_id=am.source.public_id, version=1, actor=LEAD, part=part.public_id, fault_class="data")
    am.post(group(alert("b" * 16, service="stock")))
    assert (am.alerts()[-1].part, am.alerts()[-1].fault_class) == (part, "data")
    Matcher.objects.create(part=part, label="service", value="stock", fault_class="business", severities=["critical"], order=1)
    stamp, _made = RoutingStamp.objects.get_or_create(id=1)  # as the catalogue does when it changes a part
    RoutingStamp.objects.filter(pk=stamp.pk).update(number=stamp.number + 1)
    am.post(group(alert("c" * 16, service="stock")))
    assert am.alerts()[-1].fault_class == "business"


def test_the_command_line_makes_sources_and_lists_alerts(tool: Make, part: Part, settings: object) -> None:
    out = StringIO()
    call_command("source_create", "--kind", "prometheus", "--name", "Prometheus A", "--part", part.slug, stdout=out)
    made = json.loads(out.getvalue())
    assert set(made) == {"id", "key", "url"}
    assert made["url"].startswith("http")
    assert made["url"].endswith(f"/in/prometheus/{made['key']}")
    with pytest.raises(CommandError, match="already a source"):
        call_command("source_create", "--kind", "prometheus", "--name", "Prometheus A", stdout=out)
    am = tool("alertmanager")
    am.post(group(alert(), alert("b" * 16, status="resolved")))
    am.post(group(alert("c" * 16), alert("c" * 16, status="resolved")))
    out = StringIO()
    call_command("alerts", "--json", "--state", "open", stdout=out)
    (listed,) = json.loads(out.getvalue())
    assert (listed["dedup_key"], listed["state"], listed["part"], listed["count"]) == ("0123456789abcdef", "firing", part.slug, 1)
    out = StringIO()
    call_command("alerts", "--since", (clock.now() + timedelta(hours=1)).isoformat(), "--json", stdout=out)
    assert json.loads(out.getvalue()) == []


def test_a_name_is_taken_once(db: None) -> None:
    source_create(kind="generic", name="One", actor=SYSTEM)
    with pytest.raises(NameTaken):
        source_create(kind="generic", name=" One ", actor=SYSTEM)
    assert Source.objects.count() == 1


# -- what the house counts on ---------------------------------------------------------------------------------------------------


def test_payloads_written_out_by_hand_have_the_names_of_their_events(tool: Make, part: Part) -> None:
    """The intake writes its payloads without making event objects; they must not drift apart."""
    pd = tool("pagerduty", part=part)
    trigger = {
        "routing_key": pd.key,
        "event_action": "trigger",
        "dedup_key": "k",
        "payload": {"summary": "Link", "source": "s", "severity": "critical"},
    }
    for action in ("acknowledge", "resolve") * 7:
        pd.post(trigger)
        pd.post({"routing_key": pd.key, "event_action": action, "dedup_key": "k"})
    wanted = {
        event.name: {field.name for field in fields(event)}
        for event in (events.AlertRaised, events.AlertResolved, events.AlertAcknowledged, events.AlertFlapping)
    }
    found = {entry.name: set(entry.payload) for entry in Entry.objects.filter(subject_kind="alert")}
    assert found == wanted


def test_every_move_of_the_room_names_a_service_and_a_known_record() -> None:
    from django.utils.module_loading import import_string

    mine = [move for move in moves.all_moves() if move.id.startswith("monitoring.")]
    assert len(mine) >= 14
    for move in mine:
        assert callable(import_string(move.service)), move.id
        assert records.get(move.record), move.id


def test_lists_cost_the_same_however_long(tool: Make, part: Part, django_assert_num_queries: Callable[..., object]) -> None:
    am = tool("alertmanager")
    am.post(group(*(alert(f"{n:016x}") for n in range(30))))
    with django_assert_num_queries(1):  # type: ignore[attr-defined]
        assert len([selectors.alert_output(row) for row in selectors.alert_list(LEAD, state="open")]) == 30
    assert list(selectors.alert_list(ELSEWHERE)) == []
    assert Alert.objects.count() == 30
