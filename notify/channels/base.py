"""What every channel takes and gives back. Nothing here touches the database."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class LeaseLost(Exception):
    """Raised by the point of no return: another sender has this message now, so it must not be handed over here."""


class BadAddress(ValueError):
    """Nothing can be sent to this address, now or later."""


class Verdict(StrEnum):
    """How a sending ended, as far as the sender can know."""

    SENT = "sent"  # the other side has taken it over
    RETRY = "retry"  # it surely did not go out; later it may
    UNSURE = "unsure"  # the connection ended after the content was handed over and before the answer
    REFUSED = "refused"  # the other side does not want it, and will not
    GONE = "gone"  # the address no longer exists: do not use it again


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The verdict and what the record says about it. `detail` carries no secret and no address."""

    verdict: Verdict
    detail: str = ""
    retry_after_s: float | None = None
    channel_down: bool = False  # the channel itself is at fault, not this address: counts towards its breaker
    provider_id: str = ""


@dataclass(frozen=True, kw_only=True)
class AckOffer:
    """A signed link with which the reader acknowledges one page."""

    page_id: str
    label: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """All that a channel needs, so that it sends without a look into the database.

    `key` is the idempotency key, the same in every attempt; `is_repeat`: an earlier attempt may have arrived.
    """

    key: str
    address: str
    to_name: str
    kind: str
    title: str
    body: str
    language: str
    created_at: datetime
    attempt: int
    is_repeat: bool
    about_kind: str
    about_id: str
    about_label: str
    acks: tuple[AckOffer, ...] = ()
    secrets: tuple[bytes, ...] = field(default=(), repr=False)


PointOfNoReturn = Callable[[], None]


class Channel(Protocol):
    """One way to reach people.

    `send` calls `point_of_no_return` just before the step after which the message may have arrived, and lets what that
    raises pass. It must end within `timeout_s` whatever the other side does, and never raises for what the other side does.
    """

    kind: str
    concurrency: int

    def breaker_key(self, address: str) -> str:
        """Which breaker guards this address: one per mail server, one per webhook host. Raises BadAddress."""
        ...

    def send(self, parcel: Parcel, *, timeout_s: float, point_of_no_return: PointOfNoReturn) -> Outcome:
        """Try once."""
        ...


_channels: dict[str, Channel] = {}


def register(channel: Channel) -> None:
    """Make a channel known under its kind of contact point; a later one replaces an earlier one."""
    _channels[channel.kind] = channel


def find(kind: str) -> Channel | None:
    """The channel for this kind of contact point; None when there is none (a telephone)."""
    return _channels.get(kind)


def all_kinds() -> list[str]:
    """Every kind that can be sent to."""
    return sorted(_channels)
