"""Reading probes and series."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from contingency.catalog.models import Part, Side
from kernel.actors import Actor
from kernel.records import get, readable_paths
from monitoring.probes.models import AllowedTarget, Probe, Sample
from monitoring.probes.problems import problem_words


@dataclass(frozen=True)
class ProbeState:
    """A probe as screens show it. `took_ms` of the last answer; `failing_since`: the first failure of the present row."""

    probe: Probe
    name: str
    side_role: str
    kind: str
    target: str
    state: str
    state_label: str
    is_ok: bool | None
    took_ms: int | None
    problem: str
    last_at: datetime | None
    failing_since: datetime | None


def side_is_healthy(side: Side, since: datetime) -> bool | None:
    """Whether the side answered at its last probe of each kind, none of them older than `since`. None: not probed since then.

    One failing probe is enough for False. One query.
    """
    answers = list(
        Probe.objects.filter(side=side, last_at__gte=since)
        .exclude(state=Probe.State.PAUSED)
        .exclude(kind=Probe.Kind.METRIC)
        .values_list("last_is_ok", flat=True)
    )
    return all(answers) if answers else None


def sides_failing(part: Part) -> set[int]:
    """The sides of a part of which a probe fails now, by their keys. One query."""
    found = Probe.objects.filter(part=part, side__isnull=False, state=Probe.State.FAILING).values_list("side_id", flat=True)
    return set(found)


def first_failure(part: Part, before: datetime) -> datetime | None:
    """When the present failure of the part was first seen by a probe of the part itself or of its primary side; None: none fails.

    One query.
    """
    own = Q(side=None) | Q(side__role=Side.Role.PRIMARY)
    found = Probe.objects.filter(own, part=part, failing_since__lte=before).exclude(kind=Probe.Kind.METRIC).order_by("failing_since")
    return found.values_list("failing_since", flat=True).first()


def probe_state(part: Part) -> list[ProbeState]:
    """The probes of a part as they stand, primary side first. One query."""
    found = Probe.objects.filter(part=part).select_related("side", "series").order_by("side__role", "id")
    return [
        ProbeState(
            probe=probe,
            name=probe.name,
            side_role=probe.side.role if probe.side else "",
            kind=probe.kind,
            target=probe.target,
            state=probe.state,
            state_label=probe.state_label(),
            is_ok=probe.last_is_ok,
            took_ms=probe.last_took_ms,
            problem=problem_words(probe.last_problem),
            last_at=probe.last_at,
            failing_since=probe.failing_since,
        )
        for probe in found
    ]


def series_of(part: Part, name: str, since: datetime, *, side: Side | None = None) -> list[tuple[datetime, float | None]]:
    """The numbers of one series since then, oldest first, at most 5,000 (the newest). One query."""
    found = Sample.objects.filter(series__part=part, series__name=name, series__side=side, at__gte=since).order_by("-at")
    return list(found.values_list("at", "value")[:5000])[::-1]


def probe_list(actor: Actor, *, state: str = "", part: str = "") -> QuerySet[Probe]:
    """Probes that the actor may see, newest first."""
    found = Probe.objects.select_related("part__unit", "side").order_by("-id")
    paths = readable_paths(actor, get("probe").read)
    if paths is not None:
        rule = Q(pk__in=[])
        for path in paths:
            rule |= Q(part__unit__path__startswith=path)
        found = found.filter(rule)
    if state:
        found = found.filter(state=state)
    return found.filter(part__slug=part) if part else found


def allowed_target_list(actor: Actor) -> QuerySet[AllowedTarget]:
    """What probes may reach."""
    return AllowedTarget.objects.order_by("-id")


def probe_output(probe: Probe) -> dict[str, Any]:
    """A probe for API and command line."""
    return {
        "id": str(probe.public_id),
        "version": probe.version,
        "name": probe.name,
        "part": probe.part.slug,
        "side": probe.side.role if probe.side else None,
        "kind": probe.kind,
        "target": probe.target,
        "metric": probe.metric,
        "state": probe.state,
        "state_since": probe.state_since,
        "every_s": probe.every.total_seconds(),
        "timeout_ms": probe.timeout_ms,
        "fail_after": probe.fail_after,
        "severity": probe.severity,
        "failures": probe.failures,
        "failing_since": probe.failing_since,
        "last_at": probe.last_at,
        "last_is_ok": probe.last_is_ok,
        "last_took_ms": probe.last_took_ms,
        "last_problem": probe.last_problem,
    }


def allowed_target_output(row: AllowedTarget) -> dict[str, Any]:
    """An allowed range for API and command line."""
    return {"id": str(row.public_id), "network": row.network, "port_from": row.port_from, "port_to": row.port_to, "note": row.note}
