"""Numbers of measures are said with the unit that they are in, and measures go by the name that people gave them."""

from datetime import timedelta

import pytest

from console.selectors import measures, room_series
from console.selectors import probes as rows
from kernel import clock
from kernel.actors import SYSTEM
from monitoring.probes import services as probes
from monitoring.probes.models import Sample, Series

pytestmark = pytest.mark.django_db


@pytest.mark.req("MON-01")
@pytest.mark.parametrize(
    "name, unit, value, said",
    [
        ("orders_p95_seconds", "", 0.047, "47 ms"),
        ("orders_p95_seconds", "", 1.2449, "1.24 s"),
        ("orders_success_ratio", "", 1.0, "100 %"),
        ("orders_success_ratio", "", 0.9984, "99.8 %"),
        ("queue_bytes", "", 999, "999 B"),
        ("queue_bytes", "", 12_300, "12 kB"),
        ("queue_bytes", "", 3_400_000, "3.4 MB"),
        ("queue_bytes", "", 2_100_000_000, "2.1 GB"),
        ("queue_length", "", 1234, "1234"),
        ("anything_seconds", "ms", 12.34, "12.3 ms"),
    ],
)
def test_a_number_is_said_with_its_unit(name, unit, value, said):
    assert measures.measured(value, Series(name=name, unit=unit)) == said


@pytest.fixture
def latency(company, incident):
    """How long orders take, read by a probe with a name of its own, around the failure."""
    probe = probes.probe_define(
        actor=SYSTEM, name="Hall A: time of an order", part=company.part, kind="metric", target="http://127.0.0.1:9/m", metric="orders_p95_seconds"
    )
    for minutes, value in ((-20, 0.05), (-10, 0.047), (2, 2.5)):
        Sample.objects.create(series=probe.series, at=incident.failing_since + timedelta(minutes=minutes), value=value)
    return probe


def test_a_chart_goes_by_its_probes_name_and_says_the_unit(latency, incident):
    (chart,) = room_series.charts_of(incident, None, incident.failing_since + timedelta(minutes=5))
    assert chart.title == "Hall A: time of an order"
    assert chart.top == "2.5 s"
    assert chart.words == "before the failure usually 50 ms; since then 2.5 s; last 2.5 s"


def test_a_series_that_no_probe_reads_goes_by_its_own_name(company, incident):
    series = Series.objects.create(part=company.part, side=company.part.sides.get(role="primary"), name="till_queue", unit="customers")
    for minutes in (1, 2):
        Sample.objects.create(series=series, at=incident.failing_since + timedelta(minutes=minutes), value=minutes)
    (chart,) = room_series.charts_of(incident, None, incident.failing_since + timedelta(minutes=5))
    assert chart.title == "till_queue · Primary hall"
    assert chart.words.endswith("last 2 customers")


def test_the_list_of_probes_says_the_last_number_with_its_unit(latency, company, incident):
    (row,) = rows.rows_of(company.part, incident.failing_since + timedelta(minutes=5))
    assert row.words == "2.5 s"
    assert "at most 2.5 s" in row.alternative


def test_probes_are_read_with_two_queries_however_many(latency, company, django_assert_num_queries):
    for number in range(3):
        probes.probe_define(actor=SYSTEM, name=f"door {number}", part=company.part, kind="tcp", target="127.0.0.1:9")
    now = clock.now()  # the clock asks too
    with django_assert_num_queries(2):
        assert len(rows.rows_of(company.part, now)) == 4
