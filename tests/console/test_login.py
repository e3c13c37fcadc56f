"""Log-in: slow to guess, no weapon against others; sessions end; the browser's cookies are tight."""

from __future__ import annotations

import time

import pytest
from django.conf import settings
from django.test import Client

from console import people, services
from console.models import LoginAttempt
from console.sessions import SessionStore
from contingency.org.models import User
from tests.console.conftest import PASSWORD
from tests.console.reading import words


def try_once(client: Client, name: str = "lead", password: str = "wrong", **extra):
    return client.post("/login/", {"username": name, "password": password}, **extra)


@pytest.mark.req("SEC-02")
def test_a_person_logs_in_with_a_new_session_id_and_lands_where_they_wanted(company):
    client = Client()
    client.get("/login/?next=/incidents/")
    session = SessionStore()
    session["planted"] = "x"
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    answer = client.post("/login/", {"username": "LEAD", "password": PASSWORD, "next": "/incidents/"})
    assert (answer.status_code, answer["Location"]) == (302, "/incidents/")
    assert client.session.session_key != session.session_key
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


@pytest.mark.parametrize("wanted", ["https://evil.example", "//evil.example", "javascript:alert(1)", "/login/"])
def test_after_log_in_nobody_is_led_away(company, wanted):
    answer = Client().post("/login/", {"username": "lead", "password": PASSWORD, "next": wanted})
    assert answer["Location"] == "/"


@pytest.mark.parametrize("name", ["lead", "nobody.at.all"])
def test_known_and_unknown_names_are_refused_in_the_same_words_and_number_of_tries(company, name):
    client = Client()
    answers = [try_once(client, name) for _ in range(services.TRIES + 1)]
    assert {answer.status_code for answer in answers[:-1]} == {422}
    assert "The name or the password is wrong." in words(answers[0])
    assert answers[-1].status_code == 429


@pytest.mark.req("SEC-02")
def test_ten_wrong_tries_stop_an_attacker_whatever_address_they_claim(company):
    for number in range(services.TRIES):
        assert try_once(Client(), REMOTE_ADDR=f"10.0.0.{number}", HTTP_X_FORWARDED_FOR=f"192.0.2.{number}").status_code == 422
    assert try_once(Client(), password=PASSWORD, REMOTE_ADDR="10.9.9.9", HTTP_X_FORWARDED_FOR="192.0.2.99").status_code == 429


@pytest.mark.req("SEC-02")
def test_an_attacker_cannot_lock_out_a_browser_that_the_person_used_before(company):
    own = Client()
    assert try_once(own, password=PASSWORD).status_code == 302
    own.post("/logout/")
    for _ in range(services.TRIES + 3):
        try_once(Client())
    assert try_once(Client(), password=PASSWORD).status_code == 429
    assert try_once(own, password=PASSWORD).status_code == 302


def test_a_known_browser_of_one_account_opens_no_further_tries_for_another(company):
    attacker = Client()
    assert try_once(attacker, name="engineer", password=PASSWORD).status_code == 302
    attacker.post("/logout/")
    for _ in range(services.TRIES):
        assert try_once(Client()).status_code == 422
    assert try_once(attacker).status_code == 429


def test_old_tries_are_forgiven_and_forgotten(company):
    for _ in range(services.TRIES):
        try_once(Client())
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("UPDATE console_loginattempt SET at = at - interval '16 minutes'")
    assert try_once(Client(), password=PASSWORD).status_code == 302
    assert services.forget_old() == 0
    with connection.cursor() as cursor:
        cursor.execute("UPDATE console_loginattempt SET at = at - interval '3 days'")
    assert services.forget_old() == LoginAttempt.objects.count() + services.TRIES + 1


def test_success_clears_the_count(company):
    client = Client()
    for _ in range(services.TRIES - 1):
        try_once(client)
    assert try_once(client, password=PASSWORD).status_code == 302
    client.post("/logout/")
    assert try_once(client).status_code == 422


@pytest.mark.parametrize(
    "key,age_s,alive", [("seen_at", 29 * 60, True), ("seen_at", 31 * 60, False), ("started_at", 11 * 3600, True), ("started_at", 13 * 3600, False)]
)
def test_a_session_ends_after_half_an_hour_idle_and_after_twelve_hours(company, browser, key, age_s, alive):
    client = browser("lead")
    session = client.session
    session[key] = int(time.time()) - age_s
    session.save()
    assert (client.get("/").status_code == 200) is alive
    if not alive:
        assert client.get("/").status_code == 302  # gone for good


def test_what_the_page_fetches_by_itself_does_not_keep_the_session_alive(company, browser):
    client = browser("lead")

    def age(seconds: int) -> None:
        session = client.session
        session[people.SEEN] = int(time.time()) - seconds
        session.save()

    age(600)
    client.get("/feed/poll/")
    client.get("/?parts=now-headline", headers={"X-Requested-With": "fetch"})
    assert time.time() - client.session[people.SEEN] > 500
    client.get("/")
    assert time.time() - client.session[people.SEEN] < 60


@pytest.mark.req("SEC-02")
def test_a_person_who_has_left_is_out_at_the_next_request(company, browser):
    client = browser("lead")
    token = company.token("lead")
    assert client.get("/").status_code == 200
    User.objects.filter(username="lead").update(is_active=False)
    assert client.get("/").status_code == 302
    assert Client(headers={"Authorization": f"Bearer {token}"}).get("/api/v1/me/").status_code == 401
    assert try_once(Client(), password=PASSWORD).status_code == 422


def test_log_out_is_a_post_and_ends_the_session(company, browser):
    client = browser("lead")
    key = client.session.session_key
    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/").status_code == 302
    assert not SessionStore().exists(key)
    assert client.get("/").status_code == 302


def test_a_changed_password_ends_the_other_sessions(company, browser):
    client = browser("lead")
    user = User.objects.get(username="lead")
    user.set_password("another horse battery")
    user.save()
    assert client.get("/").status_code == 302


@pytest.mark.parametrize("name,password", [("\x00", "x"), ("x" * 10_000, "y" * 10_000), ("\u202elead", "x"), ("", ""), ("lead'--", "' or 1=1")])
def test_strange_names_are_only_wrong(company, name, password):
    assert try_once(Client(), name, password).status_code == 422


def test_the_language_is_the_readers_in_browser_and_in_what_is_sent(company, browser):
    client = browser("lead")
    client.post("/language/", {"language": "zh-hans", "next": "/alerts/"})
    assert User.objects.get(username="lead").language == "zh-hans"
    assert client.post("/language/", {"language": "xx"}).status_code == 302
    assert User.objects.get(username="lead").language == "zh-hans"


def test_the_theme_is_a_cookie_of_this_browser(company, browser):
    client = browser("lead")
    client.post("/theme/", {"theme": "dark"})
    assert 'data-theme="dark"' in client.get("/").content.decode()
    client.post("/theme/", {"theme": "<script>"})
    assert "data-theme" not in client.get("/").content.decode().split(">")[1]


def test_reading_on_in_another_language_does_not_forget_where_the_log_in_leads(client):
    here = "/login/?next=/incidents/"
    assert client.post("/language/", {"language": "zh-hans", "next": here}).headers["Location"] == here
    assert client.post("/theme/", {"theme": "dark", "next": here}).headers["Location"] == here
    assert client.post("/language/", {"language": "en", "next": "//evil.example/login/"}).headers["Location"] == "/"


def test_a_language_chosen_at_the_log_in_is_the_persons_from_then_on(company, client):
    client.post("/language/", {"language": "zh-hans", "next": "/login/"})
    assert try_once(client, password=PASSWORD).status_code == 302
    assert User.objects.get(username="lead").language == "zh-hans"  # also in what is sent
    client.post("/logout/")
    assert try_once(client, "lead2", PASSWORD).status_code == 302
    assert User.objects.get(username="lead2").language == "en"  # chosen by the one before
