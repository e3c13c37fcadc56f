"""Sessions and who must have a second factor: seen by their owner, ended everywhere, closed to whom the rule names."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client

from console import entrance, services
from console.models import BrowserSession
from kernel.models import Entry
from tests.console.conftest import PASSWORD
from tests.console.factors import enrol_app
from tests.console.reading import words


def is_in(client: Client) -> bool:
    return client.get("/").status_code == 200


@pytest.mark.req("SEC-02")
def test_a_role_that_asks_for_a_second_factor_opens_nothing_before_it(company, browser, api, settings):
    settings.SECOND_FACTOR_ROLES = ["administrator"]
    admin, lead = browser("admin"), browser("lead")
    assert is_in(lead)
    for address in ("/", "/setup/people/", "/incidents/"):
        assert admin.get(address)["Location"] == "/setup/security/"
    assert "Your role asks for a second factor" in words(admin.get("/setup/security/"))
    assert admin.get("/api/v1/me/", headers={"Accept": "application/json"}).json()["code"] == "second_factor_wanted"
    assert admin.get("/", headers={"Authorization": "Bearer x"}).status_code == 302
    assert admin.post("/do/org.user_create/", {"username": "x", "display_name": "X"}).status_code == 403
    assert admin.get("/feed/poll/", headers={"Accept": "application/json"}).status_code == 403
    assert api("admin", "people:read").get("/api/v1/people/").status_code == 200
    enrol_app(admin)
    assert is_in(admin)


@pytest.mark.req("SEC-02")
def test_people_see_where_they_are_logged_in_and_log_out_everywhere_else(company, browser):
    here, there = browser("lead"), Client(headers={"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/140.0"})
    there.post("/login/", {"username": "lead", "password": PASSWORD})
    stranger = browser("engineer")
    page = words(here.get("/setup/security/"))
    assert "Firefox · Windows" in page
    assert page.count("since") == 2
    assert is_in(there)
    before = here.session.session_key
    assert here.post("/setup/security/sessions/").status_code == 302
    assert here.session.session_key != before
    assert (is_in(here), is_in(there), is_in(stranger)) == (True, False, True)
    assert words(here.get("/setup/security/")).count("since") == 1
    assert Entry.objects.filter(name="org.sessions_ended.v1").count() == 1


def test_sessions_that_ran_out_are_forgotten(company, browser):
    browser("lead")
    row = BrowserSession.objects.get()
    assert row.user_id == company.users["lead"].pk
    with connection.cursor() as cursor:
        cursor.execute("UPDATE console_browsersession SET expire_date = now() - interval '1 s'")
    assert services.forget_old() >= 1
    assert not BrowserSession.objects.exists()


def test_an_unknown_role_in_the_rule_stops_the_start(settings):
    from django.apps import apps
    from django.core.exceptions import ImproperlyConfigured

    settings.SECOND_FACTOR_ROLES = ["administrators"]
    with pytest.raises(ImproperlyConfigured, match="administrators"):
        apps.get_app_config("console").ready()


@pytest.mark.req("SEC-02")
def test_over_https_every_cookie_of_the_door_is_for_https_only(company, settings):
    """T50."""
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    client = Client()
    client.get("/login/", secure=True)
    client.post("/login/", {"username": "lead", "password": PASSWORD}, secure=True)
    client.post("/theme/", {"theme": "dark"}, secure=True)
    assert {"sessionid", "csrftoken", entrance.KNOWN_COOKIE, "theme"} <= set(client.cookies)
    for name, cookie in client.cookies.items():
        assert cookie["secure"], name
        assert cookie["samesite"] == "Lax", name
        assert cookie["httponly"] or name == "csrftoken", name
