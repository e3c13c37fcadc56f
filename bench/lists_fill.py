"""Fills a database with many alerts and incidents; run inside `manage.py shell`, where Django is set up."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection

from contingency.catalog.models import Part, Side
from contingency.org.models import Roster, Unit
from incidents.response.models import Incident, IncidentAlert
from kernel import clock
from monitoring.alerts.models import Alert, Source
from monitoring.alerts.services.words import words_write

FAULTS = ("software", "hardware", "network", "data")
# Two of a hundred fire, two are acknowledged, the rest is over; a fifth says something in Chinese; a tenth is of no part.
_ALERTS = """
INSERT INTO alerts_alert (public_id, version, source_id, dedup_key, episode_start, state, severity, summary, description, labels, annotations,
    part_id, fault_class, opens_incident, times_seen, first_seen_at, last_seen_at, group_key, is_group_cut, generator_url, resolved_at,
    resolved_by, refires, is_flapping)
SELECT gen_random_uuid(), 1, %(source)s, 'bench-' || n, at, state, (ARRAY['critical', 'error', 'warning', 'info'])[1 + n %% 4],
    CASE WHEN n %% 5 = 0 THEN (ARRAY['订单系统支付超时', '库存同步失败', '数据库连接池耗尽', '网络专线抖动'])[1 + n %% 4]
              || ' 第' || n %% 97 || '号机房'
         ELSE 'Orders are refused by node ' || n %% 997 || ' in hall ' || n %% 7 END,
    'More than 5 %% failed for a minute.',
    jsonb_build_object('alertname', 'OrdersFailing' || n %% 50, 'service', 'orders', 'instance', '10.0.' || n %% 250 || '.' || n %% 200 || ':9100'),
    '{}', CASE WHEN n %% 10 > 0 THEN (%(parts)s::bigint[])[1 + n %% array_length(%(parts)s::bigint[], 1)] END,
    CASE WHEN n %% 10 > 0 THEN (ARRAY['software', 'hardware', 'network', 'data'])[1 + n %% 4] ELSE '' END, false, 1 + n %% 9, at, at,
    'group ' || n %% 40, false, '', CASE WHEN state = 'resolved' THEN at + interval '5 minutes' END,
    CASE WHEN state = 'resolved' THEN 'sender' ELSE '' END,
    0, n %% 50 = 0
FROM (SELECT n, now() - (%(count)s - n) * interval '20 seconds' AS at,
             CASE n %% 50 WHEN 3 THEN 'firing' WHEN 4 THEN 'acknowledged' ELSE 'resolved' END AS state
      FROM generate_series(1, %(count)s) AS n) AS many
"""


def fill(*, alerts: int, incidents: int) -> None:
    """Parts where there are none, then alerts, then incidents that some of them joined; statistics as autovacuum would keep them."""
    parts = _parts()
    source = Source.objects.create(kind="generic", name="bench lists", created_at=clock.now())
    with connection.cursor() as cursor:
        cursor.execute(_ALERTS, {"source": source.pk, "parts": [part.pk for part in parts], "count": alerts})
        while words_write():
            pass
    _incidents(parts, incidents)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _parts() -> list[Part]:
    unit = Unit.objects.filter(path__startswith="/leadership/technology/").order_by("path").last() or Unit.objects.latest("id")
    roster = Roster.objects.earliest("id")
    for number, name_zh in enumerate(("支付网关", "库存系统", "订单系统", "专线"), start=1):
        part = Part.objects.create(
            slug=f"bench-{number}", name_en=f"Bench part {number}", name_zh=name_zh, kind="order_system", unit=unit, roster=roster, chain="technical"
        )
        Side.objects.create(part=part, role="primary", name="A", url="http://127.0.0.1:9/a")
    return list(Part.objects.filter(slug__startswith="bench-"))


def _incidents(parts: list[Part], count: int) -> None:
    now = clock.now()
    titles = ("Orders cannot be paid", "订单系统支付超时", "库存同步失败", "Stock is not updated", "专线抖动")
    rows = []
    for number in range(count):
        at = now - timedelta(minutes=count - number)
        part, fault_class = parts[number % len(parts)], FAULTS[number // len(parts) % len(FAULTS)]
        is_open = number >= count - len(parts) * len(FAULTS)  # one open per part and class, as the database demands
        over = {} if is_open else {"resolved_at": at, "reviewed_at": at, "report_accepted_at": at, "closed_at": at}
        rows.append(
            Incident(
                number=f"INC-2020-{number + 1:05d}", part=part, fault_class=fault_class, title=f"{titles[number % 5]} {number}",
                state="confirmed" if is_open else "closed", detected_by="alert", grade=("general", "severe", "major")[number % 3],
                proposed_grade="general", failing_since=at, discovered_at=at, confirmed_at=at, **over,
            )
        )  # fmt: skip
    made = Incident.objects.bulk_create(rows, batch_size=1_000)
    keys = Alert.objects.order_by("-pk").values_list("pk", flat=True)[: len(made)]
    IncidentAlert.objects.bulk_create(
        [IncidentAlert(incident=incident, alert_id=key, joined_at=now) for incident, key in zip(reversed(made), keys, strict=False)], batch_size=1_000
    )
