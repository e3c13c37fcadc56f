"""A playbook and people to work through it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from contingency.org.models import ContactPoint, User
from contingency.plan.models import Plan, PlanVersion, Playbook, PlaybookStep
from kernel import clock


@pytest.fixture
def person(db: None) -> Callable[..., User]:
    def make(name: str, **fields: Any) -> User:
        user = User.objects.create(username=name.lower(), display_name=name, joined_at=clock.now(), **fields)
        ContactPoint.objects.create(user=user, kind="email", address=f"{name.lower()}@example.com", order=1)
        return user

    return make


@pytest.fixture
def playbook(db: None) -> Playbook:
    """Three technical steps (5, 10, 20 minutes) and one business step (15 minutes); only the first is safe."""
    plan = Plan.objects.create(slug="contingency", name_en="Plan", name_zh="预案")
    version = PlanVersion.objects.create(plan=plan, number=1, text="", digest="0" * 64, loaded_at=clock.now())
    made = Playbook.objects.create(slug="database", plan_version=version, name_en="Database", name_zh="数据库", fault_class="software")
    for order, (slug, track, role, minutes, is_safe) in enumerate(
        (
            ("check-log", "technical", "technical_lead", 5, True),
            ("tell-shops", "business", "business_lead", 15, False),
            ("restart", "technical", "technical_lead", 10, False),
            ("verify", "technical", "scribe", 20, False),
        )
    ):
        texts = {
            f"{field}_{language}": f"{field} {slug} {language}"
            for field in ("name", "instruction", "where", "success", "otherwise")
            for language in ("en", "zh")
        }
        PlaybookStep.objects.create(playbook=made, slug=slug, order=order, track=track, role=role, expected_minutes=minutes, is_safe=is_safe, **texts)
    return made
