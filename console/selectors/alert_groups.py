"""Alerts of one part and one cause, counted where they are stored: only the groups of a page come over, however many alerts match."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.db.models.fields.json import KeyTextTransform

from monitoring.alerts.models import Alert

SEVERITIES = ("critical", "error", "warning", "info")
WINDOW = 2_000  # alerts that are grouped: the newest of what matches
GROUPS, IN_GROUP = 10, 3  # together as many rows as a page of the flat list
_COLUMNS = ("id", "part_id", "group_key", "name", "summary", "severity", "first_seen_at", "last_seen_at", "times_seen", "is_flapping")

# An alert that is found in two ways is counted once. `found` has one row more than the window when there were more.
_GROUPED = """
WITH found AS MATERIALIZED (SELECT DISTINCT ON (id) * FROM ({ways}) AS every_way ORDER BY id DESC LIMIT %s),
named AS (
    SELECT *, CASE WHEN group_key <> '' THEN 'k:' || group_key WHEN name <> '' THEN 'n:' || name ELSE 's:' || left(summary, 200) END AS cause
    FROM found ORDER BY id DESC LIMIT %s
)
SELECT part_id, cause, (%s::varchar[])[min(array_position(%s::varchar[], severity))], count(*), sum(times_seen),
       count(*) FILTER (WHERE is_flapping), min(first_seen_at), max(last_seen_at), (array_agg(id ORDER BY id DESC))[1:%s],
       (SELECT count(*) FROM found) > %s
FROM named GROUP BY part_id, cause
ORDER BY min(array_position(%s::varchar[], severity)), max(id) DESC LIMIT %s OFFSET %s
"""


@dataclass
class Group:
    """Alerts of one part and one cause. `newest`: keys of the newest of them, at most IN_GROUP."""

    part_id: int | None
    cause: str
    severity: str
    count: int
    times_seen: int
    flapping: int
    first_seen_at: datetime
    last_seen_at: datetime
    newest: list[int]
    part: Any = None
    title: str = ""
    query: str = ""
    rows: list[Any] = field(default_factory=list)

    @property
    def id(self) -> str:
        """What the page calls it."""
        return f"group-{self.newest[0]}"

    @property
    def more(self) -> int:
        """How many of it are not shown here."""
        return self.count - len(self.rows)


def groups_of(ways: Sequence[QuerySet[Alert]], *, skipped: int) -> tuple[list[Group], bool, bool]:
    """A page of groups of what any of the queries gives, worst first; whether more groups follow; whether there were more alerts than
    are grouped. One query."""
    texts: list[str] = []
    parameters: list[Any] = []
    for way in ways:
        light = way.select_related(None).annotate(name=KeyTextTransform("alertname", "labels")).order_by("-pk")
        try:
            text, values = light.values(*_COLUMNS)[: WINDOW + 1].query.sql_with_params()
        except EmptyResultSet:  # the framework knows that nothing can match
            continue
        texts.append(f"({text})")
        parameters += values
    if not texts:
        return [], False, False
    ranks = list(SEVERITIES)
    parameters += [WINDOW + 1, WINDOW, ranks, ranks, IN_GROUP, WINDOW, ranks, GROUPS + 1, skipped]
    with connection.cursor() as cursor:
        cursor.execute(_GROUPED.replace("{ways}", " UNION ALL ".join(texts)), parameters)
        found = cursor.fetchall()
    groups = [Group(*values) for *values, _is_cut in found[:GROUPS]]
    return groups, len(found) > GROUPS, bool(found and found[0][-1])
