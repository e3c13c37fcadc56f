"""What a story on these pictures is told with: people by name, time that goes by, alerts through the real intake."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.test import Client

from contingency.catalog.models import Part
from contingency.org import selectors as org
from contingency.org.models import User
from incidents.response.models import Incident
from incidents.switchover import services as switchover
from incidents.switchover.models import Outage, Switch
from incidents.switchover.selectors import switching
from incidents.switchover.services import running, verification, watching
from kernel import clock, deadlines, sweeps
from kernel.actors import Actor
from kernel.journal.relay import relay
from monitoring.alerts.models import Alert
from notify.models import Page
from work import services as work
from work.models import Task

CONTROL = os.environ.get("PICTURES_CONTROL", "")


def actor(name: str) -> Actor:
    """A person of the demo company, with the rights of this moment."""
    return org.actor_of_user(User.objects.get(username=name))


def person(name: str) -> User:
    """The same as a row."""
    return User.objects.get(username=name)


def heard() -> None:
    """Everybody hears what happened, and the mails are sent."""
    relay()
    while sweeps.run("notify_send"):
        relay()
    relay()


def minutes(count: float) -> None:
    """Time goes by; what falls due meanwhile happens."""
    clock.wind(timedelta(minutes=count))
    for _turn in range(3):
        for kind in deadlines._handlers:
            deadlines.sweep(kind)
        heard()
    sweeps.run("alerts_expire")
    sweeps.run("silences_expire")
    heard()


def quick_switches() -> None:
    """One try a turn: nothing here fails on purpose."""
    running.PAUSE = timedelta(minutes=5)
    verification._PAUSE_S = 0.01


@dataclass
class Tool:
    """A monitoring tool with its key."""

    kind: str
    key: str

    def post(self, body: Any) -> None:
        """File as the tool would."""
        path = {"pagerduty": "/v2/enqueue"}.get(self.kind, f"/in/{self.kind}/{self.key}")
        if self.kind == "pagerduty" and isinstance(body, dict):
            body = {**body, "routing_key": self.key}
        data = body if isinstance(body, str) else json.dumps(body)
        answer = Client().post(path, data=data, content_type="application/json")
        if answer.status_code >= 300 and answer.status_code not in (400, 422):
            raise RuntimeError(f"{path}: {answer.status_code} {answer.content[:300]!r}")
        heard()

    def tell(self, *alerts: dict[str, Any]) -> None:
        """A message of Alertmanager's webhook."""
        self.post(
            {
                "version": "4",
                "groupKey": '{}:{alertname="orders"}',
                "truncatedAlerts": 0,
                "status": "firing",
                "receiver": "switchback",
                "groupLabels": {},
                "commonLabels": {},
                "commonAnnotations": {},
                "externalURL": "http://alertmanager.example:9093",
                "alerts": list(alerts),
            }
        )


def alert(name: str, summary: str, *, ago: float = 0, severity: str = "critical", ended: float | None = None, **labels: str) -> dict[str, Any]:
    """One alert of such a message, that began so many minutes ago (and ended so many)."""
    now = clock.now()
    begun = now - timedelta(minutes=ago)
    return {
        "status": "resolved" if ended is not None else "firing",
        "labels": {"alertname": name, "severity": severity, **labels},
        "annotations": {"summary": summary},
        "startsAt": begun.isoformat(),
        "endsAt": (now - timedelta(minutes=ended)).isoformat() if ended is not None else "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example:9090/graph",
        "fingerprint": f"{abs(hash((name, *sorted(labels.items())))) % 16**16:016x}",
    }


@dataclass
class Tale:
    """One incident and what is done in it."""

    incident: Incident
    part: Part = field(init=False)

    def __post_init__(self) -> None:
        self.part = self.incident.part

    def act(self, service: Any, name: str, **inputs: Any) -> Any:
        """One move on the incident by a person."""
        self.fresh()
        made = service(public_id=self.incident.public_id, version=self.incident.version, actor=actor(name), **inputs)
        heard()
        self.fresh()
        return made

    def fresh(self) -> Incident:
        """As the database has it."""
        self.incident = Incident.objects.get(pk=self.incident.pk)
        return self.incident

    @property
    def outage(self) -> Outage:
        """Of this incident."""
        return Outage.objects.get(pk=self.incident.outage_id)

    def calls(self) -> Iterable[Page]:
        """Who is being called about it or about its roles."""
        ids = [self.incident.public_id, *self.incident.roles.values_list("public_id", flat=True)]
        return Page.objects.filter(subject_id__in=ids, state="calling")

    def switch(self, order: Any, name: str) -> Switch:
        """Ordered, carried out and proved."""
        switching._asked.clear()
        watching.gateway_watch()
        made: Switch = order(public_id=self.outage.public_id, version=None, actor=actor(name))
        Switch.objects.filter(pk=made.pk).update(lease_until=None)
        switchover.switch_run()
        made.refresh_from_db()
        if made.state != "done":
            raise RuntimeError(f"{made.number}: {made.state} {made.failure} {made.failure_detail}")
        heard()
        return made

    def tasks(self) -> dict[str, Task]:
        """By slug."""
        return {task.slug: task for task in Task.objects.filter(task_list__subject_id=self.incident.public_id)}

    def task_done(self, *slugs: str, evidence: str = "") -> None:
        """Ticked off by whoever has it; a step that the plan does not have (any more), or that the console did, is passed over."""
        tasks = self.tasks()
        for slug in slugs:
            task = tasks.get(slug)
            if task is not None and not task.is_finished:
                owner = task.owner or person("zhao.min")
                work.task_done(public_id=task.public_id, version=None, actor=org.actor_of_user(owner), evidence=evidence)
        heard()


def incident_of(summary: str) -> Tale:
    """The one that an alert opened."""
    found = Alert.objects.filter(summary=summary).last()
    if found is None:
        raise RuntimeError(f"no alert “{summary}”; there are {list(Alert.objects.values_list('summary', flat=True))}")
    return Tale(Incident.objects.filter(joined_alerts__alert=found).latest("id"))


def at(moment: datetime, **ago: float) -> datetime:
    """So long before."""
    return moment - timedelta(**ago)
