"""What the journal says about pages, deliveries and channels. Ids and short words only: no address, no text of a message.

`topic` of a page: what of its record it is about (a role, a clock), in both languages; empty: the record itself.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class PageStarted:
    """Somebody is to be called about a record."""

    name: ClassVar[str] = "notify.page_started.v1"
    page_id: UUID
    about_kind: str
    about_id: UUID
    chain: str
    fence: str
    at: datetime
    topic: str = ""


@dataclass(frozen=True, kw_only=True)
class PageCalled:
    """These people were called. `step`: place in the chain from 0; None: named by the caller. `coalesced`: follows in a digest."""

    name: ClassVar[str] = "notify.page_called.v1"
    page_id: UUID
    about_kind: str
    about_id: UUID
    step: int | None
    user_ids: list[UUID]
    names: str
    coalesced: str
    at: datetime
    topic: str = ""


@dataclass(frozen=True, kw_only=True)
class PageStepSkipped:
    """A step of the chain gave nobody to call. why: nobody | fence."""

    name: ClassVar[str] = "notify.page_step_skipped.v1"
    page_id: UUID
    about_kind: str
    about_id: UUID
    step: int
    who: str
    why: str
    at: datetime
    topic: str = ""


@dataclass(frozen=True, kw_only=True)
class PagePersonUnreachable:
    """No channel of this person works now; the next one is called at once."""

    name: ClassVar[str] = "notify.page_person_unreachable.v1"
    page_id: UUID
    about_kind: str
    about_id: UUID
    user_id: UUID
    person: str
    at: datetime
    topic: str = ""


@dataclass(frozen=True, kw_only=True)
class PageEscalated:
    """The page goes on to the next of the chain. why: unanswered | unreachable | by_hand. called: whom it called last."""

    name: ClassVar[str] = "notify.page_escalated.v1"
    page_id: UUID
    about_kind: str
    about_id: UUID
    to_step: int
    why: str
    at: datetime
    called: str = ""
    topic: str = ""


@dataclass(frozen=True, kw_only=True)
class PageAcknowledged:
    """Somebody has it. via: link | console | token | system; seconds since the page started."""

    name: ClassVar[str] = "notify.page_acknowledged.v1"
    page_id: UUID
    about_kind: str
    about_id: UUID
    user_id: UUID
    person: str
    via: str
    after_s: int
    at: datetime
    topic: str = ""


@dataclass(frozen=True, kw_only=True)
class PageExhausted:
    """The chain has ended and nobody answered."""

    name: ClassVar[str] = "notify.page_exhausted.v1"
    page_id: UUID
    about_kind: str
    about_id: UUID
    called: int
    at: datetime
    topic: str = ""


@dataclass(frozen=True, kw_only=True)
class PageCancelled:
    """No answer is needed any more."""

    name: ClassVar[str] = "notify.page_cancelled.v1"
    page_id: UUID
    about_kind: str
    about_id: UUID
    at: datetime
    topic: str = ""


@dataclass(frozen=True, kw_only=True)
class MessageQueued:
    """A message that is no page was handed over for sending."""

    name: ClassVar[str] = "notify.message_queued.v1"
    message_id: UUID
    text: str
    user_ids: list[UUID]
    names: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class DeliverySent:
    """The channel took it over. is_repeat: an earlier sending may have arrived too."""

    name: ClassVar[str] = "notify.delivery_sent.v1"
    delivery_id: UUID
    user_id: UUID
    person: str
    channel: str
    attempts: int
    is_repeat: bool
    at: datetime


@dataclass(frozen=True, kw_only=True)
class DeliveryMaybeSent:
    """Nobody knows whether it went out. will_repeat: it is sent once more, marked."""

    name: ClassVar[str] = "notify.delivery_maybe_sent.v1"
    delivery_id: UUID
    user_id: UUID
    person: str
    channel: str
    will_repeat: bool
    error: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class DeliveryFailed:
    """It did not go out and will not."""

    name: ClassVar[str] = "notify.delivery_failed.v1"
    delivery_id: UUID
    user_id: UUID
    person: str
    channel: str
    attempts: int
    error: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class DeliveryDropped:
    """It had not gone out yet and need not any more."""

    name: ClassVar[str] = "notify.delivery_dropped.v1"
    delivery_id: UUID
    user_id: UUID
    person: str
    channel: str
    why: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class DeliveryFellBack:
    """The channel does not work, so the person is tried on their next one."""

    name: ClassVar[str] = "notify.delivery_fell_back.v1"
    delivery_id: UUID
    user_id: UUID
    person: str
    from_channel: str
    to_channel: str
    why: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class ChannelDown:
    """A channel failed so often in a row that others are used instead."""

    name: ClassVar[str] = "notify.channel_down.v1"
    channel: str
    error: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class ChannelUp:
    """It works again."""

    name: ClassVar[str] = "notify.channel_up.v1"
    channel: str
    down_s: int
    at: datetime


@dataclass(frozen=True, kw_only=True)
class FenceOpened:
    """A closed list of people and addresses was made or changed."""

    name: ClassVar[str] = "notify.fence_opened.v1"
    key: str
    user_ids: list[UUID]
    addresses: int
    at: datetime
