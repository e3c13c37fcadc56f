"""What each format's clients hear, to the letter; PagerDuty, any JSON, heartbeats."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from contingency.catalog.models import Part
from kernel import clock
from kernel.actors import SYSTEM
from kernel.models import Entry
from monitoring.alerts.errors import NotReadable
from monitoring.alerts.models import Alert, FailedIntake, Heartbeat, IntakeBody, OrphanResolve
from monitoring.alerts.services import heartbeats
from monitoring.alerts.services.replay import failed_intake_discard, failed_intake_replay
from monitoring.alerts.services.sources import source_map
from tests.monitoring.conftest import Tool, alert, group, names_of

pytestmark = [pytest.mark.django_db, pytest.mark.req("MON-06")]
Make = Callable[..., Tool]


def event(one: Tool, action: str = "trigger", dedup_key: str | None = "disk", **payload: Any) -> dict[str, Any]:
    """A PagerDuty event."""
    body: dict[str, Any] = {"routing_key": one.key, "event_action": action}
    if dedup_key is not None:
        body["dedup_key"] = dedup_key
    if action == "trigger":
        body["payload"] = {"summary": "Disk is full", "source": "host-1", "severity": "critical", **payload}
    return body


def test_pagerduty_hears_exactly_what_its_scripts_check(tool: Make, part: Part) -> None:
    pd = tool("pagerduty", part=part)
    answer = pd.post(event(pd))
    assert answer.status_code == 202
    assert answer["Content-Type"] == "application/json"
    assert json.loads(answer.content) == {"status": "success", "message": "Event processed", "dedup_key": "disk"}
    assert pd.post(event(pd), "/v2/enqueue/").status_code == 202
    (stored,) = pd.alerts()
    assert (stored.times_seen, stored.severity, stored.summary, stored.labels["source"]) == (2, "critical", "Disk is full", "host-1")


def test_pagerduty_acknowledge_resolve_and_trigger_again(tool: Make, part: Part) -> None:
    pd = tool("pagerduty", part=part)
    for action in ("trigger", "acknowledge", "acknowledge", "resolve", "resolve", "trigger"):
        assert pd.post(event(pd, action)).status_code == 202
    first, second = pd.alerts()
    assert (first.state, first.acknowledged_at is not None, second.state) == ("resolved", True, "firing")
    assert names_of() == ["alert_raised", "alert_acknowledged", "alert_resolved", "alert_raised"]


def test_a_trigger_without_a_key_gets_a_new_one_each_time(tool: Make, part: Part) -> None:
    pd = tool("pagerduty")
    keys = [json.loads(pd.post(event(pd, dedup_key=None)).content)["dedup_key"] for _time in range(2)]
    assert len(set(keys)) == 2
    assert {stored.dedup_key for stored in pd.alerts()} == set(keys)


def test_pagerdutys_resolve_beats_the_older_trigger_that_comes_later(tool: Make, part: Part) -> None:
    pd = tool("pagerduty", part=part)
    assert pd.post(event(pd, "resolve")).status_code == 202
    earlier = (clock.now() - timedelta(minutes=1)).isoformat()
    pd.post(event(pd, timestamp=earlier))
    assert pd.alerts()[0].state == "resolved"
    pd.post(event(pd))
    assert [stored.state for stored in pd.alerts()] == ["resolved", "firing"]
    assert OrphanResolve.objects.get().times_seen == 1


def test_pagerduty_severity_may_rise_while_it_fires(tool: Make, part: Part) -> None:
    pd = tool("pagerduty", part=part)
    pd.post(event(pd, severity="warning"))
    pd.post(event(pd, severity="critical", summary="Disk is quite full"))
    (stored,) = pd.alerts()
    assert (stored.severity, stored.opens_incident, stored.summary) == ("critical", True, "Disk is quite full")
    assert [entry.payload["opens_incident"] for entry in Entry.objects.filter(name="monitoring.alert_raised.v1").order_by("id")] == [False, True]


def test_an_invalid_event_is_told_why_and_kept(tool: Make) -> None:
    pd = tool("pagerduty")
    answer = pd.post(event(pd, severity="terrible"))
    assert answer.status_code == 400
    assert json.loads(answer.content) == {
        "status": "invalid event",
        "message": "Event object is invalid",
        "errors": ["'payload.severity' is invalid (must be one of the following: 'critical', 'error', 'warning' or 'info')"],
    }
    assert FailedIntake.objects.get().code == "invalid_event"
    stranger = pd.post({**event(pd), "routing_key": "x" * 32})
    assert (stranger.status_code, list(json.loads(stranger.content))) == (400, ["status", "message", "errors"])
    assert FailedIntake.objects.count() == 1


def test_too_large_is_413_and_kept_without_its_body(tool: Make) -> None:
    am, pd = tool("alertmanager"), tool("pagerduty")
    big = group(alert(filler="x" * (5 * 1024 * 1024)))
    assert am.post(big).status_code == 413
    assert am.post(group(alert(filler="x" * (2 * 1024 * 1024)))).status_code == 200, "groups may be 5 MiB"
    assert pd.post(event(pd, summary="x" * (1024 * 1024))).status_code == 413
    assert [(failed.code, failed.body) for failed in FailedIntake.objects.order_by("id")] == [("too_large", None)] * 2
    assert all(failed.size_bytes > 1024 * 1024 for failed in FailedIntake.objects.all())


def test_packed_bodies_are_read_and_bombs_are_not(tool: Make, part: Part) -> None:
    am = tool("alertmanager")
    body = json.dumps(group(alert())).encode()
    raw = zlib.compressobj(wbits=-15)
    for packed, encoding in ((gzip.compress(body), "gzip"), (zlib.compress(body), "deflate"), (raw.compress(body) + raw.flush(), "deflate")):
        assert am.post(packed, HTTP_CONTENT_ENCODING=encoding).status_code == 200
    assert am.alerts()[0].times_seen == 3
    assert am.post(gzip.compress(b"x" * 200_000_000), HTTP_CONTENT_ENCODING="gzip").status_code == 413
    assert am.post(body, HTTP_CONTENT_ENCODING="br").status_code == 415
    assert am.post(gzip.compress(body)[:-10], HTTP_CONTENT_ENCODING="gzip").status_code == 400


def test_broken_json_is_400_and_kept_once(tool: Make) -> None:
    am = tool("alertmanager")
    for _time in range(3):
        assert am.post(b'{"alerts": [').status_code == 400
    failed = FailedIntake.objects.get()
    assert (failed.code, failed.times_seen, bytes(failed.body or b"")) == ("broken_json", 3, b'{"alerts": [')
    assert names_of("failed_intake") == ["intake_failed"]


def test_a_body_is_kept_byte_for_byte(tool: Make) -> None:
    am = tool("alertmanager")
    small, large = json.dumps(group(alert())).encode(), json.dumps(group(*(alert(f"{n:016x}") for n in range(50)))).encode()
    am.post(small)
    am.post(large)
    assert [body.as_it_came() for body in IntakeBody.objects.order_by("id")] == [small, large]


def test_what_cannot_be_mapped_waits_and_is_replayed_after_the_mapping_is_mended(tool: Make, part: Part) -> None:
    one = tool("generic", part=part)
    body = {"evt": {"what": "Queue is full", "key": "q-1", "how": "critical"}}
    assert one.post(body).status_code == 202
    failed = FailedIntake.objects.get()
    assert (failed.code, one.alerts()) == ("not_mapped", [])
    with pytest.raises(NotReadable):
        failed_intake_replay(public_id=failed.public_id, version=failed.version, actor=SYSTEM)
    mapping = {"summary": "evt.what", "dedup_key": "evt.key", "severity": "evt.how"}
    source = source_map(public_id=one.source.public_id, version=one.source.version, actor=SYSTEM, mapping=mapping)
    replayed = failed_intake_replay(public_id=failed.public_id, version=failed.version, actor=SYSTEM)
    assert (replayed.state, replayed.alert_count) == ("replayed", 1)
    (stored,) = one.alerts()
    assert (stored.summary, stored.dedup_key, stored.severity, stored.opens_incident) == ("Queue is full", "q-1", "critical", True)
    assert source.version == 2
    assert one.post(body).status_code == 202
    assert one.alerts()[0].times_seen == 2


def test_a_failed_body_may_be_discarded(tool: Make) -> None:
    one = tool("generic")
    one.post({"evt": 1})
    failed = FailedIntake.objects.get()
    failed_intake_discard(public_id=failed.public_id, version=failed.version, actor=SYSTEM, reason="a test of theirs")
    one.post({"evt": 1})
    assert sorted(FailedIntake.objects.values_list("state", flat=True)) == ["discarded", "waiting"]


# -- heartbeats -----------------------------------------------------------------------------------------------------------------


def test_a_job_that_falls_silent_raises_an_alert_and_its_next_success_ends_it(tool: Make, part: Part) -> None:
    job = tool("heartbeat", part=part, period=timedelta(minutes=10), grace=timedelta(minutes=1))
    assert heartbeats.heartbeats_overdue() == 0, "nothing is expected before the first ping"
    answer = job.client.get(job.path)
    assert (answer.status_code, answer.content, answer["Ping-Body-Limit"]) == (200, b"OK", "100000")
    clock.wind(timedelta(minutes=10, seconds=30))
    assert heartbeats.heartbeats_overdue() == 0, "grace"
    clock.wind(timedelta(minutes=1))
    assert heartbeats.heartbeats_overdue() == 1
    assert heartbeats.heartbeats_overdue() == 0
    (stored,) = job.alerts()
    assert (stored.state, stored.part, stored.opens_incident) == ("firing", part, True)
    assert stored.episode_start == Heartbeat.objects.get().due_at
    assert job.client.post(job.path + "/").status_code == 200
    stored.refresh_from_db()
    assert (stored.state, stored.resolved_by) == ("resolved", "sender")


@pytest.mark.parametrize("word, fires", [("fail", True), ("1", True), ("255", True), ("0", False), ("start", False), ("log", False), ("", False)])
def test_a_job_tells_its_own_result(tool: Make, part: Part, word: str, fires: bool) -> None:
    job = tool("heartbeat", part=part)
    for method in ("get", "post", "head"):
        assert getattr(job.client, method)(f"{job.path}/{word}").status_code == 200
    assert [stored.state for stored in job.alerts()] == (["firing"] if fires else [])
    assert job.client.get(f"{job.path}/nonsense").status_code == 404
    assert job.client.get("/in/ping/" + "x" * 32).status_code == 404


def test_the_time_a_job_took_is_kept(tool: Make) -> None:
    job = tool("heartbeat")
    job.client.get(f"{job.path}/start")
    clock.wind(timedelta(seconds=42))
    job.client.post(job.path, data=b"done, \x00 all good", content_type="text/plain")
    beat = Heartbeat.objects.get()
    assert beat.last_took is not None
    assert 42 <= beat.last_took.total_seconds() < 60
    assert beat.last_body == "done,  all good"
    assert Alert.objects.count() == 0
