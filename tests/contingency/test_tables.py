"""The room's moves, records and entries stand in the house's tables as they should."""

from __future__ import annotations

import inspect
import json

import pytest
from django.utils.module_loading import import_string
from django.utils.translation import override

from contingency.catalog import events as catalog_events
from contingency.catalog.services import GatewaySpec, MatcherSpec, SideSpec, matcher_set, part_define
from contingency.org import events as org_events
from contingency.org import roles
from contingency.org import services as org
from contingency.org.models import Factor
from contingency.org.selectors import actor_of_user
from contingency.plan import events as plan_events
from contingency.plan.selectors import version_in_force
from contingency.plan.services import plan_read_confirm
from kernel import clock, moves, proposals, records, sentences
from kernel.actors import SYSTEM, Actor
from kernel.errors import DomainError, NotFound, NotPermitted
from kernel.models import Entry

ROOMS = ("org", "catalog", "plan")
MOVES = [move for move in moves.all_moves() if move.id.partition(".")[0] in ROOMS]
TYPES = [kind for kind in records.all_types() if kind.model.__module__.startswith("contingency.")]


@pytest.mark.parametrize("move", MOVES, ids=lambda move: move.id)
def test_a_move_leads_to_a_service_that_takes_its_inputs(move):
    service = import_string(move.service)
    parameters = inspect.signature(service).parameters
    takes_all = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values())
    needed = {"actor", "reason"} | (set() if move.creates else {"public_id", "version"}) | {item.name for item in move.inputs}
    assert takes_all or needed <= set(parameters)
    assert all(parameter.kind is not inspect.Parameter.POSITIONAL_OR_KEYWORD for parameter in parameters.values())
    required = {name for name, parameter in parameters.items() if parameter.default is inspect.Parameter.empty} - {"values"}
    assert required <= needed
    assert set(move.rule) <= set(roles.ALL_ROLES) | {"self", "owner"}
    assert move.requirements
    assert move.scope.endswith(":write")
    assert move.undo
    assert records.get(move.record)
    if move.method:
        assert hasattr(records.get(move.record).model, move.method)


@pytest.mark.parametrize("events", [org_events, catalog_events, plan_events])
def test_every_entry_has_words(events):
    named = [item.name for _name, item in inspect.getmembers(events, inspect.isclass) if isinstance(getattr(item, "name", None), str)]
    assert named
    for name in named:
        assert sentences.is_known(name), name


@pytest.mark.django_db
def test_every_record_of_the_room_is_listed_and_shown_to_every_role(company, django_assert_max_num_queries):
    sides = [SideSpec(role="primary", name="A", url="http://127.0.0.1:1"), SideSpec(role="standby", name="B", url="http://127.0.0.1:2")]
    common = {"kind": "order_system", "unit": "operations", "roster": "operations-duty", "chain": "operations", "name_zh": "订单"}
    part = part_define(
        actor=SYSTEM, slug="orders", name_en="Orders", sides=sides, gateway=GatewaySpec(kind="lab", control_url="http://127.0.0.1:3"), **common
    )
    rule = MatcherSpec(label="job", value="orders", fault_class="software", fault_kind="application")
    matcher_set(public_id=part.public_id, version=None, actor=SYSTEM, matchers=[rule])
    org.token_create(actor=SYSTEM, user=company["xu.jing"].public_id, scopes=["people:read"])
    Factor.objects.create(user=company["chen.yu"], kind="app", name="Phone", created_at=clock.now(), secret=b"x")
    in_force = version_in_force()
    plan_read_confirm(public_id=in_force.public_id, version=None, actor=actor_of_user(company["chen.yu"]))
    shown = {}
    for kind in TYPES:
        for name in ("chen.yu", "li.na", "he.fang", "xu.jing", "gao.peng", "zhou.hong"):
            with django_assert_max_num_queries(8):  # whatever the number of rows
                rows = [kind.output(row) for row in kind.list_for(actor_of_user(company[name]))]
            shown[kind.kind] = shown.get(kind.kind, 0) + len(rows)
            json.dumps(rows)
            assert all("id" in row and ("version" in row or kind.kind == "plan_receipt") for row in rows)  # a receipt never changes
        row = kind.list_for(SYSTEM).first()
        for name in kind.filters:
            assert kind.list_for(SYSTEM, **{name: "nothing" if name != "number" else 99}).count() == 0
        if row is not None:
            assert kind.output(records.fetch(kind.kind, SYSTEM, row.public_id))
    assert all(count > 0 for count in shown.values()), shown
    nobody = Actor(kind="person", id="x", label="Nobody", user_id=None)
    with pytest.raises(NotFound):
        records.fetch("part", nobody, part.public_id)


@pytest.mark.django_db
def test_a_token_without_the_scope_sees_nothing(company):
    user = company["chen.yu"]
    with pytest.raises(NotFound):
        records.fetch("user", actor_of_user(user, scopes=frozenset({"parts:read"})), user.public_id)
    assert records.fetch("user", actor_of_user(user, scopes=frozenset({"people:read"})), user.public_id) == user


@pytest.mark.req("SEC-01")
@pytest.mark.attack
@pytest.mark.django_db
def test_no_move_of_the_room_is_open_to_a_role_that_its_rule_does_not_name(company):
    """T46: every creating move × every role that may not, through the door that all edges use. Nothing is written."""
    before = Entry.objects.count()
    people = {role: actor_of_user(company[name]) for role, name in PEOPLE.items()}
    tried = 0
    for move in MOVES:
        for role, actor in people.items():
            if not move.creates or role in move.rule:
                continue
            tried += 1
            with pytest.raises(NotPermitted):
                proposals.perform(move.id, actor=actor, inputs={})
    assert tried >= 20
    assert Entry.objects.count() == before


PEOPLE = {
    "ops_engineer": "chen.yu",
    "team_lead": "zhao.min",
    "business_ops": "li.na",
    "customer_service": "he.fang",
    "auditor": "xu.jing",
    "administrator": "gao.peng",
    "director": "zhou.hong",
}


def test_errors_of_the_room_have_words_in_both_languages():
    from contingency.catalog import errors as catalog_errors
    from contingency.org import errors as org_errors
    from contingency.plan import errors as plan_errors

    for module in (org_errors, catalog_errors, plan_errors):
        for _name, error in inspect.getmembers(module, lambda item: inspect.isclass(item) and issubclass(item, DomainError)):
            with override("en"):
                assert str(error.template)


@pytest.mark.parametrize(
    "held,found",
    [
        ([], None),
        (["auditor"], None),
        (["", "auditor"], None),
        (["ops_engineer", "team_lead", "director"], None),
        (["ops_engineer", "auditor"], ("auditor", "ops_engineer")),
        (["administrator", "auditor"], ("auditor", "administrator")),
        (["commander", "administrator"], ("administrator", "commander")),
    ],
)
def test_which_roles_clash(held, found):
    assert roles.clash(held) == found


def test_roles_are_named_in_both_languages():
    assert roles.names("ops_engineer")["en"] == "Operations engineer"
    assert set(roles.names("auditor")) == {"en", "zh"}
