"""The same with the plan that we ship and its demo company: every text it sends is whole, in both languages."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from contingency.catalog.models import Part
from contingency.org.models import Roster, Unit, User
from contingency.org.selectors import actor_of_user
from contingency.plan.demo import demo_company_create
from incidents.response import services
from incidents.response.models import Incident
from kernel import clock, deadlines
from kernel.actors import Actor
from kernel.journal.relay import relay
from notify.models import Delivery
from tests.incidents.response.test_life_cycle import at
from tests.incidents.response.test_response import holders
from work.selectors import tasks_of

pytestmark = pytest.mark.django_db


def person(username: str) -> Actor:
    return actor_of_user(User.objects.get(username=username))


@pytest.fixture
def part(db: None) -> Part:
    demo_company_create()
    roster = Roster.objects.get(slug="operations-duty")
    return Part.objects.create(
        slug="orders",
        name_en="Order system",
        name_zh="订单系统",
        kind="order_system",
        unit=Unit.objects.get(slug="operations"),
        roster=roster,
        chain="operations",
    )


@pytest.mark.req("INC-02")
@pytest.mark.req("INC-03")
@pytest.mark.req("INC-04")
def test_the_shipped_plan_answers_a_severe_failure(part: Part) -> None:
    chen = person("chen.yu")
    incident = services.incident_open(actor=chen, part=part.slug, fault_class="software", title="Orders are refused after the upgrade")
    first = Delivery.objects.get()
    assert first.user.username == "chen.yu"
    incident = services.incident_confirm(**at(incident), actor=chen, grade="severe", scope="all new orders")
    assert holders(incident) == {"commander": "zhao.min", "technical_lead": "chen.yu", "business_lead": "li.na", "communications_lead": "he.fang"}
    assert incident.outage is not None
    technical, business = tasks_of(incident)
    assert technical.tasks
    assert business.tasks
    assert all(task.owner is not None for task in [*technical.tasks, *business.tasks])
    clock.wind(timedelta(minutes=31))
    for kind in ("update_due", "recovery_clock", "task_due"):
        deadlines.sweep(kind)
    relay()
    clock.wind(timedelta(minutes=30))
    deadlines.sweep("recovery_clock")
    relay()
    services.grade_raise(**at(Incident.objects.get()), actor=person("zhao.min"), grade="major", reason="no order goes through")
    relay()
    sent = {delivery.message.text for delivery in Delivery.objects.select_related("message")}
    assert sent >= {"page-incident-opened", "page-level-called", "update-due", "clock-warning", "clock-breached"}


def test_every_text_is_whole_in_the_readers_language(part: Part) -> None:
    chen = person("chen.yu")
    incident = services.incident_open(actor=chen, part=part.slug, fault_class="software", title="Orders are refused")
    incident = services.incident_confirm(**at(incident), actor=chen, grade="severe")
    services.role_assign(**at(incident), actor=person("zhao.min"), role="scribe", user=User.objects.get(username="wu.hao").public_id)
    clock.wind(timedelta(minutes=61))
    for kind in ("update_due", "recovery_clock"):
        deadlines.sweep(kind)
    relay()
    for delivery in Delivery.objects.select_related("user", "message"):
        words = f"{delivery.title}\n{delivery.body}"
        if delivery.message.text.startswith("task-"):
            continue
        assert incident.number in words, delivery.message.text
        assert "{" not in words.replace("{{ack:", ""), words
        assert "–" not in delivery.title, words
        missing = [line for line in words.splitlines() if line.rstrip().endswith((": –", "：–"))]
        assert not missing, (delivery.message.text, missing)
        assert bool(re.search("[\u4e00-\u9fff]", words)) == (delivery.user.language == "zh-hans"), words
