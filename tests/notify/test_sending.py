"""Sending: retries, the next channel, the next person, and never one slow channel delaying another."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError, connection
from pytest_django import Settings

from contingency.org.models import ContactPoint, User
from contingency.plan.models import EscalationChain
from kernel import clock, journal
from kernel.actors import SYSTEM
from kernel.models import Entry
from localservers.ports import free_port
from notify import selectors, services
from notify.channels import SmtpChannel
from notify.models import ChannelHealth, Delivery, Page
from notify.services import outcomes, sending
from tests.harness.planner import plan_as_if_empty
from tests.notify.conftest import incident
from tests.notify.mailserver import MailServer
from tests.notify.receiver import Receiver
from tests.notify.sweeping import send_until

Make = Callable[..., User]
Chain = Callable[..., EscalationChain]
Start = Callable[..., Page]


def states() -> dict[str, str]:
    return dict(Delivery.objects.values_list("address", "state"))


@pytest.fixture
def dead_mail(settings: Settings) -> int:
    """Nobody listens there."""
    port = free_port()
    settings.SMTP_URL = f"smtp://127.0.0.1:{port}"
    return port


@pytest.mark.django_db
def test_a_refusal_for_now_is_retried_with_the_same_id_until_it_is_through(person: Make, chain: Chain, page: Start, mail: MailServer) -> None:
    mail.answers = ["451 busy", "250 ok"]
    chain([person("Lin")])
    page()
    send_until(lambda: len(mail.mails) == 1)
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts, delivery.is_repeat) == ("sent", 2, False)
    assert mail.mails[0]["Message-ID"] == f"<{delivery.idempotency_key}@localhost>"


@pytest.mark.django_db
def test_retries_wait_a_random_time_that_grows_and_heed_retry_after() -> None:
    def waits(attempts: int, **outcome: Any) -> list[float]:
        given = sending.Outcome(verdict=sending.Verdict.RETRY, **outcome)
        return [outcomes.backoff(Delivery(attempts=attempts), given).total_seconds() for _ in range(300)]

    assert max(waits(1)) <= 1
    assert max(waits(3)) > 2
    assert min(waits(9)) < 3
    assert 7 < max(waits(9)) <= 10
    assert min(waits(1, retry_after_s=30.0)) == 30


@pytest.mark.django_db
@pytest.mark.req("MON-05")
def test_an_address_that_is_refused_for_good_falls_to_the_next_channel_at_once(
    person: Make, chain: Chain, page: Start, mail: MailServer, hook: Receiver
) -> None:
    mail.refuse["lin@example.com"] = "550 no such mailbox"
    lin = person("Lin", hook=hook)
    chain([lin], [person("Chen")])
    started = page()
    send_until(lambda: len(hook.bodies) == 1)
    assert Delivery.objects.get(channel="email").attempts == 1
    assert states() == {"lin@example.com": "failed", hook.url: "sent"}
    assert started.calls.count() == 1
    names = [entry.name for entry in journal.timeline(started)]
    assert {"notify.delivery_failed.v1", "notify.delivery_fell_back.v1", "notify.delivery_sent.v1"} <= set(names)
    assert ChannelHealth.objects.filter(failures__gt=0).count() == 0  # one wrong address is not the channel's fault


@pytest.mark.django_db
@pytest.mark.req("MON-05")
def test_a_dead_channel_falls_to_the_next_within_seconds_and_its_state_shows(
    person: Make, chain: Chain, page: Start, dead_mail: int, hook: Receiver
) -> None:
    lin, chen = person("Lin", hook=hook), person("Chen", hook=hook)
    chain([lin], [chen])
    started = page()
    assert send_until(lambda: len(hook.bodies) == 1) < 10
    assert [call.user for call in started.calls.all()] == [lin]
    for number in range(3):
        page(subject=incident(f"INC-{number}"))
    send_until(lambda: len(hook.bodies) == 4)
    (state,) = [item for item in selectors.channel_states() if item["key"] == "email"]
    assert state["is_down"]
    assert "connect" in state["last_error"]
    assert Entry.objects.filter(name="notify.channel_down.v1").count() == 1
    ChannelHealth.objects.update(open_until=clock.now() + timedelta(minutes=1))  # however long it took until here
    page(subject=incident("INC-9"))
    send_until(lambda: len(hook.bodies) == 5)
    tried = Delivery.objects.filter(channel="email", message__subject_label="INC-9", attempts__gt=0)
    assert not tried.exists()  # the breaker knows by now


@pytest.mark.django_db
@pytest.mark.req("INC-03")
def test_a_person_with_no_channel_that_works_is_passed_over_at_once_for_the_next(
    person: Make, chain: Chain, page: Start, dead_mail: int, hook: Receiver
) -> None:
    lin, chen = person("Lin"), person("Chen", hook=hook)
    chain([lin], [chen], [person("Director")])
    started = page()
    assert send_until(lambda: len(hook.bodies) == 1) < 15
    assert [call.user for call in started.calls.order_by("id")] == [lin, chen]
    names = [entry.name for entry in journal.timeline(started)]
    assert "notify.page_person_unreachable.v1" in names
    whys = [entry.payload["why"] for entry in journal.timeline(started) if entry.name == "notify.page_escalated.v1"]
    assert whys == ["unreachable"]


@pytest.mark.django_db
@pytest.mark.req("INC-03")
def test_nobody_with_a_contact_point_means_the_next_at_once(person: Make, chain: Chain, page: Start, mail: MailServer) -> None:
    lin = person("Lin", email=False)
    ContactPoint.objects.create(user=lin, kind="phone", address="+86 10 1234", order=1)
    chain([lin], [person("Chen")])
    page()
    services.send_due()
    assert mail.recipients == ["chen@example.com"]


@pytest.mark.django_db
def test_what_waited_for_a_dead_mail_server_goes_out_when_it_is_back(person: Make, chain: Chain, page: Start, dead_mail: int) -> None:
    chain([person(f"P{number}") for number in range(4)])
    started = page()
    send_until(lambda: ChannelHealth.objects.filter(down_since__isnull=False).exists())
    with MailServer(port=dead_mail) as mail:
        took = send_until(lambda: len(mail.ids()) >= 4)
        assert took < 15
    started.refresh_from_db()
    assert started.state == "calling"
    assert not ChannelHealth.objects.get(key="email").is_down
    assert Entry.objects.filter(name="notify.channel_up.v1").count() == 1


@pytest.mark.django_db
def test_a_page_that_is_answered_meanwhile_is_not_retried(person: Make, chain: Chain, page: Start, dead_mail: int) -> None:
    chain([person("Lin")])
    subject = incident()
    page(subject=subject)
    services.send_due()
    services.page_cancel(subject=subject, actor=SYSTEM)
    clock.allow_winding(True)
    clock.wind(timedelta(minutes=2))
    services.send_due()
    assert states() == {"lin@example.com": "dropped"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.attack
def test_many_senders_at_once_send_each_message_once(person: Make, mail: MailServer, hook: Receiver) -> None:
    people = [person(f"P{number}") for number in range(20)] + [person(f"H{number}", email=False, hook=hook) for number in range(20)]
    for batch in range(2):
        services.message_send(to=people, text="update-due", params={}, subject=incident(str(batch)), actor=SYSTEM)
    barrier = threading.Barrier(4)

    def sweep() -> None:
        barrier.wait()
        services.send_due()
        services.release_expired()
        connection.close()

    threads = [threading.Thread(target=sweep) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    send_until(lambda: not Delivery.objects.exclude(state="sent").exists())
    assert set(mail.ids().values()) == {1}
    assert len(mail.mails) == 40
    assert set(hook.arrivals.values()) == {1}
    assert len(hook.arrivals) == 40
    assert set(Delivery.objects.values_list("attempts", flat=True)) == {1}  # no claim was taken twice
    assert Entry.objects.filter(name="notify.delivery_sent.v1").count() == 80


@pytest.mark.django_db(transaction=True)
@pytest.mark.attack
def test_claims_of_many_processes_never_overlap(person: Make) -> None:
    people = [person(f"P{number}") for number in range(40)]
    services.message_send(to=people, text="update-due", params={}, subject=incident(), actor=SYSTEM)
    claimed: list[int] = []
    barrier = threading.Barrier(8)

    def claim() -> None:
        barrier.wait()
        for _ in range(10):
            claimed.extend(sending._claim("email", uuid4(), 1))
        connection.close()

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == sorted(Delivery.objects.values_list("pk", flat=True))


@pytest.mark.django_db
def test_a_sender_that_slept_through_its_lease_does_not_send(person: Make, mail: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another one has the message by then: the hand-over is refused."""
    services.message_send(to=[person("Lin")], text="update-due", params={}, subject=incident(), actor=SYSTEM)
    pack = sending.parcels.pack

    def pack_and_sleep(delivery_id: int) -> Any:
        parcel = pack(delivery_id)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE notify_delivery SET lease_until = clock_timestamp() - interval '1 s'")
        return parcel

    with monkeypatch.context() as patch:
        patch.setattr(sending.parcels, "pack", pack_and_sleep)
        services.send_due()
    assert mail.mails == []
    assert services.release_expired() == 1
    send_until(lambda: len(mail.mails) == 1)
    assert Delivery.objects.get().is_repeat is False


@pytest.mark.django_db
def test_good_news_that_comes_late_still_counts(person: Make, mail: MailServer) -> None:
    services.message_send(to=[person("Lin")], text="update-due", params={}, subject=incident(), actor=SYSTEM)
    delivery = Delivery.objects.get()
    (claimed,) = sending._claim("email", lease := delivery.public_id, 5)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE notify_delivery SET lease_until = clock_timestamp() - interval '1 s', handed_over_at = now()")
    services.release_expired()
    delivery.refresh_from_db()
    assert delivery.state == "maybe_sent"
    assert outcomes.settle(claimed, lease, sending.Outcome(verdict=sending.Verdict.SENT)) is False
    delivery.refresh_from_db()
    assert delivery.state == "sent"
    services.send_due()
    assert mail.mails == []


@pytest.mark.django_db
def test_a_claim_never_takes_more_than_its_limit_whatever_the_plan(person: Make) -> None:
    services.message_send(to=[person(f"P{number}") for number in range(12)], text="update-due", params={}, subject=incident(), actor=SYSTEM)
    plan_as_if_empty("notify_delivery")
    assert [len(sending._claim("email", uuid4(), 2)) for _ in range(3)] == [2, 2, 2]


def test_the_claim_in_sql_moves_exactly_what_the_life_cycle_allows() -> None:
    field = Delivery._meta.get_field("state")
    sources = {move.source for move in field.get_all_transitions(Delivery) if move.name == "claim"}  # type: ignore[union-attr]
    assert sources == set(Delivery.CLAIMABLE)
    assert "IN ('queued', 'maybe_sent')" in sending._CLAIM


@pytest.mark.django_db
def test_a_notice_that_is_too_old_is_given_up(person: Make, dead_mail: int) -> None:
    services.message_send(to=[person("Lin")], text="update-due", params={}, subject=incident(), actor=SYSTEM)
    services.send_due()
    clock.allow_winding(True)
    clock.wind(timedelta(hours=25))
    services.send_due()
    assert states() == {"lin@example.com": "failed"}
    assert Entry.objects.filter(name="notify.delivery_failed.v1").count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("after_hand_over, state", [(False, "queued"), (True, "maybe_sent")])
def test_a_defect_of_a_channel_leaves_no_message_without_a_verdict(
    person: Make, mail: MailServer, monkeypatch: pytest.MonkeyPatch, after_hand_over: bool, state: str
) -> None:
    def crash(self: Any, parcel: Any, *, timeout_s: float, point_of_no_return: Callable[[], None]) -> Any:
        if after_hand_over:
            point_of_no_return()
        raise KeyError("defect")

    monkeypatch.setattr(SmtpChannel, "send", crash)
    services.message_send(to=[person("Lin")], text="update-due", params={}, subject=incident(), actor=SYSTEM)
    services.send_due()
    assert Delivery.objects.get().state == state


@pytest.mark.django_db
def test_a_message_that_cannot_be_made_ready_does_not_hold_up_the_others(person: Make, mail: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    lin, chen = person("Lin"), person("Chen")
    services.message_send(to=[lin, chen], text="update-due", params={}, subject=incident(), actor=SYSTEM)
    bad, pack = Delivery.objects.get(user=lin).pk, sending.parcels.pack

    def pack_but_one(delivery_id: int) -> Any:
        if delivery_id == bad:
            raise ValueError("defect")
        return pack(delivery_id)

    monkeypatch.setattr(sending.parcels, "pack", pack_but_one)
    services.send_due()
    assert mail.recipients == ["chen@example.com"]
    assert states()["lin@example.com"] == "queued"


@pytest.mark.django_db
def test_a_refusal_that_cannot_be_written_down_keeps_no_sender_for_good(person: Make, mail: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database goes away in the middle of a batch: the slots of the whole batch must be free again."""
    services.message_send(to=[person("Lin"), person("Chen"), person("Wang")], text="update-due", params={}, subject=incident(), actor=SYSTEM)
    refuse, fails = outcomes.refuse, [True]

    def refuse_once_it_is_there(*arguments: Any, **named: Any) -> None:
        if fails:
            raise OperationalError("server closed the connection unexpectedly")
        refuse(*arguments, **named)

    monkeypatch.setattr(sending.parcels, "pack", lambda _delivery_id: "the page has ended")
    monkeypatch.setattr(outcomes, "refuse", refuse_once_it_is_there)
    services.send_due()
    assert sending.in_the_air() == 0
    fails.clear()
    clock.allow_winding(True)
    clock.wind(timedelta(minutes=1))
    services.send_due()
    assert set(states().values()) == {"dropped"}
