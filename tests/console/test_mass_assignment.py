"""T49: who sends more than a move asks for changes nothing with it. Addresses from the API's own document and from the address table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection, models
from django.test import Client
from django.urls import resolve, reverse
from drf_spectacular.generators import SchemaGenerator

from console.api.moves import MoveApi
from contingency.org import selectors as org
from incidents.response.models import Incident
from kernel import moves, permissions, records
from kernel.actors import Actor
from kernel.moves import Move
from tests.console.conftest import PASSWORD, ROLES, Company
from tests.console.filled import every_scope, filled, form_address, post, press, undone
from tests.console.samples import sample_of_each
from tests.console.test_entrance_attacks import marks
from tests.console.test_rights import every_view

pytestmark = [pytest.mark.matrix, pytest.mark.django_db, pytest.mark.attack, pytest.mark.req("SEC-01")]
# What no column is called, and what somebody would try all the same.
TRIED = {"actor": "x", "user_id": 1, "scopes": ["operations"], "is_staff": True, "is_superuser": True, "roles": ["administrator"], "proved": True,
         "second": 1, "created_at": "2020-01-01T00:00:00Z", "approved_by": 1, "holdings": [], "kind_": "x", "__class__": "x"}  # fmt: skip


def columns_of(model: type[models.Model]) -> dict[str, Any]:
    """Every name that a column answers to, with a value that would fit it."""
    found: dict[str, Any] = {}
    for column in model._meta.concrete_fields:
        found[column.name] = found[column.attname] = _fitting(column)
    return found


def _fitting(column: models.Field[Any, Any]) -> Any:
    if column.choices:
        return [str(value) for value, _words in column.flatchoices][-1]
    if isinstance(column, (models.BooleanField,)):
        return True
    if isinstance(column, models.DateTimeField):
        return "2020-01-01T00:00:00Z"
    if isinstance(column, models.UUIDField):
        return "11111111-1111-4111-8111-111111111111"
    if isinstance(column, (models.IntegerField, models.ForeignKey)):
        return 7
    return {} if isinstance(column, models.JSONField) else "hostile"


@pytest.fixture
def everybody(company: Company) -> dict[str, Client]:
    """A browser for each, logged in before anybody has a second factor."""
    clients = {name: Client() for name in ROLES}
    for name, client in clients.items():
        assert client.post("/login/", {"username": name, "password": PASSWORD}).status_code == 302
    return clients


@pytest.fixture
def samples(company: Company, everybody: dict[str, Client], confirmed: Incident) -> dict[str, Any]:
    made = sample_of_each(company, confirmed)
    for kind in ("improvement_action", "report", "switch"):  # the next number is free, so that each can be made
        type(made[kind])._default_manager.filter(pk=made[kind].pk).update(number=f"{made[kind].number[:-4]}0777")
        made[kind].refresh_from_db()
    return made


# -- the API -----------------------------------------------------------------------------------------------------------------------


def documented() -> Iterator[tuple[str, str, set[str]]]:
    """(address with a place for the id, operation, names of its body) of every POST in the document."""
    document = SchemaGenerator().get_schema(request=None, public=True)
    for address, operations in document["paths"].items():
        assert set(operations) <= {"get", "post", "parameters"}, f"{address} takes something that this test does not know of"
        if "post" in operations:
            body = operations["post"]["requestBody"]["content"]["application/json"]["schema"]
            named = document["components"]["schemas"][body["$ref"].rpartition("/")[2]]
            yield address, operations["post"]["operationId"], set(named["properties"])


def handfuls(fields: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """As many at a time as a refusal can name."""
    few: dict[str, Any] = {}
    for name, value in fields.items():
        if len(", ".join([*few, name])) > 280:
            yield few
            few = {}
        few[name] = value
    yield few


def test_every_write_of_the_api_refuses_every_field_that_its_document_does_not_name(company: Company, samples: dict[str, Any]) -> None:
    client = Client(headers={"Authorization": f"Bearer {company.token('lead', *every_scope())}"})
    by_collection = {record_type.collection: record_type for record_type in records.all_types()}
    wrong, sent, addresses = [], 0, 0
    before = marks()
    for address, operation, named in documented():
        addresses += 1
        record_type = by_collection[address.split("/")[3]]
        record = samples.get(record_type.kind)
        real = address.replace("{public_id}", str(record.public_id) if record is not None else "")
        view = resolve(real).func.view_class
        assert issubclass(view, MoveApi), f"{address} writes and is no move"
        declared = {item.name for item in view.move.inputs} | {"reason"} | (set() if view.move.creates else {"version"})
        assert named == declared, f"{operation}: the document names {named ^ declared} besides or not"
        others = {name: value for name, value in {**columns_of(record_type.model), **TRIED}.items() if name not in named}
        for few in handfuls(others):  # a refusal lists them all, as far as three hundred letters go
            answer = post(client, real, {**few, **({} if view.move.creates else {"version": record.version})})
            sent += len(few)
            refused = answer.json()["params"].get("fields", "").split(", ")
            if (answer.status_code, answer.json()["code"], refused) != (400, "unknown_fields", sorted(few)):
                wrong.append(f"{operation} took {set(few) - set(refused)}: {answer.status_code} {answer.json()}")
    assert not wrong, "\n".join(wrong)
    assert addresses == len(moves.all_moves())
    assert marks() == before
    print(f"  T49: {addresses} writes of the API, {sent} fields that are not the sender's: 0 taken")


# -- forms -------------------------------------------------------------------------------------------------------------------------


def tables() -> dict[str, int]:
    """Table → how many rows, in one statement."""
    names = [model._meta.db_table for model in apps.get_models() if model._meta.managed]
    counts = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM \"{name}\"" for name in names)
    with connection.cursor() as cursor:
        cursor.execute(counts)
        return dict(cursor.fetchall())


def outcome(client: Client, move: Move, record: Any, form: dict[str, Any]) -> tuple[int, dict[str, Any], dict[str, int]]:
    """(status, the row afterwards, rows per table), of something that is taken back."""
    model = records.get(move.record).model
    with undone():
        newest = model._default_manager.order_by("-pk").first()
        answer = press(client, form_address(move, record), form)
        if move.creates:
            made = model._default_manager.order_by("-pk").first()
            row = None if made is None or (newest is not None and made.pk == newest.pk) else made
        else:
            row = model._default_manager.get(pk=record.pk)
        counts = tables() if answer.status_code < 300 else {}
    return answer.status_code, _plain(row) if row is not None else {}, counts


NEW_EACH_TIME = frozenset({"id", "public_id", "digest", "prefix", "password"})


def _plain(row: Any) -> dict[str, Any]:
    """Its columns; moments as “before this year” or “now”; what was made just now, and is gone again, as “new”."""
    found: dict[str, Any] = {}
    for column in row._meta.concrete_fields:
        value = getattr(row, column.attname)
        if column.attname in NEW_EACH_TIME or isinstance(value, memoryview):
            continue
        if isinstance(value, datetime):
            value = value.year > 2020
        elif isinstance(column, models.ForeignKey) and value is not None:
            value = value if column.related_model._default_manager.filter(pk=value).exists() else "new"
        found[column.attname] = str(value) if isinstance(value, UUID) else value
    return found


def who_may(company: Company, move: Move, record: Any) -> str:
    """Somebody whom the table lets do it alone, else somebody whom it lets propose it."""
    for wanted in (("all", "own"), ("second", "propose")):
        for name in ROLES:
            if str(permissions.can(_proved(company, name), move.id, record)) in wanted:
                return name
    raise AssertionError(f"nobody here may {move.id}")


def _proved(company: Company, name: str) -> Actor:
    return org.actor_of_user(company.users[name])


def test_a_form_changes_the_same_with_and_without_other_peoples_fields(
    company: Company, everybody: dict[str, Client], samples: dict[str, Any]
) -> None:
    """Each move twice from the same state, once as its form has it, once with every column beside: row and tables are the same after."""
    wrong, carried, fields = [], [], 0
    for move in moves.all_moves():
        record = None if move.creates else samples[move.record]
        name = who_may(company, move, record)
        form = filled(move, samples, company.users["engineer2"]) | ({} if record is None else {"version": record.version})
        hostile = {name: value for name, value in {**columns_of(records.get(move.record).model), **TRIED}.items() if name not in form}
        fields += len(hostile)
        plain, full = outcome(everybody[name], move, record, form), outcome(everybody[name], move, record, {**form, **hostile})
        if plain != full:
            wrong.append(f"{move.id} as {name}: {plain[0]} {full[0]} {_difference(plain[1], full[1])} {_difference(plain[2], full[2])}")
        if plain[0] < 300:
            carried.append(move.id)
    print(f"  T49: {len(moves.all_moves())} forms with {fields} other fields, {len(carried)} of them carried out: 0 changed more than they say")
    assert not wrong, "\n".join(wrong)
    assert len(carried) >= 60, carried


def _difference(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    return {name: (one.get(name), other.get(name)) for name in {**one, **other} if one.get(name) != other.get(name)}


# -- every other address that takes a post ---------------------------------------------------------------------------------------------

# What such a post may write, by the name of its address; whatever is not named here may write nothing.
WRITES = {
    "console:language": {"org.User", "kernel.Entry", "kernel.EntryLink", "kernel.Delivery"},
    "console:alert-filter-keep": {"console.SavedFilter"},
    "console:login": {"console.LoginAttempt"},
    "console:login-again": {"console.LoginAttempt"},
    "console:security-sessions": {"org.User", "kernel.Entry", "kernel.EntryLink", "kernel.Delivery"},
}


def test_no_other_address_takes_anybodys_columns(everybody: dict[str, Client], samples: dict[str, Any]) -> None:
    body: dict[str, Any] = {}
    for record_type in records.all_types():
        body |= columns_of(record_type.model)
    body |= {**TRIED, "language": "zh-hans", "name": "Mine", "query": "state=firing", "text": "not: a plan"}
    session = everybody["lead"].cookies[settings.SESSION_COOKIE_NAME].value
    fixed = {"<str:number>": samples["report"].number, "<slug:section>": "summary", "<slug:slug>": "orders", "<slug:direction>": "over",
             "<slug:language>": "en", "<int:number>": "1", "<slug:kind>": "incident", "<str:token>": "x"}  # fmt: skip
    wrong, taken, wrote = [], [], set()
    named = {reverse(name): name for name in WRITES}
    for address, view in every_view():
        rule = view.access_rule[0]
        if address.startswith(("/api/", "/do/")) or rule == "key":
            continue
        real = address.replace("<uuid:public_id>", str(samples["alert"].public_id))
        for name, value in fixed.items():
            real = real.replace(name, value)
        before, client = marks(), Client()
        client.cookies[settings.SESSION_COOKIE_NAME] = session  # each as a browser that is logged in, also behind the log-out
        with undone():
            if client.post(real, body).status_code == 405:
                continue
            after = marks()
        taken.append(real)
        changed = {label for label in before if before[label] != after[label]}
        wrote |= {real} if changed else set()
        if changed - WRITES.get(named.get(real, ""), set()):
            wrong.append(f"{real}: {sorted(changed)}")
    assert not wrong, "\n".join(wrong)
    assert len(taken) > 12
    assert {reverse(name) for name in ("console:language", "console:alert-filter-keep", "console:security-sessions")} <= wrote
    print(f"  T49: {len(taken)} other addresses that take a post, {len(body)} fields each: nothing written that is not theirs")
