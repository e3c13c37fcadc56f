"""Many senders at once: nothing lost, nothing doubled, nothing deadlocked."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection

from contingency.catalog.models import Part
from kernel.models import Entry
from monitoring.alerts import reception
from monitoring.alerts.models import Alert, FailedIntake, IntakeBody
from monitoring.alerts.requests import Request, door_of
from monitoring.alerts.services import rows
from tests.monitoring.conftest import Tool, alert, group

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.attack, pytest.mark.req("MON-06")]
Make = Callable[..., Tool]


def request_to(path: str, body: object) -> Request:
    """A POST as the door makes it."""
    data = json.dumps(body).encode()
    return Request("POST", path, {"content-type": "application/json"}, data, len(data), False, door_of(path), uuid4())


def send_all(batches: list[list[Request]], threads: int) -> Counter[int]:
    """Send batches (each handed in together) from so many threads; returns how often each status was answered."""
    codes: Counter[int] = Counter()
    lock = threading.Lock()
    waiting = list(batches)

    def work() -> None:
        try:
            while True:
                with lock:
                    if not waiting:
                        return
                    batch = waiting.pop()
                answers = reception.receive_many(batch)
                with lock:
                    codes.update(answer.status for answer in answers)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return codes


@pytest.mark.parametrize("kind", ["alertmanager", "prometheus", "pagerduty"])
def test_each_alert_delivered_five_times_shuffled_at_once_is_one_row_with_its_count(tool: Make, part: Part, kind: str) -> None:
    """T8."""
    one = tool(kind, part=part)
    now = datetime.now(UTC)

    def body(number: int) -> object:
        if kind == "alertmanager":
            return group(alert(f"{number:016x}"))
        if kind == "prometheus":
            labels = {"alertname": "A", "n": str(number), "service": "orders", "severity": "critical"}
            return [{"labels": labels, "startsAt": now.isoformat(), "endsAt": (now + timedelta(minutes=4)).isoformat()}]
        payload = {"summary": "S", "source": "s", "severity": "critical", "timestamp": now.isoformat()}
        return {"routing_key": one.key, "event_action": "trigger", "dedup_key": f"k{number}", "payload": payload}

    requests = [request_to(one.path, body(number)) for number in range(60) for _time in range(5)]
    random.Random(8).shuffle(requests)
    batches = [requests[start : start + size] for start, size in _cuts(len(requests))]
    assert send_all(batches, threads=8) == {200 if kind != "pagerduty" else 202: 300}
    assert Counter(Alert.objects.values_list("times_seen", flat=True)) == {5: 60}
    assert Entry.objects.filter(name="monitoring.alert_raised.v1").count() == 60
    assert IntakeBody.objects.count() == 300


def _cuts(count: int) -> list[tuple[int, int]]:
    sizes, start, found = [1, 2, 7, 1, 20], 0, []
    while start < count:
        size = sizes[len(found) % len(sizes)]
        found.append((start, size))
        start += size
    return found


def test_fire_and_resolve_in_any_order_end_alike(tool: Make, part: Part) -> None:
    """T8, with the end among the repeats: whatever comes last, the alert is over, and fires five times in the count."""
    am = tool("alertmanager")
    keys = [f"{number:016x}" for number in range(40)]
    requests = [request_to(am.path, group(alert(key))) for key in keys for _time in range(5)]
    requests += [request_to(am.path, group(alert(key, status="resolved"), status="resolved")) for key in keys for _time in range(5)]
    random.Random(9).shuffle(requests)
    assert send_all([[request] for request in requests], threads=8) == {200: 400}
    assert Counter(Alert.objects.values_list("state", "times_seen")) == {("resolved", 5): 40}


def test_64_first_duplicates_at_once_are_one_row(tool: Make, part: Part) -> None:
    am = tool("alertmanager")
    assert send_all([[request_to(am.path, group(alert()))] for _time in range(64)], threads=16) == {200: 64}
    assert Alert.objects.get().times_seen == 64


def test_a_storm_of_ten_thousand_is_stored_without_loss_or_deadlock(tool: Make, part: Part) -> None:
    """T9: 10,000 alerts of 500 fingerprints in 20 groups from 8 senders, in orders of their own."""
    am = tool("alertmanager")
    chance = random.Random(10)
    batches = []
    for _message in range(200):
        number = chance.randrange(20)
        members = [alert(f"{number:04x}{member:012x}", shop=str(member)) for member in range(25)] * 2
        chance.shuffle(members)
        batches.append([request_to(am.path, group(*members, groupKey=f"group {number}"))])
    assert send_all(batches, threads=8) == {200: 200}
    assert sum(Alert.objects.values_list("times_seen", flat=True)) == 10_000
    assert Alert.objects.count() <= 500
    assert Alert.objects.count() == Entry.objects.filter(name="monitoring.alert_raised.v1").count()
    assert FailedIntake.objects.count() == 0


def test_large_and_small_batches_of_the_same_alerts_exclude_each_other(tool: Make, part: Part) -> None:
    """A batch beyond the fine locks holds the whole source; counts stay exact beside small ones."""
    am = tool("alertmanager")
    many = rows.FINE_LIMIT * 2
    large = [[request_to(am.path, group(*(alert(f"{number:016x}") for number in range(many))))] for _time in range(6)]
    small = [[request_to(am.path, group(alert(f"{number % many:016x}")))] for number in range(200)]
    batches = large + small
    random.Random(11).shuffle(batches)
    assert send_all(batches, threads=8) == {200: 206}
    assert sum(Alert.objects.values_list("times_seen", flat=True)) == 6 * many + 200
    assert Alert.objects.count() == many


def test_a_group_of_five_thousand_is_stored_alert_by_alert(tool: Make, part: Part) -> None:
    am = tool("alertmanager")
    answer = am.post(group(*(alert(f"{number:016x}", shop=str(number)) for number in range(5_000))))
    assert answer.status_code == 200
    assert Alert.objects.count() == 5_000


def test_two_cut_ends_of_one_group_at_once(tool: Make, part: Part) -> None:
    am = tool("alertmanager")
    am.post(group(*(alert(f"{number:016x}") for number in range(20))))
    ends = [request_to(am.path, group(alert(f"{number:016x}", status="resolved"), status="resolved", truncatedAlerts=19)) for number in range(20)]
    assert send_all([[end] for end in ends], threads=8) == {200: 20}
    assert set(Alert.objects.values_list("state", flat=True)) == {"resolved"}
    assert Entry.objects.filter(name="monitoring.alert_resolved.v1").count() == 20
