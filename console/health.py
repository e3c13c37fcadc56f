"""Is the console well? Shallow for load balancers, deep for those who watch it from outside, and the figures behind."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from kernel import clock, sweeps
from monitoring.alerts import metrics as intake
from notify import selectors as notify

TIMER_LATE = timedelta(seconds=30)
PAGE_LATE = timedelta(seconds=60)

_OLDEST_TIMER = "SELECT min(due_at) FROM kernel_deadline WHERE fired_at IS NULL AND cancelled_at IS NULL AND due_at <= switchback_now()"


@dataclass(frozen=True)
class Health:
    """What the deep look found."""

    now: datetime
    oldest_timer: timedelta
    oldest_page: timedelta

    @property
    def is_well(self) -> bool:
        """No timer over 30 s and no page over 60 s behind."""
        return self.oldest_timer <= TIMER_LATE and self.oldest_page <= PAGE_LATE

    def as_dict(self) -> dict[str, object]:
        """For the answer."""
        return {
            "ok": self.is_well,
            "oldest_due_timer_s": round(self.oldest_timer.total_seconds(), 1),
            "oldest_unsent_page_s": round(self.oldest_page.total_seconds(), 1),
        }


def deep() -> Health:
    """Three short queries. Raises DatabaseError when Postgres is away."""
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(_OLDEST_TIMER)
        timer: datetime | None = cursor.fetchone()[0]
    page = notify.oldest_unsent()
    return Health(now, _age(timer, now), _age(page, now))


def _age(moment: datetime | None, now: datetime) -> timedelta:
    return max(now - moment, timedelta(0)) if moment is not None else timedelta(0)


def metrics() -> bytes:
    """Prometheus text: how late each sweep is, what waits, whether we are well. Made fresh for each scrape."""
    registry = CollectorRegistry()
    lateness = Gauge("switchback_sweep_oldest_seconds", "Age of the oldest undone row of each sweep", ["sweep"], registry=registry)
    for name, age in sweeps.lateness().items():
        lateness.labels(name).set(age.total_seconds())
    promised = Gauge("switchback_sweep_promised_seconds", "From when a sweep counts as late", ["sweep"], registry=registry)
    for sweep in sweeps.all_sweeps():
        promised.labels(sweep.name).set(sweep.late_after.total_seconds())
    health = deep()
    Gauge("switchback_oldest_due_timer_seconds", "Age of the oldest due and unfired deadline", registry=registry).set(
        health.oldest_timer.total_seconds()
    )
    Gauge("switchback_oldest_unsent_page_seconds", "Age of the oldest message that could go out", registry=registry).set(
        health.oldest_page.total_seconds()
    )
    Gauge("switchback_well", "1 when the deep health check passes", registry=registry).set(1 if health.is_well else 0)
    _counts(registry)
    return generate_latest(registry) + generate_latest(intake.REGISTRY)


def _counts(registry: CollectorRegistry) -> None:
    open_rows = Gauge("switchback_open", "Open records by kind and state", ["kind", "state"], registry=registry)
    with connection.cursor() as cursor:
        for kind, sql in _COUNTED.items():
            cursor.execute(sql)
            for state, count in cursor.fetchall():
                open_rows.labels(kind, state).set(count)


_COUNTED = {
    "incident": "SELECT state, count(*) FROM response_incident WHERE state NOT IN ('closed', 'false_alarm', 'merged') GROUP BY state",
    "alert": "SELECT state, count(*) FROM alerts_alert WHERE state IN ('firing', 'acknowledged') GROUP BY state",
    "delivery": "SELECT state, count(*) FROM kernel_delivery WHERE state IN ('pending', 'dead') GROUP BY state",
}
