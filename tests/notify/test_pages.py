"""Calling people along a chain, to its end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from contingency.org import selectors as org
from contingency.org.models import Roster, Shift, Unit, User
from contingency.plan.models import ChainStep, EscalationChain, PlanVersion
from kernel import clock, deadlines, journal
from kernel.actors import SYSTEM, Actor
from kernel.errors import InvalidTransition, NotPermitted, Stale
from kernel.models import Entry
from notify import selectors, services
from notify.errors import NobodyLeft
from notify.models import Delivery, Page
from notify.services.calling import ESCALATION
from notify.services.links import actor_of
from tests.harness.still import clock_stands_still
from tests.notify.conftest import incident
from tests.notify.mailserver import MailServer, text_of

pytestmark = pytest.mark.django_db

Make = Callable[..., User]
Chain = Callable[..., EscalationChain]
Start = Callable[..., Page]


def names(page: Page) -> list[str]:
    return [call.user.display_name for call in page.calls.select_related("user").order_by("id")]


def entries(page: Page) -> list[str]:
    return [entry.name.removeprefix("notify.").removesuffix(".v1") for entry in journal.timeline(page)]


def pass_time(delta: timedelta) -> None:
    clock.allow_winding(True)
    clock.wind(delta)
    deadlines.sweep(ESCALATION)


@pytest.mark.req("INC-03", "MON-05")
def test_the_first_of_the_chain_gets_a_mail_with_the_facts_in_their_language_and_zone(
    person: Make, chain: Chain, page: Start, mail: MailServer
) -> None:
    wang = person("Wang", language="zh-hans", time_zone="America/New_York")
    chain([wang])
    started = page()
    assert services.send_due() == 1
    (arrived,) = mail.mails
    assert arrived["To"] == "Wang <wang@example.com>"
    assert arrived["Subject"] == "【呼叫】INC-2026-0001: orders refused"
    text = text_of(arrived)
    assert "America/New_York" in text
    assert "/ack/" in text
    assert "{" not in text
    assert entries(started) == ["page_started", "page_called", "delivery_sent"]


@pytest.mark.req("INC-03")
def test_unanswered_goes_on_to_the_end_of_the_chain_and_then_says_so(person: Make, chain: Chain, page: Start, mail: MailServer) -> None:
    clock_stands_still()
    lin, chen, director = person("Lin"), person("Chen"), person("Director")
    chain([lin], [chen], [director])
    subject = incident()
    started = page(subject=subject)
    services.send_due()
    assert names(started) == ["Lin"]
    pass_time(timedelta(minutes=4, seconds=59))
    assert names(started) == ["Lin"]
    pass_time(timedelta(seconds=1))
    assert names(started) == ["Lin", "Chen"]
    pass_time(timedelta(minutes=5))
    assert names(started) == ["Lin", "Chen", "Director"]
    pass_time(timedelta(minutes=9))
    started.refresh_from_db()
    assert started.state == "calling"
    pass_time(timedelta(minutes=1))
    started.refresh_from_db()
    assert started.state == "exhausted"
    services.send_due()
    assert "Lin did not answer for 5 min" in text_of(mail.to("chen@example.com")[0])
    assert len(mail.to("lin@example.com")) == 2  # told again at the end
    assert "Lin, Chen, Director" in text_of(mail.to("lin@example.com")[1])
    assert entries(started).count("page_exhausted") == 1
    assert Entry.objects.filter(name="notify.page_exhausted.v1", links__record_id=subject.id).count() == 1
    pass_time(timedelta(hours=2))
    assert entries(started).count("page_exhausted") == 1
    assert selectors.pages_of(subject) == [started]


@pytest.mark.req("INC-03")
def test_an_answer_ends_the_calling_and_what_was_not_sent_is_not_sent(person: Make, chain: Chain, page: Start, mail: MailServer) -> None:
    lin, chen = person("Lin"), person("Chen")
    chain([lin, chen], [person("Director")])
    started = page()
    answered = services.page_acknowledge(public_id=started.public_id, version=None, actor=org.actor_of_user(lin))
    assert answered.state == "acknowledged"
    assert answered.acknowledged_by == lin
    assert deadlines.armed_of(started, ESCALATION) == []
    assert services.send_due() == 0
    assert set(Delivery.objects.values_list("state", flat=True)) == {"dropped"}
    pass_time(timedelta(hours=1))
    assert names(started) == ["Lin", "Chen"]
    assert mail.mails == []
    assert "page_acknowledged" in entries(started)


@pytest.mark.req("INC-03")
def test_a_timer_of_an_earlier_round_changes_nothing(person: Make, chain: Chain, page: Start) -> None:
    """It fired in the moment in which somebody called the next by hand."""
    lin = person("Lin")
    chain([lin], [person("Chen")], [person("Director")])
    started = page()
    (timer,) = deadlines.armed_of(started, ESCALATION)
    services.page_escalate(public_id=started.public_id, version=None, actor=actor_of(lin))
    services.page_step_due([timer], clock.now())
    assert names(started) == ["Lin", "Chen"]


@pytest.mark.req("INC-03")
def test_who_answers_after_the_end_still_has_it(person: Make, chain: Chain, page: Start) -> None:
    lin = person("Lin")
    chain([lin])
    started = page()
    pass_time(timedelta(minutes=10))
    started.refresh_from_db()
    assert started.state == "exhausted"
    services.page_acknowledge(public_id=started.public_id, version=started.version, actor=actor_of(lin))
    started.refresh_from_db()
    assert started.state == "acknowledged"


@pytest.mark.req("INC-03")
def test_a_second_answer_is_told_and_changes_nothing(person: Make, chain: Chain, page: Start) -> None:
    lin, chen = person("Lin"), person("Chen")
    chain([lin, chen])
    started = page()
    services.page_acknowledge(public_id=started.public_id, version=None, actor=actor_of(lin))
    with pytest.raises(InvalidTransition):
        services.page_acknowledge(public_id=started.public_id, version=None, actor=actor_of(chen))
    started.refresh_from_db()
    assert started.acknowledged_by == lin


@pytest.mark.req("INC-03")
def test_who_was_not_called_may_not_answer_through_a_link_nor_an_auditor_at_all(person: Make, chain: Chain, page: Start) -> None:
    chain([person("Lin")])
    started = page()
    stranger = person("Stranger")
    auditor = Actor(kind="person", id="a", label="A", user_id=stranger.pk, holdings=frozenset({("auditor", "/")}))
    for actor in (actor_of(stranger), auditor, Actor(kind="source", id="s", label="S")):
        with pytest.raises(NotPermitted):
            services.page_acknowledge(public_id=started.public_id, version=None, actor=actor)
    started.refresh_from_db()
    assert started.state == "calling"


def test_an_older_screen_is_told_to_look_again(person: Make, chain: Chain, page: Start) -> None:
    lin = person("Lin")
    chain([lin], [person("Chen")])
    started = page()
    services.page_escalate(public_id=started.public_id, version=started.version, actor=actor_of(lin))
    with pytest.raises(Stale):
        services.page_acknowledge(public_id=started.public_id, version=started.version, actor=actor_of(lin))


@pytest.mark.req("INC-03")
def test_the_next_can_be_called_by_hand_until_the_chain_has_nobody_left(person: Make, chain: Chain, page: Start) -> None:
    lin = person("Lin")
    chain([lin], [person("Chen")])
    started = page()
    services.page_escalate(public_id=started.public_id, version=None, actor=actor_of(lin))
    assert names(started) == ["Lin", "Chen"]
    with pytest.raises(NobodyLeft):
        services.page_escalate(public_id=started.public_id, version=None, actor=actor_of(lin))
    pass_time(timedelta(minutes=5))  # the timer of the first round is void
    started.refresh_from_db()
    assert started.state == "calling"


@pytest.mark.req("INC-03")
def test_a_step_with_nobody_is_passed_over_at_once_and_recorded(person: Make, chain: Chain, page: Start) -> None:
    chain([], [], [person("Chen")])
    started = page()
    assert names(started) == ["Chen"]
    assert entries(started) == ["page_started", "page_step_skipped", "page_escalated", "page_step_skipped", "page_escalated", "page_called"]


def test_a_chain_with_nobody_at_all_is_exhausted_at_once(chain: Chain, page: Start) -> None:
    chain([], [])
    started = page()
    assert started.state == "exhausted"
    assert "page_exhausted" in entries(started)


def test_a_chain_that_the_plan_lacks_does_not_stop_the_call_to_those_named(person: Make, page: Start, mail: MailServer) -> None:
    lin = person("Lin")
    started = page(chain="no-such-chain", first=[lin])
    services.send_due()
    assert len(mail.mails) == 1
    pass_time(timedelta(minutes=5))
    started.refresh_from_db()
    assert started.state == "exhausted"


def test_a_text_that_the_plan_lacks_does_not_stop_the_call(person: Make, chain: Chain, mail: MailServer) -> None:
    lin = person("Lin")
    chain([lin])
    services.page_start(subject=incident("INC-7"), chain="standard", text="no-such-text", params={"grade": "major"}, actor=SYSTEM)
    services.send_due()
    assert mail.mails[0]["Subject"] == "Switchback calls you: INC-7"
    assert "/ack/" in text_of(mail.mails[0])


@pytest.mark.req("ORG-03")
def test_a_roster_step_calls_the_one_on_duty_at_its_rank_now(person: Make, unit: Unit, version: PlanVersion, page: Start) -> None:
    roster = Roster.objects.create(slug="ops-duty", name_en="Duty", name_zh="值班", unit=unit, ranks=2)
    first, second, tomorrow = person("First"), person("Second"), person("Tomorrow")
    now = clock.now()
    for user, rank, hours in ((first, 1, 0), (second, 2, 0), (tomorrow, 1, 24)):
        start = now + timedelta(hours=hours - 1)
        Shift.objects.create(roster=roster, user=user, rank=rank, starts_at=start, ends_at=start + timedelta(hours=20))
    made = EscalationChain.objects.create(slug="duty", plan_version=version, name_en="d", name_zh="d", gives_up_after=timedelta(minutes=5))
    for order, rank in enumerate((1, 2)):
        ChainStep.objects.create(chain=made, order=order, roster=roster, rank=rank, after=timedelta(minutes=3 * order))
    started = page(chain="duty")
    assert names(started) == ["First"]
    pass_time(timedelta(minutes=3))
    assert names(started) == ["First", "Second"]


def test_named_people_come_before_the_chain_and_are_not_called_twice_when_the_chain_begins_with_them(person: Make, chain: Chain, page: Start) -> None:
    lin, chen = person("Lin"), person("Chen")
    chain([lin], [chen])
    same = page(first=[lin], subject=incident("A"))
    pass_time(timedelta(minutes=5))
    assert names(same) == ["Lin", "Chen"]
    other = page(first=[chen], subject=incident("B"))
    pass_time(timedelta(minutes=4))
    assert names(other) == ["Chen"]
    pass_time(timedelta(minutes=1))
    assert names(other) == ["Chen", "Lin"]


@pytest.mark.req("INC-03")
def test_one_page_per_record_and_a_second_start_only_adds_people(person: Make, chain: Chain, page: Start, mail: MailServer) -> None:
    lin, chen = person("Lin"), person("Chen")
    chain([lin])
    subject = incident()
    started = page(subject=subject)
    assert page(subject=subject) == started
    assert page(subject=subject, first=[lin, chen]) == started
    services.send_due()
    assert sorted(mail.recipients) == ["chen@example.com", "lin@example.com"]
    assert Page.objects.count() == 1


@pytest.mark.req("MON-05")
def test_a_person_is_called_once_in_five_minutes_per_group_and_gets_the_rest_as_one_digest(
    person: Make, chain: Chain, page: Start, mail: MailServer
) -> None:
    lin = person("Lin")
    chain([lin])
    first, *rest = [page(subject=incident(f"INC-{number}"), group="order-system") for number in range(5)]
    page(subject=incident("INC-other"), group="payment")
    services.send_due()
    assert sorted(str(item["Subject"]) for item in mail.mails) == ["INC-0: orders refused", "INC-other: orders refused"]
    services.page_acknowledge(public_id=first.public_id, version=None, actor=actor_of(lin))
    services.page_acknowledge(public_id=rest[0].public_id, version=None, actor=actor_of(lin))
    clock.allow_winding(True)
    clock.wind(timedelta(minutes=5))
    services.send_due()
    assert len(mail.mails) == 3
    digest = text_of(mail.mails[2])
    assert [f"INC-{number}" in digest for number in range(5)] == [False, True, True, True, True]
    assert digest.count("/ack/") == 4


def test_a_digest_whose_pages_have_all_ended_is_not_sent(person: Make, chain: Chain, page: Start, mail: MailServer) -> None:
    lin = person("Lin")
    chain([lin])
    pages = [page(subject=incident(f"INC-{number}"), group="g") for number in range(2)]
    services.send_due()
    for one in pages:
        services.page_acknowledge(public_id=one.public_id, version=None, actor=actor_of(lin))
    clock.allow_winding(True)
    clock.wind(timedelta(minutes=6))
    services.send_due()
    assert len(mail.mails) == 1


def test_cancelling_by_the_record_ends_the_page_and_its_sending(person: Make, chain: Chain, page: Start, mail: MailServer) -> None:
    chain([person("Lin")])
    subject = incident()
    started = page(subject=subject)
    assert services.page_cancel(subject=subject, actor=SYSTEM, reason="false alarm") == 1
    assert services.page_cancel(subject=subject, actor=SYSTEM) == 0
    services.send_due()
    assert mail.mails == []
    started.refresh_from_db()
    assert started.state == "cancelled"


def test_only_a_lead_may_call_a_page_off_by_hand(person: Make, chain: Chain, page: Start) -> None:
    lin = person("Lin")
    chain([lin])
    started = page()
    with pytest.raises(NotPermitted):
        services.page_stop(public_id=started.public_id, version=None, actor=actor_of(lin), reason="no")
    lead = Actor(kind="person", id="l", label="L", user_id=lin.pk, holdings=frozenset({("team_lead", "/")}))
    assert services.page_stop(public_id=started.public_id, version=None, actor=lead, reason="drill over").state == "cancelled"
