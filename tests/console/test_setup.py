"""The set-up: who sees what, keys shown once, snippets with the real address, a test alert that arrives."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from contingency.org.models import ContactPoint, PersonalToken, Roster, Shift
from incidents.response.models import Incident
from kernel import clock
from kernel.models import Entry
from monitoring.alerts.models import Alert, Source, SourceKey
from monitoring.alerts.services.sources import source_create
from monitoring.probes.models import Probe, Series
from tests.console.reading import words

XSS = "<script>alert(1)</script>"
KEY = re.compile(r'id="shown-once" class="mono" readonly value="([A-Za-z0-9_-]+)"')
MARK = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def source(company) -> Source:
    made, _key = source_create(kind="alertmanager", name="Alertmanager", part=company.part, actor=company.actor("lead"))
    return made


@pytest.mark.req("SEC-01")
@pytest.mark.parametrize(
    "name,sees",
    [
        ("engineer", "sources parts probes people rosters contacts tokens"),
        ("lead", "sources parts probes people rosters contacts tokens"),
        ("business", "parts probes people rosters contacts tokens"),
        ("service", "parts people rosters contacts tokens"),
        ("auditor", "sources parts probes people rosters contacts tokens"),
        ("admin", "sources parts people rosters contacts tokens"),
        ("director", "sources parts probes people rosters contacts tokens"),
    ],
)
def test_each_role_sees_its_screens_and_no_others(company, source, browser, name, sees):
    client = browser(name)
    home = client.get("/setup/").content.decode()
    for section in ("sources", "parts", "probes", "people", "rosters", "contacts", "tokens"):
        may = section in sees.split()
        assert client.get(f"/setup/{section}/").status_code == (200 if may else 403), section
        assert (f'href="/setup/{section}/"' in home) == may, section
    assert client.get(f"/setup/sources/{source.public_id}/").status_code == (200 if "sources" in sees else 404)


@pytest.mark.req("SEC-01")
@pytest.mark.parametrize(
    "name,move,may",
    [
        ("lead", "monitoring.source_create", True),
        ("admin", "monitoring.source_create", True),
        ("engineer", "monitoring.source_create", False),
        ("auditor", "monitoring.source_create", False),
        ("lead", "org.shift_add", True),
        ("engineer", "org.shift_add", False),
        ("admin", "org.user_create", True),
        ("lead", "org.user_create", False),
        ("engineer", "monitoring.probe_create", True),
        ("director", "monitoring.probe_create", False),
        ("lead", "catalog.part_register", True),
        ("engineer", "catalog.part_register", False),
    ],
)
def test_what_a_role_may_make_is_offered_and_nothing_else(company, browser, name, move, may):
    screens = {"monitoring.source_create": "sources", "org.shift_add": "rosters", "org.user_create": "people",
               "monitoring.probe_create": "probes", "catalog.part_register": "parts"}  # fmt: skip
    assert (f"/do/{move}/" in browser(name).get(f"/setup/{screens[move]}/").content.decode()) == may


@pytest.mark.req("MON-06")
def test_a_new_tools_key_is_shown_once_with_the_real_address_and_opens_the_door(company, browser):
    client = browser("lead")
    form = {"kind": "alertmanager", "name": "Hall", "part": str(company.part.public_id), "mark": MARK}
    answer = client.post("/do/monitoring.source_create/", form)
    assert answer.status_code == 200
    key = KEY.search(answer.content.decode()).group(1)
    address = f"{settings.BASE_URL.rstrip('/')}/in/alertmanager/{key}"
    assert f"url: {address}" in answer.content.decode()
    source = Source.objects.get(name="Hall")

    again = client.post("/do/monitoring.source_create/", form)  # the same form sent twice: nothing new, and no key
    assert Source.objects.filter(name="Hall").count() == 1
    assert key not in again.content.decode()
    for shown in (f"/setup/sources/{source.public_id}/", "/setup/sources/", "/", f"/do/monitoring.source_key_issue/{source.public_id}/"):
        assert key not in client.get(shown).content.decode(), shown
    page = client.get(f"/setup/sources/{source.public_id}/")
    assert f"{settings.BASE_URL.rstrip('/')}/in/alertmanager/YOUR-KEY" in page.content.decode()
    assert f"Key {key[:4]}…" in words(page)
    assert not any(key in json.dumps([entry.payload, entry.before, entry.after]) for entry in Entry.objects.all())
    body = {
        "version": "4",
        "status": "firing",
        "alerts": [{"status": "firing", "labels": {"alertname": "A", "severity": "info"}, "fingerprint": "f"}],
    }
    filed = Client().post(f"/in/alertmanager/{key}", json.dumps(body), content_type="application/json")
    assert filed.status_code == 200
    assert Alert.objects.filter(source=source).count() == 1


@pytest.mark.req("MON-06")
def test_rotating_gives_a_second_key_once_and_revoking_ends_the_first(company, source, browser):
    client = browser("lead")
    first = SourceKey.objects.get(source=source).hint
    answer = client.post(f"/do/monitoring.source_key_issue/{source.public_id}/", {"version": source.version})
    second = KEY.search(answer.content.decode()).group(1)
    source.refresh_from_db()
    client.post(f"/do/monitoring.source_key_revoke/{source.public_id}/", {"version": source.version, "hint": first})
    shown = words(client.get(f"/setup/sources/{source.public_id}/"))
    assert f"Key {second[:4]}…" in shown
    assert f"Key {first}…" not in shown
    assert second not in shown


@pytest.mark.parametrize("kind,says", [
    ("prometheus", "path_prefix: /in/prometheus/YOUR-KEY"),
    ("pagerduty", "routing_key: YOUR-KEY"),
    ("generic", "/in/generic/YOUR-KEY"),
    ("heartbeat", "/in/ping/YOUR-KEY"),
])  # fmt: skip
def test_each_kind_of_tool_has_snippets(company, browser, kind, says):
    made, _key = source_create(kind=kind, name=kind, actor=company.actor("lead"))
    assert says in browser("lead").get(f"/setup/sources/{made.public_id}/").content.decode()


def test_a_job_that_reports_is_connected_and_one_whose_alert_is_open_says_so(company, browser):
    _made, key = source_create(kind="heartbeat", name="nightly dump", actor=company.actor("lead"))
    client = browser("lead")
    assert "no signal yet" in words(client.get("/setup/sources/"))
    for _ping in range(2):
        assert Client().post(f"/in/ping/{key}").status_code == 200
    shown = words(client.get("/setup/sources/"))
    assert "2 signals · last heard of" in shown
    assert "connected" in shown
    Client().post(f"/in/ping/{key}/fail")
    assert "its alert is open" in words(client.get("/setup/sources/"))


@pytest.mark.parametrize("kind", ["alertmanager", "prometheus", "pagerduty", "generic"])
def test_the_shell_snippets_work_as_they_stand(company, live_server, settings, tmp_path, kind):
    """Run in a real shell against a real server."""
    import subprocess

    from console.selectors.setup_sources import snippets

    settings.BASE_URL = live_server.url
    made, key = source_create(kind=kind, name=kind, actor=company.actor("lead"))
    script = next(snippet.text for snippet in snippets(made, key) if snippet.text.startswith("curl"))
    done = subprocess.run(["/bin/sh", "-ec", script.replace("curl ", "curl -fsS ", 1)], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    assert Alert.objects.filter(source=made, state="firing").count() == 1


@pytest.mark.req("MON-06")
def test_a_test_alert_arrives_visibly_and_opens_no_incident(company, source, browser):
    client = browser("lead")
    address = f"/setup/sources/{source.public_id}/"
    assert "Nothing yet." in words(client.get(address))
    answer = client.post(f"/do/monitoring.source_test/{source.public_id}/", {"version": source.version})
    assert answer.status_code == 302, words(answer)
    fragment = words(client.get(f"{address}?parts=source-alerts"))
    assert "Test alert from the console" in fragment
    assert "Order system" in fragment
    alert = Alert.objects.get(source=source)
    assert (alert.severity, alert.opens_incident) == ("info", False)
    assert alert.expires_at <= clock.now() + timedelta(minutes=6)
    assert Incident.objects.count() == 0
    assert Entry.objects.filter(name="monitoring.source_tested.v1").count() == 1


def test_a_test_that_would_open_an_incident_is_not_sent(company, source, browser):
    Source.objects.filter(pk=source.pk).update(severity_map={"info": "critical"})
    answer = browser("lead").post(f"/do/monitoring.source_test/{source.public_id}/", {"version": source.version})
    assert answer.status_code == 409
    assert "would open an incident" in words(answer)
    assert not Alert.objects.exists()


@pytest.mark.req("SEC-02")
def test_a_personal_token_is_shown_once_and_only_to_its_owner(company, browser):
    client = browser("engineer")
    form = {"name": "nightly-job", "scopes": "incidents:read", "mark": MARK}
    answer = client.post("/do/org.token_issue/", form)
    secret = KEY.search(answer.content.decode()).group(1)
    assert Client(headers={"Authorization": f"Bearer {secret}"}).get("/api/v1/incidents/").status_code == 200
    assert secret not in client.post("/do/org.token_issue/", form).content.decode()
    page = client.get("/setup/tokens/")
    assert secret not in page.content.decode()
    assert "nightly-job" in words(page)
    assert "revoked" not in words(page)
    assert "nightly-job" not in words(browser("admin").get("/setup/tokens/"))
    token = PersonalToken.objects.get(name="nightly-job")
    client.post(f"/do/org.token_revoke/{token.public_id}/", {"version": token.version})
    assert "revoked" in words(client.get("/setup/tokens/"))
    assert Client(headers={"Authorization": f"Bearer {secret}"}).get("/api/v1/incidents/").status_code == 401


@pytest.mark.req("ORG-04")
def test_ones_own_contact_points_have_a_test_button_where_something_can_be_sent(company, browser):
    page = browser("engineer").get("/setup/contacts/").content.decode()
    mail = ContactPoint.objects.get(user=company.users["engineer"], kind="email")
    phone = ContactPoint.objects.get(user=company.users["engineer"], kind="phone")
    assert f"/do/notify.contact_point_test/{mail.public_id}/" in page
    assert f"/do/notify.contact_point_test/{phone.public_id}/" not in page
    assert "lead@example.com" not in page


@pytest.mark.req("ORG-03")
def test_the_rosters_say_who_is_on_duty_and_where_nobody_is(company, browser):
    shown = words(browser("service").get("/setup/rosters/"))
    assert "Duty engineer Operations" in shown
    assert "nobody at rank 2 now" in shown
    assert re.search(r"Begins (\d{4}-)?\d\d-\d\d \d\d:\d\d Ends (\d{4}-)?\d\d-\d\d \d\d:\d\d", shown), "a shift of today without its date"
    Shift.objects.update(cancelled_at=clock.now())
    assert "Nobody is on duty in the coming four weeks" in words(browser("service").get("/setup/rosters/"))


@pytest.mark.req("ORG-01")
def test_people_stand_with_positions_roles_and_duty(company, browser):
    shown = words(browser("lead").get("/setup/people/"))
    assert re.search(r"Engineer engineer on duty operations-ops_engineer Operations engineer", shown)
    assert "End a holding" in shown
    assert "End a holding" not in words(browser("engineer").get("/setup/people/"))
    own, others = company.users["engineer"], company.users["lead"]
    page = browser("engineer").get("/setup/people/").content.decode()
    assert f"/do/org.password_set/{own.public_id}/" in page
    assert f"/do/org.password_set/{others.public_id}/" not in page
    assert f"/do/org.password_set/{others.public_id}/" in browser("admin").get("/setup/people/").content.decode()


@pytest.mark.req("MON-01")
def test_probes_stand_with_state_and_samples(company, browser):
    series = Series.objects.create(part=company.part, name="ready", unit="ms")
    now = clock.now()
    Probe.objects.create(
        name="ready", part=company.part, kind="http", target="http://127.0.0.1:9/", series=series, state_since=now, next_at=now + timedelta(days=1)
    )
    shown = words(browser("engineer").get("/setup/probes/"))
    assert "Not probed yet ready HTTP request · every 5 s" in shown
    assert "Pause probe" in shown
    assert "Pause probe" not in words(browser("auditor").get("/setup/probes/"))
    assert "ready" not in words(browser("stranger").get("/setup/probes/"))


def test_parts_stand_with_their_routing_rules(company, browser):
    shown = words(browser("lead").get("/setup/parts/"))
    assert "service = orders Fault class Software Opens an incident when critical, error" in shown
    assert "Add a routing rule" in shown


@pytest.mark.parametrize("section", ["sources", "parts", "people", "rosters", "contacts", "tokens", "probes"])
def test_markup_in_names_is_only_text(company, browser, section):
    company.part.name_en = XSS
    company.part.save()
    Roster.objects.update(name_en=XSS)
    user = company.users["lead"]
    user.display_name = XSS
    user.save()
    source_create(kind="generic", name=XSS, part=company.part, actor=company.actor("lead"))
    ContactPoint.objects.create(user=user, kind="webhook", address=f"http://x.example/{XSS}", order=3)
    page = browser("lead").get(f"/setup/{section}/")
    assert page.status_code == 200
    assert XSS not in page.content.decode()


@pytest.mark.parametrize("section", ["sources", "parts", "probes", "people", "rosters", "contacts", "tokens"])
def test_every_screen_in_chinese_has_no_english_heading(company, browser, section):
    client = browser("lead")
    client.cookies["django_language"] = "zh-hans"
    html = client.get(f"/setup/{section}/").content.decode()
    heading = re.search(r"<h1>(.*?)</h1>", html, re.DOTALL).group(1).strip()
    assert heading
    assert not re.search(r"[A-Za-z]{3}", heading), heading


@pytest.mark.parametrize("section", ["sources", "people", "rosters", "tokens", "contacts"])
def test_more_rows_cost_no_more_queries(company, browser, section):
    client = browser("lead")
    address = f"/setup/{section}/"
    source_create(kind="generic", name="first", part=company.part, actor=company.actor("lead"))
    client.get(address)
    with CaptureQueriesContext(connection) as few:
        client.get(address)
    now = clock.now()
    for number in range(5):
        source_create(kind="generic", name=f"tool {number}", part=company.part, actor=company.actor("lead"))
        Shift.objects.create(
            roster=company.roster,
            user=company.users["lead2"],
            rank=2,
            starts_at=now + timedelta(days=number),
            ends_at=now + timedelta(days=number + 1),
        )
        ContactPoint.objects.create(user=company.users["lead"], kind="email", address=f"{number}@example.com", order=number + 3)
        PersonalToken.objects.create(user=company.users["lead"], prefix=f"sbp_{number}", digest=f"d{number}", scopes=["a:read"], created_at=now,
                                     expires_at=now + timedelta(days=1))  # fmt: skip
    with CaptureQueriesContext(connection) as many:
        client.get(address)
    assert len(many) <= len(few) + 1, [query["sql"][:100] for query in many]
