"""A company with one guarded part, its targets and four people; a strict fake of the practice system's control server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from contingency.catalog.models import Gateway, Part, Side
from contingency.org.models import Roster, Unit, User
from contingency.plan.models import Plan, PlanVersion, RecoveryTarget
from incidents.switchover import services
from incidents.switchover.models import Outage
from incidents.switchover.selectors import switching
from kernel import clock
from kernel.actors import SYSTEM, Actor
from kernel.models import Entry
from tests.incidents.switchover.fake_control import FakeControl, FakeSystem

PATH = "/technology/operations/"


def person(username: str, *roles: str, path: str = PATH) -> Actor:
    """A person with roles in a unit."""
    user = User.objects.create(username=username, display_name=username.title(), joined_at=clock.now())
    return Actor(kind="person", id=str(user.public_id), label=user.display_name, user_id=user.pk, holdings=frozenset((role, path) for role in roles))


@pytest.fixture
def lead(db: None) -> Actor:
    return person("lead", "team_lead")


@pytest.fixture
def second_lead(db: None) -> Actor:
    return person("second", "team_lead")


@pytest.fixture
def engineer(db: None) -> Actor:
    return person("engineer", "ops_engineer")


@pytest.fixture
def auditor(db: None) -> Actor:
    return person("auditor", "auditor")


@pytest.fixture
def stranger(db: None) -> Actor:
    return person("stranger", "team_lead", path="/support/")


def make_part(slug: str = "orders", **fields: Any) -> Part:
    """A guarded part with unit and roster."""
    unit, _made = Unit.objects.get_or_create(
        slug="operations", defaults={"name_en": "Operations", "name_zh": "运维", "layer": "execution", "path": PATH}
    )
    roster, _made = Roster.objects.get_or_create(slug="duty", defaults={"name_en": "Duty", "name_zh": "值班", "unit": unit})
    values: dict[str, Any] = {"name_en": "Order system", "name_zh": "订单系统", "kind": "order_system", "chain": "duty", **fields}
    return Part.objects.create(slug=slug, unit=unit, roster=roster, **values)


def make_targets(**hours: float) -> None:
    """The plan in force: one hour, two hours, twenty-four, warned at 50, 80 and 95 per cent."""
    wanted = {"switchover": 1.0, "recovery": 2.0, "switchback": 24.0, **hours}
    plan = Plan.objects.create(slug="plan")
    version = PlanVersion.objects.create(plan=plan, number=1, text="", digest="", loaded_at=clock.now())
    for name, value in wanted.items():
        RecoveryTarget.objects.create(slug=name, plan_version=version, clock=name, target=timedelta(hours=value), thresholds=[50, 80, 95, 100])


@pytest.fixture
def targets(db: None) -> None:
    make_targets()


@pytest.fixture
def control(tmp_path: Path) -> Iterator[FakeControl]:
    fake = FakeControl(tmp_path).start()
    yield fake
    fake.stop()


@pytest.fixture
def system(control: FakeControl) -> FakeSystem:
    return control.system


def make_switchable(control: FakeControl, slug: str = "orders") -> Part:
    """A part whose gateway is the fake."""
    switching._asked.clear()
    part = make_part(slug, base_url=control.url)
    for role in ("primary", "standby"):
        Side.objects.create(part=part, role=role, name=role.title(), url=f"{control.url}/side/{role}", ready_url=f"{control.url}/side/{role}/ready")
    Gateway.objects.create(part=part, kind="lab", control_url=control.url, secret_file=str(control.address_book))
    services.gateway_watch()
    return part


@pytest.fixture
def part(targets: None, control: FakeControl) -> Part:
    return make_switchable(control)


@pytest.fixture
def outage(part: Part) -> Outage:
    """Open for two minutes, graded severe: no second person needed."""
    return services.outage_open(part=part, failing_since=clock.now() - timedelta(minutes=2), actor=SYSTEM, needs_second=False)


@pytest.fixture
def windable(db: None) -> None:
    clock.allow_winding(True)


def names_of(record: Any) -> list[str]:
    """Names of the entries whose subject this record is, oldest first, without the room."""
    rows = Entry.objects.filter(subject_kind=record.journal_kind, subject_id=str(record.public_id)).order_by("id")
    return [name.removeprefix("incidents.").removesuffix(".v1") for name in rows.values_list("name", flat=True)]


def look() -> None:
    """Let the gateways be sampled now."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("UPDATE switchover_gatewaysample SET claimed_at = NULL")
    services.gateway_watch()
