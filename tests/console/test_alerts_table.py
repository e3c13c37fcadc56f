"""The triage table: tabs, groups, search, filters, pages, many at once; what each may do; what it costs."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from console.models import SavedFilter
from incidents.response.models.joined import IncidentAlert
from kernel import clock
from kernel.models import Entry
from monitoring.alerts.models import Alert, Silence, Source
from monitoring.alerts.services.words import words_write
from tests.console.reading import words

XSS = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


@pytest.fixture
def source(company: Any) -> Source:
    return Source.objects.create(kind="alertmanager", name="Prometheus A", created_at=clock.now())


@pytest.fixture
def make(company: Any, source: Source) -> Any:
    """Alerts as the intake would have stored them."""
    made = 0

    def several(count: int = 1, *, part: Any = company.part, state: str = "firing", **fields: Any) -> list[Alert]:
        nonlocal made
        now = clock.now()
        rows = []
        for _number in range(count):
            made += 1
            over = {"resolved_at": now, "resolved_by": "sender"} if state == "resolved" else {}
            values = {
                "severity": "error",
                "summary": f"orders refused {made}",
                "labels": {"alertname": "OrdersFailing", "node": f"n{made}"},
                **fields,
            }
            rows.append(
                Alert(
                    source=source, dedup_key=f"key-{made}", episode_start=now, part=part, state=state, first_seen_at=now, last_seen_at=now,
                    times_seen=1, fault_class="software" if part else "", **over, **values,
                )
            )  # fmt: skip
        Alert.objects.bulk_create(rows)
        words_write()
        return rows

    return several


def shown(answer: Any) -> list[str]:
    """The summaries of the rows, top down."""
    return re.findall(r'class="title"[^>]*><bdi>([^<]*)</bdi>', answer.content.decode())


def mark(alert: Alert) -> str:
    return f"{alert.public_id}.{alert.version}"


@pytest.mark.req("MON-04")
def test_tabs_count_and_show_their_state(make: Any, browser: Any) -> None:
    make(3)
    make(2, state="acknowledged")
    make(1, state="resolved")
    client = browser("engineer")
    page = client.get("/alerts/")
    assert "Firing 3 Acknowledged 2 Resolved 1 All 6" in words(page)
    assert len(shown(page)) == 3
    for state, count in (("acknowledged", 2), ("resolved", 1), ("all", 6)):
        assert len(shown(client.get("/alerts/", {"state": state, "view": "flat"}))) == count


@pytest.mark.req("MON-04")
def test_alerts_stand_in_groups_by_part_and_cause_the_worst_first(company: Any, make: Any, browser: Any) -> None:
    make(5, severity="warning")
    make(2, severity="critical", labels={"alertname": "DiskFull"}, is_flapping=True)
    make(4, part=None, severity="error", group_key='{}:{alertname="Odd"}', labels={"alertname": "Odd"})
    client = browser("engineer")
    page = client.get("/alerts/")
    text = words(page)
    heads = re.findall(r"(critical|error|warning) (Order system|unrouted) · (\w+) (\d+) alerts", text)
    assert heads == [
        ("critical", "Order system", "DiskFull", "2"),
        ("error", "unrouted", "Odd", "4"),
        ("warning", "Order system", "OrdersFailing", "5"),
    ]
    assert "2 flapping" in text
    assert "2 more of this cause" in text  # three of five are shown
    more = re.search(r'href="\?([^"]*)">2 more', page.content.decode())
    assert more is not None
    assert len(shown(client.get("/alerts/?" + more.group(1).replace("&amp;", "&")))) == 5


@pytest.mark.req("MON-04")
def test_two_character_chinese_words_and_filters_find(company: Any, make: Any, browser: Any) -> None:
    make(2)
    make(1, summary="库存同步失败", severity="critical", part=None)
    client = browser("engineer")

    def find(**query: str) -> list[str]:
        return shown(client.get("/alerts/", {"view": "flat", **query}))

    assert find(q="同步") == ["库存同步失败"]
    assert find(q="订单") == ["orders refused 2", "orders refused 1"], "by the part's Chinese name"
    assert find(q="node n1") == ["orders refused 1"]
    assert find(severity="critical") == ["库存同步失败"]
    assert find(part="none") == ["库存同步失败"]
    assert find(part="orders", q="refused") == ["orders refused 2", "orders refused 1"]
    assert find(fault_class="network") == []
    assert find(source="Prometheus A") == ["库存同步失败", "orders refused 2", "orders refused 1"]
    assert find(q="nothing like it") == []
    assert "No alert matches" in words(client.get("/alerts/", {"q": "nothing like it"}))
    assert client.get("/alerts/", {"severity": "x' OR 1=1", "part": "x", "q": "%"}).status_code == 200


@pytest.mark.req("MON-02")
def test_a_silenced_alert_says_who_why_and_for_how_long(company: Any, make: Any, browser: Any) -> None:
    quiet, _loud = make(2)
    now = clock.now()
    Silence.objects.create(
        matchers={"node": quiet.labels["node"]}, reason="planned work", starts_at=now, ends_at=now + timedelta(minutes=50), created_by="Lead"
    )
    client = browser("engineer")
    page = client.get("/alerts/", {"view": "flat", "silenced": "yes"})
    assert shown(page) == [quiet.summary]
    assert re.search(r"silenced by Lead · 4\d:\d\d planned work", words(page))
    assert quiet.summary not in shown(client.get("/alerts/", {"view": "flat", "silenced": "no"}))


def test_an_alert_names_the_incident_that_it_joined(make: Any, incident: Any, browser: Any) -> None:
    (alert,) = make()
    IncidentAlert.objects.create(incident=incident, alert=alert, joined_at=clock.now())
    page = browser("engineer").get("/alerts/")
    assert f'href="/incidents/{incident.number}/"' in page.content.decode()


@pytest.mark.req("MON-04")
def test_pages_go_on_by_key_without_gap_or_double(make: Any, browser: Any) -> None:
    made = make(120)
    client = browser("engineer")
    seen: list[str] = []
    query = "view=flat"
    for _page in range(4):
        page = client.get(f"/alerts/?{query}")
        seen += shown(page)
        following = re.search(r'href="\?([^"]*)" rel="next"', page.content.decode())
        query = following.group(1).replace("&amp;", "&") if following else ""
    assert not query
    assert seen == [alert.summary for alert in reversed(made)]
    assert client.get("/alerts/?view=flat&after=nonsense").status_code == 422


@pytest.mark.req("MON-04")
def test_two_hundred_are_acknowledged_in_one_request_each_by_its_own_move(make: Any, browser: Any) -> None:
    made = make(200)
    Alert.objects.filter(pk=made[7].pk).update(version=5)
    client = browser("engineer")
    answer = client.post("/alerts/bulk/", {"do": "acknowledge", "alert": [mark(alert) for alert in made]})
    assert answer.status_code == 409
    text = words(answer)
    assert "199 done · 1 refused" in text
    assert made[7].summary in text
    assert Alert.objects.filter(state="acknowledged", version=2).count() == 199
    assert Entry.objects.filter(name="monitoring.alert_acknowledged.v1").count() == 199


def test_without_script_the_list_comes_back_and_says_what_was_done(make: Any, browser: Any) -> None:
    made = make(2)
    client = browser("engineer", checks=False)
    answer = client.post("/alerts/bulk/", {"do": "acknowledge", "alert": [mark(alert) for alert in made], "next": "/alerts/?view=flat"})
    assert (answer.status_code, answer["Location"]) == (302, "/alerts/?view=flat")
    assert "2 done" in words(client.get("/alerts/"))
    away = client.post("/alerts/bulk/", {"do": "acknowledge", "alert": [mark(made[0])[:-1] + "2"], "next": "//evil.example/"})
    assert "evil" not in away.content.decode()
    none = client.post("/alerts/bulk/", {"do": "acknowledge", "alert": ["nonsense", "1.2"]})
    assert none["Location"] == "/alerts/"
    assert "Tick at least one" in words(client.get("/alerts/"))


@pytest.mark.req("MON-02")
def test_many_are_silenced_with_a_reason_after_seeing_what_it_covers(company: Any, make: Any, browser: Any) -> None:
    first, second, third = make(3, labels={"alertname": "OrdersFailing", "shop": "7"})
    (other,) = make(1, labels={"alertname": "DiskFull"}, part=None)
    client = browser("engineer")
    chosen = [mark(first), mark(second), mark(other)]
    form = client.post("/alerts/bulk/", {"do": "silence", "alert": chosen})
    text = words(form)
    assert "alertname=OrdersFailing shop=7 would silence 3 alerts now, 2 of them ticked" in text
    assert "alertname=DiskFull would silence 1 alerts now, 1 of them ticked" in text
    assert "1 h" in text
    assert "24 h" not in text, "an engineer silences for two hours at most"
    assert not Silence.objects.exists()
    missing = client.post("/alerts/bulk/", {"do": "silence", "asked": "1", "alert": chosen, "minutes": "60", "reason": " "})
    assert missing.status_code == 422
    assert "1 h" in words(missing)
    assert client.post("/alerts/bulk/", {"do": "silence", "asked": "1", "alert": chosen, "minutes": "60", "reason": "planned"}).status_code == 302
    assert sorted(map(str, Silence.objects.values_list("matchers", flat=True))) == [
        "{'alertname': 'DiskFull'}",
        "{'shop': '7', 'alertname': 'OrdersFailing'}",
    ]
    assert Entry.objects.filter(name="monitoring.silence_created.v1").count() == 2
    assert third.labels["shop"] == "7"
    long = client.post("/alerts/bulk/", {"do": "silence", "asked": "1", "alert": chosen, "minutes": "121", "reason": "planned"})
    assert long.status_code == 409
    assert "at most 2 hours" in words(long)
    assert Silence.objects.count() == 2


@pytest.mark.req("SEC-01")
@pytest.mark.parametrize(
    "name, acknowledges, silences",
    [("engineer", 1, 1), ("business", 0, 0), ("service", 0, 0), ("auditor", 0, 0), ("stranger", 0, 0), ("admin", 0, 0)],
)
def test_buttons_and_moves_follow_the_role(company: Any, make: Any, browser: Any, name: str, acknowledges: int, silences: int) -> None:
    (alert,) = make()
    client = browser(name)
    page = client.get("/alerts/").content.decode()
    assert ("monitoring.alert_acknowledge" in page) == bool(acknowledges)
    assert (f'id="silence-{alert.public_id}"' in page) == bool(silences)
    client.post("/alerts/bulk/", {"do": "silence", "asked": "1", "alert": [mark(alert)], "minutes": "60", "reason": "x"})
    assert Silence.objects.count() == silences
    client.post("/alerts/bulk/", {"do": "acknowledge", "alert": [mark(alert)]})
    alert.refresh_from_db()
    assert (alert.state == "acknowledged") == bool(acknowledges)


def test_a_stranger_of_another_team_sees_no_alert_of_this_part(make: Any, browser: Any) -> None:
    (alert,) = make()
    client = browser("stranger")
    assert alert.summary not in words(client.get("/alerts/"))
    assert client.get(f"/alerts/{alert.public_id}/").status_code == 404
    assert client.get(f"/alerts/{alert.public_id}/body/").status_code == 404


def test_filters_are_kept_by_name_for_oneself_and_shared_by_address(make: Any, browser: Any, company: Any) -> None:
    make(1, severity="critical")
    client, other = browser("engineer"), browser("engineer2")
    page = client.get("/alerts/", {"severity": "critical", "q": "orders"})
    query = re.search(r'name="query" value="([^"]*)"', page.content.decode())
    assert query is not None
    kept = query.group(1).replace("&amp;", "&")
    assert client.post("/alerts/filters/", {"name": "Bad ones", "query": kept}).status_code == 302
    assert "Bad ones" in words(client.get("/alerts/"))
    assert "Bad ones" not in words(other.get("/alerts/"))
    assert shown(other.get(f"/alerts/?{kept}")) == shown(client.get(f"/alerts/?{kept}")) != []
    own = SavedFilter.objects.get()
    other.post("/alerts/filters/forget/", {"key": own.pk})
    assert SavedFilter.objects.exists()
    client.post("/alerts/filters/forget/", {"key": own.pk})
    assert not SavedFilter.objects.exists()
    assert client.post("/alerts/filters/", {"name": " ", "query": kept}).status_code == 302
    assert not SavedFilter.objects.exists()


def test_an_empty_house_teaches_how_alerts_get_in(company: Any, browser: Any) -> None:
    lead, engineer = words(browser("lead").get("/alerts/")), words(browser("engineer").get("/alerts/"))
    assert "/in/alertmanager/ <key>" in lead
    assert "Add a monitoring tool" in lead
    assert "Add a monitoring tool" not in engineer


@pytest.mark.attack
@pytest.mark.req("SEC-01")
def test_what_comes_from_outside_is_shown_as_text(company: Any, make: Any, source: Source, browser: Any) -> None:
    (alert,) = make(
        1, summary=XSS, description=XSS, labels={"alertname": XSS, "node": "\u202eevil"}, annotations={"runbook": "javascript:alert(1)", "a": XSS},
        generator_url="javascript:alert(3)", group_key=XSS, part=None,
    )  # fmt: skip
    client = browser("lead")
    SavedFilter.objects.create(user=company.users["lead"], screen="alert", name=XSS[:60], query='"><script>')
    for address in (
        "/alerts/", "/alerts/?view=flat", "/alerts/unrouted/", f"/alerts/{alert.public_id}/", f"/alerts/{alert.public_id}/give/",
        f"/alerts/bulk/?do=silence&alert={mark(alert)}", f"/alerts/?q={XSS}&state={XSS}&cause=k:{XSS}", "/alerts/silences/",
    ):  # fmt: skip
        page = client.get(address)
        text = page.content.decode()
        assert page.status_code == 200, address
        assert "<script>alert" not in text, address
        assert "<img src=x" not in text, address
        assert 'href="javascript' not in text, address
        assert "\u202e" not in text, address


@pytest.mark.parametrize("address", ["/alerts/", "/alerts/?view=flat", "/alerts/?view=flat&q=orders", "/alerts/unrouted/", "/incidents/?q=orders"])
def test_the_number_of_queries_does_not_grow_with_the_rows(company: Any, make: Any, incident: Any, browser: Any, address: str) -> None:
    client = browser("engineer")

    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    for alert in [*make(1), *make(1, part=None)]:
        IncidentAlert.objects.create(incident=incident, alert=alert, joined_at=clock.now())
    client.get(address)
    few = cost()
    for alert in [*make(60, severity="critical"), *make(40, part=None), *make(30, labels={"alertname": "Other"})]:
        IncidentAlert.objects.create(incident=incident, alert=alert, joined_at=clock.now())
    client.get(address)  # a session is marked as used once a minute; that is no query of the list
    assert cost() <= few
    assert few <= 40


@pytest.mark.parametrize("name", ["engineer", "auditor"])
def test_incidents_are_found_by_number_title_and_part(incident: Any, browser: Any, name: str) -> None:
    client = browser(name)
    for text, is_found in (
        ("paid", True),
        ("订单", True),
        ("系统", True),
        (incident.number, True),
        (incident.number[-4:].lstrip("0"), True),
        ("stock", False),
        ("' \\ |", False),
    ):
        page = words(client.get("/incidents/", {"q": text}))
        assert (incident.number in page) == is_found, text


def test_an_administrator_does_not_find_by_what_titles_say(incident: Any, browser: Any) -> None:
    client = browser("admin")
    assert incident.number not in words(client.get("/incidents/", {"q": "paid"}))
    assert incident.number in words(client.get("/incidents/", {"q": incident.number}))
