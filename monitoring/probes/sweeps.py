"""Work of this room that comes round."""

from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q

from kernel import clock
from kernel.sweeps import sweep
from monitoring.probes.models import Probe
from monitoring.probes.services import probes_run

KEEP_SAMPLES = timedelta(days=30)
_PRUNED_AT_ONCE = 10_000  # rows of one statement


def _due_since() -> datetime | None:
    now = clock.now()
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    due = Probe.objects.filter(free, next_at__lte=now).exclude(state=Probe.State.PAUSED)
    return due.order_by("next_at").values_list("next_at", flat=True).first()


@sweep("probes", every=timedelta(seconds=1), queue="probes", oldest=_due_since)
def probes() -> int:
    """Look at every probe that is due."""
    return probes_run()


@sweep("samples_prune", every=timedelta(minutes=10), queue="default", late_after=timedelta(days=1), oldest=lambda: None)
def samples_prune() -> int:
    """Remove samples older than a month, some thousands at a time, oldest first."""
    before = clock.now() - KEEP_SAMPLES
    removed: int = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                "DELETE FROM probes_sample WHERE at < %s AND id IN (SELECT id FROM probes_sample ORDER BY id LIMIT %s)", [before, _PRUNED_AT_ONCE]
            )
            removed += int(cursor.rowcount)
            if cursor.rowcount < _PRUNED_AT_ONCE:
                return removed
