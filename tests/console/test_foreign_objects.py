"""Every address × every object of another team × the roles whose right ends at their team (T46): it is as if it were not there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from incidents.reports.models import Action, Report
from incidents.response.models import Incident
from kernel import moves, records
from kernel.permissions import Grant
from monitoring.alerts.models import Alert, Silence
from monitoring.probes.models import Probe
from tests.console.conftest import PASSWORD, Company, _person
from tests.console.samples import sample_of_each
from tests.console.test_rights import every_view, post
from work.models import Task

pytestmark = [pytest.mark.django_db, pytest.mark.req("SEC-01")]
STRANGERS = {"far_engineer": "ops_engineer", "far_lead": "team_lead"}
CANARY = "Canary"
TITLED = {"incident": (Incident, "title"), "alert": (Alert, "summary"), "silence": (Silence, "reason"), "probe": (Probe, "name"),
          "improvement_action": (Action, "title"), "task": (Task, "name_en")}  # fmt: skip
NUMBERED = {"outage": "number", "switch": "number", "report": "number", "incident": "number"}

FILLED = {"slug:kind": "incident", "slug:slug": "orders", "slug:direction": "over", "slug:language": "en", "slug:section": "summary",
          "int:number": "1", "str:token": "x"}  # fmt: skip


def is_closed(kind: str, role: str) -> bool:
    """Whether records of this kind end at the role's own team."""
    return records.get(kind).read.get(role) in (None, Grant.OWN)


@pytest.fixture
def foreign(company: Company, confirmed: Incident) -> dict[str, Any]:
    """One record of each kind, all of the operations team, with a word in it that stands nowhere else."""
    samples = sample_of_each(company, confirmed)
    for kind, (model, column) in TITLED.items():
        model.objects.filter(pk=samples[kind].pk).update(**{column: f"{CANARY}-{kind}"})
    Report.objects.filter(pk=samples["report"].pk).update(number="REP-2026-0777")
    samples["report"].refresh_from_db()
    for name, role in STRANGERS.items():
        company.users[name] = _person(name, company.users["stranger"].holdings.get().position.unit, role)
    return samples


def words_of(samples: dict[str, Any], role: str) -> dict[str, str]:
    """What must not be read: the word → the kind it would give away."""
    words = {f"{CANARY}-{kind}": kind for kind in TITLED if is_closed(kind, role)}
    return words | {getattr(samples[kind], column): kind for kind, column in NUMBERED.items() if is_closed(kind, role)}


def addresses(samples: dict[str, Any]) -> Iterator[str]:
    """Every address there is, with every foreign record that fits into it."""
    kinds = {f"/api/v1/{records.get(kind).collection}/": record for kind, record in samples.items()}
    for pattern, view in every_view():
        if view.access_rule[0] == "key" or "/feed/" in pattern or (view.access_rule[0] == "move" and pattern.startswith("/api/")):
            continue  # machines' doors, streams (they tell kinds only), and moves, which answer no GET
        filled = pattern
        number = samples["report" if "/reports/" in pattern else "incident"].number
        for name, value in {**FILLED, "str:number": number}.items():
            filled = filled.replace(f"<{name}>", value)
        if "<str:move_id>" in filled:
            yield from (f"/do/{move.id}/{samples[move.record].public_id}/" for move in moves.all_moves() if not move.creates)
            yield from (f"/do/{move.id}/" for move in moves.all_moves() if move.creates)
        elif "<uuid:public_id>" in filled and filled.startswith("/api/v1/"):
            record = next((record for start, record in kinds.items() if filled.startswith(start)), None)
            if record is not None:
                yield filled.replace("<uuid:public_id>", str(record.public_id))
        elif "<uuid:public_id>" in filled:
            yield from (filled.replace("<uuid:public_id>", str(record.public_id)) for record in samples.values())
        else:
            yield filled


def read(client: Client, samples: dict[str, Any], words: dict[str, str]) -> dict[str, set[str]]:
    """Address → the words found behind it, in the screen, the list, the paper, the export, the form."""
    found: dict[str, set[str]] = {}
    for address in addresses(samples):
        answer = client.get(address)
        assert answer.status_code < 500, address
        body = (b"".join(answer) if answer.streaming else answer.content).decode(errors="replace")
        if seen := {word for word in words if word in body.replace(address, "")}:
            found[address] = seen
    return found


def entered(name: str) -> Client:
    """Somebody at a browser."""
    client = Client()
    assert client.post("/login/", {"username": name, "password": PASSWORD}).status_code == 302
    return client


def test_ones_own_team_reads_every_one_of_these_words(foreign: dict[str, Any]) -> None:
    """Else the test below would prove nothing."""
    words = words_of(foreign, "team_lead")
    assert len(words) >= 9
    found = read(entered("lead"), foreign, words)
    assert set().union(*found.values()) == set(words)


def test_of_another_teams_records_nobody_learns_even_that_they_exist(foreign: dict[str, Any]) -> None:
    found = read(entered("far_lead"), foreign, words_of(foreign, "team_lead"))
    assert not found, "\n".join(f"{address}: {', '.join(sorted(words))}" for address, words in found.items())


@pytest.mark.parametrize("name", STRANGERS)
def test_a_move_on_another_teams_record_is_answered_as_if_there_were_none(company: Company, foreign: dict[str, Any], name: str) -> None:
    from contingency.org.services.tokens import known_scopes

    client = Client(headers={"Authorization": f"Bearer {company.token(name, *sorted(known_scopes()))}"})
    told = []
    for move in moves.all_moves():
        if move.creates or not is_closed(move.record, STRANGERS[name]):
            continue
        address = f"/api/v1/{records.get(move.record).collection}/{foreign[move.record].public_id}/{move.verb}/"
        nowhere = f"/api/v1/{records.get(move.record).collection}/00000000-0000-4000-8000-000000000000/{move.verb}/"
        there, nothing = (post(client, each, {"version": 1}) for each in (address, nowhere))
        if (there.status_code, there.json()["code"]) != (nothing.status_code, nothing.json()["code"]):
            told.append(f"{move.id}: {there.status_code} {there.json()} for a foreign one, {nothing.status_code} for none")
    assert not told, "\n".join(told)
