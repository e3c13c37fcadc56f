"""Groups of the triage table: counted where alerts are stored, by pages, each alert once."""

from __future__ import annotations

import re
from typing import Any

import pytest

from console.selectors import alert_groups
from monitoring.alerts import searching
from monitoring.alerts.models import Alert
from tests.console.reading import words
from tests.console.test_alerts_table import make, source

__all__ = ["make", "source"]

HEADS = r"(critical|error|warning|info) (?:Order system|unrouted) · (\w+) (\d+) alert"


def heads(answer: Any) -> list[tuple[str, str, str]]:
    return re.findall(HEADS, words(answer))


@pytest.mark.req("MON-04")
def test_a_group_is_one_part_and_one_cause_whatever_says_the_cause(company: Any, make: Any) -> None:
    make(2, group_key="{}:{a}", labels={"alertname": "One"})
    make(1, group_key="{}:{a}", labels={"alertname": "Two"})
    make(3, labels={"alertname": "One"})
    make(2, labels={}, summary="Disk full")
    make(1, labels={"alertname": ""}, summary="Disk full")
    make(1, part=None, labels={"alertname": "One"})
    groups, follows, is_cut = alert_groups.groups_of([Alert.objects.all()], skipped=0)
    assert {(group.part_id, group.cause, group.count) for group in groups} == {
        (company.part.pk, "k:{}:{a}", 3), (company.part.pk, "n:One", 3), (company.part.pk, "s:Disk full", 3), (None, "n:One", 1),
    }  # fmt: skip
    assert (follows, is_cut) == (False, False)


@pytest.mark.req("MON-04")
def test_a_group_is_as_bad_as_its_worst_and_as_old_as_its_oldest(make: Any) -> None:
    first, second = make(severity="warning")[0], make(severity="critical", is_flapping=True)[0]
    third, newest = make(severity="info")[0], make(severity="info", is_flapping=True)[0]
    Alert.objects.filter(pk=third.pk).update(times_seen=7)
    ((group,), _follows, _cut) = alert_groups.groups_of([Alert.objects.all()], skipped=0)
    assert (group.severity, group.count, group.times_seen, group.flapping) == ("critical", 4, 10, 2)
    assert (group.first_seen_at, group.last_seen_at) == (first.first_seen_at, newest.last_seen_at)
    assert group.newest == [newest.pk, third.pk, second.pk]


@pytest.mark.req("MON-04")
def test_groups_come_by_pages_and_every_one_comes_once(make: Any, browser: Any) -> None:
    for number in range(alert_groups.GROUPS + 2):
        make(labels={"alertname": f"Cause{number:02}"}, severity="critical" if number == 1 else "warning")
    client = browser("engineer")
    first = client.get("/alerts/")
    seen = [name for _severity, name, _count in heads(first)]
    assert len(seen) == alert_groups.GROUPS
    assert seen[:2] == ["Cause01", f"Cause{alert_groups.GROUPS + 1:02}"], "the worst, then the newest"
    following = re.search(r'href="\?([^"]*from=' + str(alert_groups.GROUPS) + r'[^"]*)"', first.content.decode())
    assert following is not None
    second = client.get("/alerts/?" + following.group(1).replace("&amp;", "&"))
    seen += [name for _severity, name, _count in heads(second)]
    assert sorted(seen) == [f"Cause{number:02}" for number in range(alert_groups.GROUPS + 2)]
    assert "from=" not in second.content.decode().replace(f"from={alert_groups.GROUPS}", "")


@pytest.mark.req("MON-04")
def test_an_alert_that_is_found_in_two_ways_counts_once(make: Any, browser: Any) -> None:
    make(2, summary="Order system refuses orders")
    assert len(searching.ways("order")) == 2, "by its words, and by its part's name"
    assert heads(browser("engineer").get("/alerts/", {"q": "order"})) == [("error", "OrdersFailing", "2")]


@pytest.mark.req("MON-04")
def test_only_the_newest_are_grouped_and_the_screen_says_so(make: Any, browser: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(alert_groups, "WINDOW", 4)
    make(1, labels={"alertname": "Old"})
    make(4)
    client = browser("engineer")
    page = client.get("/alerts/")
    assert heads(page) == [("error", "OrdersFailing", "4")]
    groups, _follows, is_cut = alert_groups.groups_of([Alert.objects.all()], skipped=0)
    assert ([group.count for group in groups], is_cut) == ([4], True)
    monkeypatch.setattr(alert_groups, "WINDOW", 5)
    assert alert_groups.groups_of([Alert.objects.all()], skipped=0)[2] is False


def test_nothing_can_match_and_nothing_is_asked(make: Any, django_assert_num_queries: Any) -> None:
    make(1)
    with django_assert_num_queries(0):
        assert alert_groups.groups_of([Alert.objects.none()], skipped=0) == ([], False, False)
