"""What an intake request is, whichever server took it, and which door an address leads to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from monitoring.alerts import formats


class Door(NamedTuple):
    """What an address means: the format, the key in it, and the methods it takes."""

    format: str
    key: str
    methods: frozenset[str]


class Request(NamedTuple):
    """One request. `headers` have lower-case names. `is_cut`: the body was longer than the limit; `body` is its beginning.

    `body_id` is given at the door and stays with the body on every way it may take (stored, tried again, spooled), so that it
    is counted once.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    size_bytes: int
    is_cut: bool
    door: Door
    body_id: UUID


_POST = frozenset({"POST", "PUT"})
_PING_METHODS = frozenset({"GET", "HEAD", "POST", "PUT"})
_DOORS = (
    (re.compile(r"/in/alertmanager/([^/]+)/?"), formats.ALERTMANAGER, _POST),
    (re.compile(r"/in/prometheus/([^/]+)/api/v[12]/alerts/?"), formats.PROMETHEUS, _POST),
    (re.compile(r"/v2/enqueue()/?"), formats.PAGERDUTY, _POST),
    (re.compile(r"/in/generic/([^/]+)/?"), formats.GENERIC, _POST),
    (re.compile(r"/in/ping/([^/]+)(?:/(?:start|fail|log|\d{1,3}))?/?"), formats.PING, _PING_METHODS),
)
NOWHERE = Door("", "", frozenset())


def door_of(path: str) -> Door:
    """Where an address leads; NOWHERE for one that is not of the intake."""
    for pattern, name, methods in _DOORS:
        match = pattern.fullmatch(path)
        if match:
            return Door(name, match.group(1), methods)
    return NOWHERE
