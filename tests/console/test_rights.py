"""Every address has a rule; every move × every role does what the table says, through the API; nobody sets what is not theirs."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from contingency.org.models import Holding
from kernel import access, moves, records
from kernel.clock import now
from kernel.models import Entry
from tests.console.conftest import PASSWORD, ROLES, Company
from tests.console.filled import api_address, every_scope, form_address, post, press
from tests.console.samples import sample_of_each

RULES = {access.PUBLIC, access.LOGGED_IN, access.MOVE, access.RECORD, access.KEY, access.OPERATIONS, "role"}
UNCONCERNED = ("engineer2", "lead2", "business", "service", "auditor", "admin", "director")  # hold no role in the incident, were not called
# What the table cannot say: a dry run changes no record and so asks for no version; a token is known to its owner only.
BESIDES_THE_TABLE = {("incidents.switch_dry_run", 200), ("org.token_revoke", 404)}
NEVER = 2**31 - 1  # a version that no record has


def every_view() -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []

    def walk(patterns: Any, prefix: str) -> None:
        for item in patterns:
            if isinstance(item, URLResolver):
                walk(item.url_patterns, prefix + str(item.pattern))
            elif isinstance(item, URLPattern):
                found.append((prefix + str(item.pattern), item.callback))

    walk(get_resolver().url_patterns, "/")
    return found


@pytest.mark.req("SEC-01")
def test_every_address_declares_who_may_use_it():
    views = every_view()
    assert len(views) > 100
    undeclared = [address for address, view in views if getattr(view, "access_rule", (None,))[0] not in RULES]
    assert not undeclared


def test_every_move_has_its_address_and_every_kind_its_lists():
    addresses = {address for address, _view in every_view()}
    for move in moves.all_moves():
        collection = records.get(move.record).collection
        wanted = f"/api/v1/{collection}/{move.verb}/" if move.creates else f"/api/v1/{collection}/<uuid:public_id>/{move.verb}/"
        assert wanted in addresses
    for record_type in records.all_types():
        assert f"/api/v1/{record_type.collection}/" in addresses


@pytest.mark.req("SEC-01")
def test_a_stranger_to_the_house_gets_nowhere(company, confirmed):
    samples = sample_of_each(company, confirmed)
    for address, view in every_view():
        rule, _roles = view.access_rule
        if rule in (access.PUBLIC, access.KEY, access.OPERATIONS) or not address.startswith(
            ("/api/", "/do/", "/alerts", "/incidents", "/switches", "/proposals", "/setup", "/logout", "/login/again")
        ):
            continue
        real = (
            address.replace("<uuid:public_id>", str(confirmed.public_id))
            .replace("<str:number>", confirmed.number)
            .replace("<str:move_id>", "incidents.note")
        )
        for method in ("get", "post"):
            answer = getattr(Client(), method)(real, content_type="application/json")
            assert answer.status_code in (302, 401, 405), (method, real, answer.status_code)
            assert samples["incident"].title not in answer.content.decode()


@pytest.fixture
def asked(company: Company, confirmed: Any) -> tuple[dict[str, Any], dict[str, tuple[Client, Client]]]:
    """A record of each kind, and for each role a token that has every scope, and a browser."""
    samples = sample_of_each(company, confirmed)
    clients = {name: (Client(headers={"Authorization": f"Bearer {company.token(name, *every_scope())}"}), Client()) for name in UNCONCERNED}
    for name, (_tokened, screen) in clients.items():
        assert screen.post("/login/", {"username": name, "password": PASSWORD}).status_code == 302
    return samples, clients


@pytest.mark.req("SEC-01")
@pytest.mark.matrix
def test_every_move_of_every_role_is_answered_as_the_table_says(asked):
    """T47: by API and by form, with a version that does not exist: whoever may is told 409 or what is missing, whoever may not 403 or 404."""
    samples, clients = asked
    wrong, tries = [], 0
    for move in moves.all_moves():
        if move.creates:
            continue
        record = samples[move.record]
        for name, (tokened, screen) in clients.items():
            own = {ROLES[name], *record.extra_roles(_actor(name))} if hasattr(record, "extra_roles") else {ROLES[name]}
            may = any(role in move.rule and str(move.rule[role]) != "read" for role in own)
            answers = {
                "api": post(tokened, api_address(move, record), {"version": NEVER}),
                "form": press(screen, form_address(move, record), {"version": NEVER}),
            }
            for door, answer in answers.items():
                status, tries = answer.status_code, tries + 1
                if (move.id, status) in BESIDES_THE_TABLE:
                    continue
                if door == "api" and move.asks_proof is not None and status == 403 and may:
                    may_prove = answer.json()["code"] == "proof_needed"  # of a token it is asked in vain
                    wrong += [] if may_prove else [f"{move.id} {name}: {answer.json()}"]
                elif (status in (403, 404)) == may or status not in (403, 404, 409, 422):
                    wrong.append(f"{move.id} {name} by {door}: {status}, table says {may}")
    print(f"  T47: {tries} moves by {len(clients)} roles on their own team's records: {len(wrong)} passes")
    assert not wrong, "\n".join(wrong)


def _actor(name: str) -> Any:
    from contingency.org import selectors as org

    return org.actor_of_user(org.user_get(name))


@pytest.mark.req("SEC-01")
def test_every_making_move_is_refused_to_roles_the_table_does_not_name(asked):
    _samples, clients = asked
    wrong = []
    for move in moves.all_moves():
        if not move.creates:
            continue
        for name, (tokened, screen) in clients.items():
            may = ROLES[name] in move.rule
            before = Entry.objects.count()
            by_api, by_form = post(tokened, api_address(move, None), {}), press(screen, form_address(move, None), {})
            for status, is_proof in ((by_api.status_code, may and by_api.json().get("code") == "proof_needed"), (by_form.status_code, False)):
                if not is_proof and ((status == 403) == may or status not in (400, 403, 404, 409, 422, 200, 201, 202, 204)):
                    wrong.append(f"{move.id} {name}: {status}, table says {may}")
            if min(by_api.status_code, by_form.status_code) >= 400 and Entry.objects.count() != before:
                wrong.append(f"{move.id} {name}: refused, but wrote")
    assert not wrong, "\n".join(wrong)


@pytest.mark.req("SEC-02")
def test_a_token_does_only_what_its_scopes_say(company, confirmed, api):
    address = f"/api/v1/incidents/{confirmed.public_id}/"
    reader = api("lead", "incidents:read")
    assert reader.get(address).status_code == 200
    refused = post(reader, address + "handle/", {"version": confirmed.version})
    assert refused.status_code == 403
    assert refused.json()["code"] == "scope_missing"
    other = api("lead", "alerts:read")
    assert other.get(address).status_code == 403
    assert post(api("lead"), address + "handle/", {"version": confirmed.version}).status_code == 200


@pytest.mark.req("SEC-01")
def test_a_right_taken_away_is_gone_at_the_next_request(company, confirmed, api, browser):
    client, screen = api("lead2"), browser("lead2")
    address = f"/api/v1/incidents/{confirmed.public_id}/"
    assert client.get(address).status_code == 200
    assert screen.get(f"/incidents/{confirmed.number}/").status_code == 200
    Holding.objects.filter(user=company.users["lead2"]).update(ends_at=now())
    assert client.get(address).status_code == 404
    assert screen.get(f"/incidents/{confirmed.number}/").status_code == 404
    assert post(client, address + "handle/", {"version": confirmed.version}).status_code == 404


FOREIGN = {
    "state": "closed", "grade": "general", "number": "X", "public_id": "x", "id": 1, "version_": 9, "created_at": "2020-01-01", "is_staff": True,
    "approved_by": 1, "target": "9h", "due_at": "2099-01-01T00:00:00Z", "actor": "x", "confirmed_at": "2020-01-01", "part_id": 1, "fence": "x",
}  # fmt: skip


@pytest.mark.parametrize("name", FOREIGN)
def test_fields_that_are_not_the_senders_are_refused_and_nothing_changes(company, confirmed, api, name):
    client = api("lead")
    before = (confirmed.version, Entry.objects.count())
    answer = post(client, f"/api/v1/incidents/{confirmed.public_id}/handle/", {"version": confirmed.version, name: FOREIGN[name]})
    assert answer.status_code == 400
    assert answer.json()["code"] == "unknown_fields"
    confirmed.refresh_from_db()
    assert (confirmed.version, Entry.objects.count()) == before


def test_a_form_with_fields_of_others_changes_only_what_the_move_says(company, incident, browser):
    client = browser("lead")
    form = {"version": incident.version, "grade": "severe", "stops_business": "no", "state": "closed", "number": "X", "confirmed_at": "2020-01-01"}
    assert client.post(f"/do/incidents.confirm/{incident.public_id}/", form).status_code == 302
    incident.refresh_from_db()
    assert (incident.state, incident.grade, incident.number[:4]) == ("confirmed", "severe", "INC-")
