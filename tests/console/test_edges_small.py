"""Small parts of the edges that need no database."""

from datetime import datetime
from types import SimpleNamespace

import pytest
from django.template import Context, Template
from django.utils import timezone

from console.middleware.context import masked
from console.selectors.parts import part_view  # noqa: F401  (imports must not need a database)
from console.templatetags.console import at, foreign, safe_link, span


@pytest.mark.parametrize(
    "path,shown",
    [
        ("/in/alertmanager/sbk_abcdef0123456789", "/in/alertmanager/***"),
        ("/in/prometheus/sbk_abcdef0123456789/api/v2/alerts", "/in/prometheus/***/api/v2/alerts"),
        ("/in/ping/sbk_abcdef/start", "/in/ping/***/start"),
        ("/ack/eyJhbGciOi:abc/", "/ack/***/"),
        ("/v2/enqueue", "/v2/enqueue"),
        ("/incidents/INC-2026-0001/", "/incidents/INC-2026-0001/"),
    ],
)
def test_keys_and_tokens_do_not_reach_the_access_log(path, shown):
    assert masked(path) == shown


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "//evil.example",
        "/local",
        "",
        "http://",
        "https:///x",
        "http://[bad",
    ],
)
def test_an_address_that_is_not_plain_http_is_no_link(address):
    assert safe_link(address) == ""


def test_plain_http_is_a_link():
    assert safe_link("https://prometheus.example/graph?g0.expr=up") == "https://prometheus.example/graph?g0.expr=up"


def test_text_from_outside_cannot_turn_the_reading_direction_and_is_escaped():
    assert foreign("abc\u202egnp.exe") == "abc\ufffdgnp.exe"
    shown = Template("{% load console %}{{ text|foreign }}").render(Context({"text": "<script>alert(1)</script>\u2066"}))
    assert shown == "&lt;script&gt;alert(1)&lt;/script&gt;\ufffd"


@pytest.mark.parametrize("seconds,words", [(0, "00:00"), (59, "00:59"), (2472, "41:12"), (7200, "2:00:00"), (86400, "24:00:00"), (-61, "+01:01")])
def test_a_length_of_time_reads_as_a_clock(seconds, words):
    assert span(seconds) == words


@pytest.mark.parametrize(
    "moment,is_dated,words",
    [
        ((2026, 11, 30, 9), False, ">09:00<"),
        ((2026, 11, 30, 9), True, ">11-30 09:00<"),
        ((2026, 12, 7, 9), False, ">12-07 09:00<"),
        ((2027, 2, 21, 9), False, ">2027-02-21 09:00<"),
    ],
)
def test_a_moment_is_told_with_as_much_of_its_date_as_it_needs(moment, is_dated, words):
    zone = timezone.get_current_timezone()
    frame = SimpleNamespace(now=datetime(2026, 11, 30, 2, tzinfo=zone))
    assert words in at({"frame": frame}, datetime(*moment, tzinfo=zone), dated=is_dated)
