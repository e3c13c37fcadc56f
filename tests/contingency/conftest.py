"""People of a small company, made the ordinary way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from contingency.org import services as org
from contingency.org.models import Position, Roster, Unit, User
from contingency.org.selectors import actor_of_user
from contingency.plan.demo import demo_company_create
from contingency.plan.selectors import version_in_force
from kernel import clock
from kernel.actors import SYSTEM, Actor
from kernel.models import Entry
from tests.harness.template import Template


def entries(name: str, **about: Any) -> list[Entry]:
    """The journal's entries of this name, oldest first."""
    return list(Entry.objects.filter(name=name, **about).order_by("id"))


@pytest.fixture
def now(db) -> datetime:
    return clock.now()


@pytest.fixture
def house(db) -> dict[str, Any]:
    """Three units in a line, one position per role, one roster: enough to hold, to grant and to be on duty."""
    top = Unit.objects.create(slug="leadership", name_en="Leadership", name_zh="领导层", layer="leadership", path="/leadership/")
    technology = Unit.objects.create(
        slug="technology", name_en="Technology", name_zh="技术部", layer="execution", parent=top, path="/leadership/technology/"
    )
    business = Unit.objects.create(slug="business", name_en="Business", name_zh="业务部", layer="execution", parent=top, path="/leadership/business/")
    where = {
        "engineer": (technology, "ops_engineer"),
        "lead": (technology, "team_lead"),
        "business": (business, "business_ops"),
        "service": (business, "customer_service"),
        "director": (top, "director"),
        "auditor": (top, "auditor"),
        "administrator": (top, "administrator"),
        "finance": (top, ""),
    }
    positions = {
        slug: Position.objects.create(slug=slug, name_en=slug.title(), name_zh=slug, unit=unit, role=role) for slug, (unit, role) in where.items()
    }
    roster = Roster.objects.create(slug="duty", name_en="Duty", name_zh="值班", unit=technology, ranks=2)
    return {"top": top, "technology": technology, "business": business, "positions": positions, "roster": roster}


@pytest.fixture
def person(house) -> Callable[..., User]:
    """Makes a person, with a position unless told otherwise."""

    def make(name: str, position: str = "", **fields: Any) -> User:
        user = org.user_create(actor=SYSTEM, username=name, display_name=name.title(), **fields)
        if position:
            org.holding_assign(actor=SYSTEM, user=user.public_id, position=position)
        return user

    return make


@pytest.fixture
def acting(person) -> Callable[..., Actor]:
    """The same as one who acts."""

    def make(name: str, position: str = "", **fields: Any) -> Actor:
        return actor_of_user(person(name, position, **fields))

    return make


@pytest.fixture
def company(db) -> dict[str, User]:
    """The demo company with the shipped plan in force."""
    return made_company()


def make_company() -> dict[str, User]:
    demo_company_create(weeks=2)
    assert version_in_force() is not None
    return {user.username: user for user in User.objects.all()}


made_company = Template(make_company)


HOUR = timedelta(hours=1)
