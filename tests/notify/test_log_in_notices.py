"""People are told what happens to their log-in, in words of the house: no plan has to hold them."""

from __future__ import annotations

from typing import Any

import pytest

from contingency.org.events import CodesGuessed, FactorEnrolled, FactorRemoved, FactorTakenAway, RecoveryCodeUsed
from contingency.org.models import ContactPoint, Factor, User
from kernel import clock, journal
from kernel.actors import SYSTEM
from kernel.journal.relay import relay
from notify.models import Delivery


@pytest.fixture
def person(db: None) -> User:
    user = User.objects.create(username="lin", display_name="Lin", language="zh-hans", joined_at=clock.now())
    ContactPoint.objects.create(user=user, kind="email", address="lin@example.com", order=1)
    return user


def told(person: User, event: Any, reason: str = "") -> Delivery:
    journal.record(event, subject=person, actor=SYSTEM, reason=reason)
    relay()
    return Delivery.objects.get()


@pytest.mark.req("SEC-02")
def test_a_lost_factor_that_was_taken_away_is_told_with_who_and_why_in_the_readers_language(person):
    event = FactorTakenAway(user_id=person.public_id, kind="app", name_of_factor="My phone", by="Admin")
    delivery = told(person, event, "Lost in a taxi.")
    assert delivery.title == "Switchback：管理员撤销了第二重验证"
    assert all(word in delivery.body for word in ("Admin", "My phone", "Lost in a taxi.", "我的登录"))
    assert "{" not in delivery.body


@pytest.mark.parametrize("kind", ["enrolled", "removed", "used", "guessed"])
def test_every_other_change_is_told_too(person, kind):
    person.language = "en"
    person.save()
    name = {"kind": "app", "name_of_factor": "My phone"}
    event = {
        "enrolled": FactorEnrolled(user_id=person.public_id, **name),
        "removed": FactorRemoved(user_id=person.public_id, **name),
        "used": RecoveryCodeUsed(user_id=person.public_id, left=8),
        "guessed": CodesGuessed(user_id=person.public_id),
    }[kind]
    delivery = told(person, event)
    expected = {"enrolled": "“My phone” was added", "removed": "“My phone” was removed", "used": "8 are left", "guessed": "ten wrong codes"}[kind]
    assert expected in delivery.body
    assert Factor.objects.count() == 0  # telling changes nothing
