"""What is filed is stored once, by identity and episode, and told once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from contingency.catalog.models import Part
from kernel import clock
from kernel.models import Entry
from monitoring.alerts.models import Alert, FailedIntake, IntakeBody, OrphanResolve
from monitoring.alerts.services.alerts import alerts_expire
from tests.monitoring.conftest import Tool, alert, group, names_of

pytestmark = [pytest.mark.django_db, pytest.mark.req("MON-06")]
Make = Callable[..., Tool]


def test_a_firing_alert_becomes_one_row_and_one_entry(tool: Make, part: Part) -> None:
    am = tool("alertmanager")
    answer = am.post(group(alert()))
    assert answer.status_code == 200
    (stored,) = am.alerts()
    assert (stored.state, stored.severity, stored.times_seen, stored.part, stored.fault_class) == ("firing", "critical", 1, part, "software")
    assert stored.summary == "Orders are being refused"
    assert stored.opens_incident
    (entry,) = Entry.objects.filter(name="monitoring.alert_raised.v1")
    assert entry.payload["alert_id"] == str(stored.public_id)
    assert entry.payload["part_id"] == str(part.public_id)
    assert entry.payload["opens_incident"] is True
    assert entry.payload["started_at"].startswith("2026-11-20T10:00:00")
    assert entry.actor_kind == "source"
    assert IntakeBody.objects.get().alert_count == 1


def test_repeats_are_counted_and_write_no_entry(tool: Make, part: Part) -> None:
    am = tool("alertmanager")
    for _time in range(4):
        assert am.post(group(alert())).status_code == 200
    (stored,) = am.alerts()
    assert stored.times_seen == 4
    assert names_of() == ["alert_raised"]


def test_the_same_alert_twice_in_one_message_is_counted_twice(tool: Make, part: Part) -> None:
    am = tool("alertmanager")
    am.post(group(alert(), alert(), alert("fedcba9876543210")))
    assert sorted((row.dedup_key[0], row.times_seen) for row in am.alerts()) == [("0", 2), ("f", 1)]


def test_the_sender_resolves_and_a_new_start_is_a_new_episode(tool: Make, part: Part) -> None:
    am = tool("alertmanager")
    am.post(group(alert()))
    am.post(group(alert(status="resolved"), status="resolved"))
    am.post(group(alert(starts="2026-11-20T11:00:00Z")))
    first, second = am.alerts()
    assert (first.state, first.resolved_by) == ("resolved", "sender")
    assert first.resolved_at.isoformat() == "2026-11-20T10:30:00+00:00"
    assert (second.state, second.dedup_key) == ("firing", first.dedup_key)
    assert names_of() == ["alert_raised", "alert_resolved", "alert_raised"]


def test_a_new_start_without_an_end_supersedes(tool: Make, part: Part) -> None:
    am = tool("alertmanager")
    am.post(group(alert()))
    am.post(group(alert(starts="2026-11-20T11:00:00Z")))
    first, second = am.alerts()
    assert (first.state, first.resolved_by, second.state) == ("resolved", "superseded", "firing")


def test_a_resolve_that_comes_first_beats_the_late_trigger(tool: Make, part: Part) -> None:
    am = tool("alertmanager")
    assert am.post(group(alert(status="resolved"), status="resolved")).status_code == 200
    assert OrphanResolve.objects.count() == 1
    assert am.alerts() == []
    am.post(group(alert()))
    am.post(group(alert()))
    (stored,) = am.alerts()
    assert (stored.state, stored.times_seen, stored.opens_incident) == ("resolved", 2, False)
    raised = Entry.objects.get(name="monitoring.alert_raised.v1")
    assert raised.payload["opens_incident"] is False
    am.post(group(alert(starts="2026-11-20T10:45:00Z")))
    assert am.alerts()[-1].state == "firing"


def test_an_older_start_that_comes_late_calls_nobody(tool: Make, part: Part) -> None:
    am = tool("alertmanager")
    am.post(group(alert(starts="2026-11-20T11:00:00Z")))
    am.post(group(alert()))
    late = am.alerts()[-1]
    assert (late.state, late.resolved_by, late.opens_incident) == ("resolved", "superseded", False)
    assert Alert.objects.get(state="firing").episode_start.hour == 11
    am.post(group(alert()))
    late.refresh_from_db()
    assert late.times_seen == 2


def test_a_cut_message_ends_the_whole_group_and_absence_ends_nothing(tool: Make, part: Part) -> None:
    am = tool("alertmanager")
    am.post(group(alert("a" * 16), alert("b" * 16), alert("c" * 16)))
    am.post(group(alert("a" * 16)))  # b and c are absent: that says nothing
    assert Alert.objects.filter(state="firing").count() == 3
    am.post(group(alert("d" * 16, starts="2026-11-20T10:05:00Z"), groupKey="another"))
    am.post(group(alert("a" * 16, status="resolved"), alert("b" * 16, status="resolved"), status="resolved", truncatedAlerts=1))
    assert dict(Alert.objects.values_list("dedup_key", "resolved_by")) == {"a" * 16: "sender", "b" * 16: "sender", "c" * 16: "group", "d" * 16: ""}


def test_a_group_that_was_cut_once_is_ended_by_its_end_even_if_that_message_is_whole(tool: Make, part: Part) -> None:
    am = tool("alertmanager")
    am.post(group(alert("a" * 16), alert("b" * 16)))
    am.post(group(alert("a" * 16), truncatedAlerts=1))  # b's end may have been cut off here
    am.post(group(alert("a" * 16, status="resolved"), status="resolved"))
    assert dict(Alert.objects.values_list("dedup_key", "resolved_by")) == {"a" * 16: "sender", "b" * 16: "group"}


def test_what_nothing_claims_is_unrouted_and_opens_nothing(tool: Make, part: Part) -> None:
    am = tool("alertmanager")
    am.post(group(alert(service="something else")))
    (stored,) = am.alerts()
    assert stored.part is None
    assert not stored.opens_incident
    entry = Entry.objects.get(name="monitoring.alert_raised.v1")
    assert entry.payload["part_id"] is None


def test_the_sources_own_part_takes_what_no_matcher_claims(tool: Make, part: Part) -> None:
    am = tool("alertmanager", part=part)
    am.post(group(alert(service="something else")))
    (stored,) = am.alerts()
    assert (stored.part, stored.fault_class, stored.opens_incident) == (part, "software", True)


@pytest.mark.parametrize(
    "severity, ours, opens",
    [
        ("critical", "critical", True),
        ("page", "critical", True),
        ("warning", "warning", False),
        ("none", "info", False),
        ("", "error", True),
        ("odd", "error", True),
    ],
)
def test_only_the_listed_severities_open_an_incident(tool: Make, part: Part, severity: str, ours: str, opens: bool) -> None:
    am = tool("alertmanager")
    am.post(group(alert(severity=severity)))
    (stored,) = am.alerts()
    assert (stored.severity, stored.opens_incident) == (ours, opens)


def test_prometheus_alerts_expire_unless_repeated_and_go_on_when_repeated_after_all(tool: Make, part: Part) -> None:
    prometheus = tool("prometheus")
    now = clock.now()
    item = {
        "labels": {"alertname": "OrdersFailing", "service": "orders", "severity": "critical", "empty": ""},
        "annotations": {"summary": "Orders are being refused"},
        "startsAt": (now - timedelta(minutes=1)).isoformat(),
        "endsAt": (now + timedelta(minutes=4)).isoformat(),
    }
    answer = prometheus.post([item])
    assert (answer.status_code, answer.content) == (200, b"")
    (stored,) = prometheus.alerts()
    assert stored.expires_at == now + timedelta(minutes=4)
    assert "empty" not in stored.labels
    assert alerts_expire() == 0
    clock.wind(timedelta(minutes=5))
    assert alerts_expire() == 1
    stored.refresh_from_db()
    assert (stored.state, stored.resolved_by) == ("resolved", "expired")
    prometheus.post([{**item, "endsAt": (clock.now() + timedelta(minutes=4)).isoformat()}])
    stored.refresh_from_db()
    assert (stored.state, stored.times_seen) == ("firing", 2)
    prometheus.post([{**item, "endsAt": clock.now().isoformat()}])
    stored.refresh_from_db()
    assert (stored.state, stored.resolved_by) == ("resolved", "sender")
    assert names_of() == ["alert_raised", "alert_resolved", "alert_raised", "alert_resolved"]


def test_alertmanagers_alerts_do_not_expire(tool: Make, part: Part) -> None:
    am = tool("alertmanager")
    am.post(group(alert()))
    clock.wind(timedelta(days=2))
    assert alerts_expire() == 0
    assert am.alerts()[0].state == "firing"


def test_one_bad_item_costs_only_itself(tool: Make, part: Part) -> None:
    prometheus = tool("prometheus")
    answer = prometheus.post([{"labels": {"alertname": "A", "service": "orders"}}, {"labels": []}, 7])
    assert answer.status_code == 200
    assert len(prometheus.alerts()) == 1
    failed = FailedIntake.objects.get()
    assert (failed.code, bytes(failed.body)) == ("bad_items", b'[{"labels":[]},7]')


def test_every_address_works_with_and_without_a_last_slash(tool: Make, part: Part) -> None:
    for kind, body in (("alertmanager", group(alert())), ("prometheus", [{"labels": {"alertname": "A"}}]), ("generic", {"summary": "x"})):
        one = tool(kind)
        for path in (one.path, one.path + "/"):
            assert one.post(body, path).status_code in (200, 202)
        assert Alert.objects.filter(source=one.source).get().times_seen == 2


def test_strangers_are_told_nothing(client: object, tool: Make, part: Part) -> None:
    am = tool("alertmanager")
    for path in (
        "/in/alertmanager/" + "x" * 32,
        "/in/alertmanager/short",
        "/in/prometheus/" + "y" * 32 + "/api/v2/alerts",
        "/in/generic/" + am.key,
        "/in/ping/" + am.key,
    ):
        assert am.post(group(alert()), path).status_code == 404
    assert Alert.objects.count() == 0
    assert FailedIntake.objects.count() == 0
    assert am.client.get(am.path).status_code == 405
