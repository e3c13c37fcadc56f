"""Reading alerts, sources, silences and the inbox."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import BinaryField, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Substr

from contingency.catalog.models import Part
from kernel.actors import Actor
from kernel.records import get, readable_paths
from monitoring.alerts import searching
from monitoring.alerts.models import Alert, FailedIntake, OrphanResolve, Silence, Source, SourceKey


def alerts_of(part: Part, since: datetime) -> QuerySet[Alert]:
    """The alerts routed to a part that were open at or after `since`, newest first. One query when read."""
    return Alert.objects.filter(Q(resolved_at=None) | Q(resolved_at__gte=since), part=part).select_related("source").order_by("-id")


def alert_list(
    actor: Actor,
    *,
    state: str = "",
    part: str = "",
    severity: str = "",
    unrouted: str = "",
    source: str = "",
    since: str = "",
    fault_class: str = "",
    q: str = "",
) -> QuerySet[Alert]:
    """Alerts that the actor may see, newest first. `state`: firing, acknowledged, resolved, or `open` for the first two; `q`: words."""
    found = Alert.objects.select_related("source", "part__unit", "fault_kind").order_by("-id")
    paths = readable_paths(actor, get("alert").read)
    if paths is not None:
        found = found.filter(Q(part_id__in=_parts_under(paths)) | Q(part=None)) if paths else found.none()
    if state:
        found = found.filter(state__in=["firing", "acknowledged"] if state == "open" else [state])
    if part:
        found = found.filter(part_id=_key_of(Part.objects.filter(slug=part)))
    if severity:
        found = found.filter(severity=severity)
    if source:
        found = found.filter(source_id=_key_of(Source.objects.filter(name=source)))
    if unrouted in ("1", "true", "yes"):
        found = found.filter(part=None)
    if since:
        found = found.filter(first_seen_at__gte=since)
    if fault_class:
        found = found.filter(fault_class=fault_class)
    return found.filter(searching.either(q)) if q.strip() else found


def _key_of(one: QuerySet[Any]) -> Subquery:
    """The key of the one row: an index that begins with it is used, which a join by its name does not allow."""
    return Subquery(one.values("pk")[:1])


def _under(paths: Iterable[str]) -> Q:
    rule = Q(pk__in=[])
    for path in paths:
        rule |= Q(part__unit__path__startswith=path)
    return rule


def _parts_under(paths: Iterable[str]) -> QuerySet[Part, Any]:
    """The ids of the parts of these units, as a subquery: a join for each of many alerts costs ten times as much."""
    rule = Q(pk__in=[])
    for path in paths:
        rule |= Q(unit__path__startswith=path)
    return Part.objects.filter(rule).values("pk")


def silence_list(actor: Actor, *, state: str = "") -> QuerySet[Silence]:
    """Silences that the actor may see, newest first."""
    found = Silence.objects.select_related("part__unit").order_by("-id")
    paths = readable_paths(actor, get("silence").read)
    if paths is not None:
        found = found.filter(_under(paths) | Q(part=None)) if paths else found.none()
    return found.filter(state=state) if state else found


def source_list(actor: Actor, *, kind: str = "") -> QuerySet[Source]:
    """Sources with their keys in force, newest first."""
    keys = Prefetch("keys", queryset=SourceKey.objects.filter(revoked_at=None).order_by("slot"), to_attr="keys_in_force")
    found = Source.objects.select_related("default_part").prefetch_related(keys).order_by("-id")
    return found.filter(kind=kind) if kind else found


def failed_intake_list(actor: Actor, *, state: str = "") -> QuerySet[FailedIntake]:
    """The failed-intake inbox, newest first, without the bodies."""
    found = FailedIntake.objects.select_related("source").defer("body").order_by("-id")
    return found.filter(state=state) if state else found


def failed_intake_beginnings(keys: Iterable[int], length: int) -> dict[int, bytes]:
    """The first bytes of these bodies, without fetching megabytes of them."""
    beginning = Substr("body", 1, length, output_field=BinaryField())
    found = FailedIntake.objects.filter(pk__in=list(keys), body__isnull=False).annotate(beginning=beginning)
    return {key: bytes(beginning) for key, beginning in found.values_list("pk", "beginning")}


def orphan_resolve_list() -> QuerySet[OrphanResolve]:
    """Ends of alerts that never reached us, newest first."""
    return OrphanResolve.objects.order_by("-received_at")


def silences_in_force(at: datetime) -> QuerySet[Silence]:
    """The silences that keep alerts quiet at that moment, oldest first."""
    return Silence.objects.filter(state=Silence.State.IN_FORCE, starts_at__lte=at, ends_at__gt=at).select_related("part").order_by("id")


def would_silence(*, part_id: int | None, matchers: Mapping[str, str], most: int) -> int:
    """How many alerts that fire or are acknowledged now such a silence would cover, counted up to a bound."""
    found = Alert.objects.filter(state__in=["firing", "acknowledged"])
    found = found.filter(part_id=part_id) if part_id is not None else found
    found = found.filter(labels__contains=dict(matchers)) if matchers else found
    return found.order_by()[:most].count()


def silences_over(alerts: Iterable[Alert], at: datetime) -> dict[int, Silence]:
    """Which of these alerts are suppressed now, and by which silence: alert id → silence. One query, however many alerts."""
    in_force = list(silences_in_force(at))
    found: dict[int, Silence] = {}
    for alert in alerts:
        silence = next((item for item in in_force if item.covers(part_id=alert.part_id, labels=alert.labels)), None)
        if silence is not None:
            found[alert.pk] = silence
    return found


def alert_output(alert: Alert) -> dict[str, Any]:
    """An alert for API and command line."""
    return {
        "id": str(alert.public_id),
        "version": alert.version,
        "state": alert.state,
        "severity": alert.severity,
        "summary": alert.summary,
        "description": alert.description,
        "source": alert.source.name,
        "source_kind": alert.source.kind,
        "dedup_key": alert.dedup_key,
        "part": alert.part.slug if alert.part else None,
        "fault_class": alert.fault_class,
        "fault_kind": alert.fault_kind.slug if alert.fault_kind else "",
        "labels": alert.labels,
        "annotations": alert.annotations,
        "count": alert.times_seen,
        "started_at": alert.episode_start,
        "first_seen_at": alert.first_seen_at,
        "last_seen_at": alert.last_seen_at,
        "expires_at": alert.expires_at,
        "acknowledged_at": alert.acknowledged_at,
        "resolved_at": alert.resolved_at,
        "resolved_by": alert.resolved_by,
        "opens_incident": alert.opens_incident,
        "is_flapping": alert.is_flapping,
        "group_key": alert.group_key,
        "generator_url": alert.generator_url,
    }


def source_output(source: Source) -> dict[str, Any]:
    """A source for API and command line; its key only right after it was issued."""
    keys = getattr(source, "keys_in_force", None)
    hints = [key.hint for key in (keys if keys is not None else source.keys.filter(revoked_at=None).order_by("slot"))]
    issued = getattr(source, "issued_key", None)
    return {
        "id": str(source.public_id),
        "version": source.version,
        "kind": source.kind,
        "name": source.name,
        "part": source.default_part.slug if source.default_part else None,
        "fault_class": source.default_fault_class,
        "default_severity": source.default_severity,
        "severity_map": source.severity_map,
        "mapping": source.mapping,
        "keys": hints,
        "created_at": source.created_at,
        **({"key": issued} if issued else {}),
    }


def silence_output(silence: Silence) -> dict[str, Any]:
    """A silence for API and command line."""
    return {
        "id": str(silence.public_id),
        "version": silence.version,
        "state": silence.state,
        "part": silence.part.slug if silence.part else None,
        "matchers": silence.matchers,
        "reason": silence.reason,
        "starts_at": silence.starts_at,
        "ends_at": silence.ends_at,
        "ended_at": silence.ended_at,
        "created_by": silence.created_by,
    }


def failed_intake_output(failed: FailedIntake) -> dict[str, Any]:
    """An entry of the inbox for API and command line, without the body."""
    return {
        "id": str(failed.public_id),
        "version": failed.version,
        "state": failed.state,
        "source": failed.source.name,
        "format": failed.format,
        "code": failed.code,
        "detail": failed.detail,
        "size_bytes": failed.size_bytes,
        "count": failed.times_seen,
        "received_at": failed.received_at,
        "last_received_at": failed.last_received_at,
        "replayed_at": failed.replayed_at,
        "alert_count": failed.alert_count,
    }
