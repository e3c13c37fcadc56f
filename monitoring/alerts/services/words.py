"""Writing down by which words alerts are found."""

from __future__ import annotations

from django.db import connection, transaction

from kernel.sweeps import for_a_turn

_BATCH = 1_000  # alerts of one transaction, some 60 ms
_ONE_AT_A_TIME = 5120  # our advisory lock: an older text must not be written after a newer one

_WRITE = """
WITH due AS (DELETE FROM alerts_search_due WHERE id IN (SELECT id FROM alerts_search_due ORDER BY id LIMIT %s) RETURNING alert_id)
INSERT INTO alerts_search (alert_id, terms)
SELECT a.id, array_to_tsvector(switchback_terms(left(concat_ws(' ', a.summary, l.text, s.name), 20000)))
FROM (SELECT DISTINCT alert_id FROM due) d
JOIN alerts_alert a ON a.id = d.alert_id
JOIN alerts_source s ON s.id = a.source_id
LEFT JOIN LATERAL (SELECT string_agg(concat_ws(' ', key, value), ' ') AS text FROM jsonb_each_text(a.labels)) l ON true
ON CONFLICT (alert_id) DO UPDATE SET terms = excluded.terms
"""


def words_write() -> int:
    """Write the words of alerts that came or changed since. Returns how many."""
    return for_a_turn(_write_batch)


@transaction.atomic
def _write_batch() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_ONE_AT_A_TIME])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(_WRITE, [_BATCH])
        return int(cursor.rowcount)
