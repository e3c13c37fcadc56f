"""Alerts are found by their words: Latin ones by their beginning, Chinese ones by any two neighbouring characters."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from contingency.catalog.models import Part
from monitoring.alerts import searching, selectors
from monitoring.alerts.models import Alert, AlertWordsDue
from monitoring.alerts.services.words import words_write
from tests.monitoring.conftest import Tool, alert, group, person

pytestmark = pytest.mark.django_db
LEAD = person("team_lead")


def found(text: str) -> set[str]:
    """The keys of the alerts that a search finds, through the interface and through each way by itself."""
    listed = {item.dedup_key[0] for item in selectors.alert_list(LEAD, q=text)}
    by_ways = {item.dedup_key[0] for way in searching.ways(text) for item in Alert.objects.filter(way)}
    assert listed == by_ways
    return listed


@pytest.fixture
def three(tool: Callable[..., Tool], part: Part) -> list[Alert]:
    am = tool("alertmanager")
    items = [alert("a" * 16, instance="10.0.3.7:9100"), alert("b" * 16, zone="北京机房"), alert("c" * 16, service="stock")]
    items[1]["annotations"]["summary"] = "订单系统支付超时"
    items[2]["annotations"]["summary"] = "O'Reilly \\ ' & | ! : * (stock) <script>"
    am.post(group(*items))
    words_write()
    return am.alerts()


@pytest.mark.req("MON-04")
@pytest.mark.parametrize(
    "text, keys",
    [
        ("refus", "a"),
        ("REFUSED orders", "a"),
        ("efused", ""),
        ("支付", "b"),
        ("付超", "b"),
        ("单", "ab"),  # one character: by the summary of b, and by the part's Chinese name of a
        ("支付超时", "b"),
        ("支时", ""),
        ("机房 超时", "b"),
        ("机房 refused", ""),
        ("10.0.3.7", "a"),
        ("stock", "c"),
        ("订单系统", "ab"),  # the part is called so: all its alerts
        ("订单系统 超时", "b"),
        ("o'reilly & | ! :* \\ '", "c"),
        ("ordersfailing", "abc"),
        ("", "abc"),
        ("   ", "abc"),
        ("'", ""),
        ("没有", ""),
    ],
)
def test_what_is_typed_finds_what_is_meant(three: list[Alert], text: str, keys: str) -> None:
    assert found(text) == set(keys)


def test_a_summary_that_changes_is_found_by_its_new_words(tool: Callable[..., Tool], part: Part) -> None:
    am = tool("alertmanager")
    am.post(group(alert("a" * 16)))
    assert words_write() == 1
    assert words_write() == 0
    again = alert("a" * 16)
    am.post(group(again))
    assert not AlertWordsDue.objects.exists(), "told again in the same words: nothing to write"
    again["annotations"]["summary"] = "库存同步失败"
    am.post(group(again))
    assert found("库存") == set()
    assert words_write() == 1
    assert found("库存") == {"a"}
    assert found("refused") == set()


def test_many_alerts_in_one_statement_are_all_noted(tool: Callable[..., Tool], part: Part) -> None:
    tool("alertmanager").post(group(*[alert(f"{number:016x}") for number in range(300)]))
    assert AlertWordsDue.objects.count() == 300
    assert words_write() == 300
    assert Alert.objects.filter(words__terms=searching.query_of(["refused"])).count() == 300


@pytest.mark.attack
@pytest.mark.parametrize("text", ["\x00", "'" * 5000, "订" * 5000, "a " * 5000, "\ud800".encode("utf-8", "replace").decode(), ") OR 1=1 --", "%_\\"])
def test_no_search_breaks_the_query(three: list[Alert], text: str) -> None:
    found(text)
