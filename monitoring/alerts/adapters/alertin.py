"""What every adapter makes of a foreign body."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple


class Action(StrEnum):
    """What the sender says of the alert."""

    TRIGGER = "trigger"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"


class AlertIn(NamedTuple):
    """One alert as a monitoring tool told it, in our words.

    `dedup_key` identifies it within its source. `starts_at` is when it began by the sender's clock, None when the sender does
    not say. `new_start_is_new_episode`: a different start means a new episode (Alertmanager, Prometheus); otherwise the
    alert that is open under the key absorbs it (PagerDuty). `refreshes`: the sender repeats it, and it is over unless repeated
    before `ends_at`. A trigger whose `ends_at` has passed says that it is over; the reader of the clock decides that, not
    the adapter. `severity` is the sender's own word; the source's map turns it into ours.
    """

    dedup_key: str
    action: Action
    summary: str = ""
    description: str = ""
    severity: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    new_start_is_new_episode: bool = False
    refreshes: bool = False
    group_key: str = ""
    generator_url: str = ""


class Problem(NamedTuple):
    """A part of the body that could not be read as an alert: goes to the failed-intake inbox, and can be replayed."""

    code: str
    detail: str
    body: Any  # in the format of the request, so that replaying is posting it again


class Group(NamedTuple):
    """What the sender says of the whole group. `truncated`: that many alerts were left out of the message."""

    key: str
    is_resolved: bool
    truncated: int


class Reading(NamedTuple):
    """What an adapter found in one body."""

    alerts: list[AlertIn]
    problems: list[Problem] = []
    group: Group | None = None
