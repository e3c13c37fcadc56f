"""Foreign bodies become alerts: what real clients sent, odd shapes, and the data outside the project."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitoring.alerts import parsing
from monitoring.alerts.adapters import alertmanager, generic, pagerduty, prometheus, severity
from monitoring.alerts.adapters.alertin import Action
from monitoring.alerts.adapters.values import KEY_LIMIT, labels_of, moment
from tests.harness.skips import test_data as outside_data

pytestmark = pytest.mark.req("MON-06")
PAYLOADS = Path(__file__).resolve().parents[1] / "payloads"


def recorded(name: str) -> Any:
    """The body of a recorded request."""
    return json.loads((PAYLOADS / f"{name}.json").read_text())["body"]


# -- what real clients sent -----------------------------------------------------------------------------------------------------


def test_alertmanagers_group_gives_single_alerts_under_its_own_fingerprints() -> None:
    reading = alertmanager.read(recorded("alertmanager-firing"))
    assert [alert.action for alert in reading.alerts] == [Action.TRIGGER] * 3
    assert {alert.dedup_key for alert in reading.alerts} == {item["fingerprint"] for item in recorded("alertmanager-firing")["alerts"]}
    first = reading.alerts[0]
    assert (first.summary, first.severity, first.labels["service"]) == ("Shop 0 refuses orders", "critical", "orders")
    assert first.new_start_is_new_episode
    assert not first.refreshes
    assert first.ends_at is None, "an end of the year 1 is none"
    assert reading.group is not None
    assert (reading.group.is_resolved, reading.group.truncated) == (False, 0)


def test_alertmanagers_cut_messages_say_so() -> None:
    firing, resolved = alertmanager.read(recorded("alertmanager-cut-firing")), alertmanager.read(recorded("alertmanager-cut-resolved"))
    assert firing.group is not None
    assert resolved.group is not None
    assert (firing.group.truncated, firing.group.is_resolved) == (1, False)
    assert (resolved.group.truncated, resolved.group.is_resolved) == (1, True)
    assert firing.group.key == resolved.group.key
    assert all(alert.action is Action.RESOLVE and alert.ends_at for alert in resolved.alerts)


def test_prometheus_alerts_refresh_and_keep_their_identity_to_the_end() -> None:
    firing, resolved = prometheus.read(recorded("prometheus-firing")), prometheus.read(recorded("prometheus-resolved"))
    assert len(firing.alerts) == 3
    assert all(alert.refreshes and alert.starts_at and alert.ends_at for alert in firing.alerts)
    assert {alert.dedup_key for alert in firing.alerts} == {alert.dedup_key for alert in resolved.alerts}
    assert all((resolved_alert.ends_at or datetime.max.replace(tzinfo=UTC)) < firing.alerts[0].ends_at for resolved_alert in resolved.alerts)  # type: ignore[operator]


def test_alertmanagers_pagerduty_events_share_a_key() -> None:
    trigger, resolve = pagerduty.read(recorded("pagerduty-trigger")), pagerduty.read(recorded("pagerduty-resolve"))
    assert trigger.alerts[0].dedup_key == resolve.alerts[0].dedup_key
    assert (trigger.alerts[0].action, resolve.alerts[0].action) == (Action.TRIGGER, Action.RESOLVE)
    assert trigger.alerts[0].severity == "error"
    assert trigger.alerts[0].labels["num_firing"] == "3"
    assert "alertname = OrdersFailing" in trigger.alerts[0].description


# -- odd shapes -----------------------------------------------------------------------------------------------------------------


def test_an_empty_label_does_not_change_the_identity() -> None:
    one = prometheus.read([{"labels": {"alertname": "A", "zone": "x", "empty": ""}}])
    other = prometheus.read([{"labels": {"zone": "x", "alertname": "A"}}])
    assert one.alerts[0].dedup_key == other.alerts[0].dedup_key
    assert "empty" not in one.alerts[0].labels


def test_strangers_without_a_name_do_not_merge() -> None:
    """An alert without `alertname` is told apart by its words, or all of one severity would be one alert."""
    found = prometheus.read([{"labels": {"severity": "warning"}, "summary": "Disk"}, {"labels": {"severity": "warning"}, "summary": "Memory"}])
    assert len({alert.dedup_key for alert in found.alerts}) == 2


def test_version_3_and_newer_ones_are_read() -> None:
    item = {"labels": {"alertname": "A"}, "annotations": {}, "startsAt": "2026-01-01T00:00:00Z", "status": "firing"}
    old = alertmanager.read({"version": "3", "groupKey": 5615590933959184469, "status": "firing", "alerts": [item]})
    new = alertmanager.read({"version": "7", "groupKey": "g", "status": "firing", "alerts": [item], "notification_reason": "x", "routeLabels": {}})
    assert old.alerts[0].dedup_key == new.alerts[0].dedup_key
    assert old.alerts[0].group_key == "5615590933959184469"


@pytest.mark.parametrize(
    "item, group_status, action",
    [
        ({"status": "firing", "endsAt": "2020-01-01T00:00:00Z"}, "resolved", Action.TRIGGER),
        ({"status": "resolved"}, "firing", Action.RESOLVE),
        ({}, "resolved", Action.RESOLVE),
        ({}, "", Action.TRIGGER),
        ({"status": {"state": "active"}}, "", Action.TRIGGER),
    ],
)
def test_the_alerts_own_status_decides_before_the_groups(item: dict[str, Any], group_status: str, action: Action) -> None:
    reading = alertmanager.read({"status": group_status, "alerts": [{"labels": {"alertname": "A"}, **item}]})
    assert reading.alerts[0].action is action


def test_old_grafana_is_one_rule_with_one_state() -> None:
    body = {"ruleId": 7, "ruleName": "Orders", "state": "alerting", "title": "[Alerting] Orders", "tags": {"severity": "warning"}, "evalMatches": []}
    firing, ok = alertmanager.read(body), alertmanager.read({**body, "state": "ok"})
    assert firing.alerts[0].dedup_key == ok.alerts[0].dedup_key
    assert (firing.alerts[0].action, ok.alerts[0].action, firing.alerts[0].severity) == (Action.TRIGGER, Action.RESOLVE, "warning")


@pytest.mark.parametrize("body", [None, 7, "text", {}, {"alerts": {}}, {"alerts": 3}, {"x": 1}, True])
def test_what_is_no_alert_is_a_problem_and_never_an_error(body: Any) -> None:
    for adapter in (alertmanager, prometheus):
        reading = adapter.read(body)
        assert reading.alerts == []
        assert reading.problems


def test_a_bad_item_keeps_its_envelope_for_the_replay() -> None:
    reading = alertmanager.read({"groupKey": "g", "status": "firing", "alerts": [{"labels": {"alertname": "A"}}, {"labels": 3}], "receiver": "r"})
    assert len(reading.alerts) == 1
    assert reading.problems[0].body == {"groupKey": "g", "status": "firing", "alerts": [{"labels": 3}], "receiver": "r", "truncatedAlerts": 0}


@pytest.mark.parametrize(
    "body, errors",
    [
        ({}, ["'routing_key' is missing or blank", "'event_action' is missing or blank"]),
        ({"routing_key": "k", "event_action": "resolve"}, ["'dedup_key' is missing or blank"]),
        ({"routing_key": "k", "event_action": "trigger"}, ["'payload' is missing or blank"]),
        ({"routing_key": "k", "event_action": "trigger", "payload": {"summary": "s", "source": "h"}}, ["'payload.severity' is missing or blank"]),
        (
            {"routing_key": "k", "event_action": "trigger", "payload": {"summary": " ", "source": "h", "severity": "info"}},
            ["'payload.summary' is missing or blank"],
        ),
        (
            {"routing_key": "k", "event_action": "trigger", "payload": {"summary": "s", "source": "h", "severity": "bad"}},
            ["'payload.severity' is invalid (must be one of the following: 'critical', 'error', 'warning' or 'info')"],
        ),
        (
            {"routing_key": "k", "event_action": "explode"},
            ["'event_action' is invalid (must be one of the following: 'trigger', 'acknowledge' or 'resolve')"],
        ),
        (
            {"routing_key": "k", "event_action": "acknowledge", "dedup_key": ["x"]},
            ["'dedup_key' is invalid (must be a string of at most 255 characters)", "'dedup_key' is missing or blank"],
        ),
        ([], ["Event object is invalid: an object was expected"]),
    ],
)
def test_pagerduty_says_what_is_missing(body: Any, errors: list[str]) -> None:
    assert pagerduty.errors_of(body) == errors


def test_a_mapping_reads_any_json() -> None:
    mapping = generic.check_mapping(
        {
            "items": "events",
            "dedup_key": "id",
            "summary": ["headline", "text"],
            "severity": {"path": "prio", "default": "warning"},
            "status": {"path": "s.now", "resolved": ["gone"]},
            "labels": {"service": "svc.0.name", "env": {"path": "env", "default": "prod"}},
            "starts_at": "since",
        }
    )
    body = {
        "events": [
            {"id": 5, "headline": "", "text": "Queue is full", "svc": [{"name": "orders"}], "since": 1_780_000_000},
            {"id": 6, "text": "Queue", "s": {"now": "GONE"}, "prio": "high"},
            {"nothing": 1},
        ]
    }
    reading = generic.read(body, mapping=mapping)
    first, second = reading.alerts
    assert (first.dedup_key, first.summary, first.severity, first.labels) == ("5", "Queue is full", "warning", {"service": "orders", "env": "prod"})
    assert first.starts_at == datetime.fromtimestamp(1_780_000_000, tz=UTC)
    assert (second.action, second.severity) == (Action.RESOLVE, "high")
    assert reading.problems[0].body == {"events": [{"nothing": 1}]}


@pytest.mark.parametrize(
    "mapping", [{"summary": 3}, {"unknown": "x"}, {"labels": {"a": None}}, [], {"status": {"path": "s", "resolved": "ok"}}, {"summary": ""}]
)
def test_a_wrong_mapping_is_refused(mapping: Any) -> None:
    with pytest.raises(generic.BadMapping):
        generic.check_mapping(mapping)


@pytest.mark.parametrize(
    "value, seconds",
    [
        ("2026-01-01T00:00:00Z", 1767225600),
        ("2026-01-01T08:00:00.123456789+08:00", 1767225600.123456),
        ("2015-07-17T08:42:58.315+0000", 1437122578.315),
        ("2026-01-01 00:00:00", 1767225600),
        (1767225600, 1767225600),
        (1767225600000, 1767225600),
    ],
)
def test_times_are_read_in_every_usual_form(value: Any, seconds: float) -> None:
    found = moment(value)
    assert found is not None
    assert found.timestamp() == pytest.approx(seconds)


@pytest.mark.parametrize(
    "value",
    ["", "0001-01-01T00:00:00Z", "yesterday", None, True, [], {}, "9999-12-31T23:59:59-23:59", -1e300, 1e300, "2026-13-01T00:00:00Z", "٢٠٢٦-01-01"],
)
def test_no_time_is_none_and_never_an_error(value: Any) -> None:
    assert moment(value) is None


def test_labels_are_texts_and_bounded() -> None:
    assert labels_of({"n": 1, "t": True, "o": {"a": [1]}, "none": None, "": "x", "empty": ""}) == {"n": "1", "t": "true", "o": '{"a":[1]}', "": "x"}
    assert len(labels_of({f"label{n}": "x" for n in range(500)})) == 64
    assert labels_of("text") == {}
    assert len(generic.read({"id": "x" * 5000, "title": "t"}, mapping={}).alerts[0].dedup_key) <= KEY_LIMIT


@pytest.mark.parametrize(
    "word, ours",
    [("PAGE", "critical"), ("sev2", "error"), ("average", "warning"), ("none", "info"), ("严重", "error"), ("whatever", "error"), ("3", "warning")],
)
def test_severities_come_to_one_scale(word: str, ours: str) -> None:
    assert severity.of(word, {"3": "warning"}, "error") == ours


# -- the parser -----------------------------------------------------------------------------------------------------------------


def test_texts_that_postgres_refuses_are_mended() -> None:
    body = b'{"a\\u0000b": ["\\ud800x", "\\ud83d\\ude00", "\\u0000"]}'
    assert parsing.read_json(body) == {"ab": ["\ufffdx", "😀", ""]}
    assert parsing.read_json(b'\xef\xbb\xbf{"a": "\xff"}') == {"a": "\ufffd"}
    assert parsing.read_json('{"a": "ü"}'.encode("utf-16")) == {"a": "ü"}
    assert parsing.read_json('{"a": "ü"}'.encode("latin-1"), content_type="application/json; charset=ISO-8859-1") == {"a": "ü"}


def _nested(levels: int) -> bytes:
    return b'[{"x":1},' * 15 + b"[" * (levels - 15) + b"]" * (levels - 15) + b"]" * 15


def test_depth_is_bounded() -> None:
    assert parsing.read_json(_nested(20))
    for levels in (21, 500, 100_000):
        with pytest.raises(parsing.BrokenJson):
            parsing.read_json(_nested(levels))


def test_a_bomb_is_not_even_unpacked() -> None:
    bomb = gzip.compress(b" " * 100_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(parsing.TooLarge):
            parsing.unpack(bomb, encoding="gzip", limit=parsing.BODY_LIMIT)
        assert tracemalloc.get_traced_memory()[1] < 8 * parsing.BODY_LIMIT
    finally:
        tracemalloc.stop()


# -- the data outside the project -----------------------------------------------------------------------------------------------


@pytest.mark.needs_data
def test_what_others_recorded_of_alertmanager_and_prometheus_is_read() -> None:
    folder = outside_data()
    assert folder is not None
    wanted = {"prometheus", "legacy_alertmanager", "alertmanager", "alertmanager-api-v2", "alertgroup"}
    read = 0
    for entry in json.loads((folder / "alerts" / "INDEX.json").read_text()):
        if entry["source_system"] not in wanted:
            continue
        body = parsing.read_json((folder / "alerts" / entry["file"]).read_bytes())
        items = body["alerts"] if isinstance(body, dict) and "alerts" in body else body if isinstance(body, list) else [body]
        for adapter in (alertmanager, prometheus):
            reading = adapter.read(body)
            assert not reading.problems, entry["file"]
            assert len(reading.alerts) == len(items), entry["file"]
            assert len({alert.dedup_key for alert in reading.alerts}) == len(items), "each is an alert of its own"
            for alert, item in zip(reading.alerts, items, strict=True):
                labels = item.get("labels", {})
                assert alert.labels == {name: value for name, value in labels.items() if value}
                assert alert.severity == (labels.get("severity") or labels.get("level") or item.get("annotations", {}).get("level") or "")
                assert alert.summary in {*item.get("annotations", {}).values(), item.get("summary"), labels.get("alertname")}
                assert (alert.starts_at is not None) == bool(item.get("startsAt"))
                assert alert.action is Action.TRIGGER
        read += 1
    assert read >= 6


@pytest.mark.needs_data
def test_what_others_recorded_of_pagerduty_is_read() -> None:
    folder = outside_data()
    assert folder is not None
    files = [entry["file"] for entry in json.loads((folder / "alerts" / "INDEX.json").read_text()) if entry["source_system"] == "pagerduty-events-v2"]
    assert files
    for name in files:
        body = parsing.read_json((folder / "alerts" / name).read_bytes())
        (alert,) = pagerduty.read(body).alerts
        assert alert.dedup_key == body["dedup_key"]
        assert (alert.summary, alert.severity) == (body["payload"]["summary"], body["payload"]["severity"])
        assert alert.starts_at is not None
        assert alert.labels["component"] == body["payload"]["component"]


@pytest.mark.needs_data
def test_nothing_that_others_recorded_is_an_error_in_any_format() -> None:
    folder = outside_data()
    assert folder is not None
    for path in sorted((folder / "alerts").glob("*.json")):
        body = parsing.read_json(path.read_bytes())
        for reading in (alertmanager.read(body), prometheus.read(body), generic.read(body, mapping={})):
            assert reading.alerts or reading.problems, path.name
        assert isinstance(pagerduty.errors_of(body), list)
