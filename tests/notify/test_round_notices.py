"""What the plan wants done again is told to whoever holds the position, by a real mail server, once per reminder (PLN-02)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from contingency.org.models import ContactPoint, Holding, User
from contingency.org.selectors import actor_of_user
from contingency.plan.demo import demo_company_create
from contingency.plan.models import MessageText, Round
from contingency.plan.services import round_done
from contingency.plan.services.rounds import DEADLINE
from kernel import clock, deadlines
from kernel.journal.relay import relay
from notify.models import Delivery, Message
from tests.notify.mailserver import MailServer, text_of
from tests.notify.sweeping import send_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.req("PLN-02", "COM-02")]
WEEK = timedelta(days=7)


@pytest.fixture
def company(db: None) -> dict[str, User]:
    """The demo company with the shipped plan in force. Of the weekly validation of the standby the duty engineers see to: one reads
    English, the other Chinese."""
    clock.allow_winding(True)
    demo_company_create(weeks=1)
    User.objects.filter(username="chen.yu").update(language="en")
    User.objects.filter(username="wang.lei").update(language="zh-hans")
    Round.objects.filter(state="due").exclude(schedule__slug="standby-validation").delete()
    return {user.username: user for user in User.objects.all()}


def sweep_and_send() -> None:
    """As beat and workers would, and once more: nothing may be said twice."""
    for _turn in range(2):
        deadlines.sweep(DEADLINE)
        relay()
    send_until(lambda: not Delivery.objects.filter(state__in=["queued", "sending", "maybe_sent"]).exists())


def address(user: User) -> str:
    return ContactPoint.objects.filter(user=user, kind="email").earliest("order").address


def test_the_holders_get_one_mail_each_per_reminder_in_their_language(company: dict[str, User], mail: MailServer) -> None:
    row = Round.objects.get(state="due")
    clock.wind(WEEK + timedelta(minutes=1))
    sweep_and_send()
    english, chinese = (mail.to(address(company[name])) for name in ("chen.yu", "wang.lei"))
    assert (len(english), len(chinese), len(mail.mails)) == (1, 1, 2)
    assert english[0]["Subject"] == "Validation of the standby: due"
    assert chinese[0]["Subject"] == "备用系统验证：已到期"
    body, body_zh = text_of(english[0]), text_of(chinese[0])
    assert "You see to it as Operations engineer." in body
    assert "Dry run of a switch on the Switchboard" in body
    assert f"/plan/rounds/#round-{row.public_id}" in body
    assert "由您作为运维工程师负责。" in body_zh
    assert "切换预演" in body_zh
    for text in (body, body_zh):
        assert "{" not in text
        assert "–" not in text  # no placeholder was left empty
    clock.wind(WEEK)
    sweep_and_send()
    assert len(mail.mails) == 4
    assert mail.to(address(company["chen.yu"]))[1]["Subject"] == "Validation of the standby: still open"
    assert mail.to(address(company["wang.lei"]))[1]["Subject"] == "备用系统验证：仍未完成"
    round_done(public_id=row.public_id, version=row.version, actor=actor_of_user(company["chen.yu"]), note="All well.")
    clock.wind(timedelta(days=6))
    sweep_and_send()
    assert len(mail.mails) == 4


def test_what_was_closed_before_the_mail_was_written_is_not_told(company: dict[str, User]) -> None:
    row = Round.objects.get(state="due")
    clock.wind(WEEK + timedelta(minutes=1))
    deadlines.sweep(DEADLINE)
    round_done(public_id=row.public_id, version=row.version, actor=actor_of_user(company["chen.yu"]), note="Just done.")
    relay()
    assert not Message.objects.filter(subject_id=row.public_id).exists()


def test_where_nobody_holds_the_position_those_who_lead_are_told_why(company: dict[str, User]) -> None:
    row = Round.objects.get(state="due")
    Holding.objects.filter(position=row.owner).update(ends_at=clock.now())
    clock.wind(WEEK + timedelta(minutes=1))
    deadlines.sweep(DEADLINE)
    relay()
    deliveries = {delivery.user.username: delivery for delivery in Delivery.objects.select_related("user")}
    assert {"zhou.hong", "zhao.min"} <= set(deliveries)
    assert not {"chen.yu", "wang.lei"} & set(deliveries)
    told = deliveries["zhou.hong"].body
    assert "which nobody holds" in told or "无人任职" in told


def test_a_plan_without_such_a_text_is_told_in_words_of_the_house(company: dict[str, User]) -> None:
    MessageText.objects.filter(slug="round-due").delete()
    clock.wind(WEEK + timedelta(minutes=1))
    deadlines.sweep(DEADLINE)
    relay()
    told = Delivery.objects.get(user=company["chen.yu"])
    assert told.title == "Switchback: Validation of the standby"
    assert "You see to it as Operations engineer. Do it, then write down what was found." in told.body
    assert "/plan/rounds/#round-" in told.body
