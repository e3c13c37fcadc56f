"""The kernel's own sweeps: the relay and the sealer."""

from datetime import datetime, timedelta

from django.db import connection

from kernel.journal.relay import oldest_undelivered, relay_batch
from kernel.journal.seals import seal_journal
from kernel.models import Seal
from kernel.sweeps import for_a_turn, sweep


@sweep("relay", every=timedelta(seconds=0.5), queue="clocks", oldest=oldest_undelivered, late_after=timedelta(seconds=5))
def relay_for_a_turn() -> int:
    """A backlog of entries must not hold up the deadlines, which run on the same workers."""
    return for_a_turn(relay_batch)


def oldest_unsealed() -> datetime | None:
    """When the oldest entry that no seal holds yet was recorded."""
    last = Seal.objects.order_by("-number").values_list("last_txid", "last_id").first() or (0, 0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT at FROM kernel_entry WHERE (txid, id) > (%s, %s) ORDER BY txid, id LIMIT 1", list(last))
        row = cursor.fetchone()
    return row[0] if row else None


sweep("seals", every=timedelta(seconds=5), queue="default", oldest=oldest_unsealed, late_after=timedelta(seconds=60))(seal_journal)
