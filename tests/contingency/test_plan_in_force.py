"""What the rooms above ask of the plan in force: levels, targets, chains, playbooks, texts."""

from __future__ import annotations

import pytest

from contingency.catalog.models import FaultKind
from contingency.catalog.services import part_define
from contingency.plan import selectors
from kernel import clock
from kernel.actors import SYSTEM
from kernel.errors import NotFound

from .test_plan_versions import edited, put_in_force

pytestmark = pytest.mark.django_db


@pytest.mark.req("INC-02", "RTO-01")
def test_levels_targets_and_chains_are_found(company, django_assert_num_queries, now):
    with django_assert_num_queries(4):
        level = selectors.level_for("severe")
        assert [call.role for call in level.calls.all()] == ["commander", "technical_lead", "business_lead", "communications_lead", ""]
        assert [book.slug for book in level.playbooks.all()] == ["keep-people-informed", "run-business-by-hand"]
        assert level.update_every.total_seconds() == 1800
    with django_assert_num_queries(2):
        chain = selectors.chain_get("operations")
        assert [step.after_seconds for step in chain.steps.all()] == [0, 300, 300, 300, 300]
    called = [[person.username for person in selectors.people_of(step, now)] for step in chain.steps.all()]
    assert called[0] == ["chen.yu"]
    for missing in (lambda: selectors.level_for("mild"), lambda: selectors.chain_get("none"), lambda: selectors.message_text("none")):
        with pytest.raises(NotFound):
            missing()


@pytest.mark.req("INC-03")
def test_the_operations_chain_calls_five_people_in_turn(company):
    at = clock.now()
    called = [[person.username for person in selectors.people_of(step, at)] for step in selectors.chain_get("operations").steps.all()]
    assert called == [["chen.yu"], ["wang.lei"], ["zhao.min"], ["sun.jie"], ["zhou.hong"]]


CLOSEST = [
    ("software", "application", "application-fault-after-upgrade"),
    ("software", "database", "database-fault"),
    ("software", None, "application-fault-after-upgrade"),
    ("software", "middleware", "middleware-fault"),
    ("software", "operating-system", "operating-system-fault"),
    ("hardware", "server", "server-crash"),
    ("hardware", "storage", "storage-fault"),
    ("hardware", "network-device", "network-device-fault"),
    ("hardware", None, "hardware-fault"),
    ("network", "external-network", "network-cut"),
    ("network", "internal-network", "line-fault"),
    ("network", "bandwidth", "bandwidth-shortage"),
    ("network", "router", "router-fault"),
    ("network", None, "network-fault"),
    ("data", "data-loss", "data-lost"),
    ("data", "data-corruption", "data-wrong"),
    ("data", "data-inconsistency", "data-inconsistent"),
    ("data", None, "data-fault"),
    ("business", "order-payment", "payment-channel-fault"),
    ("business", "order-state", "order-exceptions"),
    ("business", "business-logic", "business-fault"),
    ("business", "operator-slip", "operating-mistake"),
    ("business", None, "business-fault"),
    ("security", "leak", "data-leak"),
    ("security", "attack", "security-event"),
    ("security", None, "security-event"),
]


@pytest.mark.req("INC-04")
def test_the_closest_playbook_comes_first(company):
    for fault_class, kind, first in CLOSEST:
        found = selectors.playbooks_for(fault_class, kind)
        assert found[0].slug == first, (fault_class, kind)
        assert {playbook.fault_class for playbook in found} == {fault_class}
        row = FaultKind.objects.filter(slug=kind or "").first()
        for same in (row, row.pk if row else None):
            assert selectors.playbooks_for(fault_class, same) == found


@pytest.mark.req("RTO-01")
def test_a_part_may_have_its_own_target(company):
    text = edited(
        ("  - clock: recovery", "  - clock: switchover\n    part: payments\n    target: 10 min\n    thresholds: [50, 100]\n  - clock: recovery")
    )
    put_in_force(company, text)
    common = {"actor": SYSTEM, "kind": "payment_channel", "unit": "operations", "roster": "operations-duty", "chain": "operations", "name_zh": "支付"}
    orders, payments = part_define(slug="orders", name_en="Orders", **common), part_define(slug="payments", name_en="Payments", **common)
    assert {target.clock: target.target.total_seconds() for target in selectors.targets_for(orders)} == {
        "switchover": 3600,
        "recovery": 7200,
        "switchback": 86400,
    }
    assert {target.clock: target.target.total_seconds() for target in selectors.targets_for(payments)}["switchover"] == 600


def test_a_message_is_rendered_in_either_language_and_never_fails(company):
    text = selectors.message_text("page-incident-opened")
    subject, body = text.render("zh-hans", {"number": "INC-2026-0001", "title": "下单失败", "practice": ""})
    assert subject == "INC-2026-0001：下单失败"
    assert "INC-2026-0001 · 下单失败" in body
    assert "{" not in body
    subject, body = text.render("en", {"number": "INC-2026-0001", "title": "{ack_url} %s {0.__class__}", "practice": "PRACTICE · "})
    assert subject == "PRACTICE · INC-2026-0001: {ack_url} %s {0.__class__}"
    assert "Acknowledge: –" in body
