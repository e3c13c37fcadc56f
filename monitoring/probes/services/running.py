"""Looking at what is due: claim, commit, look at all of it on one loop, commit what was seen."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog
from django.db import connection, transaction

from kernel import clock, faultpoints, fsm, journal
from kernel.actors import SYSTEM
from kernel.journal import Record
from monitoring.alerts.adapters.alertin import Action, AlertIn, Reading
from monitoring.alerts.services.filing import Filing, Home
from monitoring.alerts.services.intake import again_when_changed, intake_store
from monitoring.probes.events import ProbeFailed, ProbeRecovered
from monitoring.probes.looking import Look, Rules, Target, look
from monitoring.probes.models import Probe, Sample
from monitoring.probes.problems import alert_words
from monitoring.probes.services.own_source import own_source
from monitoring.probes.services.rules import rules_in_force

log = structlog.get_logger("monitoring")
AT_ONCE = 200  # probes on the loop
CLAIM = 50  # probes taken in one statement
FLUSH_EVERY_S = 0.25  # what was seen is committed this often, so that one silent target holds up nobody's result
CLAIMING_FOR_S = 20.0  # then this run ends and the next poke goes on
LEASE = timedelta(seconds=10)  # beyond the timeout: then another run may look

# materialised: as a plain subquery the planner may run it once for each row of the other side, and so claim more than the limit
_CLAIM = """
WITH due AS MATERIALIZED (
    SELECT q.id, present.moment FROM (SELECT switchback_now() AS moment) AS present
    CROSS JOIN LATERAL (
        SELECT id FROM probes_probe
        WHERE state <> 'paused' AND next_at <= present.moment AND (lease_until IS NULL OR lease_until < present.moment)
        ORDER BY next_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    ) AS q
)
UPDATE probes_probe AS p SET
    lease_until = due.moment + make_interval(secs => p.timeout_ms / 1000.0 + %(lease_s)s),
    next_at = p.next_at + p.every * (floor(extract(epoch FROM due.moment - p.next_at) / extract(epoch FROM p.every)) + 1)
FROM due WHERE p.id = due.id
RETURNING p.id, p.kind, p.target, p.timeout_ms, p.metric
"""


class Seen(NamedTuple):
    """One look that is over."""

    probe_id: int
    look: Look


def probes_run() -> int:
    """Look at every probe that is due, and at those that fall due meanwhile. Returns how many were looked at.

    Safe in parallel: a probe is claimed with a lease. A silent target ends by its own timeout and holds up no other.
    """
    seen = 0
    with _looking_loop() as (start, results):
        pending = 0
        stop_claiming = time.monotonic() + CLAIMING_FOR_S
        while True:
            claimed = _claim(min(CLAIM, AT_ONCE - pending)) if time.monotonic() < stop_claiming and pending < AT_ONCE else []
            if claimed:
                faultpoints.hit("probe.after_claim")
                rules = rules_in_force()
                for probe_id, target in claimed:
                    start(probe_id, target, rules)
                pending += len(claimed)
            if not pending:
                return seen
            done = _collect(results, FLUSH_EVERY_S)
            if done:
                record(done)
                pending -= len(done)
                seen += len(done)


def _claim(limit: int) -> list[tuple[int, Target]]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"lease_s": LEASE.total_seconds(), "limit": limit})
        return [
            (probe_id, Target(kind=kind, address=target, timeout_s=timeout_ms / 1000, metric=metric))
            for probe_id, kind, target, timeout_ms, metric in cursor.fetchall()
        ]


def _collect(results: queue.SimpleQueue[Seen], seconds: float) -> list[Seen]:
    """What is over by then; returns early only when nothing at all came before."""
    found: list[Seen] = []
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        try:
            found.append(results.get(timeout=left))
        except queue.Empty:
            break
    return found


class _Start:
    """Puts a look onto the loop of the other thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, results: queue.SimpleQueue[Seen]) -> None:
        self._loop, self._results = loop, results

    def __call__(self, probe_id: int, target: Target, rules: Rules) -> None:
        asyncio.run_coroutine_threadsafe(self._look(probe_id, target, rules), self._loop)

    async def _look(self, probe_id: int, target: Target, rules: Rules) -> None:
        try:
            seen = await look(target, rules)
        except Exception:
            log.error("probe_look_failed", kind=target.kind, exc_info=True)  # noqa: G201
            seen = Look(False, 0, "unforeseen")
        self._results.put(Seen(probe_id, seen))


@contextmanager
def _looking_loop() -> Iterator[tuple[_Start, queue.SimpleQueue[Seen]]]:
    """One event loop in a thread of its own: the database stays in this thread."""
    results: queue.SimpleQueue[Seen] = queue.SimpleQueue()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="probes", daemon=True)
    thread.start()
    try:
        yield _Start(loop, results), results
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


# -- what was seen --------------------------------------------------------------------------------------------------------------


@again_when_changed
@transaction.atomic
def record(seen: Iterable[Seen]) -> None:
    """Write samples, states, entries and alerts of these looks in one transaction."""
    looks = {item.probe_id: item.look for item in seen}
    now = clock.now()
    probes = list(
        Probe.objects.select_for_update(of=("self",)).filter(pk__in=looks).exclude(state="paused").select_related("part", "side").order_by("pk")
    )
    Sample.objects.bulk_create([_sample(probe, looks[probe.pk], now) for probe in probes])
    failed, recovered = [], []
    for probe in probes:
        before = probe.state
        was_since = probe.failing_since
        _note(probe, looks[probe.pk], now)
        if probe.last_is_ok and before != Probe.State.HEALTHY:
            fsm.move(probe, probe.recover, at=now)
            recovered.append((probe, before, was_since))
        elif not probe.last_is_ok and before != Probe.State.FAILING and probe.failures >= probe.fail_after:
            fsm.move(probe, probe.fail, at=now)
            failed.append(probe)
    _save_looks(probes)
    records = [_failed(probe) for probe in failed] + [_recovered(probe, before, since, now) for probe, before, since in recovered]
    journal.record_many(records, actor=SYSTEM)
    _file(failed, [probe for probe, before, _since in recovered if before == Probe.State.FAILING])


def _sample(probe: Probe, seen: Look, now: datetime) -> Sample:
    value = seen.value if probe.kind == Probe.Kind.METRIC else float(seen.took_ms)
    return Sample(series_id=probe.series_id, at=now, value=value, is_ok=seen.is_ok)


def _note(probe: Probe, seen: Look, now: datetime) -> None:
    probe.last_at, probe.last_is_ok, probe.last_took_ms, probe.last_problem = now, seen.is_ok, seen.took_ms, seen.problem[:40]
    probe.lease_until = None
    if seen.is_ok:
        probe.failures, probe.failing_since = 0, None
    else:
        probe.failures += 1
        probe.failing_since = probe.failing_since or now


_LOOK_FIELDS = ["last_at", "last_is_ok", "last_took_ms", "last_problem", "lease_until", "failures", "failing_since"]


def _save_looks(probes: list[Probe]) -> None:
    Probe.objects.bulk_update(probes, _LOOK_FIELDS)


def _failed(probe: Probe) -> Record:
    assert probe.failing_since is not None
    event = ProbeFailed(
        probe_id=probe.public_id,
        part_id=probe.part.public_id,
        side=probe.side.role if probe.side else "",
        problem=probe.last_problem,
        failures=probe.failures,
        failing_since=probe.failing_since,
    )
    return Record(event=event, subject=probe, under=[probe.part], before={"state": "healthy"}, after={"state": "failing"})


def _recovered(probe: Probe, before: str, since: datetime | None, now: datetime) -> Record:
    event = ProbeRecovered(
        probe_id=probe.public_id,
        part_id=probe.part.public_id,
        side=probe.side.role if probe.side else "",
        is_first=before == Probe.State.UNKNOWN,
        failed_for_s=(now - since).total_seconds() if since else 0.0,
    )
    return Record(event=event, subject=probe, under=[probe.part], before={"state": before}, after={"state": "healthy"})


def _file(failed: list[Probe], recovered: list[Probe]) -> None:
    """Tell the intake, by the same way as any monitoring tool."""
    filings = [_filing(probe, Action.TRIGGER) for probe in failed] + [_filing(probe, Action.RESOLVE) for probe in recovered]
    if filings:
        intake_store(filings)


def _filing(probe: Probe, action: Action) -> Filing:
    alert = AlertIn(
        dedup_key=f"probe:{probe.public_id}",
        action=action,
        summary=alert_words(probe.name, probe.last_problem) if action is Action.TRIGGER else probe.name,
        severity=probe.severity,
        labels={
            "alertname": "ProbeFailing",
            "probe": probe.name,
            "part": probe.part.slug,
            "side": probe.side.role if probe.side else "",
            "kind": probe.kind,
        },
        starts_at=probe.failing_since if action is Action.TRIGGER else None,
    )
    return Filing(source=own_source(), format="probe", reading=Reading([alert]), body=b"", home=Home(probe.part_id, probe.fault_class))
