"""A drill reaches those on its list and nobody else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from contingency.org.models import ContactPoint, User
from contingency.plan.models import EscalationChain
from kernel import journal
from kernel.actors import SYSTEM
from notify import selectors, services
from notify.models import Delivery, Fence, Page
from tests.notify.conftest import incident
from tests.notify.mailserver import MailServer, text_of

pytestmark = [pytest.mark.django_db]

Make = Callable[..., User]
Chain = Callable[..., EscalationChain]
Start = Callable[..., Page]


@pytest.mark.req("MON-05")
def test_a_fenced_page_goes_past_everybody_outside_and_says_that_it_is_practice(person: Make, chain: Chain, page: Start, mail: MailServer) -> None:
    outside, inside = person("Outside"), person("Inside")
    services.fence_open(key="drill:1", label="Spring drill", people=[inside], actor=SYSTEM)
    chain([person("Other")], [inside, person("Also")])
    started = page(fence="drill:1", first=[outside])
    services.send_due()
    assert mail.recipients == ["inside@example.com"]
    assert str(mail.mails[0]["Subject"]).startswith("PRACTICE · ")
    assert [call.user for call in started.calls.all()] == [inside]
    skipped = [entry.payload["why"] for entry in journal.timeline(started) if entry.name == "notify.page_step_skipped.v1"]
    assert skipped == ["fence"]


def test_a_fence_that_nobody_opened_lets_nobody_through(person: Make, chain: Chain, page: Start, mail: MailServer) -> None:
    lin = person("Lin")
    chain([lin])
    started = page(fence="drill:unknown", first=[lin])
    services.message_send(to=[lin], text="update-due", params={}, subject=incident(), actor=SYSTEM, fence="drill:unknown")
    services.send_due()
    assert mail.mails == []
    assert started.state == "exhausted"


def test_without_a_fence_there_is_no_limit(person: Make, chain: Chain, page: Start, mail: MailServer) -> None:
    services.fence_open(key="drill:1", label="Drill", people=[], actor=SYSTEM)
    chain([person("Lin")])
    page()
    services.send_due()
    assert mail.recipients == ["lin@example.com"]


def test_an_address_on_the_list_may_be_reached_and_the_persons_other_ones_not(person: Make, mail: MailServer) -> None:
    lin = person("Lin")
    ContactPoint.objects.create(user=lin, kind="email", address="recorder@drill.example", order=9)
    services.fence_open(key="drill:1", label="Drill", people=[], addresses=["recorder@drill.example"], actor=SYSTEM)
    services.message_send(to=[lin], text="update-due", params={}, subject=incident(), actor=SYSTEM, fence="drill:1")
    services.send_due()
    assert mail.recipients == ["recorder@drill.example"]


def test_whom_the_list_loses_before_the_sending_is_not_reached(person: Make, chain: Chain, page: Start, mail: MailServer) -> None:
    lin = person("Lin")
    services.fence_open(key="drill:1", label="Drill", people=[lin], actor=SYSTEM)
    chain([lin])
    page(fence="drill:1")
    services.fence_open(key="drill:1", label="Drill", people=[], actor=SYSTEM)
    services.send_due()
    assert mail.mails == []
    assert (Delivery.objects.get().state, Delivery.objects.get().error) == ("dropped", "outside_fence")


def test_the_fallback_of_a_fenced_message_stays_inside(person: Make, chain: Chain, page: Start, mail: MailServer) -> None:
    lin = person("Lin")
    ContactPoint.objects.create(user=lin, kind="email", address="private@example.com", order=9)
    services.fence_open(key="drill:1", label="Drill", people=[], addresses=["lin@example.com"], actor=SYSTEM)
    mail.refuse["lin@example.com"] = "550 no such mailbox"
    chain([lin])
    page(fence="drill:1")
    for _ in range(3):
        services.send_due()
    assert mail.mails == []
    assert Delivery.objects.exclude(message__text="page-exhausted").count() == 1


def test_a_fence_is_opened_once_and_can_be_changed(person: Make) -> None:
    lin, chen = person("Lin"), person("Chen")
    first = services.fence_open(key="drill:1", label="Drill", people=[lin], addresses=["a@b.example"], actor=SYSTEM)
    assert services.fence_open(key="drill:1", label="Drill 2", people=[chen], actor=SYSTEM) == first
    assert Fence.objects.count() == 1
    assert not selectors.may_reach("drill:1", lin, "lin@example.com")
    assert not selectors.may_reach("drill:1", lin, "a@b.example")
    assert selectors.may_reach("drill:1", chen, "chen@example.com")


@pytest.mark.req("ORG-04")
def test_a_notice_reaches_each_reader_in_their_own_language(person: Make, mail: MailServer) -> None:
    lin, wang = person("Lin"), person("Wang", language="zh-hans")
    params = {"part": {"en": "Order system", "zh": "订单系统"}}
    services.message_send(to=[lin, wang, lin], text="no-such-text", params=params, subject=incident("INC-1"), actor=SYSTEM)
    services.send_due()
    assert sorted(mail.recipients) == ["lin@example.com", "wang@example.com"]
    assert "Order system" in text_of(mail.to("lin@")[0])
    assert "订单系统" in text_of(mail.to("wang@")[0])
