"""REST: lists by key, records, timelines, moves once, refusals in the reader's language, no body that breaks it."""

from __future__ import annotations

import contextlib
import json
import threading
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from incidents.response import services as response
from kernel.models import Entry, Proposal
from tests.console.conftest import PASSWORD, made_company
from tests.console.test_parser import BAD


def post(client: Client, address: str, body: Any, **headers: str) -> Any:
    text = body if isinstance(body, bytes | str) else json.dumps(body)
    return client.post(address, text, content_type="application/json", headers=headers)


def test_me_says_who_and_what_for(company, api):
    found = api("lead", "incidents:read", "incidents:write").get("/api/v1/me/").json()
    assert found["name"].startswith("Lead (sbp_")
    assert found["roles"] == ["team_lead"]
    assert found["scopes"] == ["incidents:read", "incidents:write"]
    assert "incidents.handle" in found["moves"]
    assert "work.task_done" not in found["moves"]


def test_the_table_of_moves_is_told_with_ones_own_right(company, api):
    rows = {row["id"]: row for row in api("business").get("/api/v1/moves/").json()}
    assert rows["incidents.confirm"]["mine"] == "propose"
    assert rows["incidents.confirm"]["address"] == "/api/v1/incidents/{id}/confirm/"
    assert rows["incidents.handle"]["mine"] is None
    assert {item["name"] for item in rows["incidents.confirm"]["inputs"]} >= {"grade", "stops_business"}


def test_without_a_token_the_answer_is_401_and_says_so(company):
    answer = Client().get("/api/v1/incidents/")
    assert answer.status_code == 401
    assert answer.json()["code"] == "not_authenticated"
    assert answer["WWW-Authenticate"] == "Bearer"
    assert Client(headers={"Authorization": "Bearer sbp_wrong"}).get("/api/v1/me/").status_code == 401
    assert Client(headers={"Authorization": "Bearer"}).get("/api/v1/me/").status_code == 401


def test_a_browser_session_may_use_the_api_too(confirmed, browser):
    assert browser("lead").get(f"/api/v1/incidents/{confirmed.public_id}/").json()["number"] == confirmed.number


def test_lists_are_paged_by_key_without_gap_or_repeat(company, api):
    for fault_class in ("software", "network", "data", "hardware", "security"):
        response.incident_open(actor=company.actor("lead"), part="orders", fault_class=fault_class, title=fault_class)
    client, seen, after = api("lead"), [], None
    for _page in range(10):
        found = client.get("/api/v1/incidents/", {"limit": 2, **({"after": after} if after else {})}).json()
        seen += [item["number"] for item in found["items"]]
        after = found["next"]
        if after is None:
            break
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == len(set(seen)) == 5


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=201", "limit=1e9", "limit=-1", "limit=x", "after=x", "after=00000000-0000-0000-0000-000000000000", "foo=1", "state=nonsense"],
)
def test_a_query_that_makes_no_sense_is_refused(confirmed, api, query):
    assert api("lead").get(f"/api/v1/incidents/?{query}").status_code == 422


def test_every_list_opens_and_refuses_nonsense(confirmed, company, api):
    from contingency.org.services.tokens import known_scopes
    from kernel import records

    client = api("lead", *sorted(known_scopes()))
    for record_type in records.all_types():
        address = f"/api/v1/{record_type.collection}/"
        assert client.get(address).status_code in (200, 403), address
        for name in record_type.filters:
            for value in ("x", "00000000-0000-0000-0000-000000000000", "' or 1=1", "9" * 400, "\u202e值"):
                assert client.get(address, {name: value}).status_code in (200, 403, 404, 422), (address, name, value)


def test_lists_do_not_ask_per_row(company, api, django_assert_max_num_queries):
    for fault_class in ("software", "network", "data", "hardware", "security", "business"):
        response.incident_open(actor=company.actor("lead"), part="orders", fault_class=fault_class, title=fault_class)
    client = api("lead")
    with django_assert_max_num_queries(12):
        assert len(client.get("/api/v1/incidents/").json()["items"]) == 6


@pytest.mark.req("INC-05")
def test_a_timeline_holds_what_happened_in_sentences(confirmed, api):
    found = api("auditor").get(f"/api/v1/incidents/{confirmed.public_id}/timeline/").json()
    names = [item["name"] for item in found["items"]]
    assert names[0] == "incidents.incident_opened.v1"
    assert "incidents.incident_confirmed.v1" in names
    assert "incidents.outage_opened.v1" in names  # of the linked outage
    assert all(item["sentence"] for item in found["items"])
    more = api("auditor").get(f"/api/v1/incidents/{confirmed.public_id}/timeline/", {"after": found["next"]}).json()
    assert more["items"] == []


def test_the_journal_is_for_auditors(confirmed, api):
    assert api("auditor", "operations").get("/api/v1/journal/").status_code == 200
    assert api("lead", "operations").get("/api/v1/journal/").status_code == 403
    assert api("auditor", "incidents:read").get("/api/v1/journal/").status_code == 403


@pytest.mark.req("INC-02")
def test_a_move_answers_with_the_record_and_moves_it(incident, api):
    answer = post(api("engineer"), f"/api/v1/incidents/{incident.public_id}/confirm/", {"version": 1, "grade": "severe", "stops_business": True})
    assert answer.status_code == 200
    assert (answer.json()["state"], answer.json()["grade"], answer.json()["version"] > 1) == ("confirmed", "severe", True)


def test_making_a_record_answers_201(company, api):
    answer = post(api("lead"), "/api/v1/incidents/open/", {"part": "orders", "fault_class": "network", "title": "Line down"})
    assert answer.status_code == 201
    assert answer.json()["number"].startswith("INC-")


@pytest.mark.req("INC-01")
def test_the_same_version_twice_has_one_effect_and_then_409_with_the_new_state(incident, api):
    client, body = api("engineer"), {"version": incident.version, "grade": "severe", "stops_business": "no"}
    address = f"/api/v1/incidents/{incident.public_id}/confirm/"
    assert post(client, address, body).status_code == 200
    entries = Entry.objects.count()
    again = post(client, address, body)
    assert again.status_code == 409
    assert again.json()["code"] == "stale"
    assert again.json()["params"]["state"] == "Confirmed"
    assert Entry.objects.count() == entries


def test_a_move_without_the_version_seen_is_refused(incident, api):
    answer = post(api("engineer"), f"/api/v1/incidents/{incident.public_id}/confirm/", {"grade": "severe"})
    assert (answer.status_code, answer.json()["code"]) == (422, "version_required")


@pytest.mark.parametrize("version", ["1", 1.0, True, 0, -1, 2**40, [], {}])
def test_a_version_that_is_no_version_is_refused(incident, api, version):
    assert post(api("engineer"), f"/api/v1/incidents/{incident.public_id}/handle/", {"version": version}).status_code == 422


def test_an_idempotency_key_gives_the_same_answer_and_no_second_effect(company, api):
    client, key = api("lead"), str(uuid.uuid4())
    body = {"part": "orders", "fault_class": "network", "title": "Line down"}
    first = post(client, "/api/v1/incidents/open/", body, **{"Idempotency-Key": key})
    entries = Entry.objects.count()
    again = post(client, "/api/v1/incidents/open/", body, **{"Idempotency-Key": key})
    changed = {name for name in first.json() if first.json()[name] != again.json().get(name)}
    assert (again.status_code, changed) == (first.status_code, set())
    assert Entry.objects.count() == entries
    other = post(client, "/api/v1/incidents/open/", {**body, "title": "Other"}, **{"Idempotency-Key": key})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    stranger = post(api("lead2"), "/api/v1/incidents/open/", {**body, "fault_class": "data"}, **{"Idempotency-Key": key})
    assert stranger.status_code == 201  # keys belong to a person


def test_what_failed_may_be_tried_again_with_the_same_key(company, api):
    client, key = api("lead"), "k1"
    assert post(client, "/api/v1/incidents/open/", {"part": "orders"}, **{"Idempotency-Key": key}).status_code == 422
    body = {"part": "orders", "fault_class": "network", "title": "Line down"}
    assert post(client, "/api/v1/incidents/open/", body, **{"Idempotency-Key": key}).status_code == 201


def test_a_token_is_shown_once_even_with_an_idempotency_key(company, api):
    client, headers = api("lead", "tokens:write", "incidents:read"), {"Idempotency-Key": "t"}
    body = {"scopes": "incidents:read", "name": "script"}
    first = post(client, "/api/v1/tokens/token_issue/", body, **headers)
    assert first.json()["secret"].startswith("sbp_")
    again = post(client, "/api/v1/tokens/token_issue/", body, **headers)
    assert again.status_code == 201
    assert "secret" not in again.json()


@pytest.mark.req("SEC-01")
def test_a_proposal_is_answered_202_and_carried_out_when_another_agrees(incident, api):
    scopes = ("incidents:read", "incidents:write", "proposals:read", "proposals:write")
    asked = post(
        api("business", *scopes), f"/api/v1/incidents/{incident.public_id}/confirm/", {"version": 1, "grade": "severe", "stops_business": "no"}
    )
    assert asked.status_code == 202
    proposal = asked.json()
    address = f"/api/v1/proposals/{proposal['id']}/accept/"
    assert post(api("business", *scopes), address, {"version": proposal["version"]}).status_code == 403  # nobody agrees with themselves
    assert post(api("stranger", *scopes), address, {"version": proposal["version"]}).status_code == 404
    done = post(api("lead", *scopes), address, {"version": proposal["version"]})
    assert done.status_code == 200
    incident.refresh_from_db()
    assert incident.state == "confirmed"
    assert Proposal.objects.get().state == "accepted"


def test_a_proposal_can_be_taken_back(incident, api):
    scopes = ("incidents:read", "incidents:write", "proposals:write")
    client = api("business", *scopes)
    proposal = post(client, f"/api/v1/incidents/{incident.public_id}/confirm/", {"version": 1, "grade": "severe"}).json()
    assert post(client, f"/api/v1/proposals/{proposal['id']}/decline/", {"version": proposal["version"]}).status_code == 200
    assert Proposal.objects.get().state == "declined"


@pytest.mark.parametrize("language,words", [("en", "Somebody else changed this meanwhile"), ("zh-hans", "其他人"), ("zh-CN,zh;q=0.9", "其他人")])
def test_refusals_speak_the_readers_language(confirmed, api, language, words):
    client = api("lead")
    answer = post(client, f"/api/v1/incidents/{confirmed.public_id}/handle/", {"version": 999}, **{"Accept-Language": language})
    assert words in answer.json()["message"]
    assert set(answer.json()) == {"code", "message", "params"}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD.keys())
def test_a_hostile_body_is_answered_400_not_500(incident, api, body):
    answer = post(api("engineer"), f"/api/v1/incidents/{incident.public_id}/confirm/", body)
    assert answer.status_code in (400, 422)
    assert set(answer.json()) == {"code", "message", "params"}


WRONG_TYPES = [None, True, 1, 1.5, "", "x", [], {}, [1], {"a": 1}, "x" * 20_000, "\u202e\u0000"[:1], "值" * 5000]


@pytest.mark.parametrize("value", WRONG_TYPES, ids=lambda value: str(value)[:12])
def test_the_wrong_type_in_any_input_is_taken_or_refused_and_breaks_nothing(company, value):
    """Of every input of every move, where it is read; the test below sends one of each kind."""
    from kernel import moves
    from kernel.errors import Invalid

    read = 0
    for move in moves.all_moves():
        for item in move.inputs:
            with contextlib.suppress(Invalid):
                item.clean(value)
            read += 1
    assert read > 100


def kinds_of_inputs():
    """One move for each kind of input and whether it must be given, with what only such a move has."""
    from kernel import moves

    found = {}
    for move in moves.for_record("incident") + moves.all_moves():
        for item in move.inputs:
            found.setdefault((type(item).__name__, item.required), (move, item.name))
    return found.values()


@pytest.mark.parametrize("value", WRONG_TYPES, ids=lambda value: str(value)[:12])
def test_the_wrong_type_over_the_wire_is_never_a_500(confirmed, company, api, value):
    from kernel import moves
    from tests.console.filled import api_address, every_scope
    from tests.console.samples import sample_of_each

    clients, samples = [api(name, *every_scope()) for name in ("lead", "admin")], sample_of_each(company, confirmed)
    sent = [(move, name) for move, name in kinds_of_inputs()] + [(moves.get("incidents.handle"), "reason")]
    assert len(sent) > 12
    for move, name in sent:
        body = {"reason": "r", **({} if move.creates else {"version": 2**31 - 1}), name: value}
        statuses = {post(client, api_address(move, samples.get(move.record)), body).status_code for client in clients}
        assert statuses <= {200, 202, 400, 403, 404, 409, 422}, (move.id, name, statuses)
        assert statuses - {403, 404}, f"{move.id}: nobody here gets as far as its inputs"


@pytest.mark.parametrize(
    "content_type,status",
    [("text/plain", 415), ("application/xml", 415), ("application/x-www-form-urlencoded", 415), ("application/json; charset=utf-7", 200)],
)
def test_only_json_is_read(incident, api, content_type, status):
    body = json.dumps({"version": 1, "grade": "severe", "stops_business": "no"})
    answer = api("engineer").post(f"/api/v1/incidents/{incident.public_id}/confirm/", body, content_type=content_type)
    assert answer.status_code == status


def test_the_document_is_valid_and_names_every_move(company, api):
    from drf_spectacular.generators import SchemaGenerator
    from drf_spectacular.validation import validate_schema

    from kernel import moves

    document = SchemaGenerator().get_schema(request=None, public=True)
    validate_schema(document)
    operations = {operation["operationId"] for path in document["paths"].values() for operation in path.values()}
    assert {move.id.replace(".", "_") for move in moves.all_moves()} <= operations
    assert api("lead").get("/api/schema/").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_two_people_at_once_one_wins_the_other_is_told():
    company = made_company()
    incident = response.incident_open(actor=company.actor("lead"), part="orders", fault_class="software", title="Orders cannot be paid")
    clients = [Client(headers={"Authorization": f"Bearer {company.token(name)}"}) for name in ("lead", "lead2", "engineer", "engineer2")]
    gate, answers = threading.Barrier(len(clients)), []

    def press(client: Client) -> None:
        gate.wait()
        body = {"version": incident.version, "grade": "severe", "stops_business": "no"}
        answers.append(post(client, f"/api/v1/incidents/{incident.public_id}/confirm/", body).status_code)
        connection.close()

    threads = [threading.Thread(target=press, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 409, 409, 409]
    assert Entry.objects.filter(name="incidents.incident_confirmed.v1").count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_key_at_once_has_one_effect():
    company = made_company()
    token = company.token("lead")
    gate, answers = threading.Barrier(4), []

    def press() -> None:
        gate.wait()
        body = {"part": "orders", "fault_class": "network", "title": "Line down"}
        answer = post(Client(headers={"Authorization": f"Bearer {token}"}), "/api/v1/incidents/open/", body, **{"Idempotency-Key": "same"})
        answers.append((answer.status_code, answer.json()["number"]))
        connection.close()

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {status for status, _number in answers} == {201}
    assert len({number for _status, number in answers}) == 1
    assert Entry.objects.filter(name="incidents.incident_opened.v1").count() == 1


__all__ = ["PASSWORD"]
