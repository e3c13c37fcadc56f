"""Webhooks: signed as the specification says, and never a way into our own network."""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.management import call_command
from pytest_django import Settings

from contingency.org.models import ContactPoint, User
from kernel import clock
from kernel.actors import SYSTEM
from notify import services
from notify.channels import BadAddress, egress, find, webhook
from notify.models import Delivery
from notify.secrets import webhook_secret_shown, webhook_secrets
from tests.harness.still import clock_stands_still
from tests.notify.conftest import incident
from tests.notify.receiver import Receiver

Make = Callable[..., User]


def send(*people: User) -> None:
    services.message_send(to=people, text="update-due", params={"part": "Order system"}, subject=incident("INC-5"), actor=SYSTEM)
    services.send_due()


def test_the_signature_is_the_one_of_the_specifications_example() -> None:
    """Known answer of standardwebhooks.com: secret, id, timestamp and body as in its reference libraries' tests."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = webhook.signature([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.django_db
@pytest.mark.req("MON-05")
def test_a_strict_receiver_accepts_it_and_knows_what_it_is_about(person: Make, hook: Receiver) -> None:
    send(person("Lin", email=False, hook=hook))
    assert hook.refused == []
    (document,) = hook.documents()
    assert document["type"] == "switchback.notice"
    assert document["data"]["about"]["label"] == "INC-5"
    assert document["data"]["to"] == "Lin"
    delivery = Delivery.objects.get()
    assert (delivery.state, list(hook.bodies)) == ("sent", [delivery.idempotency_key])


@pytest.mark.django_db
def test_while_keys_change_both_sign(person: Make, hook: Receiver, settings: Settings) -> None:
    lin = person("Lin", email=False, hook=hook)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "the-new-one-" * 5
    send(lin)
    assert hook.refused == []
    assert len(hook.headers[0]["webhook-signature"].split(" ")) == 2


@pytest.mark.django_db
def test_every_contact_point_has_its_own_secret_and_the_owner_can_see_it(person: Make, hook: Receiver, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = person("Lin", email=False, hook=hook), person("Chen", email=False, hook=hook)
    points = list(ContactPoint.objects.order_by("id"))
    assert webhook_secrets(points[0]) != webhook_secrets(points[1])
    assert len({first.pk, second.pk}) == 2
    call_command("webhook_secret", str(points[0].public_id))
    assert capsys.readouterr().out.strip() == webhook_secret_shown(points[0])
    assert base64.b64decode(webhook_secret_shown(points[0]).removeprefix("whsec_")) == webhook_secrets(points[0])[0]


@pytest.mark.django_db
def test_410_ends_the_address(person: Make, hook: Receiver) -> None:
    hook.answers = [(410, {})]
    send(person("Lin", email=False, hook=hook))
    assert Delivery.objects.get().state == "failed"
    assert ContactPoint.objects.get().is_active is False


@pytest.mark.django_db
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_heeded(person: Make, hook: Receiver, status: int) -> None:
    clock_stands_still()
    hook.answers = [(status, {"Retry-After": "40"})]
    send(person("Lin", email=False, hook=hook))
    delivery = Delivery.objects.get()
    assert delivery.state == "queued"
    assert delivery.next_attempt_at is not None
    assert delivery.next_attempt_at - clock.now() == timedelta(seconds=40)
    clock.allow_winding(True)
    clock.wind(timedelta(seconds=39))
    assert services.send_due() == 0
    clock.wind(timedelta(seconds=1))
    services.send_due()
    assert hook.arrivals == {delivery.idempotency_key: 1}


@pytest.mark.django_db
def test_redirects_are_not_followed(person: Make, hook: Receiver) -> None:
    hook.answers = [(302, {"Location": hook.url})]
    send(person("Lin", email=False, hook=hook))
    assert hook.bodies == {}
    assert (Delivery.objects.get().state, Delivery.objects.get().error) == ("failed", "HTTP 302 (redirects are not followed)")


@pytest.mark.parametrize("value, seconds", [("7", 7.0), ("99999", 300.0), ("nonsense", None), ("", None), (None, None), ("-3", None)])
def test_retry_after_in_seconds(value: str | None, seconds: float | None) -> None:
    assert webhook._retry_after_s(value) == seconds


@pytest.mark.attack
@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "192.0.0.9", "198.18.0.1",
        "224.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2002:a00:1::",
        "fe80::1", "fc00::1", "ff02::1",
    ],
)  # fmt: skip
def test_our_own_networks_are_closed(address: str, settings: Settings) -> None:
    settings.WEBHOOK_NETWORKS = []
    assert not egress.is_allowed(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address, allowed", [("8.8.8.8", True), ("2606:4700::1111", True), ("10.1.2.3", True), ("10.2.0.1", False), ("169.254.1.1", False)]
)
def test_public_and_named_networks_are_open_and_link_local_never(address: str, allowed: bool, settings: Settings) -> None:
    settings.WEBHOOK_NETWORKS = ["10.1.0.0/16", "169.254.0.0/16"]
    assert egress.is_allowed(ipaddress.ip_address(address)) is allowed


@pytest.mark.attack
@pytest.mark.parametrize(
    "url",
    [
        "http://2130706433/", "http://0x7f.1/", "http://127.1/", "http://0/", "http://localhost/", "http://[::1]/", "http://①②⑦.⓪.⓪.①/",
        "http://user@example.com/", "http://user:pw@127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/", "http:///x",
        "http://127.0.0.1:99999/", "http://a b/", "http://h/\r\nX: y", "http://h:0/",
    ],
)  # fmt: skip
def test_ways_around_lead_nowhere(url: str, settings: Settings) -> None:
    settings.WEBHOOK_NETWORKS = []
    with pytest.raises((BadAddress, OSError)):
        lead(url)


def lead(url: str) -> str:
    parts = egress.parse(url)
    return egress.resolve(parts.hostname or "", egress.port_of(parts))


@pytest.mark.django_db
@pytest.mark.attack
def test_a_closed_network_sees_no_connection_and_the_answer_does_not_tell_open_from_closed(person: Make, hook: Receiver, settings: Settings) -> None:
    settings.WEBHOOK_NETWORKS = []
    lin = person("Lin", email=False, hook=hook)
    ContactPoint.objects.create(user=lin, kind="webhook", address="http://127.0.0.1:1/", order=3)
    send(lin)
    services.send_due()
    assert hook.bodies == {}
    assert hook.refused == []
    assert len(set(Delivery.objects.values_list("error", flat=True))) == 1


def test_a_channel_of_ones_own_can_be_added(monkeypatch: pytest.MonkeyPatch) -> None:
    from notify.channels import base

    class Siren:
        kind = "siren"
        concurrency = 1

        def breaker_key(self, address: str) -> str:
            return "siren"

        def send(self, parcel: base.Parcel, *, timeout_s: float, point_of_no_return: base.PointOfNoReturn) -> base.Outcome:
            point_of_no_return()
            return base.Outcome(verdict=base.Verdict.SENT)

    monkeypatch.setattr(base, "_channels", dict(base._channels))
    base.register(Siren())
    assert find("siren") is not None
    assert base.all_kinds() == ["email", "siren", "webhook"]
