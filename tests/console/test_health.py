"""Health, metrics, doctor, journal: what those who watch the console see."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from console import health
from console.selectors import frame
from kernel import clock
from kernel.models import Deadline, Entry
from tests.console.reading import words


def overdue(seconds: float) -> Deadline:
    due = clock.now() - timedelta(seconds=seconds)
    return Deadline.objects.create(kind="recovery_clock", subject_kind="x", subject_id=uuid4(), key="50", due_at=due, next_try_at=due)


def test_shallow_health_touches_no_database(company, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert Client().get("/healthz").json() == {"ok": True}


@pytest.mark.parametrize("late_s,status", [(0, 200), (20, 200), (40, 503)])
def test_deep_health_is_red_when_a_timer_is_over_thirty_seconds_behind(company, late_s, status):
    if late_s:
        overdue(late_s)
    answer = Client().get("/healthz/deep")
    assert answer.status_code == status
    assert answer.json()["ok"] is (status == 200)


def test_deep_health_is_red_when_a_page_waits_for_over_a_minute(incident):
    from notify.models import Delivery

    assert Client().get("/healthz/deep").status_code == 200
    Delivery.objects.update(next_attempt_at=clock.now() - timedelta(seconds=90))
    answer = Client().get("/healthz/deep")
    assert answer.status_code == 503
    assert answer.json()["oldest_unsent_page_s"] >= 90


def test_a_late_sweep_stands_on_every_screen(company, browser):
    client = browser("lead")
    assert "The console itself is late" not in words(client.get("/alerts/"))
    overdue(60)
    frame._late = (0.0, [])
    for address in ("/", "/alerts/", "/proposals/"):
        assert "The console itself is late" in words(client.get(address))


@pytest.mark.req("SEC-01")
def test_metrics_are_for_this_machine_or_a_token_for_operations(company):
    assert Client().get("/metrics", REMOTE_ADDR="127.0.0.1").status_code == 200
    assert Client().get("/metrics", REMOTE_ADDR="10.0.0.8").status_code == 404
    assert Client().get("/metrics", REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="10.0.0.8").status_code == 404
    other = {"REMOTE_ADDR": "10.0.0.8", "HTTP_AUTHORIZATION": f"Bearer {company.token('admin', 'incidents:read')}"}
    assert Client().get("/metrics", **other).status_code == 404
    operations = {"REMOTE_ADDR": "10.0.0.8", "HTTP_AUTHORIZATION": f"Bearer {company.token('admin', 'operations')}"}
    assert Client().get("/metrics", **operations).status_code == 200


def test_metrics_tell_how_late_each_sweep_is(company):
    overdue(75)
    text = health.metrics().decode()
    late = [line for line in text.splitlines() if line.startswith('switchback_sweep_oldest_seconds{sweep="deadlines.recovery_clock"}')]
    assert late
    assert 74 < float(late[0].split()[-1]) < 120
    assert "switchback_well 0.0" in text


def test_the_doctor_names_a_late_timer_and_its_cure(company, settings):
    overdue(300)
    out = StringIO()
    with pytest.raises(SystemExit) as left:
        call_command("doctor", "--json", stdout=out)
    assert left.value.code == 1
    found = [finding for finding in json.loads(out.getvalue()) if finding["name"] in ("deadlines", "sweeps") and finding["state"] == "fail"]
    assert found
    assert all(finding["cure"] for finding in found)


def test_the_doctor_says_who_could_not_be_called(company):
    from console.doctor import house
    from contingency.org.models import Shift

    assert [finding.state for finding in house.duty()] == ["ok"]
    Shift.objects.all().delete()
    assert next(house.duty()).detail.startswith("nobody is on duty for orders")


@pytest.mark.django_db(transaction=True)
def test_the_journal_is_read_from_a_cursor_on():
    from tests.console.conftest import made_company

    company = made_company()
    from incidents.response import services as response

    for fault_class in ("software", "network"):
        response.incident_open(actor=company.actor("lead"), part="orders", fault_class=fault_class, title=fault_class)

    def read(*options: str) -> list[dict[str, str]]:
        out = StringIO()
        call_command("journal", "--json", *options, stdout=out)
        return [json.loads(line) for line in out.getvalue().splitlines()]

    end = time.monotonic() + 60  # the journal is read below the oldest transaction of the whole cluster
    while len(everything := read()) < Entry.objects.count():
        assert time.monotonic() < end
        time.sleep(0.2)
    assert len(everything) > 3
    assert read("--since", everything[2]["cursor"]) == everything[3:]
    assert read("--since", everything[-1]["cursor"]) == []
    assert len(read("--limit", "2")) == 2
    with pytest.raises(CommandError):
        read("--since", "nonsense")
