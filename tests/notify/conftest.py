"""People who can be called, a chain to call them along, and the servers at the other end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from pytest_django import Settings

from contingency.org.models import ContactPoint, Position, Unit, User
from contingency.plan.models import ChainStep, EscalationChain, MessageText, Plan, PlanVersion
from kernel import clock
from kernel.actors import SYSTEM, Actor
from kernel.journal import Ref
from notify import services
from notify.models import Page
from notify.secrets import webhook_secrets
from notify.services import sending
from tests.notify.mailserver import MailServer
from tests.notify.receiver import Receiver


@pytest.fixture(autouse=True)
def _senders_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run ends after a second without news, and a thread that reports later sees nothing of a test's open transaction."""
    monkeypatch.setattr(sending, "LINGER_S", 30.0)
    monkeypatch.setattr(sending, "CLAIM_FOR_S", 30.0)


@pytest.fixture
def mail(settings: Settings) -> Iterator[MailServer]:
    with MailServer() as server:
        settings.SMTP_URL = server.url
        yield server


@pytest.fixture
def hook(settings: Settings) -> Iterator[Receiver]:
    settings.WEBHOOK_NETWORKS = ["127.0.0.0/8"]
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def person(db: None) -> Callable[..., User]:
    """Make somebody, with an e-mail address as their first contact point unless told otherwise."""

    def make(name: str, *, email: bool = True, hook: Receiver | None = None, language: str = "en", **fields: Any) -> User:
        user = User(username=name.lower(), display_name=name, language=language, joined_at=clock.now(), **fields)
        user.set_unusable_password()
        user.save()
        if email:
            ContactPoint.objects.create(user=user, kind="email", address=f"{name.lower()}@example.com", order=1)
        if hook is not None:
            point = ContactPoint.objects.create(user=user, kind="webhook", address=hook.url, order=2)
            hook.secrets += webhook_secrets(point)
        return user

    return make


@pytest.fixture
def unit(db: None) -> Unit:
    return Unit.objects.create(slug="operations", name_en="Operations", name_zh="运维", layer="execution", path="/technology/operations/")


@pytest.fixture
def version(db: None) -> PlanVersion:
    plan = Plan.objects.create(slug="contingency", name_en="Plan", name_zh="预案")
    return PlanVersion.objects.create(plan=plan, number=1, text="", digest="0" * 64, loaded_at=clock.now())


@pytest.fixture
def chain(unit: Unit, version: PlanVersion) -> Callable[..., EscalationChain]:
    """A chain of positions, each held by the people given for its step; the next is called after five minutes."""

    def make(*steps: list[User], slug: str = "standard", after: timedelta = timedelta(minutes=5)) -> EscalationChain:
        made = EscalationChain.objects.create(slug=slug, plan_version=version, name_en=slug, name_zh=slug, gives_up_after=timedelta(minutes=10))
        for order, people in enumerate(steps):
            position = Position.objects.create(slug=f"{slug}-{order}", name_en=f"P{order}", name_zh=f"岗{order}", unit=unit)
            for user in people:
                position.holdings.create(user=user, starts_at=clock.now() - timedelta(days=1))
            ChainStep.objects.create(chain=made, order=order, position=position, after=after if order else timedelta(0))
        return made

    return make


@pytest.fixture
def texts(version: PlanVersion) -> None:
    for slug, subject, body in (
        (
            "page-incident-opened",
            "{practice}{number}: {title}",
            "{number} {title}, failing since {failing_since}.\n\n{person}, acknowledge: {ack_url}",
        ),
        ("page-escalated", "{practice}{number}: still nobody", "{called_before} did not answer for {minutes} min: {title}. {ack_url}"),
    ):
        MessageText.objects.create(
            slug=slug,
            plan_version=version,
            name_en=slug,
            name_zh=slug,
            subject_en=subject,
            subject_zh=f"【呼叫】{subject}",
            body_en=body,
            body_zh=f"请处理：{body}",
        )


def incident(label: str = "INC-2026-0001") -> Ref:
    return Ref("incident", str(uuid4()), label)


@pytest.fixture
def page(texts: None) -> Callable[..., Page]:
    """Start a page about an incident."""

    def start(*, chain: str = "standard", subject: Any = None, actor: Actor = SYSTEM, params: dict[str, Any] | None = None, **fields: Any) -> Page:
        subject = subject or incident()
        given = {"number": subject.label if isinstance(subject, Ref) else "", "title": "orders refused", "failing_since": clock.now()} | (
            params or {}
        )
        return services.page_start(subject=subject, chain=chain, text="page-incident-opened", params=given, actor=actor, **fields)

    return start
