"""Looking: the gateways every second, business during an outage. Network first, then one short write."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from django.db import connection, transaction

from contingency.catalog.models import Part
from contingency.catalog.selectors import part_list
from incidents.switchover import selectors
from incidents.switchover.executors import GatewayView, Target, executor_for
from incidents.switchover.models import GatewaySample, Outage, PartCheck
from incidents.switchover.services.verification import BusinessAnswer, business_check
from kernel import clock
from kernel.errors import NotFound

SAMPLE_EVERY_S = 0.8
SAMPLE_SILENT_EVERY_S = 3.0  # one that gives no answer must not keep a worker busy that others need
SAMPLE_LIMIT_S = 1.5
CHECK_EVERY = timedelta(seconds=10)  # in an outage, so that evidence is never older
CHECK_BUDGET_S = 3.0  # less than a customer's patience: business that is slower is not normal, and the worker has more to do
STATES_CHECKED = ["failing", "on_standby"]
_AT_ONCE = 16


def gateway_watch() -> int:
    """Sample every gateway that was not sampled within the last second. Returns how many. Several at once share the work."""
    parts = {part.pk: part for part in part_list() if getattr(part, "gateway", None) is not None}
    claimed = [parts[pk] for pk in _claim(list(parts))]
    targets = [target for target in map(_target, claimed) if target is not None]
    if not targets:
        return 0
    with ThreadPoolExecutor(max_workers=min(_AT_ONCE, len(targets))) as pool:
        views = list(pool.map(lambda target: executor_for(target).status(limit_s=SAMPLE_LIMIT_S), targets))
    sample_keep({target.part_id: view for target, view in zip(targets, views, strict=True)})
    return len(targets)


def gateway_look(target: Target) -> GatewayView:
    """Sample one gateway now: whoever moved traffic leaves no old picture behind."""
    view = executor_for(target).status()
    sample_keep({target.part_id: view})
    return view


@transaction.atomic
def sample_keep(views: dict[int, GatewayView]) -> None:
    """Keep what was seen, by part."""
    for part_id in sorted(views):
        GatewaySample.objects.update_or_create(part_id=part_id, defaults={"view": views[part_id].as_json()})
    with connection.cursor() as cursor:
        cursor.execute("UPDATE switchover_gatewaysample SET seen_at = clock_timestamp() WHERE part_id = ANY(%s)", [list(views)])


def _claim(part_ids: Sequence[int]) -> list[int]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO switchover_gatewaysample (part_id, view) SELECT unnest(%s::bigint[]), '{}'::jsonb ON CONFLICT DO NOTHING", [list(part_ids)]
        )
        cursor.execute(
            "UPDATE switchover_gatewaysample s SET claimed_at = clock_timestamp() FROM ("
            " SELECT id FROM switchover_gatewaysample WHERE part_id = ANY(%s)"
            " AND (claimed_at IS NULL OR claimed_at < clock_timestamp()"
            "      - make_interval(secs => CASE WHEN view->>'is_known' = 'false' THEN %s ELSE %s END)) FOR UPDATE SKIP LOCKED"
            ") c WHERE s.id = c.id RETURNING s.part_id",
            [list(part_ids), SAMPLE_SILENT_EVERY_S, SAMPLE_EVERY_S],
        )
        return [row[0] for row in cursor.fetchall()]


def _target(part: Part) -> Target | None:
    try:
        return selectors.target_of(part)
    except NotFound:
        return None


def oldest_sample() -> datetime | None:
    """When the gateway that was not seen for longest was due to be looked at; None when all pictures are fresh."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(clock_timestamp() - coalesce(seen_at, claimed_at, clock_timestamp())) FROM switchover_gatewaysample s"
            " JOIN catalog_part p ON p.id = s.part_id WHERE p.retired_at IS NULL"
        )
        age = cursor.fetchone()[0]
    return None if age is None or age < timedelta(seconds=2) else clock.now() - age


def business_checks_run() -> int:
    """Place a marked order on every part with an outage whose last one is older than ten seconds, all at once. Returns how many."""
    parts = {part.pk: part for part in _due_parts()}
    targets = [target for target in (_target(selectors.part_find(part)) for part in parts.values()) if target is not None]
    if not targets:
        return 0
    with ThreadPoolExecutor(max_workers=min(_AT_ONCE, len(targets))) as pool:
        answers = list(pool.map(lambda target: business_check(target, budget_s=CHECK_BUDGET_S), targets))
    for target, answer in zip(targets, answers, strict=True):
        _check_keep(parts[target.part_id], answer)
    return len(targets)


def _due_parts() -> list[Part]:
    """Parts to check now. Two workers may take the same one: a second marked order does no harm."""
    now = clock.now()
    outages = Outage.objects.filter(state__in=STATES_CHECKED).select_related("part").order_by("id")
    due = []
    for outage in outages:
        last = selectors.part_check_latest(outage.part, PartCheck.Kind.BUSINESS)
        if selectors.has_orders(outage.part) and (last is None or now - last.at >= CHECK_EVERY):
            due.append(outage.part)
    return due


def _check_keep(part: Part, answer: BusinessAnswer) -> None:
    """A measure, like a probe's sample: no journal entry."""
    evidence = {**answer.evidence, "side": answer.side}
    PartCheck.objects.create(part=part, kind=PartCheck.Kind.BUSINESS, at=clock.now(), is_ok=answer.is_ok, took_ms=answer.took_ms, evidence=evidence)


def oldest_unchecked() -> datetime | None:
    """Since when the longest unchecked part with an outage is due."""
    due = _due_parts()
    if not due:
        return None
    moments = []
    for part in due:
        last = selectors.part_check_latest(part, PartCheck.Kind.BUSINESS)
        opened = Outage.objects.filter(part=part, state__in=STATES_CHECKED).values_list("opened_at", flat=True).first()
        moments.append(last.at + CHECK_EVERY if last is not None else opened or clock.now())
    return min(moments)
