"""What lets somebody in, or lets them do more, asks for a proof given at this browser a short while ago; a token never has one."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.test import Client

from contingency.org.models import Factor, Holding, Position, User
from incidents.response.models import Incident
from kernel import clock, moves, permissions, records
from kernel.models import Entry, Proposal
from kernel.moves import Move
from tests.console.conftest import PASSWORD, ROLES, Company
from tests.console.filled import api_address, every_scope, filled, form_address, post, press, undone
from tests.console.samples import sample_of_each

pytestmark = [pytest.mark.django_db, pytest.mark.attack, pytest.mark.req("SEC-02")]


def asking() -> list[Move]:
    """The moves that ask for a proof of anybody or of some."""
    return [move for move in moves.all_moves() if move.asks_proof is not None]


@pytest.fixture
def house(company: Company, confirmed: Incident) -> tuple[dict[str, Any], dict[str, tuple[Client, Client, Client]]]:
    """A record of each kind; for each person a token with every scope, a browser just logged in, and one that was left alone."""
    clients = {}
    for name in ROLES:
        fresh, forgotten = Client(), Client()
        for client in (fresh, forgotten):
            assert client.post("/login/", {"username": name, "password": PASSWORD}).status_code == 302
        session = forgotten.session
        session["proved_at"] = int(time.time()) - 601
        session.save()
        clients[name] = (Client(headers={"Authorization": f"Bearer {company.token(name, *every_scope())}"}), fresh, forgotten)
    return sample_of_each(company, confirmed), clients


def test_whatever_takes_a_password_or_factor_or_makes_somebody_rule_asks_for_a_proof() -> None:
    """By what a move is about, not by its name: a new one that forgets to ask makes this red."""
    ask = {move.id for move in asking()}
    for move in moves.all_moves():
        lets_in = bool(move.extra.get("secret_inputs")) or move.record == Factor.journal_kind
        gives_role = move.service.endswith(".holding_assign") or (move.record == "plan_version" and move.target == "approved" and move.method)
        assert (move.id in ask) == bool(lets_in or gives_role), move.id
    assert len(ask) >= 9


def test_neither_a_token_nor_a_forgotten_browser_does_or_proposes_it(company: Company, house: Any) -> None:
    samples, clients = house
    wrong, tries = [], 0
    for move in asking():
        record = None if move.creates else samples[move.record]
        for name, (tokened, fresh, forgotten) in clients.items():
            actor = company.actor(name)
            if permissions.can(actor, move.id, record) is None or not move.wants_proof(actor):
                continue
            body = filled(move, samples, company.users["engineer2"]) | ({} if record is None else {"version": record.version})
            entries, proposals = Entry.objects.count(), Proposal.objects.count()
            for client in (tokened, forgotten):
                tries += 1
                answer = post(client, api_address(move, record), body)
                if (answer.status_code, answer.json()["code"]) != (403, "proof_needed"):
                    wrong.append(f"{move.id} {name}: {answer.status_code} {answer.json()}")
            pressed = press(forgotten, form_address(move, record), body)
            if pressed.status_code != 403:
                wrong.append(f"{move.id} {name} by form: {pressed.status_code}")
            led = forgotten.get(form_address(move, record))
            if led.status_code != 302 or not led["Location"].startswith(("/login/again/", "/setup/security/")):
                wrong.append(f"{move.id} {name}: not led to where it is proved")
            if (Entry.objects.count(), Proposal.objects.count()) != (entries, proposals):
                wrong.append(f"{move.id} {name}: it left a trace")
            with undone():  # the same, proved, is not turned away for want of a proof
                answer = post(fresh, api_address(move, record), body)
                if answer.status_code == 403 and answer.json()["code"] == "proof_needed":
                    wrong.append(f"{move.id} {name}: refused although proved")
    print(f"  SEC-02: {len(asking())} moves that let somebody in, {tries} tries by tokens and forgotten browsers: {len(wrong)} passes")
    assert tries > 40
    assert not wrong, "\n".join(wrong)


def test_agreeing_to_such_a_proposal_asks_for_it_too(company: Company, house: Any) -> None:
    samples, clients = house
    unit = company.part.unit
    auditors = Position.objects.create(slug="second-auditor", name_en="Auditor", name_zh="审计员", unit=unit, role="auditor")
    new = User.objects.create(username="new", display_name="New", joined_at=clock.now())
    proposal = samples["proposal"]
    mine = {"id": str(company.users["director"].public_id), "label": "Director", "user_id": company.users["director"].pk}
    Proposal.objects.filter(pk=proposal.pk).update(
        move="org.holding_assign_restricted",
        record_kind="holding",
        record_id=None,
        inputs={"user": str(new.public_id), "position": auditors.slug},
        proposer=mine,
    )
    tokened, fresh, forgotten = clients["admin"]
    accept, seen = moves.get("console.accept"), {"version": proposal.version}
    for client in (tokened, forgotten):
        answer = post(client, api_address(accept, proposal), seen)
        assert (answer.status_code, answer.json()["code"]) == (403, "proof_needed")
    assert forgotten.get(form_address(accept, proposal))["Location"].startswith("/login/again/")
    assert not Holding.objects.filter(user=new).exists()
    assert post(fresh, api_address(accept, proposal), seen).status_code == 200
    assert Holding.objects.filter(user=new, position=auditors).exists()


@pytest.mark.parametrize("door", ["language", "login", "api"])
def test_a_chosen_language_is_recorded_once(company: Company, browser: Any, api: Any, door: str) -> None:
    """However it is chosen: what is sent to a person changes with it."""
    lead = company.users["lead"]
    if door == "login":
        client = Client()
        client.post("/language/", {"language": "zh-hans"})
        assert not Entry.objects.filter(name="org.language_chosen.v1").exists()
        client.post("/login/", {"username": "lead", "password": PASSWORD})
    elif door == "language":
        for _again in range(2):
            browser("lead").post("/language/", {"language": "zh-hans"})
    else:
        body = {"version": lead.version, "language": "zh-hans"}
        assert post(api("lead", "people:write"), f"/api/v1/people/{lead.public_id}/language_choose/", body).status_code == 200
        refused = post(api("engineer", "people:write"), f"/api/v1/people/{lead.public_id}/language_choose/", {**body, "version": 2})
        assert refused.status_code == 403
    lead.refresh_from_db()
    entry = Entry.objects.get(name="org.language_chosen.v1")
    assert (lead.language, lead.version) == ("zh-hans", 2)
    assert (entry.before["language"], entry.after["language"], entry.subject_label) == ("en", "zh-hans", "Lead")


@pytest.mark.req("SEC-01")
@pytest.mark.parametrize("name", ["business", "service", "admin"])
def test_what_monitoring_tools_send_is_not_for_everybody(company: Company, confirmed: Incident, browser: Any, api: Any, name: str) -> None:
    """Screens, lists, bodies, searches, silences, the entries of an alert: hosts and secrets stay with those who work on them."""
    alert = sample_of_each(company, confirmed)["alert"]
    type(alert).objects.filter(pk=alert.pk).update(
        part=None, labels={"host": "db7.internal"}, summary="db7.internal refuses", dedup_key="db7.internal"
    )
    screen, client = browser(name), api(name, *every_scope())
    addresses = ("/alerts/", "/alerts/?q=db7", "/alerts/?view=flat&state=all", "/alerts/unrouted/", "/alerts/silences/")
    assert {screen.get(address).status_code for address in addresses} == {403}
    own = [f"/alerts/{alert.public_id}/", f"/alerts/{alert.public_id}/body/", f"/alerts/{alert.public_id}/give/", f"/go/alert/{alert.public_id}/"]
    assert {screen.get(address).status_code for address in own} == {404}
    for address in ("", "?q=db7", "?unrouted=1"):
        assert client.get(f"/api/v1/alerts/{address}").status_code == 403
    assert {client.get(f"/api/v1/alerts/{alert.public_id}/{end}").status_code for end in ("", "timeline/")} == {404}
    for list_for in (records.get(kind).list_for for kind in ("alert", "silence")):  # for whoever asks without having asked first
        assert not list_for(company.actor(name)).exists()
    for address in ("/", "/wallboard/", "/?parts=now-alerts,now-numbers,now-unrouted", f"/incidents/{confirmed.number}/"):
        page = screen.get(address).content.decode()
        assert "db7" not in page, address
        assert "no alert waiting" not in page
        assert "has been seen by somebody" not in page  # nobody is told that all is well with what they cannot see
    assert "db7.internal" in browser("lead").get("/").content.decode()
