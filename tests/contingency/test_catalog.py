"""Guarded parts, their sides and the rules that route alerts to them."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from contingency.catalog import selectors, services
from contingency.catalog.errors import GatewayFromCommandLineOnly, MatcherExists
from contingency.catalog.models import FaultKind, Gateway, Matcher, Part, Side
from contingency.catalog.services import GatewaySpec, MatcherSpec, SideSpec
from kernel.actors import SYSTEM
from kernel.errors import Invalid, NotFound, NotPermitted, Stale
from kernel.models import Entry

from .conftest import entries

pytestmark = pytest.mark.django_db

SIDES = [
    SideSpec(role="primary", name="A", url="http://127.0.0.1:7001", ready_url="http://127.0.0.1:7001/ready"),
    SideSpec(role="standby", name="B", url="http://127.0.0.1:7002"),
]
PART = {
    "slug": "orders",
    "name_en": "Order system",
    "name_zh": "订单系统",
    "kind": "order_system",
    "unit": "technology",
    "roster": "duty",
    "chain": "operations",
}
LAB = GatewaySpec(kind="lab", control_url="http://127.0.0.1:7003", secret_file="/run/key")


@pytest.fixture
def part(house) -> Part:
    FaultKind.objects.create(slug="application", fault_class="software", name_en="Application", name_zh="应用程序")
    return services.part_define(actor=SYSTEM, sides=SIDES, gateway=LAB, **PART)


@pytest.mark.req("SWO-01")
def test_defining_a_part_twice_changes_and_records_nothing(part):
    before, stamp = Entry.objects.count(), selectors.routing_stamp()
    again = services.part_define(actor=SYSTEM, sides=SIDES, gateway=LAB, **PART)
    assert (again.pk, again.version) == (part.pk, part.version)
    assert (Entry.objects.count(), selectors.routing_stamp()) == (before, stamp)
    assert (Part.objects.count(), Side.objects.count(), Gateway.objects.count()) == (1, 2, 1)


def test_defining_it_differently_changes_what_was_said_and_keeps_the_rest(part):
    moved = [SideSpec(role="standby", name="C", url="http://127.0.0.1:7009")]
    again = services.part_define(actor=SYSTEM, sides=moved, **{**PART, "name_en": "Orders"})
    assert {side.role: side.name for side in again.sides.all()} == {"primary": "A", "standby": "C"}
    assert (again.name_en, Gateway.objects.get().control_url) == ("Orders", "http://127.0.0.1:7003")
    entry = entries("catalog.part_defined.v1")[-1]
    assert entry.before == {"name_en": "Order system"}
    assert entry.payload["sides"] == ["primary A http://127.0.0.1:7001", "standby C http://127.0.0.1:7009"]


def test_the_key_of_a_gateway_is_written_nowhere(part):
    assert "/run/key" not in str(list(Entry.objects.values_list("payload", "before", "after")))


@pytest.mark.req("SEC-01")
@pytest.mark.parametrize(
    "position,allowed", [("lead", True), ("administrator", True), ("engineer", False), ("business", False), ("auditor", False), ("director", False)]
)
def test_who_may_define_parts(acting, house, position, allowed):
    actor = acting("actor", position)
    if allowed:
        assert services.part_define(actor=actor, sides=SIDES, **PART).slug == "orders"
    else:
        with pytest.raises(NotPermitted):
            services.part_define(actor=actor, sides=SIDES, **PART)
        assert not Part.objects.exists()


def test_a_lead_takes_no_part_from_another_team(acting, part, house):
    part.unit = house["business"]
    part.save()
    with pytest.raises(NotPermitted):
        services.part_define(actor=acting("min", "lead"), **PART)


@pytest.mark.req("SEC-01")
@pytest.mark.attack
def test_nobody_sends_a_file_of_the_machine_somewhere_over_the_network(acting, part):
    gateway = GatewaySpec(kind="lab", control_url="http://attacker.example", secret_file="/etc/shadow")
    with pytest.raises(GatewayFromCommandLineOnly):
        services.part_define(actor=acting("gao", "administrator"), gateway=gateway, **PART)
    assert Gateway.objects.get().control_url == "http://127.0.0.1:7003"


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "spaceship"},
        {"chain": "no slug at all"},
        {"base_url": "file:///etc/passwd"},
        {"sides": [SideSpec(role="third", name="C", url="http://127.0.0.1:1")]},
        {"sides": [SideSpec(role="primary", name="A", url="")]},
        {"gateway": GatewaySpec(kind="magic", control_url="http://127.0.0.1:1")},
    ],
)
def test_a_part_is_not_made_of_nonsense(house, wrong):
    with pytest.raises(Invalid):
        services.part_define(**{"actor": SYSTEM, **PART, **wrong})
    assert not Part.objects.exists()


@pytest.mark.parametrize("missing", ["unit", "roster"])
def test_a_part_belongs_to_a_unit_and_a_roster_that_exist(house, missing):
    with pytest.raises(NotFound):
        services.part_define(actor=SYSTEM, **{**PART, missing: "nowhere"})


CRASH = MatcherSpec(label="alertname", value="OrdersDown", fault_class="software", fault_kind="application")
SLOW = MatcherSpec(label="alertname", value="OrdersSlow", fault_class="business", severities=("critical",))


@pytest.mark.req("MON-06")
def test_routing_rules_are_in_force_in_their_order_and_raise_the_stamp(part):
    stamp = selectors.routing_stamp()
    changed = services.matcher_set(public_id=part.public_id, version=None, actor=SYSTEM, matchers=[CRASH, SLOW])
    found = selectors.matchers_in_force()
    assert [(rule.value, rule.fault_class, rule.fault_kind, sorted(rule.severities)) for rule in found] == [
        ("OrdersDown", "software", "application", ["critical", "error"]),
        ("OrdersSlow", "business", "", ["critical"]),
    ]
    assert {rule.part_id for rule in found} == {part.public_id}
    assert selectors.routing_stamp() == stamp + 1
    again = services.matcher_set(public_id=part.public_id, version=changed.version, actor=SYSTEM, matchers=[CRASH, SLOW])
    assert (again.version, selectors.routing_stamp(), len(entries("catalog.matchers_set.v1"))) == (changed.version, stamp + 1, 1)


def test_rules_cost_one_query(part, django_assert_num_queries):
    services.matcher_set(public_id=part.public_id, version=None, actor=SYSTEM, matchers=[CRASH, SLOW])
    with django_assert_num_queries(1):
        selectors.matchers_in_force()
    with django_assert_num_queries(1):
        selectors.routing_stamp()
    with django_assert_num_queries(2):
        [(part.unit.path, [side.name for side in part.sides.all()], part.gateway.kind) for part in selectors.part_list()]


def test_rules_are_added_and_removed_one_by_one(part, acting):
    lead = acting("min", "lead")
    words = {"label": "job", "value": "orders", "fault_class": "software"}
    changed = services.matcher_add(public_id=part.public_id, version=part.version, actor=lead, severities="critical, warning", **words)
    assert Matcher.objects.get().severities == ["critical", "warning"]
    with pytest.raises(MatcherExists):
        services.matcher_add(public_id=part.public_id, version=changed.version, actor=lead, **words)
    with pytest.raises(Stale):
        services.matcher_remove(public_id=part.public_id, version=part.version - 1, actor=lead, label="job", value="orders")
    services.matcher_remove(public_id=part.public_id, version=changed.version, actor=lead, label="job", value="orders")
    assert selectors.matchers_in_force() == []
    with pytest.raises(NotFound):
        services.matcher_remove(public_id=part.public_id, version=None, actor=lead, label="job", value="orders")
    with pytest.raises(NotPermitted):
        services.matcher_add(public_id=part.public_id, version=None, actor=acting("yu", "engineer"), **words)


@pytest.mark.parametrize(
    "wrong",
    [
        MatcherSpec(label="", value="x", fault_class="software"),
        MatcherSpec(label="x", value=" ", fault_class="software"),
        MatcherSpec(label="x", value="y", fault_class="weather"),
        MatcherSpec(label="x", value="y", fault_class="hardware", fault_kind="application"),
        MatcherSpec(label="x", value="y", fault_class="software", fault_kind="nothing"),
        MatcherSpec(label="x", value="y", fault_class="software", severities=()),
    ],
)
def test_a_rule_is_not_made_of_nonsense(part, wrong):
    with pytest.raises(Invalid):
        services.matcher_set(public_id=part.public_id, version=None, actor=SYSTEM, matchers=[CRASH, wrong])
    assert selectors.matchers_in_force() == []


def test_the_same_rule_twice_is_refused(part):
    with pytest.raises(Invalid):
        services.matcher_set(public_id=part.public_id, version=None, actor=SYSTEM, matchers=[CRASH, CRASH])


def test_the_database_itself_refuses_a_third_side(part):
    with pytest.raises(IntegrityError, match="side_one_per_role"), transaction.atomic():
        Side.objects.create(part=part, role="primary", name="C", url="http://127.0.0.1:1")


def test_a_part_is_found_by_slug_and_by_public_id(part):
    assert selectors.part_get("orders") == selectors.part_get(part.public_id) == part
    with pytest.raises(NotFound):
        selectors.part_get("nothing")


def test_the_move_defines_a_part_with_two_sides(acting, house):
    flat = {
        "primary_name": "A",
        "primary_url": "http://127.0.0.1:1",
        "standby_name": "B",
        "standby_url": "http://127.0.0.1:2",
        "stops_business": True,
    }
    made = services.part_register(actor=acting("min", "lead"), primary_ready_url="http://127.0.0.1:1/ready", standby_ready_url="", **PART, **flat)
    assert {side.role: side.ready_url for side in made.sides.all()} == {"primary": "http://127.0.0.1:1/ready", "standby": ""}
