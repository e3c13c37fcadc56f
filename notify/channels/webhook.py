"""Webhooks after the Standard Webhooks specification (standardwebhooks.com): signed, timed, with a stable id, no redirects."""

import base64
import hashlib
import hmac
import http.client
import json
import socket
import ssl
import time
from collections.abc import Iterable
from email.utils import parsedate_to_datetime
from urllib.parse import SplitResult

from notify.channels import egress
from notify.channels.base import BadAddress, Outcome, Parcel, PointOfNoReturn, Verdict
from notify.channels.cutter import Cutter

SECRET_PREFIX = "whsec_"  # noqa: S105 (a prefix of the specification)
LONGEST_RETRY_AFTER_S = 300.0
_BODY_LIMIT = 64 * 1024
_LATER = {408, 425, 429}


class WebhookChannel:
    """POSTs JSON; 2xx is sent, 410 ends the address, Retry-After is honoured."""

    kind = "webhook"
    concurrency = 8

    def breaker_key(self, address: str) -> str:
        """One breaker per host and port."""
        parts = egress.parse(address)
        return f"webhook {parts.hostname}:{egress.port_of(parts)}"[:300]

    def send(self, parcel: Parcel, *, timeout_s: float, point_of_no_return: PointOfNoReturn) -> Outcome:
        """Try once; sure of the outcome except when the line breaks after the request was written."""
        try:
            parts = egress.parse(parcel.address)
        except BadAddress as error:
            return Outcome(verdict=Verdict.REFUSED, detail=str(error))
        body = body_of(parcel)
        headers = headers_of(parcel, body, at=int(time.time()))
        handed_over = False
        with Cutter(timeout_s) as cutter:
            try:
                connection = _connect(parts, cutter)
            except BadAddress as error:
                return Outcome(verdict=Verdict.REFUSED, detail=str(error))
            except (OSError, http.client.HTTPException) as error:
                return _broken("connect", error, cutter, handed_over=False)
            try:
                point_of_no_return()
                handed_over = True
                connection.request("POST", _target(parts), body=body, headers=headers)
                answer = connection.getresponse()
                answer.read(_BODY_LIMIT)
            except (OSError, http.client.HTTPException) as error:
                return _broken("request", error, cutter, handed_over=handed_over)
            finally:
                connection.close()
        return _verdict(answer)


def body_of(parcel: Parcel) -> bytes:
    """The same bytes in every attempt (the mark of a repeat is a header)."""
    data = {
        "title": parcel.title,
        "text": parcel.body,
        "language": parcel.language,
        "to": parcel.to_name,
        "about": {"kind": parcel.about_kind, "id": parcel.about_id, "label": parcel.about_label},
        "acknowledge": [{"page_id": ack.page_id, "label": ack.label, "url": ack.url} for ack in parcel.acks],
    }
    document = {"type": f"switchback.{parcel.kind}", "timestamp": parcel.created_at.isoformat(), "data": data}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def headers_of(parcel: Parcel, body: bytes, *, at: int) -> dict[str, str]:
    """The specification's three headers, our idempotency key, and the mark of a possible repeat."""
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Switchback",
        "webhook-id": parcel.key,
        "webhook-timestamp": str(at),
        "webhook-signature": signature(parcel.secrets, parcel.key, at, body),
        "Idempotency-Key": parcel.key,
        "X-Switchback-Attempt": str(parcel.attempt),
    }
    if parcel.is_repeat:
        headers["X-Switchback-Repeat"] = "maybe"
    return headers


def signature(secrets: Iterable[bytes], message_id: str, at: int, body: bytes) -> str:
    """`v1,<base64>` for each secret in force (two while keys are being changed)."""
    signed = f"{message_id}.{at}.".encode() + body
    return " ".join("v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode() for secret in secrets)


def shown_secret(secret: bytes) -> str:
    """A secret as the receiver's library wants it."""
    return SECRET_PREFIX + base64.b64encode(secret).decode()


def _connect(parts: SplitResult, cutter: Cutter) -> http.client.HTTPConnection:
    """Resolve once, connect to that address, speak TLS with the name."""
    host, port = parts.hostname or "", egress.port_of(parts)
    ip = egress.resolve(host, port)
    sock = socket.create_connection((ip, port), cutter.remaining_s())
    cutter.hold(sock)
    if parts.scheme == "https":
        sock = ssl.create_default_context().wrap_socket(sock, server_hostname=host)
        cutter.hold(sock)
    connection = http.client.HTTPConnection(parts.netloc)
    connection.sock = sock
    return connection


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _verdict(answer: http.client.HTTPResponse) -> Outcome:
    status = answer.status
    detail = f"HTTP {status}"
    if 200 <= status < 300:
        return Outcome(verdict=Verdict.SENT, detail=detail)
    if status == 410:
        return Outcome(verdict=Verdict.GONE, detail=detail)
    if status in _LATER or status >= 500:
        return Outcome(
            verdict=Verdict.RETRY, detail=detail, retry_after_s=_retry_after_s(answer.headers.get("Retry-After")), channel_down=status >= 500
        )
    if 300 <= status < 400:
        detail += " (redirects are not followed)"
    return Outcome(verdict=Verdict.REFUSED, detail=detail)


def _retry_after_s(value: str | None) -> float | None:
    """Seconds or an HTTP date, at most five minutes."""
    if not value:
        return None
    if value.strip().isdigit():
        return min(float(value), LONGEST_RETRY_AFTER_S)
    try:
        return min(max(0.0, parsedate_to_datetime(value).timestamp() - time.time()), LONGEST_RETRY_AFTER_S)
    except (ValueError, TypeError):
        return None


def _broken(stage: str, error: Exception, cutter: Cutter, *, handed_over: bool) -> Outcome:
    what = "timed out" if cutter.has_cut or isinstance(error, TimeoutError) else type(error).__name__
    return Outcome(verdict=Verdict.UNSURE if handed_over else Verdict.RETRY, detail=f"{stage}: {what}", channel_down=True)
