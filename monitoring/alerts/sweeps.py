"""Work of this room that comes round."""

from datetime import datetime, timedelta

from django.db import connection

from kernel import clock
from kernel.sweeps import sweep
from monitoring.alerts.models import Alert, AlertWordsDue, IntakeBody, OrphanResolve, Silence
from monitoring.alerts.services import alerts, heartbeats, replay, silences, words

KEEP_BODIES = timedelta(days=14)  # raw bodies and ends without a beginning; alerts themselves are kept
_PRUNED_AT_ONCE = 5_000  # rows of one statement


def _expired_since() -> datetime | None:
    due = Alert.objects.filter(state__in=["firing", "acknowledged"], expires_at__lte=clock.now())
    return due.order_by("expires_at").values_list("expires_at", flat=True).first()


def _held_back_since() -> datetime | None:
    return Alert.objects.filter(announce_at__lte=clock.now()).order_by("announce_at").values_list("announce_at", flat=True).first()


@sweep("alerts_expire", every=timedelta(seconds=2), queue="default", oldest=_expired_since)
def alerts_expire() -> int:
    """Resolve what refreshing sources no longer repeat."""
    return alerts.alerts_expire()


@sweep("alerts_announce", every=timedelta(seconds=2), queue="default", oldest=_held_back_since)
def alerts_announce() -> int:
    """Tell of flapping alerts that were held back and still fire."""
    return alerts.alerts_announce()


@sweep("heartbeats_overdue", every=timedelta(seconds=2), queue="default", oldest=heartbeats.overdue_since)
def heartbeats_overdue() -> int:
    """Raise alerts for jobs that have not reported in time."""
    return heartbeats.heartbeats_overdue()


def _silence_over_since() -> datetime | None:
    return Silence.objects.filter(state="in_force", ends_at__lte=clock.now()).order_by("ends_at").values_list("ends_at", flat=True).first()


@sweep("silences_expire", every=timedelta(seconds=2), queue="default", oldest=_silence_over_since)
def silences_expire() -> int:
    """End silences whose time is over, and announce what still fires."""
    return silences.silences_expire()


def _spooled_since() -> datetime | None:
    oldest = replay.spool_oldest()
    return oldest + clock.offset() if oldest is not None else None


@sweep("spool_replay", every=timedelta(seconds=3), queue="default", oldest=_spooled_since)
def spool_replay() -> int:
    """Store what came while Postgres was away."""
    return replay.spool_replay()


def _unfindable_since() -> datetime | None:
    return AlertWordsDue.objects.order_by("id").values_list("at", flat=True).first()


@sweep("alert_words", every=timedelta(seconds=1), queue="default", late_after=timedelta(minutes=5), oldest=_unfindable_since)
def alert_words() -> int:
    """Make new alerts findable by their words. Nothing but the search waits for it."""
    return words.words_write()


@sweep("intake_prune", every=timedelta(minutes=10), queue="default", late_after=timedelta(days=1), oldest=lambda: None)
def intake_prune() -> int:
    """Remove raw bodies and ends without a beginning that are older than two weeks, some thousands at a time."""
    before = clock.now() - KEEP_BODIES
    return sum(_prune(model._meta.db_table, before) for model in (IntakeBody, OrphanResolve))


def _prune(table: str, before: datetime) -> int:
    removed = 0
    with connection.cursor() as cursor:
        while True:
            # the oldest come first by id; a window of ids keeps the statement short on a table of millions
            cursor.execute(
                f'DELETE FROM "{table}" WHERE received_at < %s AND id IN (SELECT id FROM "{table}" ORDER BY id LIMIT %s)',  # noqa: S608 - our own tables
                [before, _PRUNED_AT_ONCE],
            )
            removed += int(cursor.rowcount)
            if cursor.rowcount < _PRUNED_AT_ONCE:
                return removed
