"""E-mail through one SMTP relay (SMTP_URL)."""

import re
import smtplib
import socket
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr
from functools import lru_cache
from urllib.parse import parse_qs, unquote, urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import override

from notify.channels.base import BadAddress, Outcome, Parcel, PointOfNoReturn, Verdict
from notify.channels.cutter import Cutter
from notify.channels.html import html_of

_DOT_AT_LINE_START = re.compile(rb"(?m)^\.")
_UNAVAILABLE = 421  # RFC 5321: the server is closing the channel


class Relay:
    """Where mail goes: `smtp://user:password@host:port?starttls` or `smtps://…`; `ca=/file` names a private authority."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        options = parse_qs(parts.query, keep_blank_values=True)
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
            raise ImproperlyConfigured("SMTP_URL must look like smtp://user:password@host:port?starttls or smtps://…")
        self.host = parts.hostname
        self.uses_tls = parts.scheme == "smtps"
        self.starts_tls = "starttls" in options
        self.port = parts.port or (465 if self.uses_tls else 587 if self.starts_tls else 25)
        self.user = unquote(parts.username or "")
        self.password = unquote(parts.password or "")
        self.ca_file = options.get("ca", [""])[0]

    def tls(self) -> ssl.SSLContext:
        """Verifies the server's certificate and name, always."""
        return ssl.create_default_context(cafile=self.ca_file or None)


@lru_cache(maxsize=4)
def relay_of(url: str) -> Relay:
    """The parsed setting."""
    return Relay(url)


class _Client(smtplib.SMTP):
    """smtplib's client, whose socket the cutter may shut at any moment, from the connection on."""

    def __init__(self, relay: Relay, cutter: Cutter, hostname: str) -> None:
        self._relay, self._cutter = relay, cutter
        super().__init__(relay.host, relay.port, local_hostname=hostname, timeout=cutter.remaining_s())

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        sock = socket.create_connection((host, port), timeout)
        self._cutter.hold(sock)
        if self._relay.uses_tls:
            sock = self._relay.tls().wrap_socket(sock, server_hostname=host)
            self._cutter.hold(sock)
        return sock

    def secure(self) -> None:
        """STARTTLS; from then on the cutter holds the encrypted socket."""
        self.starttls(context=self._relay.tls())
        if self.sock is not None:
            self._cutter.hold(self.sock)


class SmtpChannel:
    """Mail. A connection per mail: a page is rare, and a fresh connection has no stale state to be unsure about."""

    kind = "email"
    concurrency = 8

    def breaker_key(self, address: str) -> str:
        """The relay is the one thing that can be down; an address that is none is refused here."""
        check_address(address)
        return "email"

    def send(self, parcel: Parcel, *, timeout_s: float, point_of_no_return: PointOfNoReturn) -> Outcome:
        """Hand one mail to the relay; sure of the outcome except between the last byte and the relay's answer."""
        if not settings.SMTP_URL:
            return Outcome(verdict=Verdict.RETRY, detail="SMTP_URL is not set", channel_down=True)
        try:
            content = compose(parcel).as_bytes()
        except (BadAddress, ValueError) as error:
            return Outcome(verdict=Verdict.REFUSED, detail=f"not a mail: {error}")
        with Cutter(timeout_s) as cutter:
            try:
                client = _connect(relay_of(settings.SMTP_URL), cutter)
            except smtplib.SMTPResponseException as error:
                return _answered("connect", error.smtp_code, error.smtp_error, cutter, whole_channel=True)
            except (OSError, smtplib.SMTPException) as error:
                return _broken("connect", error, cutter)
            try:
                return _converse(client, parcel, content, cutter, point_of_no_return)
            finally:
                client.close()


def check_address(address: str) -> None:
    """Raises BadAddress for what is no plain address (so nothing can smuggle a header or a command in)."""
    try:
        validate_email(address)
    except ValidationError as error:
        raise BadAddress("not an e-mail address") from error
    if not address.isascii():
        raise BadAddress("the local part or domain is not ASCII")


def compose(parcel: Parcel) -> EmailMessage:
    """The mail: plain text and the same as simple HTML, in the reader's language. Stable over attempts but for the repeat mark."""
    check_address(parcel.address)
    name, sender = parseaddr(settings.MAIL_FROM)
    mail = EmailMessage(policy=SMTP_POLICY)
    mail["Subject"] = parcel.title
    mail["From"] = Address(display_name=name, addr_spec=sender)
    mail["To"] = Address(display_name=parcel.to_name, addr_spec=parcel.address)
    mail["Date"] = format_datetime(parcel.created_at)
    mail["Message-ID"] = f"<{parcel.key}@{sender.rpartition('@')[2]}>"
    mail["Content-Language"] = parcel.language
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Switchback-Delivery"] = parcel.key
    if parcel.kind == "page":
        mail["Importance"] = "high"
    body = parcel.body
    if parcel.is_repeat:
        mail["X-Switchback-Repeat"] = "maybe"
        with override(parcel.language):
            body = f"{_('You may have received this already: it is not known whether the first sending arrived.')}\n\n{body}"
    mail.set_content(body)
    mail.add_alternative(html_of(parcel, body), subtype="html")
    return mail


def _connect(relay: Relay, cutter: Cutter) -> _Client:
    client = _Client(relay, cutter, hostname=(urlsplit(settings.BASE_URL).hostname or "localhost"))
    try:
        client.ehlo_or_helo_if_needed()
        if relay.starts_tls:
            client.secure()
            client.ehlo()
        if relay.user:
            client.login(relay.user, relay.password)
    except BaseException:
        client.close()
        raise
    return client


def _converse(client: _Client, parcel: Parcel, content: bytes, cutter: Cutter, point_of_no_return: PointOfNoReturn) -> Outcome:
    """MAIL, RCPT, DATA one by one, so as to know how far it came when the line breaks."""
    stage = "MAIL"
    try:
        code, text = client.mail(parseaddr(settings.MAIL_FROM)[1])
        if code != 250:
            return _answered(stage, code, text, cutter, whole_channel=True)
        stage = "RCPT"
        code, text = client.rcpt(parcel.address)
        if code not in (250, 251):
            return _answered(stage, code, text, cutter)
        stage = "DATA"
        code, text = client.docmd("data")
        if code != 354:
            return _answered(stage, code, text, cutter)
        point_of_no_return()
        stage = "content"
        client.send(_DOT_AT_LINE_START.sub(b"..", content) + (b"" if content.endswith(b"\r\n") else b"\r\n") + b".\r\n")
        code, text = client.getreply()
        if code != 250:
            return _answered(stage, code, text, cutter)
    except (OSError, smtplib.SMTPException) as error:
        return _broken(stage, error, cutter)
    return Outcome(verdict=Verdict.SENT, provider_id=_printable(text))


def _answered(stage: str, code: int, text: bytes | str, cutter: Cutter, *, whole_channel: bool = False) -> Outcome:
    """The server answered with a refusal: for now (4xx), or for good (5xx; unless it refuses us and not this mail).

    Half an answer, because it was cut, is none.
    """
    if cutter.has_cut or not 400 <= code < 600:
        return _broken(stage, smtplib.SMTPServerDisconnected(), cutter)
    for_good = code >= 500 and not whole_channel
    return Outcome(
        verdict=Verdict.REFUSED if for_good else Verdict.RETRY,
        detail=f"{stage}: {code} {_printable(text)}",
        channel_down=whole_channel or code == _UNAVAILABLE,
    )


def _broken(stage: str, error: Exception, cutter: Cutter) -> Outcome:
    """The line broke or was cut. Once the content was on its way nobody can know whether it arrived."""
    timed_out = cutter.has_cut or isinstance(error, TimeoutError) or "timed out" in str(error)  # smtplib hides it in a disconnection
    what = "timed out" if timed_out else type(error).__name__
    return Outcome(verdict=Verdict.UNSURE if stage == "content" else Verdict.RETRY, detail=f"{stage}: {what}", channel_down=True)


def _printable(text: bytes | str) -> str:
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return re.sub(r"[^\x20-\x7e]+", " ", words)[:200]
