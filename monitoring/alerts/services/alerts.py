"""Moving alerts by hand, and by the time that passes."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from kernel import clock, fsm, journal
from kernel.actors import SYSTEM, Actor
from kernel.errors import ReasonRequired
from kernel.journal import Record
from kernel.permissions import require
from monitoring.alerts.events import AlertAcknowledged, AlertResolved
from monitoring.alerts.models import Alert
from monitoring.alerts.services.silences import raised

BATCH = 500  # rows of one transaction of a sweep


@transaction.atomic
def alert_acknowledge(*, public_id: UUID, version: int, actor: Actor, reason: str = "") -> Alert:
    """Say that somebody has seen it. Raises NotPermitted, InvalidTransition, Stale."""
    alert = Alert.lock(public_id, version=version)
    require(actor, "monitoring.alert_acknowledge", alert)
    fsm.move(alert, alert.acknowledge, at=clock.now())
    event = AlertAcknowledged(alert_id=alert.public_id, part_id=alert.part.public_id if alert.part else None)
    journal.record(event, subject=alert, under=[alert.part] if alert.part else [], actor=actor, reason=reason)
    return alert


@transaction.atomic
def alert_resolve(*, public_id: UUID, version: int, actor: Actor, reason: str = "") -> Alert:
    """End an alert by hand, with a reason: its source will not. Never ends an incident. Raises ReasonRequired and as above."""
    alert = Alert.lock(public_id, version=version)
    require(actor, "monitoring.alert_resolve", alert)
    if not reason.strip():
        raise ReasonRequired(action=alert.journal_label())
    fsm.move(alert, alert.resolve, at=clock.now(), by=Alert.ResolvedBy.PERSON)
    journal.record(_resolved(alert), subject=alert, under=[alert.part] if alert.part else [], actor=actor, reason=reason)
    return alert


def alerts_expire() -> int:
    """Resolve the alerts of refreshing sources that were not repeated in time."""
    expired = 0
    while batch := _expire_batch():
        expired += batch
    return expired


@transaction.atomic
def _expire_batch() -> int:
    now = clock.now()
    due = Alert.objects.select_for_update(skip_locked=True, of=("self",)).filter(state__in=["firing", "acknowledged"], expires_at__lte=now)
    alerts = list(due.select_related("part").order_by("expires_at")[:BATCH])
    fsm.move_many(alerts, "resolve", at=now, by=Alert.ResolvedBy.EXPIRED)
    journal.record_many(
        [Record(event=_resolved(alert), subject=alert, under=[alert.part] if alert.part else []) for alert in alerts if not _was_held_back(alert)],
        actor=SYSTEM,
    )
    return len(alerts)


def alerts_announce() -> int:
    """Tell of flapping alerts that were held back and still fire."""
    told = 0
    while batch := _announce_batch():
        told += batch
    return told


@transaction.atomic
def _announce_batch() -> int:
    now = clock.now()
    due = Alert.objects.select_for_update(skip_locked=True, of=("self",)).filter(announce_at__lte=now)
    alerts = list(due.select_related("part", "source", "fault_kind").order_by("announce_at")[:BATCH])
    for alert in alerts:
        alert.announced_at, alert.announce_at = now, None
    Alert.objects.bulk_update(alerts, ["announced_at", "announce_at"])
    records = [Record(event=raised(alert), subject=alert, under=[alert.part] if alert.part else []) for alert in alerts if alert.is_open]
    journal.record_many(records, actor=SYSTEM)
    return len(alerts)


def _was_held_back(alert: Alert) -> bool:
    """Its firing was never told, so its end is not either."""
    return alert.changes()[0].get("announce_at") is not None


def _resolved(alert: Alert) -> AlertResolved:
    assert alert.resolved_at is not None
    return AlertResolved(
        alert_id=alert.public_id,
        part_id=alert.part.public_id if alert.part else None,
        fault_class=alert.fault_class,
        resolved_by=alert.resolved_by,
        resolved_at=alert.resolved_at,
    )
