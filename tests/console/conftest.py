"""A small company with one guarded part, a plan in force, one person per role, and an incident in it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from contingency.catalog.models import Gateway, Matcher, Part, Side
from contingency.org import selectors as org
from contingency.org.models import ContactPoint, Holding, Position, Roster, Shift, Unit, User
from contingency.org.services import token_create, totp
from contingency.plan.models import (
    ChainStep,
    EscalationChain,
    LevelCall,
    MessageText,
    Plan,
    PlanVersion,
    Playbook,
    PlaybookStep,
    RecoveryTarget,
    ResponseLevel,
)
from incidents.response import services as response
from incidents.response.models import Incident
from incidents.switchover.executors import GatewayView
from incidents.switchover.executors.base import SideView
from incidents.switchover.models.evidence import GatewaySample
from kernel import clock
from kernel.actors import SYSTEM, Actor
from tests.harness.template import Template

PASSWORD = "correct horse battery"
ROLES = {
    "engineer": "ops_engineer",
    "engineer2": "ops_engineer",
    "lead": "team_lead",
    "lead2": "team_lead",
    "business": "business_ops",
    "service": "customer_service",
    "auditor": "auditor",
    "admin": "administrator",
    "director": "director",
}
TEXTS = (
    "page-incident-opened",
    "page-escalated",
    "role-assigned",
    "page-level-called",
    "update-due",
    "incident-resolved",
    "clock-breached",
    "proposal-waiting",
    "clock-warning",
    "task-overdue",
)


@pytest.fixture(autouse=True)
def _the_half_minute_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """An app's code lives for half a minute; a test that begins at the end of one must not meet the next."""
    now = time.time()
    monkeypatch.setattr(totp, "time", SimpleNamespace(time=lambda: now))


@dataclass
class Company:
    """What tests need to know of it."""

    part: Part
    roster: Roster
    users: dict[str, User] = field(default_factory=dict)

    def actor(self, name: str, **fields: Any) -> Actor:
        """The person as one who acts."""
        return org.actor_of_user(self.users[name], **fields)

    def token(self, name: str, *scopes: str) -> str:
        """A personal token's secret."""
        actor = self.actor(name)
        _token, secret = token_create(actor=actor, scopes=scopes or ("incidents:read", "incidents:write"))
        return secret


def _units() -> tuple[Unit, Unit]:
    top = Unit.objects.create(slug="technology", name_en="Technology", name_zh="技术部", layer="execution", path="/technology/")
    unit = Unit.objects.create(
        slug="operations", name_en="Operations", name_zh="运维组", layer="execution", parent=top, path="/technology/operations/"
    )
    other = Unit.objects.create(slug="support", name_en="Support", name_zh="支持", layer="support", path="/support/")
    return unit, other


def _person(name: str, unit: Unit, role: str) -> User:
    user = User(
        username=name, display_name=name.title(), display_name_zh=f"员工{name}", email=f"{name}@example.com", joined_at=clock.now(), language="en"
    )
    user.set_password(PASSWORD)
    user.save()
    ContactPoint.objects.create(user=user, kind="email", address=f"{name}@example.com", order=1)
    ContactPoint.objects.create(user=user, kind="phone", address="+86 10 5550 0101", order=2)
    slug = f"{unit.slug}-{role}"
    position, _made = Position.objects.get_or_create(slug=slug, defaults={"name_en": slug, "name_zh": slug, "unit": unit, "role": role})
    Holding.objects.create(user=user, position=position, starts_at=clock.now() - timedelta(days=1))
    return user


def _plan(roster: Roster, unit: Unit) -> None:
    plan = Plan.objects.create(slug="contingency", name_en="Plan", name_zh="预案")
    version = PlanVersion.objects.create(plan=plan, number=1, text="", digest="0" * 64, loaded_at=clock.now())
    director = User.objects.get(username="director")
    rows = PlanVersion.objects.filter(pk=version.pk)
    rows.update(state="in_review", submitted_at=clock.now())
    rows.update(state="approved", approved_at=clock.now(), approver=director)
    for name, hours in {"switchover": 1, "recovery": 2, "switchback": 24}.items():
        RecoveryTarget.objects.create(slug=name, plan_version=version, clock=name, target=timedelta(hours=hours), thresholds=[50, 80, 95, 100])
    chain = EscalationChain.objects.create(slug="duty", plan_version=version, name_en="Duty", name_zh="值班", gives_up_after=timedelta(minutes=10))
    ChainStep.objects.create(chain=chain, order=1, roster=roster, rank=1, after=timedelta(0))
    ChainStep.objects.create(chain=chain, order=2, position=Position.objects.get(slug="operations-team_lead"), after=timedelta(minutes=5))
    for slug in TEXTS:
        MessageText.objects.create(
            slug=slug, plan_version=version, name_en=slug, name_zh=slug, subject_en=slug, subject_zh=slug, body_en="{ack_url}", body_zh="{ack_url}"
        )
    book = Playbook.objects.create(
        slug="application-fault", plan_version=version, name_en="Application fault", name_zh="应用故障", fault_class="software"
    )
    steps = (("freeze", "technical", "technical_lead", "冻结升级"), ("tell-service", "business", "business_lead", "通知客服"))
    for order, (slug, track, role, name_zh) in enumerate(steps, start=1):
        words = {f"{name}_{lang}": f"{name} {slug}" for name in ("instruction", "where", "success", "otherwise") for lang in ("en", "zh")}
        PlaybookStep.objects.create(
            playbook=book, slug=slug, order=order, track=track, role=role, expected_minutes=10, name_en=slug.title(), name_zh=name_zh, **words
        )
    for order, grade in enumerate(("general", "severe", "major")):
        level = ResponseLevel.objects.create(
            slug=grade, grade=grade, plan_version=version, order=order, name_en=grade, name_zh=grade, update_every=timedelta(minutes=20)
        )
        LevelCall.objects.create(level=level, order=1, role="commander", position=Position.objects.get(slug="operations-team_lead"), chain=chain)
        LevelCall.objects.create(level=level, order=2, role="technical_lead", roster=roster, rank=1, chain=chain)


@pytest.fixture
def company(db: None) -> Company:
    """People, part and plan."""
    return made_company()


def make_company() -> Company:
    """Rows only; the services that make such rows have tests of their own."""
    unit, other = _units()
    users = {name: _person(name, unit, role) for name, role in ROLES.items()}
    users["stranger"] = _person("stranger", other, "team_lead")
    roster = Roster.objects.create(slug="duty", name_en="Duty engineer", name_zh="值班工程师", unit=unit, ranks=2)
    now = clock.now()
    Shift.objects.create(roster=roster, user=users["engineer"], starts_at=now - timedelta(hours=1), ends_at=now + timedelta(days=3), rank=1)
    _plan(roster, unit)
    part = Part.objects.create(
        slug="orders",
        unit=unit,
        roster=roster,
        name_en="Order system",
        name_zh="订单系统",
        kind="order_system",
        chain="duty",
        base_url="http://127.0.0.1:9",
    )
    for role in ("primary", "standby"):
        Side.objects.create(
            part=part, role=role, name=f"{role.title()} hall", url=f"http://127.0.0.1:9/{role}", ready_url=f"http://127.0.0.1:9/{role}/ready"
        )
    Gateway.objects.create(part=part, kind="lab", control_url="http://127.0.0.1:9", secret_file="/nonexistent")
    Matcher.objects.create(part=part, label="service", value="orders", fault_class="software", severities=["critical", "error"])
    return Company(part, roster, users)


made_company = Template(make_company)


def see_traffic(part: Part, serving: str | None = "primary") -> None:
    """What the gateway was seen to do a moment ago, as the worker would have written it."""
    sides = {role: SideView(role, is_reachable=True, is_ready=True, is_writable=role == serving) for role in ("primary", "standby")}
    view = GatewayView(is_known=True, serving=serving, sides=sides, lag_bytes=0, is_streaming=True, is_synchronous=True)
    GatewaySample.objects.update_or_create(part=part, defaults={"seen_at": timezone.now() + timedelta(minutes=5), "view": view.as_json()})


@pytest.fixture
def traffic(company: Company) -> None:
    """Both sides live, the primary carries business."""
    see_traffic(company.part)


@pytest.fixture
def incident(company: Company) -> Incident:
    """Discovered, opened by hand."""
    return response.incident_open(actor=company.actor("engineer"), part="orders", fault_class="software", title="Orders cannot be paid")


@pytest.fixture
def confirmed(company: Company, incident: Incident) -> Incident:
    """Severe, business stands still: an outage with three clocks, tasks, roles."""
    return response.incident_confirm(
        public_id=incident.public_id, version=incident.version, actor=company.actor("lead"), grade="severe", stops_business="yes"
    )


@pytest.fixture
def browser(company: Company) -> Callable[[str], Client]:
    """Somebody logged in at a browser that checks CSRF tokens."""

    def as_person(name: str, *, checks: bool = False) -> Client:
        client = Client(enforce_csrf_checks=False)
        answer = client.post("/login/", {"username": name, "password": PASSWORD})
        assert answer.status_code == 302, answer.content
        client.handler.enforce_csrf_checks = checks
        return client

    return as_person


@pytest.fixture
def api(company: Company) -> Callable[..., Client]:
    """Somebody with a personal token."""

    def as_person(name: str, *scopes: str) -> Client:
        return Client(headers={"Authorization": f"Bearer {company.token(name, *scopes)}"})

    return as_person


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    """What the process keeps for a few seconds is not carried from test to test."""
    from console.selectors import frame

    cache.clear()
    frame._late = (0.0, [])
    frame._counts.clear()


__all__ = ["SYSTEM"]
