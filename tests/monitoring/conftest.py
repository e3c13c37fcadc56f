"""A part with a matcher, sources, and ways to file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from contingency.catalog.models import Matcher, Part
from contingency.org.models import Roster, Unit
from kernel.actors import SYSTEM, Actor
from kernel.models import Entry
from monitoring.alerts import directory
from monitoring.alerts.models import Alert, Source
from monitoring.alerts.services.sources import source_create


@pytest.fixture(autouse=True)
def own_spool(tmp_path: Path, settings: Any) -> Path:
    """Each test has a spool of its own, and remembers nothing of the tests before it."""
    settings.SPOOL_DIR = tmp_path / "spool"
    directory.forget()
    return tmp_path / "spool"


@pytest.fixture
def part(db: None) -> Part:
    """The order system, claimed by `service=orders`; critical and error alerts open incidents."""
    return make_part()


def make_part(slug: str = "order-system") -> Part:
    """A part with one matcher of its own."""
    unit, _made = Unit.objects.get_or_create(
        slug="operations", defaults={"name_en": "Operations", "name_zh": "运维", "layer": "execution", "path": "/technology/operations/"}
    )
    roster, _made = Roster.objects.get_or_create(slug="operations-duty", defaults={"name_en": "Duty", "name_zh": "值班", "unit": unit})
    part = Part.objects.create(
        slug=slug, name_en=slug.replace("-", " ").title(), name_zh="订单系统", kind="order_system", unit=unit, roster=roster, chain="technical"
    )
    label = "orders" if slug == "order-system" else slug
    Matcher.objects.create(part=part, label="service", value=label, fault_class="software", severities=["critical", "error"])
    directory.forget()
    return part


@dataclass
class Tool:
    """A monitoring tool with its key, filing through Django's test client."""

    source: Source
    key: str
    client: Client

    @property
    def path(self) -> str:
        """Where it posts."""
        return {
            "alertmanager": f"/in/alertmanager/{self.key}",
            "prometheus": f"/in/prometheus/{self.key}/api/v2/alerts",
            "pagerduty": "/v2/enqueue",
            "generic": f"/in/generic/{self.key}",
            "heartbeat": f"/in/ping/{self.key}",
        }[self.source.kind]

    def post(self, body: Any, path: str = "", **extra: Any) -> HttpResponse:
        """Post a value as JSON, or bytes as they are."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        extra.setdefault("content_type", "application/json")
        return self.client.post(path or self.path, data=data, **extra)  # type: ignore[return-value]

    def alerts(self) -> list[Alert]:
        """What is stored of it, oldest first."""
        return list(Alert.objects.filter(source=self.source).order_by("id"))


@pytest.fixture
def tool(db: None, client: Client) -> Callable[..., Tool]:
    """Make a tool of a kind."""

    def make(kind: str, name: str = "", **options: Any) -> Tool:
        source, key = source_create(kind=kind, name=name or f"The {kind}", actor=SYSTEM, **options)
        return Tool(source, key, client)

    return make


def person(*roles: str, path: str = "/technology/operations/", name: str = "somebody", user_id: int = 1) -> Actor:
    """A person who holds these roles in the unit at that path."""
    return Actor(kind="person", id=name, label=name, user_id=user_id, holdings=frozenset((role, path) for role in roles))


def names_of(subject_kind: str = "alert") -> list[str]:
    """The names of all entries about such records, in order."""
    return [entry.name.removeprefix("monitoring.").removesuffix(".v1") for entry in Entry.objects.filter(subject_kind=subject_kind).order_by("id")]


def group(*alerts: dict[str, Any], status: str = "firing", **more: Any) -> dict[str, Any]:
    """A message of Alertmanager's webhook."""
    return {
        "version": "4",
        "groupKey": '{}:{alertname="OrdersFailing"}',
        "truncatedAlerts": 0,
        "status": status,
        "receiver": "console",
        "groupLabels": {"alertname": "OrdersFailing"},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://127.0.0.1:9093",
        "alerts": list(alerts),
        **more,
    }


def alert(
    fingerprint: str = "0123456789abcdef", *, status: str = "firing", starts: str = "2026-11-20T10:00:00Z", ends: str = "", **labels: str
) -> dict[str, Any]:
    """One alert of such a message."""
    return {
        "status": status,
        "labels": {"alertname": "OrdersFailing", "service": "orders", "severity": "critical", **labels},
        "annotations": {"summary": "Orders are being refused", "description": "More than 5 % of orders failed for a minute."},
        "startsAt": starts,
        "endsAt": ends or ("2026-11-20T10:30:00Z" if status == "resolved" else "0001-01-01T00:00:00Z"),
        "generatorURL": "http://127.0.0.1:9090/graph",
        "fingerprint": fingerprint,
    }
