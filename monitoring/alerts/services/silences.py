"""Silences: made with a reason and an end; what still fires at the end is announced then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import models, transaction
from django.utils.translation import gettext as _

from contingency.catalog.models import Part
from contingency.org.roles import OPS_ENGINEER, TEAM_LEAD
from kernel import clock, fsm, journal
from kernel.actors import SYSTEM, Actor
from kernel.errors import Invalid, NotFound, ReasonRequired
from kernel.journal import Record
from kernel.permissions import require
from monitoring.alerts import directory as directories
from monitoring.alerts.directory import DEFAULT_OPENING
from monitoring.alerts.errors import SilenceTooLong
from monitoring.alerts.events import AlertRaised, SilenceCreated, SilenceEnded
from monitoring.alerts.models import Alert, Silence

# How long who may silence; the longest of one's roles counts (the table of roles and actions in docs/developers/moves.md).
LONGEST_HOURS = {OPS_ENGINEER: 2, TEAM_LEAD: 24}
_ANNOUNCED_AT_ONCE = 500  # alerts; a silence that covered more announces the rest in the next turn of the sweep


@transaction.atomic
def silence_create(*, actor: Actor, reason: str = "", ends_at: datetime, part: UUID | None = None, matchers: dict[str, str] | None = None) -> Silence:
    """Let alerts of a part, or with these labels, open no incident until then. They are stored and counted all the same.

    Raises NotPermitted, ReasonRequired, Invalid, SilenceTooLong.
    """
    found = Part.objects.select_related("unit").filter(public_id=part).first() if part else None
    if part and found is None:
        raise NotFound(kind="part")
    now = clock.now()
    silence = _silence(part=found, matchers=matchers or {}, reason=reason, now=now, ends_at=ends_at, actor=actor)
    require(actor, "monitoring.silence_create", silence)
    if not silence.reason:
        raise ReasonRequired(action=_("Silence alerts"))
    if found is None and not silence.matchers:
        raise Invalid(field="matchers", problem=_("name a part or labels."))
    if ends_at <= now:
        raise Invalid(field="ends_at", problem=_("this has passed already."))
    _check_length(actor, ends_at - now)
    return _put(silence, under=[], actor=actor)


def silence_put(*, part: Part, lasts: timedelta, reason: str, under: Sequence[models.Model], actor: Actor) -> Silence:
    """A room above silences a part's alerts by a move of its own, which has asked who may do that and for how long.

    `under`: whose timelines the entry joins besides the part's. Runs in the caller's transaction.
    """
    now = clock.now()
    silence = _silence(part=part, matchers={}, reason=reason, now=now, ends_at=now + lasts, actor=actor)
    return _put(silence, under=under, actor=actor)


def silence_lift(*, silence: Silence, under: Sequence[models.Model], actor: Actor, reason: str = "") -> None:
    """The room above ends its silence; one that has ended already stays as it is. Runs in the caller's transaction."""
    silence = Silence.lock(silence.public_id)
    if silence.state == Silence.State.IN_FORCE:
        _end([silence], actor=actor, reason=reason, now=clock.now(), under=under)


def _silence(*, part: Part | None, matchers: dict[str, str], reason: str, now: datetime, ends_at: datetime, actor: Actor) -> Silence:
    return Silence(part=part, matchers=matchers, reason=reason.strip(), starts_at=now, ends_at=ends_at, created_by=actor.label[:200])


def _put(silence: Silence, *, under: Sequence[models.Model], actor: Actor) -> Silence:
    silence.save()
    part = silence.part
    event = SilenceCreated(silence_id=silence.public_id, part_id=part.public_id if part else None, matchers=silence.matchers, ends_at=silence.ends_at)
    journal.record(event, subject=silence, under=[*([part] if part else []), *under], actor=actor, reason=silence.reason)
    return silence


@transaction.atomic
def silence_end(*, public_id: UUID, version: int, actor: Actor, reason: str = "") -> Silence:
    """End a silence before its time; what still fires is announced. Raises NotPermitted, InvalidTransition."""
    silence = Silence.lock(public_id, version=version)
    require(actor, "monitoring.silence_end", silence)
    _end([silence], actor=actor, reason=reason, now=clock.now())
    return silence


def silences_expire() -> int:
    """End the silences whose time is over."""
    ended = 0
    while batch := _expire_batch(limit=50):
        ended += batch
    return ended


@transaction.atomic
def _expire_batch(*, limit: int) -> int:
    now = clock.now()
    due = Silence.objects.select_for_update(skip_locked=True, of=("self",)).filter(state="in_force", ends_at__lte=now).order_by("ends_at")[:limit]
    silences = list(due)
    if silences:
        _end(silences, actor=SYSTEM, reason="", now=now)
    return len(silences)


def _check_length(actor: Actor, length: timedelta) -> None:
    if actor.kind == "system":
        return
    hours = max((LONGEST_HOURS[role] for role in actor.roles if role in LONGEST_HOURS), default=0)
    if length > timedelta(hours=hours):
        raise SilenceTooLong(hours=hours)


def _end(silences: Sequence[Silence], *, actor: Actor, reason: str, now: datetime, under: Sequence[models.Model] = ()) -> None:
    for silence in silences:
        fsm.move(silence, silence.end, at=now)
        announced = _announce(silence, now=now)
        journal.record(
            SilenceEnded(silence_id=silence.public_id, announced=announced),
            subject=silence,
            under=[*([silence.part] if silence.part else []), *under],
            actor=actor,
            reason=reason,
        )


def _announce(silence: Silence, *, now: datetime) -> int:
    """Tell of alerts that this silence kept quiet and that still fire: they may open incidents now."""
    directory = directories.load()  # in this transaction, so without the silence that ends
    found = Alert.objects.select_for_update(of=("self",)).filter(state=Alert.State.FIRING, opens_incident=False, part__isnull=False)
    found = found.filter(labels__contains=silence.matchers) if silence.matchers else found
    found = found.filter(part=silence.part) if silence.part else found
    records = []
    for alert in found.select_related("part", "source", "fault_kind").order_by("id")[:_ANNOUNCED_AT_ONCE]:
        if not _opens(alert, directory, now):
            continue
        alert.opens_incident, alert.announced_at, alert.announce_at = True, now, None
        alert.save(update_fields=["opens_incident", "announced_at", "announce_at"])
        records.append(Record(event=raised(alert), subject=alert, under=[alert.part]))
    directories.forget()  # what was read inside an open transaction must not outlive it
    journal.record_many(records, actor=SYSTEM)
    return len(records)


def _opens(alert: Alert, directory: directories.Directory, now: datetime) -> bool:
    if directory.is_silenced(alert.part_id, alert.labels, now):
        return False
    matcher = directory.matcher_for(alert.labels)
    return alert.severity in (matcher.severities if matcher is not None else DEFAULT_OPENING)


def raised(alert: Alert) -> AlertRaised:
    """The entry that tells of an alert that fires."""
    return AlertRaised(
        alert_id=alert.public_id,
        source_id=alert.source.public_id,
        part_id=alert.part.public_id if alert.part else None,
        fault_class=alert.fault_class,
        fault_kind=alert.fault_kind.slug if alert.fault_kind else "",
        severity=alert.severity,
        summary=alert.summary,
        started_at=alert.started_at,
        opens_incident=alert.opens_incident,
        is_flapping=alert.is_flapping,
    )
