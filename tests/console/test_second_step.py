"""The second factor: asked for, usable once, hard to guess, no weapon against its owner, and never readable."""

from __future__ import annotations

import re
import time
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from console import entrance, people, services
from console.doctor.house import second_factor_rule
from console.doctor.machine import State
from console.feed.admission import admit
from console.models import LoginAttempt
from console.sessions import SessionStore
from contingency.org.models import Factor, RecoveryCode, User
from contingency.org.services.sealing import SealBroken, seal, unseal
from kernel.models import Entry
from tests.console.conftest import PASSWORD
from tests.console.factors import code_at, codes_in, enrol_app, give_password, offer_in, secret_in, wrong_codes
from tests.console.reading import words

SECOND = "/login/second/"


def try_code(client: Client, code: str):
    return client.post(SECOND, {"code": code})


@pytest.fixture
def phone(company, browser) -> tuple[bytes, list[str]]:
    """The lead's app and recovery codes."""
    secret, answer = enrol_app(browser("lead"))
    return secret, codes_in(answer)


def is_in(client: Client) -> bool:
    return client.get("/").status_code == 200


@pytest.mark.req("SEC-02")
def test_behind_the_password_a_code_is_asked_for_and_nothing_opens_before_it(company, phone):
    client = give_password(next="/incidents/")
    assert not is_in(client)
    assert client.get("/api/v1/me/").status_code == 401
    assert client.get("/feed/poll/").status_code == 401
    assert "Second step" in words(client.get(SECOND))
    answer = try_code(client, code_at(phone[0]))
    assert (answer.status_code, answer["Location"]) == (302, "/incidents/")
    assert is_in(client)


@pytest.mark.req("SEC-02")
def test_each_step_has_a_new_session_id(company, phone):
    client = Client()
    planted = SessionStore()
    planted["planted"] = "x"
    planted.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = planted.session_key
    give_password(client=client)
    half = client.session.session_key
    try_code(client, code_at(phone[0]))
    assert len({planted.session_key, half, client.session.session_key}) == 3
    assert not SessionStore().exists(half)
    assert "planted" not in client.session


@pytest.mark.req("SEC-02")
def test_a_code_opens_once_and_none_before_it_opens_again(company, phone):
    secret, _codes = phone
    assert try_code(give_password(), code_at(secret)).status_code == 302
    assert try_code(give_password(), code_at(secret)).status_code == 422
    assert try_code(give_password(), code_at(secret, steps=-1)).status_code == 422
    assert try_code(give_password(), code_at(secret, steps=1)).status_code == 302


@pytest.mark.parametrize("steps,opens", [(-2, False), (1, True), (2, False)])
def test_a_phone_may_be_half_a_minute_off_and_no_more(company, phone, steps, opens):
    assert (try_code(give_password(), code_at(phone[0], steps=steps)).status_code == 302) is opens


@pytest.mark.parametrize("typed", ["full-width", "spaced"])
def test_a_code_is_read_however_the_keyboard_writes_it(company, phone, typed):
    code = code_at(phone[0])
    shown = "".join(chr(ord(digit) + 0xFEE0) for digit in code) if typed == "full-width" else f" {code[:3]} {code[3:]} "
    assert try_code(give_password(), shown).status_code == 302


@pytest.mark.req("SEC-02")
def test_a_recovery_code_opens_once_and_its_owner_is_told(company, phone):
    codes = phone[1]
    assert len(set(codes)) == 10
    client = give_password()
    assert try_code(client, codes[3].upper().replace("-", " ")).status_code == 302
    assert "9 are left" in words(client.get("/"))
    assert try_code(give_password(), codes[3]).status_code == 422
    assert try_code(give_password(), codes[4]).status_code == 302
    used = Entry.objects.filter(name="org.recovery_code_used.v1")
    assert [entry.payload["left"] for entry in used.order_by("id")] == [9, 8]


def test_new_recovery_codes_make_the_old_ones_worthless(company, browser):
    client = browser("lead")
    _secret, answer = enrol_app(client)
    old = codes_in(answer)
    new = codes_in(client.post("/setup/security/codes/"))
    assert len(new) == 10
    assert not set(old) & set(new)
    assert try_code(give_password(), old[0]).status_code == 422
    assert try_code(give_password(), new[0]).status_code == 302
    assert RecoveryCode.objects.count() == 10


def test_without_a_factor_there_are_no_recovery_codes(company, browser):
    assert browser("lead").post("/setup/security/codes/").status_code == 409
    assert not Factor.objects.exists()


@pytest.mark.req("SEC-02")
@pytest.mark.attack
def test_a_stolen_password_does_not_let_a_million_codes_be_guessed(company, phone):
    secret, _codes = phone
    wrong = wrong_codes(secret)
    statuses = [try_code(give_password_again(number), wrong[number]).status_code for number in range(60)]
    assert statuses[: services.TRIES] == [422] * services.TRIES
    assert set(statuses[services.TRIES :]) == {429}
    client = give_password_again(99)
    assert try_code(client, code_at(secret)).status_code == 429  # even the right one is not looked at
    assert Entry.objects.filter(name="org.codes_guessed.v1").count() == 1
    within_a_day(minutes=16)
    for number in range(services.CODE_TRIES_A_DAY):
        within_a_day(minutes=16)
        try_code(give_password_again(number), wrong[1])
    within_a_day(minutes=16)
    assert try_code(give_password_again(7), code_at(secret)).status_code == 429  # the day's share is used up


def give_password_again(number: int) -> Client:
    """The thief knows the password: every round begins with it, from another claimed address."""
    LoginAttempt.objects.filter(account="lead").delete()
    return give_password(client=Client(headers={"X-Forwarded-For": f"192.0.2.{number}"}))


def within_a_day(minutes: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE console_loginattempt SET at = at - make_interval(mins => %s)", [minutes])


@pytest.mark.req("SEC-02")
def test_wrong_codes_of_a_thief_do_not_lock_the_owners_browser(company, phone):
    own = give_password()
    assert try_code(own, code_at(phone[0])).status_code == 302
    own.post("/logout/")
    for number in range(services.TRIES + 2):
        try_code(give_password_again(number), wrong_codes(phone[0])[number])
    assert try_code(give_password_again(0), code_at(phone[0], steps=1)).status_code == 429
    give_password(client=own)
    assert try_code(own, code_at(phone[0], steps=1)).status_code == 302


def test_the_second_step_ends_after_ten_minutes_and_when_the_password_changes(company, phone):
    late = give_password()
    session = late.session
    session[entrance.PENDING] = {**session[entrance.PENDING], "at": int(time.time()) - 601}
    session.save()
    assert try_code(late, code_at(phone[0]))["Location"] == "/login/"
    changed = give_password()
    user = User.objects.get(username="lead")
    user.set_password("another horse battery")
    user.save()
    assert try_code(changed, code_at(phone[0]))["Location"] == "/login/"
    assert not is_in(changed)


def test_a_person_who_left_between_the_steps_stays_outside(company, phone):
    client = give_password()
    User.objects.filter(username="lead").update(is_active=False)
    assert try_code(client, code_at(phone[0]))["Location"] == "/login/"
    assert not is_in(client)


def test_nobody_comes_to_the_second_step_without_a_password(company):
    assert Client().get(SECOND)["Location"] == "/login/"
    assert try_code(Client(), "123456")["Location"] == "/login/"


@pytest.mark.req("SEC-02")
def test_secrets_lie_encrypted_and_codes_hashed_and_the_journal_knows_neither(company, phone):
    secret, codes = phone
    factor = Factor.objects.get(kind="app")
    assert secret not in bytes(factor.secret)
    assert unseal(bytes(factor.secret), of=str(factor.public_id)) == secret
    with pytest.raises(SealBroken):
        unseal(bytes(factor.secret), of="another row")
    kept = " ".join(RecoveryCode.objects.values_list("digest", flat=True))
    told = " ".join(f"{entry.payload} {entry.before} {entry.after} {entry.reason}" for entry in Entry.objects.all())
    for code in codes:
        assert code not in kept
        assert code not in told
    assert secret.hex() not in told
    assert "secret" not in told


def test_a_changed_secret_key_still_opens_while_the_old_one_is_named(settings):
    sealed = seal(b"x", of="a")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", []
    with pytest.raises(SealBroken):
        unseal(sealed, of="a")
    settings.SECRET_KEY_FALLBACKS = ["tests-only-0123456789-abcdefghijklmnopqrstuvwxyz-0123456789"]
    assert unseal(sealed, of="a") == b"x"


def test_an_app_is_added_only_with_its_first_code_and_its_own_offer(company, browser):
    client, other = browser("lead"), browser("engineer")
    page = client.get("/setup/security/app/").content.decode()
    secret, offer = secret_in(page), offer_in(page)
    wrong = client.post("/setup/security/app/", {"name": "Phone", "offer": offer, "code": wrong_codes(secret)[0]})
    assert wrong.status_code == 422
    assert secret_in(wrong.content.decode()) == secret  # the picture was scanned already: it stays
    assert other.post("/setup/security/app/", {"name": "Phone", "offer": offer, "code": code_at(secret)}).status_code == 409
    assert not Factor.objects.exists()
    assert "data:image/svg+xml" in page
    assert client.post("/setup/security/app/", {"name": "Phone", "offer": offer, "code": code_at(secret)}).status_code == 200
    entry = Entry.objects.get(name="org.factor_enrolled.v1")
    assert (entry.actor_label, entry.subject_label) == ("Lead", "Lead: Phone")


@pytest.mark.req("SEC-02")
def test_changes_ask_for_a_proof_of_the_last_ten_minutes(company, browser):
    client = browser("lead")
    secret, _answer = enrol_app(client)
    factor = Factor.objects.get(kind="app")
    session = client.session
    session["proved_at"] = int(time.time()) - 601
    session.save()
    form = {"version": factor.version}
    remove = f"/do/org.factor_remove/{factor.public_id}/"
    assert client.post(remove, form).status_code == 403
    lead = User.objects.get(username="lead")
    own = {"version": lead.version, "password": "a password to prove with"}
    assert client.post(f"/do/org.password_set/{lead.public_id}/", own).status_code == 403  # else it would be a proof of one's own making
    for address in (remove, "/setup/security/app/", "/setup/security/codes/", "/setup/security/passkey/"):
        assert client.get(address)["Location"].startswith("/login/again/?next="), address
    assert client.post("/setup/security/codes/")["Location"].startswith("/login/again/")
    assert client.post("/login/again/", {"proof": "wrong"}).status_code == 422
    before = client.session.session_key
    assert client.post("/login/again/", {"proof": code_at(secret), "next": "/setup/security/"})["Location"] == "/setup/security/"
    assert client.session.session_key != before
    assert client.post(remove, form).status_code == 302
    assert not Factor.objects.filter(removed_at=None).exists()  # the recovery codes went with the last factor
    assert Factor.objects.filter(secret__isnull=False).count() == 0
    assert Client().post("/login/", {"username": "lead", "password": PASSWORD})["Location"] == "/"


def test_a_proof_cannot_be_guessed_either(company, browser):
    client = browser("lead")
    statuses = [client.post("/login/again/", {"proof": f"guess {number}"}).status_code for number in range(services.TRIES + 2)]
    assert statuses == [422] * services.TRIES + [429] * 2


@pytest.mark.req("SEC-02")
def test_a_token_enrols_and_removes_nothing(company, browser, api):
    enrol_app(browser("lead"))
    factor = Factor.objects.get(kind="app")
    client = api("lead", "second-factors:read", "second-factors:write")
    shown = client.get(f"/api/v1/second-factors/{factor.public_id}/").json()
    assert set(shown) == {"id", "version", "user", "kind", "name", "created_at", "last_used_at", "removed_at"}
    for address, body in ((f"{factor.public_id}/factor_remove/", {"version": factor.version}), ("recovery_codes_make/", {})):
        answer = client.post(f"/api/v1/second-factors/{address}", body, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (403, "proof_needed")


@pytest.mark.req("SEC-02")
def test_an_administrator_takes_a_lost_factor_away_and_can_do_nothing_else_with_it(company, browser, api):
    enrol_app(browser("lead"))
    factor = Factor.objects.get(kind="app")
    admin = browser("admin")
    assert "My phone" in words(admin.get("/setup/people/"))
    assert "My phone" not in words(browser("engineer").get("/setup/people/"))
    address = f"/do/org.factor_take_away/{factor.public_id}/"
    assert admin.post(address, {"version": factor.version}).status_code == 422  # no reason
    assert browser("engineer").post(address, {"version": factor.version, "reason": "x"}).status_code == 404
    assert admin.post(f"/do/org.factor_remove/{factor.public_id}/", {"version": factor.version}).status_code == 403
    assert admin.post(address, {"version": factor.version, "reason": "Phone lost in a taxi"}).status_code == 302
    entry = Entry.objects.get(name="org.factor_taken_away.v1")
    assert (entry.actor_label, entry.reason) == ("Admin", "Phone lost in a taxi")
    assert Client().post("/login/", {"username": "lead", "password": PASSWORD})["Location"] == "/"


def test_an_administrator_does_not_take_away_their_own(company, browser):
    admin = browser("admin")
    enrol_app(admin)
    factor = Factor.objects.get(kind="app")
    assert admin.post(f"/do/org.factor_take_away/{factor.public_id}/", {"version": factor.version, "reason": "x"}).status_code == 403


def test_pages_with_secrets_are_kept_by_no_cache(company, browser):
    client = browser("lead")
    answers = [client.get("/setup/security/app/"), enrol_app(client)[1]]
    assert all("no-store" in answer["Cache-Control"] for answer in answers)
    assert not re.search(r"[A-Z2-7]{4} [A-Z2-7]{4}", words(client.get("/setup/security/")))


@pytest.mark.req("SEC-02")
def test_the_live_feed_closes_to_whom_no_page_would_open(company, phone, browser, settings):
    """T47, T50: what the hub asks every 30 seconds about each listener."""

    def hears(client: Client) -> bool:
        return admit({"cookie": f"{settings.SESSION_COOKIE_NAME}={client.session.session_key}"}, []) is not None

    half = give_password()
    assert not hears(half)
    try_code(half, code_at(phone[0]))
    assert hears(half)
    here, gone, ruled = browser("engineer"), browser("business"), browser("admin")
    assert all(hears(client) for client in (here, gone, ruled))
    there = browser("engineer")
    here.post("/setup/security/sessions/")
    assert (hears(here), hears(there)) == (True, False)
    User.objects.filter(username="business").update(is_active=False)
    assert not hears(gone)
    settings.SECOND_FACTOR_ROLES = ["administrator"]
    assert not hears(ruled)
    settings.SESSION_IDLE = timedelta(minutes=5)
    session = here.session
    session[people.SEEN] = int(time.time()) - 301
    session.save()
    assert not hears(here)
    assert not is_in(here)


def test_the_doctor_says_when_no_rule_is_set_and_when_a_key_was_lost(company, phone, settings):
    def said() -> tuple[str, str]:
        [finding] = second_factor_rule()
        return finding.state.value, finding.detail

    settings.HTTPS = False
    assert said()[0] == State.OK.value
    settings.HTTPS = True
    assert said()[0] == State.WARN.value
    settings.SECOND_FACTOR_ROLES = ["all"]
    assert said() == (State.OK.value, "a second factor is asked of: all")
    settings.SECRET_KEY = "another"
    assert said()[0] == State.FAIL.value
    assert said()[1].startswith("1 authenticator apps")
