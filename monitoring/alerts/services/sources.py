"""Sources and their keys."""

from __future__ import annotations

import secrets
import string
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from contingency.catalog.models import Part
from kernel import clock, journal
from kernel.actors import Actor
from kernel.errors import Invalid, NotFound
from kernel.permissions import require
from monitoring.alerts.adapters.generic import BadMapping, check_mapping
from monitoring.alerts.directory import KEY_LENGTH, digest_of
from monitoring.alerts.errors import KeysInForce, NameTaken
from monitoring.alerts.events import SourceChanged, SourceCreated, SourceKeyIssued, SourceKeyRevoked
from monitoring.alerts.models import Heartbeat, Source, SourceKey

_ALPHABET = string.ascii_letters + string.digits
_PATHS = {
    Source.Kind.ALERTMANAGER: "/in/alertmanager/{key}",
    Source.Kind.PROMETHEUS: "/in/prometheus/{key}",
    Source.Kind.PAGERDUTY: "/v2/enqueue",
    Source.Kind.GENERIC: "/in/generic/{key}",
    Source.Kind.HEARTBEAT: "/in/ping/{key}",
}
TELLABLE_KINDS = tuple(kind.value for kind in _PATHS)  # those that others file through; our own probes need no key


@transaction.atomic
def source_create(
    *,
    kind: str,
    name: str,
    actor: Actor,
    part: Part | None = None,
    mapping: dict[str, Any] | None = None,
    period: timedelta | None = None,
    grace: timedelta | None = None,
    reason: str = "",
) -> tuple[Source, str]:
    """Let a monitoring tool file alerts: the source and its first key, which is shown this once and kept only as a digest.

    Raises NotPermitted, NameTaken, Invalid.
    """
    require(actor, "monitoring.source_create", part)
    if kind not in TELLABLE_KINDS:
        raise Invalid(field="kind", problem=_("choose one of: %(choices)s.") % {"choices": ", ".join(TELLABLE_KINDS)})
    if not name.strip() or len(name) > 100:
        raise Invalid(field="name", problem=_("between 1 and 100 characters."))
    now = clock.now()
    try:
        with transaction.atomic():
            source = Source.objects.create(kind=kind, name=name.strip(), default_part=part, mapping=_checked(mapping), created_at=now)
    except IntegrityError as error:
        raise NameTaken(name=name.strip()) from error
    if kind == Source.Kind.HEARTBEAT:
        Heartbeat.objects.create(source=source, period=period or timedelta(days=1), grace=grace if grace is not None else timedelta(hours=1))
    journal.record(
        SourceCreated(source_id=source.public_id, kind=kind, source=source.name),
        subject=source,
        under=[part] if part else [],
        actor=actor,
        reason=reason,
    )
    return source, _issue(source, actor=actor, reason=reason)


def source_open(
    *, actor: Actor, kind: str, name: str, part: UUID | None = None, period_minutes: Any = None, grace_minutes: Any = None, reason: str = ""
) -> Source:
    """The same as a move: the key is on the returned source as `issued_key`, and nowhere else."""
    found = Part.objects.filter(public_id=part).first() if part else None
    if part and found is None:
        raise NotFound(kind="part")
    period = timedelta(minutes=float(period_minutes)) if period_minutes else None
    grace = timedelta(minutes=float(grace_minutes)) if grace_minutes is not None else None
    source, key = source_create(kind=kind, name=name, actor=actor, part=found, period=period, grace=grace, reason=reason)
    source.issued_key = key  # type: ignore[attr-defined]
    return source


@transaction.atomic
def source_key_issue(*, public_id: UUID, version: int, actor: Actor, reason: str = "") -> Source:
    """Give a source a second key; both are accepted until the older one is revoked. Raises KeysInForce.

    The key is on the returned source as `issued_key`, and nowhere else.
    """
    source = Source.lock(public_id, version=version)
    require(actor, "monitoring.source_key_issue", source)
    source.issued_key = _issue(source, actor=actor, reason=reason)  # type: ignore[attr-defined]
    return source


@transaction.atomic
def source_key_revoke(*, public_id: UUID, version: int, actor: Actor, hint: str, reason: str = "") -> Source:
    """No longer accept the key that begins like this. Raises NotFound."""
    source = Source.lock(public_id, version=version)
    require(actor, "monitoring.source_key_revoke", source)
    key = SourceKey.objects.filter(source=source, hint=hint, revoked_at=None).first()
    if key is None:
        raise NotFound(kind="key")
    key.revoked_at = clock.now()
    key.save(update_fields=["revoked_at"])
    _raise_version(source)
    journal.record(SourceKeyRevoked(source_id=source.public_id, hint=hint), subject=source, actor=actor, reason=reason)
    return source


@transaction.atomic
def source_route(*, public_id: UUID, version: int, actor: Actor, part: UUID | None = None, fault_class: str = "", reason: str = "") -> Source:
    """Say where alerts of a source go that no matcher claims; no part: they are unrouted."""
    source = Source.lock(public_id, version=version)
    require(actor, "monitoring.source_route", source)
    source.default_part = Part.objects.filter(public_id=part).first() if part else None
    if part and source.default_part is None:
        raise NotFound(kind="part")
    if fault_class:
        source.default_fault_class = fault_class
    _raise_version(source)
    journal.record(SourceChanged(source_id=source.public_id), subject=source, actor=actor, reason=reason)
    return source


@transaction.atomic
def source_map(*, public_id: UUID, version: int, actor: Actor, mapping: Any, reason: str = "") -> Source:
    """Say where our fields lie in the bodies of a `generic` source. Raises Invalid with the place that is wrong."""
    source = Source.lock(public_id, version=version)
    require(actor, "monitoring.source_map", source)
    source.mapping = _checked(mapping)
    _raise_version(source)
    journal.record(SourceChanged(source_id=source.public_id), subject=source, actor=actor, reason=reason)
    return source


@transaction.atomic
def source_severities(
    *, public_id: UUID, version: int, actor: Actor, severity_map: dict[str, str], default_severity: str = "", reason: str = ""
) -> Source:
    """Say what the source's own words for severity mean. Raises Invalid."""
    source = Source.lock(public_id, version=version)
    require(actor, "monitoring.source_severities", source)
    for ours in [*severity_map.values(), default_severity or source.default_severity]:
        if ours not in Source.Severity.values:
            raise Invalid(field="severity_map", problem=_("choose one of: %(choices)s.") % {"choices": ", ".join(Source.Severity.values)})
    source.severity_map = {word.strip().lower(): ours for word, ours in severity_map.items()}
    source.default_severity = default_severity or source.default_severity
    _raise_version(source)
    journal.record(SourceChanged(source_id=source.public_id), subject=source, actor=actor, reason=reason)
    return source


def url_for(source: Source, key: str) -> str:
    """The address to put into the tool. For Prometheus it is the `path_prefix`: it adds `/api/v2/alerts` itself."""
    return str(settings.BASE_URL).rstrip("/") + _PATHS[Source.Kind(source.kind)].format(key=key)


def _issue(source: Source, *, actor: Actor, reason: str) -> str:
    taken = set(SourceKey.objects.filter(source=source, revoked_at=None).values_list("slot", flat=True))
    slot = next((slot for slot in (1, 2) if slot not in taken), None)
    if slot is None:
        raise KeysInForce(name=source.name)
    key = "".join(secrets.choice(_ALPHABET) for _position in range(KEY_LENGTH))
    SourceKey.objects.create(source=source, slot=slot, digest=digest_of(key), hint=key[:4], created_at=clock.now())
    if taken:
        _raise_version(source)
    journal.record(SourceKeyIssued(source_id=source.public_id, hint=key[:4]), subject=source, actor=actor, reason=reason)
    return key


def _raise_version(source: Source) -> None:
    source.version += 1
    source.save()


def _checked(mapping: Any) -> dict[str, Any]:
    try:
        return check_mapping(mapping or {})
    except BadMapping as error:
        raise Invalid(field="mapping", problem=str(error)) from error
