"""Mails: nothing that comes from outside can bend them, and the relay is spoken to safely."""

from __future__ import annotations

import datetime as dt
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from contingency.org.models import User
from kernel.actors import SYSTEM
from localservers.ports import free_port
from notify import rendering, services
from notify.channels.base import AckOffer, Parcel
from notify.channels.smtp import Relay, compose
from notify.models import Delivery
from tests.notify.conftest import incident
from tests.notify.mailserver import MailServer, html_of, text_of

Make = Callable[..., User]


def parcel(**fields: Any) -> Parcel:
    given: dict[str, Any] = {
        "key": "msg_1", "address": "lin@example.com", "to_name": "Lin", "kind": "page", "title": "T", "body": "B", "language": "en",
        "created_at": dt.datetime(2026, 11, 21, tzinfo=dt.UTC), "attempt": 1, "is_repeat": False, "about_kind": "incident",
        "about_id": "1", "about_label": "INC-1",
    }  # fmt: skip
    return Parcel(**(given | fields))


@pytest.mark.attack
def test_no_header_can_be_smuggled_in() -> None:
    evil = "x\r\nBcc: victim@example.com\r\n\r\nbody"
    mail = compose(parcel(title=rendering.one_line(evil), to_name=rendering.one_line(evil)))
    assert mail["Bcc"] is None
    assert "\n" not in str(mail["Subject"])
    assert b"\r\nBcc:" not in mail.as_bytes()
    for address in (evil, "a@b.example\r\nRCPT TO:<v@example.com>", "no address", "a@b.example, c@d.example", "Ünïcode@example.com"):
        with pytest.raises(ValueError, match=r"."):
            compose(parcel(address=address))


def test_without_our_own_cleaning_the_mail_library_still_refuses() -> None:
    with pytest.raises(ValueError, match=r"linefeed|CR|newline"):
        compose(parcel(title="x\nBcc: v@example.com"))


@pytest.mark.parametrize("text", ["订单系统拒绝订单", "مرحبا بالعالم", "🚨👨‍👩‍👧 Zürich", "a" * 3000])
def test_every_script_arrives_as_it_was(text: str) -> None:
    from email import message_from_bytes, policy

    back = message_from_bytes(compose(parcel(title=rendering.one_line(text), body=text)).as_bytes(), policy=policy.default)
    assert text_of(back).strip() == text  # type: ignore[arg-type]
    assert str(back["Subject"]) == rendering.one_line(text)
    assert len(str(back["Subject"])) <= 200


def test_lines_of_dots_arrive_whole(mail: MailServer, settings: Settings) -> None:
    from notify.channels import Verdict, find

    channel = find("email")
    assert channel is not None
    body = ".\n..two\n.\nend"
    outcome = channel.send(parcel(body=body), timeout_s=5, point_of_no_return=lambda: None)
    assert outcome.verdict == Verdict.SENT
    assert text_of(mail.mails[0]).split() == body.split()


def test_links_lead_to_http_only_and_text_is_escaped() -> None:
    body = "see https://x.example/a?b=1&c=2 and javascript:alert(1) and <img src=x onerror=alert(1)>"
    html = html_of(compose(parcel(body=body, acks=(AckOffer(page_id="1", label="<b>L</b>", url="https://x.example/ack/t/"),))))
    assert 'href="https://x.example/a?b=1&amp;c=2"' in html
    assert 'href="javascript' not in html
    assert "<img" not in html
    assert "<b>" not in html


def test_a_repeat_says_so_in_the_readers_language() -> None:
    mail = compose(parcel(is_repeat=True))
    assert mail["X-Switchback-Repeat"] == "maybe"
    assert "already" in text_of(mail)
    assert compose(parcel())["X-Switchback-Repeat"] is None


@pytest.mark.parametrize(
    "url, expected",
    [
        ("smtp://mail.example", ("mail.example", 25, False, False, "")),
        ("smtp://u%40x:p%2Fw@mail.example?starttls", ("mail.example", 587, False, True, "u@x")),
        ("smtps://u:p@mail.example:4650", ("mail.example", 4650, True, False, "u")),
    ],
)
def test_smtp_url(url: str, expected: tuple[str, int, bool, bool, str]) -> None:
    relay = Relay(url)
    assert (relay.host, relay.port, relay.uses_tls, relay.starts_tls, relay.user) == expected


@pytest.mark.parametrize("url", ["http://mail.example", "mail.example:25", "smtp://"])
def test_nonsense_in_smtp_url_is_named(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="SMTP_URL"):
        Relay(url)


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = tmp_path / "cert.pem", tmp_path / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return files


@pytest.mark.django_db
@pytest.mark.parametrize("trusted", [True, False])
def test_starttls_and_log_in_only_with_a_certificate_that_is_trusted(
    person: Make, settings: Settings, certificate: tuple[Path, Path], trusted: bool
) -> None:
    server = MailServer()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    seen: list[bytes] = []

    def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        seen.append(data.password)
        return AuthResult(success=data.password == b"secret")

    port = free_port()
    controller = Controller(
        server,
        hostname="localhost",
        port=port,
        tls_context=context,
        require_starttls=True,
        authenticator=authenticator(authenticate),
        auth_required=True,
        ready_timeout=60,
    )
    controller.start()
    try:
        settings.SMTP_URL = f"smtp://switchback:secret@localhost:{port}?starttls" + (f"&ca={certificate[0]}" if trusted else "")
        services.message_send(to=[person("Lin")], text="update-due", params={}, subject=incident(), actor=SYSTEM)
        services.send_due()
    finally:
        controller.stop()
    assert len(server.mails) == int(trusted)
    assert seen == ([b"secret"] if trusted else [])
    delivery = Delivery.objects.get()
    assert delivery.state == ("sent" if trusted else "queued")
    assert "secret" not in delivery.error


def authenticator(function: Callable[..., AuthResult]) -> Callable[..., AuthResult]:
    return function


@pytest.mark.django_db
def test_without_a_relay_nothing_is_lost_and_the_reason_shows(person: Make, settings: Settings) -> None:
    settings.SMTP_URL = ""
    services.message_send(to=[person("Lin")], text="update-due", params={}, subject=incident(), actor=SYSTEM)
    services.send_due()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.error) == ("queued", "SMTP_URL is not set")
