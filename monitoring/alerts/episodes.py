"""What a told alert means for what we know of it: the rules of identity and episode, without a database.

Identity is (source, dedup key); an episode is (identity, start). The intake locks the identities of a batch, hands what is
known to `tell`, and writes what came of it. Alerts may come late, doubled, and out of order:

- told again: counted, nothing else;
- a new start: a new episode, which supersedes one that is still open;
- the end of an alert that never came is kept, and beats the older trigger when that comes after all;
- a start older than the newest episode's: kept, as over already;
- an episode that ended for want of repetition and is repeated after all goes on;
- an alert that comes and goes again and again flaps: each turn is an episode, but the journal hears of it at most every
  30 seconds, and of one that still fires then in any case.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from kernel.timed_ids import text_id_in_time
from monitoring.alerts.adapters.alertin import Action, AlertIn

REFRESH_WITHIN = timedelta(minutes=5)  # Alertmanager's resolve_timeout, for an alert that names no end
FLAP_WINDOW = timedelta(minutes=10)  # new starts of one alert closer together than this are a chain …
FLAP_FROM = 5  # … that flaps from the fifth on
FLAP_HOLD = timedelta(seconds=30)  # while it flaps, its firing is told at most this often
FIRING, ACKNOWLEDGED, RESOLVED = "firing", "acknowledged", "resolved"
_INSTANT = timedelta(microseconds=1)


class Route(NamedTuple):
    """Where an alert belongs, and whether it opens an incident."""

    severity: str
    part_id: int | None
    fault_class: str
    fault_kind_id: int | None
    opens_incident: bool


@dataclass(slots=True, kw_only=True)
class Episode:
    """One row of the table of alerts, as far as the rules need it. `told`: what a new or changed one is written from."""

    start: datetime
    state: str
    severity: str
    summary: str
    first_seen_at: datetime
    last_seen_at: datetime
    opens_incident: bool = False
    part_id: int | None = None
    fault_class: str = ""
    fault_kind_id: int | None = None
    id: int | None = None
    public_id: str = field(default_factory=text_id_in_time)
    times_seen: int = 0
    expires_at: datetime | None = None
    acknowledged_at: datetime | None = None
    resolved_at: datetime | None = None
    resolved_by: str = ""
    resolve_told_at: datetime | None = None
    refires: int = 0
    is_flapping: bool = False
    announced_at: datetime | None = None
    announce_at: datetime | None = None
    is_changed: bool = False
    told: AlertIn | None = None

    @property
    def is_open(self) -> bool:
        """Whether it still fires as far as we know."""
        return self.state != RESOLVED


class Orphan(NamedTuple):
    """The kept end of an alert that never came."""

    start: datetime | None
    ended_at: datetime
    times_seen: int = 1


class FactKind(StrEnum):
    """What becomes an entry of the journal."""

    RAISED = "raised"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    FLAPPING = "flapping"


class Fact(NamedTuple):
    """Something that changed. `before`: the state it had; `opens_incident`: as of this fact."""

    kind: FactKind
    episode: Episode
    before: str
    opens_incident: bool


@dataclass(slots=True, kw_only=True)
class Identity:
    """What is known of one alert: its newest episode, others by their start, and the end that came without a beginning."""

    source_id: int
    dedup_key: str
    latest: Episode | None = None
    others: dict[datetime, Episode] = field(default_factory=dict)
    orphan: Orphan | None = None
    orphan_is_changed: bool = False
    facts: list[Fact] = field(default_factory=list)

    def with_start(self, start: datetime) -> Episode | None:
        """The episode that began then."""
        if self.latest is not None and self.latest.start == start:
            return self.latest
        return self.others.get(start)

    def episodes(self) -> list[Episode]:
        """All that are known here."""
        return [*self.others.values(), self.latest] if self.latest else list(self.others.values())


Router = Callable[[AlertIn], Route]


def tell(identity: Identity, alert: AlertIn, *, at: datetime, route: Router) -> None:
    """Take in what the sender told at that moment. Changes `identity` and its facts."""
    if alert.action is Action.ACKNOWLEDGE:
        _acknowledged(identity, at=at)
    elif alert.action is Action.RESOLVE or (alert.ends_at is not None and alert.ends_at <= at):
        _ended(identity, alert, at=at)
    else:
        _fires(identity, alert, at=at, route=route)


# -- it fires -----------------------------------------------------------------------------------------------------------------


def _fires(identity: Identity, alert: AlertIn, *, at: datetime, route: Router) -> None:
    latest = identity.latest
    absorbs = latest is not None and latest.is_open and not alert.new_start_is_new_episode
    known = latest if absorbs else identity.with_start(alert.starts_at) if alert.starts_at else None
    if known is not None:
        _again(identity, known, alert, at=at, route=route)
        return
    start = _start_of(alert, latest, at)
    if _is_over_already(identity, start if alert.starts_at else None):
        _arrived_late(identity, alert, start, at=at, route=route)
        return
    if latest is not None and latest.is_open:
        _resolve(identity, latest, at=at, by="superseded")
    _begin(identity, alert, start, at=at, route=route)


def _again(identity: Identity, episode: Episode, alert: AlertIn, *, at: datetime, route: Router) -> None:
    """Told again. A resolved one stays so, unless only its silence had ended it."""
    episode.times_seen += 1
    episode.last_seen_at = max(episode.last_seen_at, at)
    episode.is_changed = True
    if not episode.is_open:
        newest = identity.latest is episode
        if not newest or episode.resolved_by != "expired" or episode.resolve_told_at is not None:
            return
        episode.state, episode.resolved_at, episode.resolved_by = FIRING, None, ""
        _announce(identity, episode, before=RESOLVED, at=at)
    if episode.summary != alert.summary:
        episode.summary, episode.told = alert.summary, alert
    if alert.refreshes:
        expiry = alert.ends_at or at + REFRESH_WITHIN
        episode.expires_at = max(expiry, episode.expires_at or expiry)
    _regrade(identity, episode, route(alert), at=at)


def _regrade(identity: Identity, episode: Episode, now: Route, *, at: datetime) -> None:
    """The sender may raise or lower its severity while it fires (PagerDuty); what now opens an incident is announced."""
    if now.severity == episode.severity:
        return
    opened = episode.opens_incident
    episode.severity, episode.opens_incident = now.severity, now.opens_incident
    if now.opens_incident and not opened:
        _announce(identity, episode, before=episode.state, at=at)


def _start_of(alert: AlertIn, latest: Episode | None, at: datetime) -> datetime:
    """When the new episode begins: as the sender says, else now; never twice the same moment for one alert."""
    if alert.starts_at is not None and (alert.new_start_is_new_episode or latest is None or alert.starts_at > latest.start or latest.resolve_told_at):
        return alert.starts_at
    return max(at, latest.start + _INSTANT) if latest is not None else at


def _is_over_already(identity: Identity, start: datetime | None) -> bool:
    """Whether an end that was told, or a newer episode, beats a trigger with this start (None: it began just now)."""
    if start is None:
        return False
    latest, orphan = identity.latest, identity.orphan
    if orphan is not None and (orphan.start == start or orphan.ended_at >= start):
        return True
    if latest is None:
        return False
    return start < latest.start or (latest.resolve_told_at is not None and latest.resolve_told_at >= start)


def _arrived_late(identity: Identity, alert: AlertIn, start: datetime, *, at: datetime, route: Router) -> None:
    """A trigger that was overtaken by its own end or by a newer episode: kept, as over; nobody is called for it."""
    episode = _new(alert, start, route(alert), at=at)
    orphan, latest = identity.orphan, identity.latest
    overtaken_by_newer = latest is not None and start < latest.start
    ended_at = orphan.ended_at if orphan is not None and orphan.ended_at >= start else at
    episode.state, episode.resolved_at, episode.expires_at, episode.opens_incident = RESOLVED, ended_at, None, False
    episode.resolved_by = "superseded" if overtaken_by_newer and orphan is None else "sender"
    episode.resolve_told_at = ended_at if episode.resolved_by == "sender" else None
    identity.facts.append(Fact(FactKind.RAISED, episode, "", False))
    identity.facts.append(Fact(FactKind.RESOLVED, episode, FIRING, False))
    _place(identity, episode)


def _begin(identity: Identity, alert: AlertIn, start: datetime, *, at: datetime, route: Router) -> None:
    earlier = identity.latest
    episode = _new(alert, start, route(alert), at=at)
    if earlier is not None and earlier.first_seen_at >= at - FLAP_WINDOW:
        episode.refires = earlier.refires + 1
        episode.is_flapping = episode.refires >= FLAP_FROM
        if episode.is_flapping and not earlier.is_flapping:
            identity.facts.append(Fact(FactKind.FLAPPING, episode, "", episode.opens_incident))
    _place(identity, episode)
    told_at = earlier.announced_at if earlier is not None else None
    says_more = earlier is None or episode.opens_incident > earlier.opens_incident
    if episode.is_flapping and told_at is not None and told_at > at - FLAP_HOLD and not says_more:
        episode.announced_at, episode.announce_at = told_at, told_at + FLAP_HOLD
    else:
        _announce(identity, episode, before="", at=at)


def _announce(identity: Identity, episode: Episode, *, before: str, at: datetime) -> None:
    episode.announced_at, episode.announce_at = at, None
    identity.facts.append(Fact(FactKind.RAISED, episode, before, episode.opens_incident))


def _new(alert: AlertIn, start: datetime, route: Route, *, at: datetime) -> Episode:
    return Episode(
        start=start,
        state=FIRING,
        severity=route.severity,
        summary=alert.summary,
        first_seen_at=at,
        last_seen_at=at,
        opens_incident=route.opens_incident,
        part_id=route.part_id,
        fault_class=route.fault_class,
        fault_kind_id=route.fault_kind_id,
        times_seen=1,
        expires_at=(alert.ends_at or at + REFRESH_WITHIN) if alert.refreshes else None,
        told=alert,
    )


def _place(identity: Identity, episode: Episode) -> None:
    latest = identity.latest
    if latest is None or episode.start >= latest.start:
        if latest is not None:
            identity.others[latest.start] = latest
        identity.latest = episode
    else:
        identity.others[episode.start] = episode


# -- it is over, or somebody has seen it ----------------------------------------------------------------------------------------


def _ended(identity: Identity, alert: AlertIn, *, at: datetime) -> None:
    ended_at = min(alert.ends_at or at, at)
    latest = identity.latest
    named = identity.with_start(alert.starts_at) if alert.starts_at is not None and alert.new_start_is_new_episode else None
    episode = named or latest
    if episode is None or (
        named is None and latest is not None and alert.starts_at is not None and alert.starts_at > latest.start and not latest.is_open
    ):
        _keep_orphan(identity, alert, ended_at)
        return
    if named is None and alert.ends_at is not None and alert.ends_at < episode.start:
        return  # the end of an older episode that we never saw
    if episode.is_open:
        episode.resolve_told_at = ended_at
        # the row must not end before it began by the clock that wrote it
        _resolve(identity, episode, at=max(ended_at, min(episode.start, at)), by="sender")
    elif episode.resolve_told_at is None or episode.resolve_told_at < ended_at:
        episode.resolve_told_at, episode.is_changed = ended_at, True


def _keep_orphan(identity: Identity, alert: AlertIn, ended_at: datetime) -> None:
    known = identity.orphan
    if known is not None and known.ended_at >= ended_at:
        identity.orphan = known._replace(times_seen=known.times_seen + 1)
    else:
        identity.orphan = Orphan(alert.starts_at, ended_at, known.times_seen + 1 if known else 1)
    identity.orphan_is_changed = True


def _acknowledged(identity: Identity, *, at: datetime) -> None:
    episode = identity.latest
    if episode is not None and episode.state == FIRING:
        episode.state, episode.acknowledged_at, episode.is_changed = ACKNOWLEDGED, at, True
        identity.facts.append(Fact(FactKind.ACKNOWLEDGED, episode, FIRING, episode.opens_incident))


def _resolve(identity: Identity, episode: Episode, *, at: datetime, by: str) -> None:
    before = episode.state
    was_held_back = episode.announce_at is not None
    episode.state, episode.resolved_at, episode.resolved_by, episode.is_changed = RESOLVED, at, by, True
    episode.expires_at = episode.announce_at = None
    if not was_held_back:
        identity.facts.append(Fact(FactKind.RESOLVED, episode, before, episode.opens_incident))
