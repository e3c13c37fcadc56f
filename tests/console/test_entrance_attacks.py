"""The door under attack: guessing a thousand times (T52), and pages of others that make a browser send what its owner did not mean (T51)."""

from __future__ import annotations

import random
import re
import statistics
import time
from difflib import unified_diff
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import authenticate, hashers
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.crypto import pbkdf2

from console import services
from console.models import BrowserSession, LoginAttempt
from console.selectors import frame
from console.views import login as login_view
from console.views import second_step
from contingency.org.models import Factor, User
from contingency.plan.models import PlanVersion
from kernel import access, clock, moves, records
from kernel.journal.relay import relay
from notify.models import AckLink
from notify.services.links import token_of
from tests.console.conftest import PASSWORD
from tests.console.factors import code_at, enrol_app
from tests.console.samples import sample_of_each
from tests.console.test_rights import every_view

pytestmark = [pytest.mark.matrix, pytest.mark.attack]

PBKDF2 = "django.contrib.auth.hashers.PBKDF2PasswordHasher"


def guess(number: int, name: str = "smith", password: str = "", client: Client | None = None) -> Any:
    claimed = {"X-Forwarded-For": f"198.51.{number // 250}.{number % 250}", "X-Real-IP": f"203.0.113.{number % 250}"}
    return (client or Client()).post("/login/", {"username": name, "password": password or f"guess {number}"}, headers=claimed)


@pytest.fixture
def smith(company) -> User:
    """A name that can be written in many ways that the database takes for the same."""
    user = company.users["lead"]
    user.username = "smith"
    user.save()
    return user


@pytest.mark.req("SEC-02")
def test_of_a_thousand_guesses_ten_are_looked_at_whatever_address_and_spelling_they_claim(smith, monkeypatch):
    """T52."""
    looked_at = []

    def counting(*arguments: Any, **fields: Any) -> Any:
        looked_at.append(fields["username"])
        return authenticate(*arguments, **fields)

    monkeypatch.setattr(login_view, "authenticate", counting)
    spellings = ("smith", "SMITH", "Smith", "ſmith", "ſMITH", "smıth", "ſmıth")
    statuses = [guess(number, spellings[number % len(spellings)]).status_code for number in range(1000)]
    assert set(statuses) == {422, 429}
    same = User.objects.filter(username__iexact="ſmith").exists()  # depends on the server's collation
    reach = [name for name in looked_at if name.lower() == "smith" or same]
    assert len(reach) <= services.TRIES
    assert len([name for name in looked_at if name.lower() == "smith"]) <= services.TRIES
    assert guess(1001, "smith", PASSWORD).status_code == 429
    print(f"  T52: 1000 guesses with changing addresses and spellings: {len(reach)} looked at, {statuses.count(429)} turned away")


@pytest.mark.req("SEC-02")
def test_while_a_guesser_is_at_it_the_owner_still_gets_in(smith, browser, company):
    """T52: by the browser that knows them, also through the second step, and with a password from an administrator."""
    own = Client()
    assert guess(0, password=PASSWORD, client=own).status_code == 302
    secret, _answer = enrol_app(own)
    own.post("/logout/")
    for number in range(services.TRIES + 5):
        guess(number)
    assert guess(99, password=PASSWORD).status_code == 429
    assert guess(99, password=PASSWORD, client=own)["Location"] == "/login/second/"
    assert own.post("/login/second/", {"code": code_at(secret)}).status_code == 302
    assert own.get("/").status_code == 200
    admin = browser("admin")
    assert (
        admin.post(
            f"/do/org.password_set/{smith.public_id}/", {"version": User.objects.get(pk=smith.pk).version, "password": "a fresh start please"}
        ).status_code
        == 302
    )
    relay()
    assert guess(100, password="a fresh start please").status_code == 302


def test_the_owners_passkey_opens_during_the_attack_and_gives_the_guesser_no_fresh_count(smith, monkeypatch):
    """T52: passkeys are not counted. What a browser and an authenticator do is in tests/browser/test_logging_in.py."""
    for number in range(services.TRIES):
        guess(number)
    assert guess(50).status_code == 429
    key = Factor.objects.create(user=smith, kind="passkey", name="Key", created_at=clock.now(), credential=b"x", credential_id=b"y")
    monkeypatch.setattr(second_step.org, "passkey_use", lambda **fields: key)
    owner = Client()
    assert "challenge" in owner.post("/login/passkey/options/").json()["publicKey"]
    assert owner.post("/login/passkey/", {"credential": "{}"}).status_code == 302
    assert owner.get("/").status_code == 200
    assert guess(51).status_code == 429


def test_known_and_unknown_names_get_the_same_bodies(smith, monkeypatch):
    """T52: nothing in status, body or headers tells whether there is such an account."""
    monkeypatch.setattr(frame, "late_sweeps", list)  # no worker runs here: after a while every page says so

    def seen(name: str, rounds: int) -> list[Any]:
        found = []
        for number in range(rounds):
            answer = guess(number, name)
            body = re.sub(r'value="[^"]{64}"', "", answer.content.decode()).replace(name, "NAME")
            headers = {key: value for key, value in answer.headers.items() if key not in ("X-Request-ID", "Content-Length", "Set-Cookie", "Expires")}
            found.append((answer.status_code, body, sorted(headers.items()), sorted(answer.cookies)))
        return found

    for known, unknown in zip(seen("smith", services.TRIES + 2), seen("nobody", services.TRIES + 2), strict=True):
        assert list(unified_diff(known[1].splitlines(), unknown[1].splitlines(), n=0)) == []
        assert known == unknown


def test_known_and_unknown_names_take_the_same_time(smith, settings, company, monkeypatch):
    """T52: the same rounds of hashing for every name. What that takes is told in the last lines of the run: on a quiet machine the medians lie
    less than 20 ms apart."""
    settings.PASSWORD_HASHERS = [PBKDF2]
    smith.set_password(PASSWORD)
    gone = company.users["engineer2"]
    gone.set_password(PASSWORD)
    gone.is_active = False
    wordless = company.users["lead2"]
    wordless.set_unusable_password()
    for user in (smith, gone, wordless):
        user.save()
    names = ("smith", "nobody", gone.username, wordless.username)
    wall: dict[str, list[float]] = {name: [] for name in names}
    work: dict[str, list[float]] = {name: [] for name in names}
    rounds: dict[str, set[int]] = {name: set() for name in names}
    hashed: list[int] = []

    def counting(*arguments: Any, **fields: Any) -> bytes:
        hashed.append(arguments[2])  # iterations
        return pbkdf2(*arguments, **fields)

    monkeypatch.setattr(hashers, "pbkdf2", counting)
    guess(0, "warm")
    for number in range(5):
        for name in random.sample(names, len(names)):
            LoginAttempt.objects.all().delete()
            hashed.clear()
            began, worked = time.perf_counter(), time.thread_time()
            assert guess(number, name).status_code == 422
            wall[name].append((time.perf_counter() - began) * 1000)
            work[name].append((time.thread_time() - worked) * 1000)
            rounds[name].add(sum(hashed))
    clock, processor = ({name: statistics.median(times) for name, times in took.items()} for took in (wall, work))
    for kind, medians in (("by the clock", clock), ("of the processor", processor)):
        told = f"known {medians['smith']:.0f}, unknown {medians['nobody']:.0f}, left {medians[gone.username]:.0f}"
        print(f"  T52: log-in refused, median ms {kind}: {told}, without a password {medians[wordless.username]:.0f}")
    assert len(set().union(*rounds.values())) == 1, f"not the same hashing for all: {rounds}"
    assert min(rounds["smith"]) >= 100_000


def test_known_and_unknown_names_ask_the_database_the_same(smith):
    """T52: what no clock is needed for."""
    counts = []
    for name in ("smith", "nobody"):
        with CaptureQueriesContext(connection) as asked:
            assert guess(1, name).status_code == 422
        counts.append([re.sub(r"'[^']*'|\d+", "?", query["sql"]) for query in asked.captured_queries])
    assert counts[0] == counts[1]


# -- T51 --


def marks() -> dict[str, str]:
    """What every table holds, in one word each; sessions may note that they are in use."""
    found = {}
    with connection.cursor() as cursor:
        for model in apps.get_models():
            if model in (BrowserSession,) or not model._meta.managed:
                continue
            table = connection.ops.quote_name(model._meta.db_table)
            cursor.execute(f"SELECT coalesce(md5(string_agg(row::text, '|' ORDER BY row::text)), '') FROM {table} AS row")
            found[model._meta.label] = cursor.fetchone()[0]
    return found


@pytest.fixture
def every_address(company, confirmed) -> list[tuple[str, str]]:
    """(address with real records in it, its rule): every address of the house that a browser can reach, every move among them."""
    samples = sample_of_each(company, confirmed)
    link = AckLink.objects.filter(page__state="calling").first() or AckLink.objects.first()
    assert link is not None
    fixed = {
        "<str:token>": token_of(link), "<slug:direction>": "over", "<slug:language>": "en", "<slug:section>": "summary",
        "<int:number>": str(PlanVersion.objects.get().number), "<slug:slug>": "orders",
    }  # fmt: skip
    found = []
    for address, view in every_view():
        rule = view.access_rule[0]
        if rule == access.KEY or address.startswith("/v2/"):
            continue  # machines bring a key in the address and no cookie: nothing that another page could use
        if "<str:move_id>" in address:
            continue
        kind = _kind_at(address)
        for name, value in fixed.items():
            address = address.replace(name, value)
        record = samples.get(kind)
        address = address.replace("<slug:kind>", kind).replace(
            "<uuid:public_id>", str(record.public_id) if record is not None else str(confirmed.public_id)
        )
        address = address.replace("<str:number>", getattr(record, "number", confirmed.number) if kind == "report" else confirmed.number)
        assert "<" not in address, f"say in this test what stands in {address}"
        found.append((address, rule))
    of_moves = [f"/do/{move.id}/" if move.creates else f"/do/{move.id}/{samples[move.record].public_id}/" for move in moves.all_moves()]
    return found + [(address, access.MOVE) for address in of_moves]


def _kind_at(address: str) -> str:
    if address.startswith("/api/v1/"):
        collection = address.split("/")[3]
        return next((kind.kind for kind in records.all_types() if kind.collection == collection), "")
    for beginning, kind in (("/alerts/inbox/", "failed_intake"), ("/alerts/", "alert"), ("/setup/sources/", "source"), ("/reports/", "report")):
        if address.startswith(beginning):
            return kind
    return "incident"


def as_person(name: str = "lead") -> Client:
    client = Client(enforce_csrf_checks=False)
    assert client.post("/login/", {"username": name, "password": PASSWORD}).status_code == 302
    client.handler.enforce_csrf_checks = True
    return client


BODY = {
    "version": 1,
    "reason": "x",
    "next": "/",
    "username": "engineer",
    "password": PASSWORD,
    "code": "000000",
    "language": "zh-hans",
    "theme": "dark",
}


@pytest.mark.req("SEC-02")
@pytest.mark.parametrize("name", ["lead", "admin", ""])
def test_no_address_takes_a_post_without_the_token_or_from_elsewhere(company, every_address, name):
    """T51: no token, a false token, and the right token from another origin: refused everywhere, log-in, log-out and links in mails too."""
    client = as_person(name) if name else Client(enforce_csrf_checks=True)
    page = client.get("/setup/contacts/" if name == "lead" else "/login/").content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token is not None
    before, took = marks(), 0
    for address, _rule in every_address:
        for extra, body in (
            ({}, BODY),
            ({"X-CSRFToken": "x" * 64}, BODY),
            ({"Origin": "https://evil.example"}, {**BODY, "csrfmiddlewaretoken": token[1]}),
            ({"Origin": "null"}, {**BODY, "csrfmiddlewaretoken": token[1]}),
        ):
            answer = client.post(address, body, headers=extra, **({"content_type": "application/json"} if address.startswith("/api/") else {}))
            assert answer.status_code in (401, 403, 404, 405), (address, extra, answer.status_code)
            took += 1
    assert marks() == before
    if name:
        assert client.get("/").status_code == 200  # nor did the log-out without a token end anything
    print(f"  T51: {len(every_address)} addresses, {took} false posts as {name or 'nobody'}: 0 effects")


@pytest.mark.req("SEC-02")
def test_the_token_of_the_right_page_is_taken(company):
    """What makes the test above one that can fail."""
    client = as_person()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get("/setup/contacts/").content.decode())
    assert token is not None
    own = {"Origin": "http://testserver"}
    assert client.post("/theme/", {"theme": "dark", "csrfmiddlewaretoken": token[1]}, headers=own).status_code == 302
    assert client.post("/logout/", {"csrfmiddlewaretoken": token[1]}, headers=own).status_code == 302
    assert client.get("/").status_code == 302


@pytest.mark.req("SEC-02")
def test_looking_at_any_address_changes_no_row_of_any_table(company, every_address):
    """T51: with GET and HEAD, logged in; mail scanners follow links."""
    client = as_person()
    client.get("/")
    before = marks()
    seen = {}
    for address, _rule in every_address:
        for ask in (client.get, client.head):
            seen[address] = ask(address).status_code
            assert seen[address] < 500, address
    after = marks()
    changed = [label for label in before if before[label] != after[label]]
    assert not changed, changed
    assert client.get("/").status_code == 200
    assert sum(status == 200 for status in seen.values()) > 60  # the rest: moves that this record does not allow now, or not to this person
    print(f"  T51: {len(seen)} addresses looked at: no row of {len(before)} tables changed")


def test_marks_notice_a_single_changed_column(company, confirmed):
    before = marks()
    User.objects.filter(username="lead").update(language="zh-hans")
    assert [label for label, mark in marks().items() if mark != before[label]] == ["org.User"]
