"""One alert in full, silences, what no part claims, what could not be read: through the real intake."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from contingency.catalog.models import Matcher
from kernel import clock
from kernel.actors import SYSTEM
from kernel.models import Entry
from monitoring.alerts import directory
from monitoring.alerts.models import Alert, FailedIntake, Silence
from monitoring.alerts.services.sources import source_create
from tests.console.reading import words
from tests.monitoring.conftest import alert, group

XSS = "<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def own_spool(tmp_path: Path, settings: Any) -> None:
    settings.SPOOL_DIR = tmp_path / "spool"
    directory.forget()


@pytest.fixture
def file(company: Any) -> Any:
    """Post a body as a monitoring tool would."""
    tools: dict[str, str] = {}

    def post(body: Any, kind: str = "alertmanager") -> Any:
        if kind not in tools:
            tools[kind] = source_create(kind=kind, name=f"The {kind}", actor=SYSTEM)[1]
        path = {"pagerduty": "/v2/enqueue"}.get(kind, f"/in/{kind}/{tools[kind]}")
        if kind == "pagerduty":
            body = {**body, "routing_key": tools[kind]}
        answer = Client().post(path, data=json.dumps(body), content_type="application/json")
        assert answer.status_code < 300, answer.content
        return tools[kind]

    return post


@pytest.mark.req("MON-04")
def test_an_alert_shows_labels_body_episodes_timeline_and_moves(file: Any, browser: Any) -> None:
    item = alert("a" * 16, instance="10.0.0.7", starts="2026-11-19T10:00:00Z")
    file(group({**item, "status": "resolved", "endsAt": "2026-11-19T10:30:00Z"}))
    file(group(alert("a" * 16, instance="10.0.0.7")))
    file(group(alert("b" * 16)))  # another body of the same source
    stored = Alert.objects.filter(dedup_key="a" * 16).latest("episode_start")
    client = browser("engineer")
    page = client.get(f"/alerts/{stored.public_id}/")
    text = words(page)
    for expected in (
        "Orders are being refused",
        "instance 10.0.0.7",
        "More than 5 %",
        "The alertmanager",
        "this one",
        "Acknowledge alert",
        "End alert by hand",
    ):
        assert expected in text, expected
    assert '"fingerprint": "aaaaaaaaaaaaaaaa"' in text
    assert '"fingerprint": "bbbbbbbbbbbbbbbb"' not in text, "the body of another"
    assert "The alertmanager reports (critical): Orders are being refused" in text
    whole = client.get(f"/alerts/{stored.public_id}/body/")
    assert whole["Content-Disposition"].startswith("attachment")
    assert whole["Content-Type"].startswith("text/plain")
    assert whole["X-Content-Type-Options"] == "nosniff"
    parts = client.get(f"/alerts/{stored.public_id}/?parts=alert-header,alert-facts,alert-timeline,alert-episodes").content.decode()
    assert re.findall(r'<section id="(alert-\w+)"', parts) == ["alert-header", "alert-facts", "alert-timeline", "alert-episodes"]
    acted = client.post(f"/do/monitoring.alert_acknowledge/{stored.public_id}/", {"version": stored.version})
    assert acted.status_code == 302
    assert "Acknowledged" in words(client.get(f"/alerts/{stored.public_id}/"))


@pytest.mark.attack
@pytest.mark.req("SEC-02")
def test_a_body_never_shows_the_key_that_it_came_with(file: Any, browser: Any) -> None:
    key = file({"event_action": "trigger", "dedup_key": "k", "payload": {"summary": XSS, "source": "s", "severity": "error"}}, "pagerduty")
    stored = Alert.objects.get()
    client = browser("lead")
    page = client.get(f"/alerts/{stored.public_id}/").content.decode()
    assert "&quot;routing_key&quot;: &quot;***&quot;" in page
    for text in (page, client.get(f"/alerts/{stored.public_id}/body/").content.decode()):
        assert key not in text
    assert "<script>alert" not in page


@pytest.mark.req("MON-02")
def test_a_silence_is_previewed_made_shown_and_ended(file: Any, company: Any, browser: Any) -> None:
    file(group(alert("a" * 16), alert("b" * 16, zone="7")))
    client = browser("lead")
    preview = client.get("/do/monitoring.silence_create/", {"part": str(company.part.public_id), "matchers": "zone = 7"})
    assert "would silence 1 alert that is open now" in words(preview)
    assert "would silence 2 alerts that are open now" in words(client.get("/do/monitoring.silence_create/", {"part": str(company.part.public_id)}))
    empty = words(client.get("/do/monitoring.silence_create/"))
    assert "Name a part or labels" in empty
    assert "Left out: alerts of every part that carry the labels below." in empty
    assert "unrouted" not in empty
    ends = (clock.now() + timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M:%S+00:00")
    form = {"part": str(company.part.public_id), "matchers": "zone = 7", "ends_at": ends, "reason": "new cables"}
    assert client.post("/do/monitoring.silence_create/", form).status_code == 302
    made = Silence.objects.get()
    text = words(client.get("/alerts/silences/"))
    assert "zone=7" in text
    assert "new cables" in text
    assert re.search(r"2:59:\d\d left", text)
    assert "End silence" in text
    assert "End silence" not in words(browser("auditor").get("/alerts/silences/"))
    assert client.post(f"/do/monitoring.silence_end/{made.public_id}/", {"version": made.version}).status_code == 302
    assert "new cables" not in words(client.get("/alerts/silences/"))
    assert "new cables" in words(client.get("/alerts/silences/?state=ended"))


@pytest.mark.req("MON-06")
def test_an_unrouted_alert_is_given_to_a_part_by_a_routing_rule(file: Any, company: Any, browser: Any) -> None:
    client = browser("lead")
    assert "No routing rule claims these alerts" not in words(client.get("/alerts/unrouted/"))
    file(group(alert("a" * 16, service="carrier-feed")))
    stored = Alert.objects.get()
    assert stored.part is None
    text = words(client.get("/alerts/unrouted/"))
    assert "No routing rule claims these alerts" in text
    assert "could be claimed by service=carrier-feed" in text
    assert "carries no label to claim it by" not in text
    Alert.objects.update(labels={})
    assert "carries no label to claim it by" in words(client.get("/alerts/unrouted/"))
    Alert.objects.update(labels=stored.labels)
    form = client.get(f"/alerts/{stored.public_id}/give/")
    assert "service=carrier-feed" in words(form)
    answer = client.get(f"/alerts/{stored.public_id}/give/", {"part": "orders", "label": "service"})
    assert answer.status_code == 302
    filled = client.get(answer["Location"])
    assert 'value="carrier-feed"' in filled.content.decode()
    company.part.refresh_from_db()
    given = {"version": company.part.version, "label": "service", "value": "carrier-feed", "fault_class": "software"}
    assert client.post(answer["Location"].split("?")[0], given).status_code == 302
    assert Matcher.objects.filter(part=company.part, value="carrier-feed").exists()
    file(group(alert("b" * 16, service="carrier-feed")))
    assert Alert.objects.latest("id").part == company.part
    assert "Only a team lead" in words(browser("engineer").get(f"/alerts/{stored.public_id}/give/"))
    assert client.get(f"/alerts/{stored.public_id}/give/", {"part": "nowhere", "label": "service"}).status_code == 404


@pytest.fixture
def failed(file: Any) -> list[FailedIntake]:
    """Three bodies that the mapping of a generic source does not fit."""
    for number in range(3):
        file({"weird": XSS, "number": number, "api_key": "s3cret-value", "long": "x" * 900}, "generic")
    return list(FailedIntake.objects.order_by("id"))


@pytest.mark.req("MON-06")
def test_the_inbox_shows_why_and_what_shortened_and_safe(failed: list[FailedIntake], browser: Any) -> None:
    assert len(failed) == 3
    client = browser("engineer")
    page = client.get("/alerts/inbox/")
    text = page.content.decode()
    assert "The generic" in words(page)
    assert failed[0].code in text
    assert "<script>alert" not in text
    assert "s3cret-value" not in text
    assert "x" * 900 not in text
    whole = client.get(f"/alerts/inbox/{failed[0].public_id}/").content.decode()
    assert "x" * 900 in whole
    assert "<script>alert" not in whole
    assert "s3cret-value" not in whole
    kept = client.get(f"/alerts/inbox/{failed[0].public_id}/?file=1")
    assert kept["Content-Disposition"].startswith("attachment")
    assert client.get("/alerts/inbox/?state=replayed").status_code == 200


@pytest.mark.req("MON-06")
def test_many_are_replayed_after_the_mapping_was_mended_and_the_rest_discarded(failed: list[FailedIntake], browser: Any) -> None:
    client = browser("lead")
    marks = [f"{item.public_id}.{item.version}" for item in failed]
    still = client.post("/alerts/inbox/bulk/", {"do": "replay", "item": marks})
    assert still.status_code == 409
    assert "3 refused" in words(still)
    source = failed[0].source
    source.mapping = {"summary": "weird", "dedup_key": "number"}
    source.version += 1
    source.save()
    directory.forget()
    assert client.post("/alerts/inbox/bulk/", {"do": "replay", "item": marks[:2]}).status_code == 302
    assert Alert.objects.filter(summary=XSS).count() == 2
    missing = client.post("/alerts/inbox/bulk/", {"do": "discard", "item": marks[2:]})
    assert missing.status_code == 422
    assert client.post("/alerts/inbox/bulk/", {"do": "discard", "item": marks[2:], "reason": "only a try"}).status_code == 302
    assert [item.state for item in FailedIntake.objects.order_by("id")] == ["replayed", "replayed", "discarded"]
    assert Entry.objects.filter(name="monitoring.failed_intake_replayed.v1").count() == 2


@pytest.mark.req("SEC-01")
@pytest.mark.parametrize("name, sees, acts", [("auditor", True, False), ("admin", True, True), ("business", False, False), ("service", False, False)])
def test_the_inbox_is_for_those_who_keep_the_sources(failed: list[FailedIntake], browser: Any, name: str, sees: bool, acts: bool) -> None:
    client = browser(name)
    assert ("The generic" in words(client.get("/alerts/inbox/"))) == sees
    assert (client.get(f"/alerts/inbox/{failed[0].public_id}/").status_code == 200) == sees
    client.post("/alerts/inbox/bulk/", {"do": "discard", "item": [f"{failed[0].public_id}.{failed[0].version}"], "reason": "x"})
    failed[0].refresh_from_db()
    assert (failed[0].state == "discarded") == acts


def test_every_screen_speaks_chinese(file: Any, failed: Any, browser: Any) -> None:
    file(group(alert("a" * 16)))
    client = browser("lead")
    client.cookies["django_language"] = "zh-hans"
    stored = Alert.objects.filter(dedup_key="a" * 16).get()
    for address in ("/alerts/", "/alerts/?view=flat&q=x", "/alerts/silences/", "/alerts/unrouted/", "/alerts/inbox/", f"/alerts/{stored.public_id}/",
                    f"/alerts/{stored.public_id}/give/", f"/alerts/bulk/?do=silence&alert={stored.public_id}.1"):  # fmt: skip
        text = words(client.get(address))
        for english in ("Silence", "Acknowledge", "Firing", "Labels", "Reason", "Part ", "ticked", "Unrouted", "Find", "Timeline", "Replay"):
            assert not re.search(rf"\b{english}", text), (address, english)
