"""The demo company: complete, around the clock, and made once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from contingency.org import roles, selectors
from contingency.org.models import ContactPoint, Holding, Shift, User
from contingency.plan.demo import demo_company_create
from contingency.plan.models import PlanVersion
from contingency.plan.selectors import version_in_force
from kernel.models import Entry

pytestmark = pytest.mark.django_db


@pytest.mark.req("ORG-01", "ORG-03")
def test_the_demo_company_is_on_duty_around_the_clock(company, now):
    for hours in range(0, 24 * 8, 5):
        at = now + timedelta(hours=hours)
        assert [user.username for user in selectors.on_duty("operations-duty", at)] == ["chen.yu", "wang.lei"]
        assert [user.username for user in selectors.on_duty("customer-service-duty", at)] == ["he.fang"]


def test_the_plan_was_written_by_one_and_approved_by_another(company):
    version = version_in_force()
    assert (version.author.username, version.approver.username, version.number) == ("zhao.min", "zhou.hong", 1)


def test_everybody_can_be_reached_and_log_in(company):
    assert {point.user.username for point in ContactPoint.objects.filter(kind="email", is_active=True)} == set(company)


def test_log_ins_are_told_once_and_work():
    logins = demo_company_create(weeks=1)
    assert {login.username for login in logins} >= {"chen.yu", "zhao.min", "li.na", "zhou.hong", "xu.jing", "gao.peng"}
    assert len({login.password for login in logins}) == len(logins)
    for login in logins:
        assert User.objects.get(username=login.username).check_password(login.password)
    assert demo_company_create(weeks=1) == []


def test_making_it_again_changes_and_records_nothing(company):
    before = (User.objects.count(), Holding.objects.count(), Shift.objects.count(), PlanVersion.objects.count(), Entry.objects.count())
    demo_company_create(weeks=2)
    assert (User.objects.count(), Holding.objects.count(), Shift.objects.count(), PlanVersion.objects.count(), Entry.objects.count()) == before


def test_every_standing_role_is_held_by_somebody(company, now):
    for role in roles.POSITION_ROLES:
        assert selectors.people_with_role(role, now), role
