"""The figures: arithmetic on made-up incidents whose times are known, clocks counted apart, and a CSV that runs nothing."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.reports.export import COLUMNS, safe_cell, statistics_csv
from incidents.reports.selectors.statistics import Scope, percentile, rows_for, statistics_for
from incidents.response.models import Incident
from incidents.switchover.models import Outage, RecoveryClock, Switch
from kernel import clock
from tests.incidents.reports.story import Story
from tests.incidents.response.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.req("RPT-03")]
MINUTE = timedelta(minutes=1)
ALL_TIME = Scope(days=0)


def past(world: World, number: int, *, days_ago: float = 1, **fields: Any) -> Incident:
    """A closed incident, by rows: answered after `number` minutes, confirmed after twice as many."""
    began = clock.now() - timedelta(days=days_ago)
    values = {
        "part": world.part,
        "fault_class": "software",
        "title": f"Incident {number}",
        "state": "closed",
        "detected_by": "alert",
        "grade": "severe",
        "proposed_grade": "severe",
        "failing_since": began,
        "discovered_at": began,
        "answered_at": began + number * MINUTE,
        "confirmed_at": began + 2 * number * MINUTE,
        "resolved_at": began + 60 * MINUTE,
        "closed_at": began + 90 * MINUTE,
        "report_accepted_at": began + 80 * MINUTE,
    }
    return Incident.objects.create(number=f"INC-2025-{number:04d}", **{**values, **fields})


def with_outage(world: World, incident: Incident, number: int, *, clocks: tuple[str, str, str], switched: int, normal: int, back: int) -> None:
    """Its outage is over: traffic moved, normal and back after so many minutes; its three clocks ended so."""
    began = incident.failing_since
    outage = Outage.objects.create(
        number=f"OUT-2025-{number:04d}",
        part=incident.part,
        opened_at=began,
        failing_since=began,
        business_normal_at=began + normal * MINUTE,
        repaired_at=began + normal * MINUTE,
        ended_at=began + back * MINUTE,
        state="back_on_primary",
    )
    Incident.objects.filter(pk=incident.pk).update(outage=outage)
    moment = {"started_at": began, "due_at": began + 60 * MINUTE, "breached_at": began + 60 * MINUTE}
    for kind, state in zip(("switchover", "recovery", "switchback"), clocks, strict=True):
        stopped = None if state in ("running", "breached") else began + 70 * MINUTE
        RecoveryClock.objects.create(outage=outage, kind=kind, state=state, target=60 * MINUTE, thresholds=[100], stopped_at=stopped, **moment)
    done = began + switched * MINUTE
    times = {"ordered_at": began, "approved_at": began, "done_at": done, "settled_at": done}
    sides = {"direction": "over", "mode": "planned", "from_side": "primary", "to_side": "standby"}
    Switch.objects.create(number=f"SWI-2025-{number:04d}", part=incident.part, outage=outage, state="done", needs_second=False, **sides, **times)


def test_counts_by_grade_class_part_and_month(world: World) -> None:
    past(world, 1, grade="major")
    past(world, 2, fault_class="network")
    past(world, 3, part=world.other_part)
    past(world, 4, state="false_alarm")
    past(world, 5, fence="drill-1")
    past(world, 6, days_ago=400)
    found = statistics_for(world.actor("lena"), Scope(days=365))
    assert (found.total, found.false_alarms) == (3, 1)
    assert [(bar.label, bar.count, bar.share) for bar in found.by_grade] == [("Severe", 2, 100), ("Major", 1, 50)]
    assert {bar.label: bar.count for bar in found.by_class} == {"Software": 2, "Network": 1}
    assert {bar.label: bar.count for bar in found.by_part} == {"Order system": 2, "Payment channel": 1}
    assert sum(bar.count for bar in found.by_month) == 3
    assert statistics_for(world.actor("lena"), ALL_TIME).total == 4
    assert statistics_for(world.actor("lena"), Scope(days=0, part="payments")).total == 1
    assert statistics_for(world.actor("lena"), Scope(days=0, grade="major")).total == 1
    assert statistics_for(world.actor("lena"), Scope(days=0, fault_class="network")).total == 1


def test_months_are_counted_where_they_belong(world: World) -> None:
    for number, month in enumerate((1, 1, 3), start=1):
        began = datetime(2025, month, 15, 12, tzinfo=UTC)
        past(world, number, discovered_at=began, failing_since=began, confirmed_at=began)
    assert [(bar.label, bar.count) for bar in statistics_for(world.actor("lena"), ALL_TIME).by_month] == [("2025-01", 2), ("2025-03", 1)]


def test_median_and_ninetieth_percentile(world: World) -> None:
    for number in range(1, 11):
        past(world, number)
    times = {item.label: item for item in statistics_for(world.actor("lena"), ALL_TIME).times}
    acknowledge, confirm = times["Acknowledge"], times["Confirm"]
    assert (acknowledge.count, acknowledge.median, acknowledge.p90) == (10, 5.5 * MINUTE, 9 * MINUTE)
    assert (confirm.median, confirm.p90) == (11 * MINUTE, 18 * MINUTE)
    assert (times["Switch"].count, times["Switch"].median) == (0, None)


@pytest.mark.parametrize("count, percent, expected", [(1, 90, 1), (2, 90, 2), (10, 90, 9), (11, 90, 10), (10, 50, 5)])
def test_a_percentile_is_a_value_that_occurred(count: int, percent: int, expected: int) -> None:
    assert percentile([number * MINUTE for number in range(count, 0, -1)], percent) == expected * MINUTE
    assert percentile([], percent) is None


@pytest.mark.req("RTO-02")
def test_clocks_are_held_only_when_met_in_time_and_waived_ones_are_counted_apart(world: World) -> None:
    ends = [("met", "met", "met"), ("met_late", "met", "waived"), ("breached", "cancelled", "waived"), ("met", "met", "cancelled")]
    for number, clocks in enumerate(ends, start=1):
        incident = past(world, number, part=world.part if number < 4 else world.other_part)
        with_outage(world, incident, number, clocks=clocks, switched=10 * number, normal=20 * number, back=100 * number)
    found = statistics_for(world.actor("lena"), ALL_TIME)
    over, recovery, back = found.clocks
    assert (over.met, over.met_late, over.breached, over.share) == (2, 1, 1, 50.0)
    assert (recovery.met, recovery.cancelled, recovery.share) == (3, 1, 100.0)
    assert (back.met, back.waived, back.cancelled, back.judged, back.share) == (1, 2, 1, 1, 100.0)
    times = {item.label: (item.median, item.p90) for item in found.times}
    assert times["Switch"] == (25 * MINUTE, 40 * MINUTE)
    assert times["Business normal"] == (50 * MINUTE, 80 * MINUTE)
    assert times["Back"] == (250 * MINUTE, 400 * MINUTE)
    assert {row.label: row.judged for row in found.clocks_by_part} == {"Order system": 6, "Payment channel": 2}
    assert [row.label for row in found.clocks_by_team] == ["operations"]


@pytest.mark.req("RTO-02")
def test_a_real_story_counts_as_it_was(story: Story) -> None:
    found = statistics_for(story.world.actor("lena"), ALL_TIME)
    assert [row.share for row in found.clocks] == [0.0, 100.0, 100.0]
    assert found.clocks[0].met_late == 1
    (row,) = rows_for(story.world.actor("lena"), ALL_TIME)
    outage = story.outage
    assert row.switched == outage.switches.get(direction="over").done_at - outage.failing_since
    assert row.back == outage.ended_at - outage.failing_since


@pytest.mark.req("SEC-01")
def test_figures_are_cut_to_what_a_person_may_see(world: World) -> None:
    past(world, 1)
    totals = {name: statistics_for(world.actor(name), ALL_TIME).total for name in ("lena", "anton", "sam", "ada")}
    assert totals == {"lena": 1, "anton": 1, "sam": 0, "ada": 0}


def test_the_number_of_queries_does_not_grow_with_the_incidents(world: World) -> None:
    actor = world.actor("lena")

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            statistics_for(actor, ALL_TIME)
        return len(queries)

    for number in range(1, 4):
        with_outage(world, past(world, number), number, clocks=("met", "met", "met"), switched=1, normal=2, back=3)
    few = count()
    for number in range(4, 20):
        with_outage(world, past(world, number), number, clocks=("met", "met", "met"), switched=1, normal=2, back=3)
    assert count() == few
    assert few <= 12


@pytest.mark.attack
@pytest.mark.parametrize(
    "title",
    [
        '=cmd|"/c calc"!A1',
        "+1+1",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        " =1",
        "\u00a0=1",
        "＝1",
        "|calc",
        "%0a=1",
        '=HYPERLINK("http://x","y")',
        "\ufeff=1",
    ],
)
def test_no_cell_of_the_export_is_a_formula(world: World, title: str) -> None:
    past(world, 1, title=title)
    text = statistics_csv(rows_for(world.actor("lena"), ALL_TIME))
    heading, line = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert tuple(heading) == COLUMNS
    assert line[1] == f"'{title}"
    assert not any(cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r")) for cell in line)


def test_the_export_has_a_line_per_incident_with_its_times(world: World) -> None:
    incident = past(world, 3, title="Orders, “refused”; 订单")
    with_outage(world, incident, 3, clocks=("met", "met_late", "waived"), switched=10, normal=20, back=30)
    past(world, 4)
    rows = list(csv.DictReader(io.StringIO(statistics_csv(rows_for(world.actor("lena"), ALL_TIME)).removeprefix("\ufeff"))))
    assert [row["number"] for row in rows] == ["INC-2025-0004", "INC-2025-0003"]
    wanted = {"title": "Orders, “refused”; 订单", "seconds_to_acknowledge": "180", "seconds_to_switch": "600", "seconds_to_back": "1800"}
    assert {key: rows[1][key] for key in wanted} == wanted
    assert (rows[1]["clock_recovery"], rows[1]["clock_switchback"], rows[0]["clock_recovery"]) == ("met_late", "waived", "")
    assert safe_cell(None) == ""
