"""A JSON parser that refuses what would only break later, so that no body ends in a 500 (trap 18)."""

import json
from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 20
MAX_KEYS = 1000
MAX_DIGITS = 300


class BodyTooLarge(APIException):
    """More than a megabyte."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = gettext_lazy("The body is larger than 1 MiB.")
    default_code = "too_large"


class Refused(ValueError):
    """Why a body is not accepted."""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise Refused(_("the key “%(key)s” stands twice") % {"key": key[:60]})
        found[key] = value
    if len(found) > MAX_KEYS:
        raise Refused(_("too many keys"))
    return found


def _constant(name: str) -> Any:
    raise Refused(_("%(name)s is not JSON") % {"name": name})


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise Refused(_("a number is too large"))
    return int(digits)


def _decimal(digits: str) -> float:
    value = float(digits)
    if len(digits) > MAX_DIGITS or value in (float("inf"), float("-inf")):
        raise Refused(_("a number is too large"))
    return value


def _text(value: str) -> None:
    if "\x00" in value:
        raise Refused(_("a text contains NUL"))
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise Refused(_("a text contains half of a surrogate pair")) from None


def _walk(value: Any) -> None:
    """Check depth and texts without recursion."""
    waiting: list[tuple[Any, int]] = [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise Refused(_("nested deeper than %(depth)d") % {"depth": MAX_DEPTH})
        if isinstance(item, str):
            _text(item)
        elif isinstance(item, dict):
            for key, child in item.items():
                _text(key)
                waiting.append((child, depth + 1))
        elif isinstance(item, list):
            waiting.extend((child, depth + 1) for child in item)


def parse(body: bytes) -> Any:
    """The value of a strict JSON document. Raises Refused, in words for the sender."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(_("it is not UTF-8")) from None
    if text.startswith("\ufeff"):
        raise Refused(_("it begins with a byte order mark"))
    try:
        value = json.loads(text, object_pairs_hook=_pairs, parse_constant=_constant, parse_int=_integer, parse_float=_decimal)
    except Refused:
        raise
    except RecursionError:
        raise Refused(_("nested deeper than %(depth)d") % {"depth": MAX_DEPTH}) from None
    except ValueError as error:
        raise Refused(_("it is malformed (%(where)s)") % {"where": error}) from None
    _walk(value)
    return value


class StrictJSONParser(BaseParser):
    """`application/json`, an object at the top."""

    media_type = "application/json"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        """Read at most a megabyte and refuse anything doubtful with 400 or 413."""
        body = stream.read(MAX_BYTES + 1)
        if len(body) > MAX_BYTES:
            raise BodyTooLarge
        if not body.strip():
            return {}
        try:
            value = parse(body)
        except Refused as problem:
            raise ParseError(_("The body is not acceptable JSON: %(problem)s.") % {"problem": problem}) from None
        if not isinstance(value, dict):
            raise ParseError(_("The body must be a JSON object."))
        return value
