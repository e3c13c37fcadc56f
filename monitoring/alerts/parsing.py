"""Turning a request body from the outside into plain values, without ever trusting it.

Our own parser, because the usual one ends in a 500 on bodies that a broken or hostile sender can make (100,000-deep
nesting, NUL and lone surrogates that Postgres refuses, 5,000-digit numbers), and a sender that retries on 5xx would then
retry for ever.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import Mapping
from typing import Any, NoReturn

DEPTH_LIMIT = 20  # levels; the deepest real body known has 6
MIB = 1024 * 1024
BODY_LIMIT = MIB  # design.md section 6
GROUP_LIMIT = 5 * MIB  # groups and batches: a 5,000-alert group is about 3 MiB
_UTF8_NAMES = frozenset({"", "utf-8", "utf8", "utf_8", "us-ascii", "ascii"})
_LATIN_NAMES = frozenset({"iso-8859-1", "latin1", "latin-1", "iso8859-1", "windows-1252", "cp1252"})
_UNSTORABLE = re.compile(r"\x00|\\u0000|\\u[dD][89a-fA-F]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_CHARSET = re.compile(r"charset\s*=\s*\"?([A-Za-z0-9_.:-]+)", re.IGNORECASE)


class Refused(Exception):
    """The body cannot be read. `status` is the HTTP answer, `code` what the inbox and the counters call it."""

    status = 400
    code = "refused"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class TooLarge(Refused):
    """More bytes than the limit, before or after unpacking."""

    status = 413
    code = "too_large"


class Unsupported(Refused):
    """A content encoding or character set that we do not read."""

    status = 415
    code = "unsupported"


class BrokenJson(Refused):
    """Not JSON, or JSON that no honest sender writes."""

    status = 400
    code = "broken_json"


def unpack(body: bytes, *, encoding: str, limit: int) -> bytes:
    """Undo gzip or deflate, never producing more than `limit` bytes. Raises TooLarge, Unsupported, BrokenJson."""
    if len(body) > limit:
        raise TooLarge(f"{len(body)} bytes, the limit is {limit}")
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        return body
    if name in {"gzip", "x-gzip"}:
        return _inflate(body, zlib.MAX_WBITS | 16, limit)
    if name == "deflate":
        # the standard says zlib; some senders write the bare stream, whose first byte tells
        wrapped = len(body) > 1 and body[0] & 0x0F == 8 and (body[0] * 256 + body[1]) % 31 == 0
        return _inflate(body, zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS, limit)
    raise Unsupported(f"content encoding {name[:40]!r}")


def _inflate(body: bytes, window: int, limit: int) -> bytes:
    unpacker = zlib.decompressobj(window)
    try:
        data = unpacker.decompress(body, limit + 1)
    except zlib.error as error:
        raise BrokenJson(f"the compressed body is damaged: {error}") from error
    if len(data) > limit:
        raise TooLarge(f"more than {limit} bytes when unpacked")
    if not unpacker.eof:
        raise BrokenJson("the compressed body is cut off")
    return data


def read_json(body: bytes, *, content_type: str = "") -> Any:
    """Parse a body into plain values that Postgres can store. Raises BrokenJson, Unsupported.

    A byte that is no UTF-8 becomes U+FFFD, and so do NUL (removed) and lone surrogates: a damaged annotation must not
    cost the alert. Names given twice in one object, NaN and infinities, numbers of thousands of digits and nesting
    beyond 20 levels are refused.
    """
    text = _decode(body, content_type)
    try:
        value = _DECODER.decode(text)
    except RecursionError as error:
        raise BrokenJson("nested too deeply") from error
    except ValueError as error:
        raise BrokenJson(str(error)[:200]) from error
    if text.count("{") + text.count("[") > DEPTH_LIMIT and _is_deeper_than(DEPTH_LIMIT, value):
        raise BrokenJson(f"nested more than {DEPTH_LIMIT} levels deep")
    if ("\\u" in text or "\x00" in text) and _UNSTORABLE.search(text):
        value = scrub(value)
    return value


def _decode(body: bytes, content_type: str) -> str:
    kind = content_type.partition(";")[0].strip().lower()
    if kind.startswith("multipart/"):
        raise Unsupported(f"content type {kind[:40]!r}")
    match = _CHARSET.search(content_type)
    charset = match.group(1).lower() if match else ""
    if charset in _LATIN_NAMES:
        return body.decode("latin-1")
    if charset not in _UTF8_NAMES and not charset.startswith(("utf-16", "utf-32")):
        raise Unsupported(f"character set {charset[:40]!r}")
    # json's own look at byte order mark and NUL pattern: UTF-8, UTF-16, UTF-32, as the standard of 2006 allowed
    return body.decode(json.detect_encoding(body), errors="replace").removeprefix("\ufeff")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("a number is too large")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a name is given twice in one object")
    return value


_DECODER = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=_unique)


def _is_deeper_than(levels: int, value: Any) -> bool:
    """Whether containers nest deeper than that. Asks exact types: the parser makes no others, and every body passes here."""
    for child in value.values() if type(value) is dict else value if type(value) is list else ():
        if (type(child) is dict or type(child) is list) and (levels <= 1 or _is_deeper_than(levels - 1, child)):
            return True
    return False


def write_json(value: Any) -> bytes:
    """Plain values as JSON, also numbers beyond 64 bits."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def scrub(value: Any) -> Any:
    """The same value without NUL and with U+FFFD for lone surrogates, in names and in texts. At most 20 levels deep."""
    if isinstance(value, str):
        return scrub_text(value)
    if isinstance(value, dict):
        return {scrub_text(name): scrub(item) for name, item in value.items()}
    if isinstance(value, list):
        return [scrub(item) for item in value]
    return value


def scrub_text(text: str) -> str:
    """One text that Postgres can store."""
    return _SURROGATE.sub("\ufffd", text.replace("\x00", ""))


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """What of the request's headers is worth keeping with the raw body; never one that may hold a secret."""
    return {name: scrub_text(headers[name])[:300] for name in ("content-type", "content-encoding", "user-agent") if headers.get(name)}
