"""Saying what is probed."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from contingency.catalog.models import Part, Side
from kernel import clock, fsm, journal
from kernel.actors import Actor
from kernel.errors import Invalid, NotFound
from kernel.permissions import require
from monitoring.probes.events import ProbeDefined, ProbePaused, ProbeResumed
from monitoring.probes.looking import Refusal, host_and_port, url_of
from monitoring.probes.models import Probe, Series

_METRIC = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*(\{[^{}]*\})?")


@transaction.atomic
def probe_define(
    *,
    actor: Actor,
    name: str,
    part: Part,
    kind: str,
    target: str,
    side: Side | None = None,
    metric: str = "",
    every: timedelta = timedelta(seconds=5),
    timeout_ms: int = 2000,
    fail_after: int = 2,
    severity: str = "critical",
    fault_class: str = "software",
    reason: str = "",
) -> Probe:
    """Set up a probe, or change the one of that name. Its samples go to the series of the same name (for `metric`: of the metric).

    Whether the target may be reached is decided at each look, by address. Raises NotPermitted, Invalid.
    """
    require(actor, "monitoring.probe_create", part)
    _check(kind, target, metric)
    now = clock.now()
    series, _made = Series.objects.get_or_create(
        part=part, side=side, name=metric or name, defaults={"unit": "" if kind == Probe.Kind.METRIC else "ms"}
    )
    probe = Probe.objects.select_for_update(of=("self",)).filter(name=name).first()
    if probe is None:
        # spread by name, so that a hundred probes of the same pace do not all go off in the same second
        offset = every * ((sum(name.encode()) * 7919 % 997) / 997)
        probe = Probe(name=name, state_since=now, next_at=now + offset)
    probe.part, probe.side, probe.kind, probe.target, probe.metric, probe.series = part, side, kind, target, metric, series
    probe.every, probe.timeout_ms, probe.fail_after, probe.severity, probe.fault_class = every, timeout_ms, fail_after, severity, fault_class
    probe.version += 1 if probe.pk else 0
    probe.save()
    journal.record(ProbeDefined(probe_id=probe.public_id, kind=kind, target=target), subject=probe, under=[part], actor=actor, reason=reason)
    return probe


def probe_create(
    *,
    actor: Actor,
    name: str,
    part: UUID,
    kind: str,
    target: str,
    side: str = "",
    metric: str = "",
    every_s: Any = None,
    timeout_ms: Any = None,
    fail_after: Any = None,
    severity: str = "",
    reason: str = "",
) -> Probe:
    """The same as a move, with what a form or the API gives. Raises also NotFound."""
    found = Part.objects.select_related("unit").filter(public_id=part).first()
    if found is None:
        raise NotFound(kind="part")
    return probe_define(
        actor=actor,
        name=name,
        part=found,
        kind=kind,
        target=target,
        side=Side.objects.filter(part=found, role=side).first() if side else None,
        metric=metric,
        every=timedelta(seconds=float(every_s or 5)),
        timeout_ms=int(timeout_ms or 2000),
        fail_after=int(fail_after or 2),
        severity=severity or "critical",
        reason=reason,
    )


@transaction.atomic
def probe_pause(*, public_id: UUID, version: int, actor: Actor, reason: str = "") -> Probe:
    """Ask it no more until it is resumed. Raises NotPermitted, InvalidTransition."""
    probe = Probe.lock(public_id, version=version)
    require(actor, "monitoring.probe_pause", probe)
    fsm.move(probe, probe.pause, at=clock.now())
    journal.record(ProbePaused(probe_id=probe.public_id), subject=probe, under=[probe.part], actor=actor, reason=reason)
    return probe


@transaction.atomic
def probe_resume(*, public_id: UUID, version: int, actor: Actor, reason: str = "") -> Probe:
    """Ask it again. Raises NotPermitted, InvalidTransition."""
    probe = Probe.lock(public_id, version=version)
    require(actor, "monitoring.probe_resume", probe)
    fsm.move(probe, probe.resume, at=clock.now())
    journal.record(ProbeResumed(probe_id=probe.public_id), subject=probe, under=[probe.part], actor=actor, reason=reason)
    return probe


def _check(kind: str, target: str, metric: str) -> None:
    if kind not in Probe.Kind.values:
        raise Invalid(field="kind", problem=_("choose one of: %(choices)s.") % {"choices": ", ".join(Probe.Kind.values)})
    try:
        if kind == Probe.Kind.TCP:
            host_and_port(target)
        else:
            url_of(target)
    except Refusal as error:
        raise Invalid(field="target", problem=_("give host:port, or an http(s) address without a password.")) from error
    if (kind == Probe.Kind.METRIC) != bool(metric) or (metric and _METRIC.fullmatch(metric) is None):
        raise Invalid(field="metric", problem=_("a metric probe, and only it, names a metric."))
