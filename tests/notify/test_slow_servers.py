"""Servers that hang, drip or fall silent delay nobody but themselves (T11)."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import pytest
from pytest_django import Settings

from contingency.org.models import User
from contingency.plan.models import EscalationChain
from kernel import journal
from kernel.actors import SYSTEM
from notify import services
from notify.models import Delivery, Page
from notify.services import sending
from tests.notify.conftest import incident
from tests.notify.mailserver import MailServer
from tests.notify.receiver import Receiver
from tests.notify.sweeping import send_until, wait_landed

pytestmark = pytest.mark.story  # real processes

Make = Callable[..., User]
Chain = Callable[..., EscalationChain]
Start = Callable[..., Page]


@pytest.fixture(autouse=True)
def _senders_are_waited_for() -> None:
    """Not here: how a run leaves those behind that hang is what these tests are about."""


@pytest.mark.django_db(transaction=True)
@pytest.mark.req("MON-05")
def test_a_slow_mail_server_does_not_delay_webhooks_and_is_led_around(
    person: Make, chain: Chain, page: Start, mail: MailServer, hook: Receiver, settings: Settings
) -> None:
    settings.NOTIFY_LEASE_SECONDS = 5.0  # a sending may take 3.5 s in all
    slow = [person(f"Slow{number}") for number in range(8)]
    both = person("Both", hook=hook)
    quick = [person(f"Quick{number}", email=False, hook=hook) for number in range(10)]

    def ten_webhooks_take_s() -> float:
        hook.times.clear()
        services.message_send(to=quick, text="update-due", params={}, subject=incident(), actor=SYSTEM)
        started = time.monotonic()
        send_until(lambda: len(hook.times) >= 10)
        return hook.times[9] - started

    alone_s = ten_webhooks_take_s()
    mail.stall_at, mail.stall_s = "MAIL", 6.0
    services.message_send(to=slow, text="update-due", params={}, subject=incident(), actor=SYSTEM)
    chain([both])
    page()
    beside_s = ten_webhooks_take_s()
    print(f"ten webhooks: alone {alone_s:.2f} s, beside a hanging mail server {beside_s:.2f} s")
    assert beside_s < min(alone_s * 1.2 + 1.0, 3.0)  # of the 3.5 s that a mail hangs
    assert send_until(lambda: Delivery.objects.filter(user=both, channel="webhook", state="sent").exists()) < 20
    tried = Delivery.objects.filter(channel="email", state="queued").exclude(attempts=0)
    assert set(tried.values_list("error", flat=True)) == {"MAIL: timed out"}
    mail.stall_at = ""
    wait_landed()


@pytest.mark.django_db(transaction=True)
def test_a_server_that_talks_slowly_is_cut_after_the_time_for_the_whole_sending(person: Make, settings: Settings) -> None:
    """One byte a second keeps every single read alive; only the limit on the whole ends it."""
    listener = socket.create_server(("127.0.0.1", 0))
    settings.SMTP_URL = f"smtp://127.0.0.1:{listener.getsockname()[1]}"
    settings.NOTIFY_LEASE_SECONDS = 6.0  # a sending may take 4.2 s in all

    def drip() -> None:
        with listener.accept()[0] as sock:
            try:
                for _ in range(240):
                    sock.sendall(b"2")
                    time.sleep(0.25)
            except OSError:
                pass

    dripping = threading.Thread(target=drip, daemon=True)
    dripping.start()
    services.message_send(to=[person("Lin")], text="update-due", params={}, subject=incident(), actor=SYSTEM)
    started = time.monotonic()
    services.send_due()
    assert sending.in_the_air()  # the worker is free again; the thread waits on
    wait_landed(seconds=45)
    assert 4 < time.monotonic() - started < 40  # the dripping would go on for a minute
    assert Delivery.objects.get().error == "connect: timed out"
    dripping.join(timeout=12)
    listener.close()


@pytest.mark.django_db(transaction=True)
def test_an_answer_that_never_comes_is_maybe_sent_once_more_marked_and_then_another_way(
    person: Make, chain: Chain, page: Start, mail: MailServer, hook: Receiver, settings: Settings
) -> None:
    settings.NOTIFY_LEASE_SECONDS = 1.5
    mail.stall_after_accepting = 3.0
    lin = person("Lin", hook=hook)
    chain([lin])
    started = page()
    send_until(lambda: len(hook.bodies) == 1)
    first = Delivery.objects.get(channel="email")
    assert (first.state, first.attempts, first.is_repeat) == ("maybe_sent", 2, True)
    services.send_due()
    assert [str(item["X-Switchback-Repeat"]) for item in mail.mails] == ["None", "maybe"]
    assert len(set(mail.ids())) == 1
    maybe = [entry.payload["will_repeat"] for entry in journal.timeline(started) if entry.name == "notify.delivery_maybe_sent.v1"]
    assert maybe == [True, False]
    wait_landed()
    time.sleep(3.0)  # let the server finish its stalled conversations
