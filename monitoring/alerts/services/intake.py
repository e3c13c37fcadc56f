"""Storing what monitoring tools told: many requests, one transaction, a handful of statements.

The order is always: lock the identities (sorted), read what is known, apply the rules (`episodes.py`), write alerts, bodies and
the inbox, record. Only then may anybody be answered 2xx.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.db import transaction

from kernel import journal
from kernel.journal import Record, Ref
from monitoring.alerts import directory as directories
from monitoring.alerts.adapters.alertin import AlertIn
from monitoring.alerts.directory import Directory, KnownSource
from monitoring.alerts.episodes import FIRING, RESOLVED, Episode, Fact, FactKind, Identity, Route, tell
from monitoring.alerts.events import AlertAcknowledged, AlertFlapping, AlertRaised, AlertResolved
from monitoring.alerts.services import inbox, rows
from monitoring.alerts.services.filing import Filing, Stored

P = ParamSpec("P")
T = TypeVar("T")
IdentityKey = tuple[int, str]
_CLOCKS_APART = timedelta(minutes=5)  # how far ahead of ours a sender's clock may be before we doubt its start


class DirectoryChanged(Exception):
    """A source, key, matcher or silence changed since this process read them: authenticate and route anew."""


def again_when_changed(store: Callable[P, T]) -> Callable[P, T]:
    """Try a whole transaction again when somebody changed sources or routing in between; thrice at most."""

    @wraps(store)
    def trying(*args: P.args, **kwargs: P.kwargs) -> T:
        for _attempt in range(2):
            try:
                return store(*args, **kwargs)
            except DirectoryChanged:
                continue
        return store(*args, **kwargs)

    return trying


@transaction.atomic
def intake_store(filings: Sequence[Filing]) -> list[Stored]:
    """Store the alerts, the bodies and the unreadable parts of these filings, all or nothing; returns what became of each.

    A new episode writes one entry, repeats none. Filings whose body is stored already change nothing. Raises
    DirectoryChanged, and what the database raises.
    """
    directory = directories.current()
    wanted = sorted({(filing.source.id, alert.dedup_key) for filing in filings for alert in filing.reading.alerts})
    known = rows.lock_and_read(
        wanted, [(filing.source.id, filing.reading.group.key) for filing in filings if filing.reading.group and _is_cut(filing)]
    )
    directories.note_clock(known.now)
    if known.stamp != directory.stamp:
        directories.load()
        raise DirectoryChanged
    fresh = inbox.keep_bodies([filing for filing in filings if filing.body], now=known.now)
    fresh |= {filing.body_id for filing in filings if not filing.body}  # alerts of our own have no body
    stored = [Stored(is_new=filing.body_id in fresh) for filing in filings]
    filings = [filing for filing in filings if filing.body_id in fresh]
    _read_older(filings, known)
    for filing in filings:
        _tell_all(filing, known, directory)
    _write(filings, known)
    _record(known, directory)
    inbox.keep_problems([(filing, problem) for filing in filings for problem in filing.reading.problems], now=known.now)
    return stored


def _is_cut(filing: Filing) -> bool:
    """Whether the end of this group may have to end alerts that the message does not name."""
    group = filing.reading.group
    return group is not None and group.key != "" and (group.truncated > 0 or group.is_resolved)


def _read_older(filings: Sequence[Filing], known: rows.Known) -> None:
    """Alerts that come late may belong to an episode before the newest one."""
    older: dict[tuple[IdentityKey, datetime], Identity] = {}
    for filing in filings:
        for alert in filing.reading.alerts:
            identity = known.identities[(filing.source.id, alert.dedup_key)]
            if alert.starts_at is not None and identity.latest is not None and alert.starts_at < identity.latest.start:
                older[((filing.source.id, alert.dedup_key), alert.starts_at)] = identity
    if older:
        rows.read_older([(identity, start) for (_key, start), identity in older.items()])


def _tell_all(filing: Filing, known: rows.Known, directory: Directory) -> None:
    at = filing.received_at or known.now
    for alert in filing.reading.alerts:
        identity = known.identities[(filing.source.id, alert.dedup_key)]
        tell(identity, _believable(alert, at), at=at, route=_Router(directory, filing, at))
    if _is_cut(filing):
        _tell_group(filing, known, at=at)


def _believable(alert: AlertIn, at: datetime) -> AlertIn:
    """A start far in the future is a wrong clock, and would make everything after it look late: then it began just now."""
    if alert.starts_at is not None and alert.starts_at > at + _CLOCKS_APART:
        return alert._replace(starts_at=None, new_start_is_new_episode=False)
    return alert


def _tell_group(filing: Filing, known: rows.Known, *, at: datetime) -> None:
    """A message that was cut does not name all its alerts: their end is the end of the group, never their absence."""
    group = filing.reading.group
    assert group is not None
    if not group.is_resolved:
        rows.mark_group_cut(filing.source.id, group.key)
        return
    for dedup_key, episode in rows.open_in_group(filing.source.id, group.key, all_of_it=group.truncated > 0):
        key = (filing.source.id, dedup_key)
        if key in known.identities:
            continue  # named in this message or another of the batch: that word counts
        identity = known.identities[key] = Identity(source_id=filing.source.id, dedup_key=dedup_key, latest=episode)
        episode.state, episode.resolved_at, episode.resolved_by, episode.expires_at, episode.is_changed = RESOLVED, at, "group", None, True
        episode.resolve_told_at = at
        identity.facts.append(Fact(FactKind.RESOLVED, episode, FIRING, episode.opens_incident))


class _Router:
    """Routes the alerts of one filing; asked only for what is new or changed."""

    def __init__(self, directory: Directory, filing: Filing, at: datetime) -> None:
        self._directory, self._filing, self._at = directory, filing, at

    def __call__(self, alert: AlertIn) -> Route:
        return self._directory.route(self._filing.source, alert, self._at, self._filing.home)


def _write(filings: Sequence[Filing], known: rows.Known) -> None:
    cut_groups = {(filing.source.id, filing.reading.group.key) for filing in filings if filing.reading.group and filing.reading.group.truncated}
    changed: list[Episode] = []
    added: list[rows.NewRow] = []
    for identity in known.identities.values():
        for episode in identity.episodes():
            if episode.id is None:
                is_cut = episode.told is not None and (identity.source_id, episode.told.group_key) in cut_groups
                added.append(rows.NewRow(identity, episode, is_cut))
            elif episode.is_changed:
                changed.append(episode)
    rows.update(changed)  # first: an episode that is superseded must be closed before its successor opens
    rows.insert(added)
    rows.keep_orphans([identity for identity in known.identities.values() if identity.orphan_is_changed], at=known.now)


def _record(known: rows.Known, directory: Directory) -> None:
    by_source: dict[int, list[Record]] = defaultdict(list)
    for identity in known.identities.values():
        for fact in identity.facts:
            by_source[identity.source_id].append(record_of(fact, directory.sources[identity.source_id], directory))
    for source_id, records in by_source.items():
        journal.record_many(records, actor=directory.sources[source_id].actor, want_entries=False)


def record_of(fact: Fact, source: KnownSource, directory: Directory) -> Record:
    """The entry that a fact makes. The payloads are written out as plain JSON: a storm comes through here (a test compares
    their names with the events')."""
    episode = fact.episode
    part = directory.parts.get(episode.part_id) if episode.part_id is not None else None
    payload: dict[str, Any] = {"alert_id": episode.public_id, "part_id": part.ref.id if part else None}
    after = {"state": episode.state}
    match fact.kind:
        case FactKind.RAISED:
            event: Any = AlertRaised
            after = {"state": FIRING, "severity": episode.severity}
            payload |= {
                "source_id": source.actor.id,
                "fault_class": episode.fault_class,
                "fault_kind": directory.kinds.get(episode.fault_kind_id or 0, ""),
                "severity": episode.severity,
                "summary": episode.summary,
                "started_at": min(episode.start, episode.first_seen_at).isoformat(),
                "opens_incident": fact.opens_incident,
                "is_flapping": episode.is_flapping,
            }
        case FactKind.RESOLVED:
            assert episode.resolved_at is not None
            event = AlertResolved
            payload |= {"fault_class": episode.fault_class, "resolved_by": episode.resolved_by, "resolved_at": episode.resolved_at.isoformat()}
        case FactKind.ACKNOWLEDGED:
            event = AlertAcknowledged
        case FactKind.FLAPPING:
            event, after = AlertFlapping, {}
            payload |= {"turns": episode.refires + 1}
    return Record(
        event=event,
        payload=payload,
        subject=Ref("alert", episode.public_id, episode.summary[:120]),
        under=(part.ref,) if part else (),
        before={"state": fact.before} if fact.before else None,
        after=after or None,
    )
