"""Every address × every record of another team × every role, in every way there is to ask (T46, T47): it is as if it were not there.

Screens and their fragments, forms and what they send, papers and exports, copies for offline, lists with every filter, searches,
timelines, the live feed and every move. A kind is closed to a role when its right to read ends at the own team, or is none.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from incidents.reports.models import Action, Report
from incidents.response.models import Incident
from kernel import moves, records
from kernel.models import Entry
from kernel.permissions import Grant
from monitoring.alerts.models import Alert, Silence
from monitoring.probes.models import Probe
from tests.console.conftest import PASSWORD, Company, _person
from tests.console.filled import api_address, every_scope, form_address, post, press
from tests.console.samples import sample_of_each
from tests.console.test_rights import BESIDES_THE_TABLE, NEVER, every_view
from work.models import Task

pytestmark = [pytest.mark.matrix, pytest.mark.django_db, pytest.mark.req("SEC-01"), pytest.mark.attack]
STRANGERS = {f"far_{role}": role for role in
             ("ops_engineer", "team_lead", "business_ops", "customer_service", "auditor", "administrator", "director")}  # fmt: skip
CANARY = "Canary"
TITLED = {"incident": (Incident, "title"), "alert": (Alert, "summary"), "silence": (Silence, "reason"), "probe": (Probe, "name"),
          "improvement_action": (Action, "title"), "task": (Task, "name_en")}  # fmt: skip
NUMBERED = {"outage": "number", "switch": "number", "report": "number", "incident": "number"}
NOBODYS = "00000000-0000-4000-8000-000000000000"
NO_NUMBER = {"INC": "INC-2026-9999", "REP": "REP-2026-9999"}
FILLED = {"slug:kind": "incident", "slug:slug": "orders", "slug:direction": "over", "slug:language": "en", "slug:section": "summary",
          "int:number": "1", "str:token": "x"}  # fmt: skip
CHANGING = re.compile(r"\d{4}-\d\d-\d\dT[\d:.+Z-]*|[0-9a-f]{32}|[A-Za-z0-9]{64}")  # moments, marks of forms, tokens of forms


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
    far = company.users["stranger"].holdings.get().position.unit
    for name, role in STRANGERS.items():
        company.users[name] = _person(name, far, role)
    return samples


def words_of(samples: dict[str, Any], role: str) -> dict[str, str]:
    """What must not be read: the word → the kind it would give away."""
    words = {f"{CANARY}-{kind}": kind for kind in TITLED if is_closed(kind, role)}
    return words | {getattr(samples[kind], column): kind for kind, column in NUMBERED.items() if is_closed(kind, role)}


# -- what there is to ask for ----------------------------------------------------------------------------------------------------------


def fragments() -> str:
    """The names of all parts of all screens, as the views know them."""
    names = {"late", *(f"board-orders-{piece}" for piece in ("picture", "readiness", "switch"))}
    for name, module in list(sys.modules.items()):
        if name.startswith("console.views."):
            for table in vars(module).values():
                if isinstance(table, dict) and table and all(isinstance(path, str) and path.endswith(".html") for path in table.values()):
                    names |= set(table)
    assert len(names) > 40
    return ",".join(sorted(names))


def pages(samples: dict[str, Any], fits: dict[str, set[str]]) -> Iterator[tuple[str, str]]:
    """(address, the foreign record's key in it or nothing) of every address that answers a GET, with each record that opens there."""
    kinds = {f"/api/v1/{records.get(kind).collection}/": record for kind, record in samples.items()}
    for pattern, view in every_view():
        if view.access_rule[0] == "key" or (view.access_rule[0] == "move" and pattern.startswith("/api/")) or "<str:move_id>" in pattern:
            continue  # machines' doors; moves, which answer no GET; their forms come by themselves
        number = samples["report" if "/reports/" in pattern else "incident"].number
        filled = pattern.replace("<str:number>", number)
        for name, value in FILLED.items():
            filled = filled.replace(f"<{name}>", value)
        if "<uuid:public_id>" not in filled:
            yield filled, number if number in filled else ""
            continue
        if filled.startswith("/api/v1/"):
            fitting = [record for start, record in kinds.items() if filled.startswith(start)]
        else:
            fitting = [record for kind, record in samples.items() if kind in fits.get(pattern, samples)]
        for record in fitting:
            yield filled.replace("<uuid:public_id>", str(record.public_id)), str(record.public_id)


def questions(samples: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Searches, filters, places in lists, and what else takes a record's name behind the question mark."""
    for kind, record in samples.items():
        record_type = records.get(kind)
        address = f"/api/v1/{record_type.collection}/"
        yield f"{address}?after={record.public_id}", str(record.public_id)
        yield f"/feed/poll/?under={kind}:{record.public_id}", str(record.public_id)
        for name in record_type.filters:
            value: Any = CANARY if name == "q" else record
            for step in name.split("__") if name != "q" else ():
                value = getattr(value, step, None)
            value = getattr(value, "public_id", value)
            yield f"{address}?{name}={value if isinstance(value, str) or value is not None else ''}", ""
    incident, report, alert = samples["incident"], samples["report"], samples["alert"]
    yield f"/plan/texts/?incident={incident.number}", incident.number
    yield f"/alerts/bulk/?do=silence&alert={alert.public_id}.{alert.version}", str(alert.public_id)
    for address in ("/alerts/?view=flat&state=all", "/alerts/?state=all", "/alerts/silences/?state=in_force", "/incidents/?state=all", "/reports/"):
        yield f"{address}{'&' if '?' in address else '?'}q={CANARY}", ""
    for record, address in ((alert, "/alerts/?view=flat"), (incident, "/incidents/?"), (report, "/reports/?"), (samples["switch"], "/switches/?")):
        yield f"{address}&after={record.public_id}", str(record.public_id)
    yield from (("/reports/statistics/?days=0&part=orders", ""), ("/reports/statistics.csv?days=0", ""), ("/reports/actions/?state=open", ""))


def told(words: dict[str, str], address: str, key: str, role: str, body: str) -> set[str]:
    """The words in a body that this role may not read there."""
    shown = body.replace(address, "")
    in_its_view = {"outage", "switch"} if "/incidents/" in address and not is_closed("incident", role) else set()  # how business stands
    return {word for word, kind in words.items() if word != key and kind not in in_its_view and word in shown}


def body_of(answer: Any) -> str:
    return (b"".join(answer) if answer.streaming else answer.content).decode(errors="replace")


def plain(answer: Any, key: str) -> tuple[int, str, str]:
    """An answer without what is new each time, and without the key that was asked for."""
    return answer.status_code, answer.headers.get("Location", "").replace(key, ""), CHANGING.sub("", body_of(answer).replace(key, ""))


def read(client: Client, samples: dict[str, Any], fits: dict[str, set[str]], role: str) -> tuple[int, list[str]]:
    """(how many were asked, what was learned): words of closed kinds, and answers that differ from those about a record that is not there."""
    words = words_of(samples, role)
    closed = {str(record.public_id) for kind, record in samples.items() if is_closed(kind, role)}
    closed |= {samples[kind].number for kind in NUMBERED if is_closed(kind, role)}
    parts, asked, learned = fragments(), 0, []
    for address, key in (*pages(samples, fits), *questions(samples)):
        answer = client.get(address)
        asked += 1
        assert answer.status_code < 500 or address.startswith("/healthz"), address
        found = told(words, address, key, role, body_of(answer))
        if "data-fresh=" in body_of(answer):
            shown = client.get(address, {"parts": parts}) if "?" not in address else client.get(f"{address}&parts={parts}")
            asked += 1
            found |= told(words, address, key, role, body_of(shown))
        if found:
            learned.append(f"{role} at {address}: {', '.join(sorted(found))}")
        if key in closed and key:
            none = NO_NUMBER.get(key[:3], NOBODYS)
            asked += 1
            if plain(answer, key) != plain(client.get(address.replace(key, none)), none):
                learned.append(f"{role} at {address}: another answer than for one that is not there")
    for move in moves.all_moves():  # their forms, as the dialog asks for them
        address = form_address(move, samples.get(move.record))
        answer = client.get(address, headers={"HX-Request": "true"})
        asked += 1
        if found := {word for word in words if word in body_of(answer)}:
            learned.append(f"{role} at {address}: {', '.join(sorted(found))}")
    return asked, learned


def entered(name: str) -> Client:
    """Somebody at a browser."""
    client = Client()
    assert client.post("/login/", {"username": name, "password": PASSWORD}).status_code == 302
    return client


def what_opens(client: Client, samples: dict[str, Any]) -> dict[str, set[str]]:
    """Address with a place for a record → the kinds that open there, for somebody who may see them all."""
    opened: dict[str, set[str]] = {}
    for pattern, view in every_view():
        if "<uuid:public_id>" in pattern and not pattern.startswith(("/api/", "/do/")) and view.access_rule[0] != "key":
            for kind, record in samples.items():
                address = pattern.replace("<uuid:public_id>", str(record.public_id)).replace("<slug:kind>", "incident")
                if client.get(address, headers={"HX-Request": "true"}).status_code in (200, 302):
                    opened.setdefault(pattern, set()).add(kind)
    return opened


@pytest.mark.timeout(300)
def test_of_another_teams_records_nobody_learns_even_that_they_exist(foreign: dict[str, Any]) -> None:
    own = entered("lead")
    fits = what_opens(own, foreign)
    assert len(fits) >= 5
    words = words_of(foreign, "team_lead")
    assert len(words) >= 9
    seen = {word for address, _key in pages(foreign, fits) for body in [body_of(own.get(address))] for word in words if word in body}
    assert seen == set(words), "one's own team reads every one of these words, else the rest would prove nothing"
    asked, learned = 0, []
    for name, role in STRANGERS.items():
        count, found = read(entered(name), foreign, fits, role)
        asked += count
        learned += found
    print(f"  T46: {asked} questions about another team's {len(foreign)} records by {len(STRANGERS)} roles: {len(learned)} answered")
    assert not learned, "\n".join(learned)


@pytest.mark.timeout(300)
def test_a_move_on_another_teams_record_is_refused_and_on_a_closed_one_as_if_there_were_none(company: Company, foreign: dict[str, Any]) -> None:
    """By API and by form: 404 where the kind is closed, 403 where it may be seen, and never an entry."""
    wrong, tries = [], 0
    for name, role in STRANGERS.items():
        tokened = Client(headers={"Authorization": f"Bearer {company.token(name, *every_scope())}"})
        screen, actor = entered(name), company.actor(name)
        entries = Entry.objects.count()
        for move in moves.all_moves():
            if move.creates:
                continue
            record = foreign[move.record]
            grant, path = move.rule.get(role), record.permission_path()
            beside = set(move.rule) & (record.extra_roles(actor) if hasattr(record, "extra_roles") else set())  # held for this record alone
            may = bool(beside) or (grant not in (None, Grant.READ) and (grant == Grant.ALL or not path or path.startswith("/support/")))
            statuses = {
                "api": post(tokened, api_address(move, record), {"version": NEVER}).status_code,
                "form": press(screen, form_address(move, record), {"version": NEVER}).status_code,
            }
            for door, status in statuses.items():
                tries += 1
                if (move.id, status) in BESIDES_THE_TABLE or move.asks_proof is not None:
                    continue
                wanted = {404} if is_closed(move.record, role) else {200, 204, 404, 409, 422} if may else {403, 404}
                if status not in wanted:
                    wrong.append(f"{move.id} as {role} by {door}: {status}, not {sorted(wanted)}")
        if Entry.objects.exclude(name__in=["incidents.dry_run_made.v1"]).count() != entries:
            wrong.append(f"{role}: something was recorded")
    print(f"  T47: {tries} moves by {len(STRANGERS)} roles on another team's records: {len(wrong)} passes")
    assert not wrong, "\n".join(wrong)


def test_many_at_once_reaches_no_further_than_one_by_one(company: Company, foreign: dict[str, Any]) -> None:
    """The posts that are no move's own address: what is ticked of another team stays as it is, and is not even named."""
    alert, failed, report = foreign["alert"], foreign["failed_intake"], foreign["report"]
    mark, item = f"{alert.public_id}.{alert.version}", f"{failed.public_id}.{failed.version}"
    for name, role in STRANGERS.items():
        client, entries = entered(name), Entry.objects.count()
        answers = [
            client.post("/alerts/bulk/", {"do": "acknowledge", "alert": [mark]}),
            client.post("/alerts/bulk/", {"do": "silence", "asked": "1", "alert": [mark], "minutes": "30", "reason": "x"}),
        ]
        if moves.get("reports.section_put").rule.get(role) != Grant.ALL:
            form = {"version": report.version, "text_en": "x", "text_zh": "x"}
            answers.append(client.post(f"/reports/{report.number}/summary/", form))
        if is_closed("failed_intake", role):
            answers.append(client.post("/alerts/inbox/bulk/", {"do": "replay", "item": [item]}))
        for answer in answers:
            assert not [word for word in words_of(foreign, role) if word != report.number and word in body_of(answer)], (role, answer)
        assert Entry.objects.count() == entries, role
        alert.refresh_from_db()
        failed.refresh_from_db()
        report.refresh_from_db()
        assert (alert.state, failed.state, report.version) == ("firing", "waiting", 1), role
        assert Silence.objects.count() == 1, role
