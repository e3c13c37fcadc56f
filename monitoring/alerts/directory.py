"""What every filing needs to know, kept in the process: sources and their keys, parts and matchers, silences in force.

Each process loads it once and compares a stamp in the transaction of every filing: a key revoked or a matcher changed a
moment ago is obeyed by the very next alert, and nothing is asked twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection

from contingency.catalog.models import Matcher, Part
from kernel.actors import Actor
from kernel.journal import Ref
from monitoring.alerts.adapters import severity
from monitoring.alerts.adapters.alertin import AlertIn
from monitoring.alerts.episodes import Route
from monitoring.alerts.models import Silence, Source, SourceKey
from monitoring.alerts.spool import KnownKey, Spool

KEY_LENGTH = 32  # characters; PagerDuty's clients check that
DEFAULT_OPENING = frozenset({severity.CRITICAL, severity.ERROR})  # severities that open an incident where no matcher says
# xmin tells two stamps apart even where a transaction that raised one was rolled back
STAMP_SQL = """concat_ws('/', (SELECT number || ':' || xmin FROM alerts_intake_stamp WHERE id = 1),
                              (SELECT number || ':' || xmin FROM catalog_routingstamp WHERE id = 1))"""


@dataclass(frozen=True, kw_only=True)
class KnownSource:
    """A source as the intake needs it."""

    id: int
    public_id: UUID
    name: str
    kind: str
    default_part_id: int | None
    default_fault_class: str
    default_severity: str
    severity_map: Mapping[str, str]
    mapping: Mapping[str, Any]
    actor: Actor


class KnownMatcher(NamedTuple):
    """A matcher as the intake needs it; the first in `rank` wins."""

    rank: tuple[int, int]
    part_id: int
    fault_class: str
    fault_kind_id: int | None
    severities: frozenset[str]


class KnownSilence(NamedTuple):
    """A silence in force, or soon to be."""

    part_id: int | None
    matchers: Mapping[str, str]
    starts_at: datetime
    ends_at: datetime


class KnownPart(NamedTuple):
    """A part's names: outside id, and how the journal calls it."""

    public_id: UUID
    ref: Ref


@dataclass(frozen=True, kw_only=True)
class Directory:
    """Everything as of one stamp. Never changed; replaced as a whole."""

    stamp: str
    sources: Mapping[int, KnownSource]
    keys: Mapping[str, int]  # digest → source
    parts: Mapping[int, KnownPart]
    kinds: Mapping[int, str] = field(default_factory=dict)  # fault kind → slug
    matchers: Mapping[str, Mapping[str, list[KnownMatcher]]]  # label → value → those that claim it
    silences: tuple[KnownSilence, ...]

    def source_of(self, key: str) -> KnownSource | None:
        """The source that this key belongs to."""
        source_id = self.keys.get(digest_of(key))
        return self.sources[source_id] if source_id is not None else None

    def route(self, source: KnownSource, alert: AlertIn, at: datetime, home: tuple[int, str] | None = None) -> Route:
        """Where an alert belongs: the first matcher among those for its labels, else its home, else the source's own part, else nowhere.

        `home`: part and fault class of alerts that the console raises itself.
        """
        grade = severity.of(alert.severity, source.severity_map, source.default_severity)
        found = self.matcher_for(alert.labels)
        if found is not None:
            opens = grade in found.severities and not self.is_silenced(found.part_id, alert.labels, at)
            return Route(grade, found.part_id, found.fault_class, found.fault_kind_id, opens)
        part_id, fault_class = home or (source.default_part_id, source.default_fault_class)
        if part_id is None:
            return Route(grade, None, "", None, False)
        opens = grade in DEFAULT_OPENING and not self.is_silenced(part_id, alert.labels, at)
        return Route(grade, part_id, fault_class, None, opens)

    def matcher_for(self, labels: Mapping[str, str]) -> KnownMatcher | None:
        """The matcher that claims an alert with these labels; None: no part claims it."""
        best: KnownMatcher | None = None
        for label, by_value in self.matchers.items():
            value = labels.get(label)
            for matcher in by_value.get(value, ()) if value is not None else ():
                if best is None or matcher.rank < best.rank:
                    best = matcher
        return best

    def is_silenced(self, part_id: int | None, labels: Mapping[str, str], at: datetime) -> bool:
        """Whether a silence in force covers such an alert."""
        return any(
            silence.starts_at <= at < silence.ends_at
            and (silence.part_id is None or silence.part_id == part_id)
            and all(labels.get(name) == value for name, value in silence.matchers.items())
            for silence in self.silences
        )


KnownKeys = Mapping[str, KnownKey]
_current: Directory | None = None
_clocks_apart = timedelta(0)  # how far the database's clock is ahead of this process', as last seen


def current() -> Directory:
    """The directory of this process; loaded when there is none yet. Raises OperationalError without a database."""
    return _current or load()


def authenticate(key: str) -> KnownSource | None:
    """The source of a key, None for a stranger's. Asks the database only for keys that are not known here."""
    if len(key) != KEY_LENGTH or not key.isascii():
        return None
    source = current().source_of(key)
    if source is None and SourceKey.objects.filter(digest=digest_of(key), revoked_at=None).exists():
        source = load().source_of(key)
    return source


def forget() -> None:
    """Load anew at the next use."""
    global _current
    _current = None


def load() -> Directory:
    """Read everything: six short queries. Also refreshes the local copy of the keys' digests."""
    global _current
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {STAMP_SQL}")  # first: what changes while we read makes the stamp old, never the content
        stamp = cursor.fetchone()[0]
    sources = {source.id: _known(source) for source in Source.objects.all()}
    keys = dict(SourceKey.objects.filter(revoked_at=None).values_list("digest", "source_id"))
    matchers: dict[str, dict[str, list[KnownMatcher]]] = {}
    kinds: dict[int, str] = {}
    for row in Matcher.objects.filter(part__retired_at=None).select_related("fault_kind"):
        known = KnownMatcher((row.order, row.id), row.part_id, row.fault_class, row.fault_kind_id, frozenset(row.severities))
        matchers.setdefault(row.label, {}).setdefault(row.value, []).append(known)
        if row.fault_kind is not None:
            kinds[row.fault_kind.id] = row.fault_kind.slug
    directory = Directory(
        stamp=stamp,
        sources=sources,
        keys=keys,
        parts={part.id: KnownPart(part.public_id, Ref("part", str(part.public_id), part.journal_label())) for part in Part.objects.all()},
        kinds=kinds,
        matchers=matchers,
        silences=tuple(
            KnownSilence(silence.part_id, silence.matchers, silence.starts_at, silence.ends_at)
            for silence in Silence.objects.filter(state="in_force")
        ),
    )
    spool().write_keys({digest: KnownKey(source_id=source_id, kind=sources[source_id].kind) for digest, source_id in keys.items()})
    _current = directory
    return directory


def _known(source: Source) -> KnownSource:
    return KnownSource(
        id=source.id,
        public_id=source.public_id,
        name=source.name,
        kind=source.kind,
        default_part_id=source.default_part_id,
        default_fault_class=source.default_fault_class,
        default_severity=source.default_severity,
        severity_map={str(word).lower(): str(ours) for word, ours in source.severity_map.items()},
        mapping=source.mapping,
        actor=Actor(kind="source", id=str(source.public_id), label=source.name),
    )


def note_clock(moment: datetime) -> None:
    """Remember how the database's clock goes, for when it cannot be asked."""
    global _clocks_apart
    _clocks_apart = moment - datetime.now(UTC)


def presumed_now() -> datetime:
    """The database's time as far as it can be known without the database."""
    return datetime.now(UTC) + _clocks_apart


def known_keys() -> KnownKeys:
    """The keys without asking the database: as this process knows them, else from the local copy."""
    if _current is None:
        return spool().read_keys()
    return {digest: KnownKey(source_id=source_id, kind=_current.sources[source_id].kind) for digest, source_id in _current.keys.items()}


def digest_of(key: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(key.encode("ascii", "replace")).hexdigest()


def spool() -> Spool:
    """The spool of this installation."""
    return Spool(settings.SPOOL_DIR)
