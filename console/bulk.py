"""The same move on many records: each by itself, with the version that the person saw; what is refused is told, the rest is done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.selectors.alert_groups import SEVERITIES
from kernel import proposals, records
from kernel.actors import Actor
from kernel.errors import DomainError
from kernel.models import Proposal
from monitoring.alerts import selectors
from monitoring.alerts.models import Alert

MOST = 500  # records of one request
COUNTED = 1_000


@dataclass(frozen=True)
class Refused:
    """One record that the move was refused on."""

    label: str
    why: str


@dataclass
class Outcome:
    """What became of a selection."""

    done: int = 0
    proposed: int = 0
    refused: list[Refused] = field(default_factory=list)

    @property
    def says(self) -> str:
        """In one line."""
        words = [ngettext("%(n)d done", "%(n)d done", self.done) % {"n": self.done}]
        if self.proposed:
            words.append(ngettext("%(n)d proposed", "%(n)d proposed", self.proposed) % {"n": self.proposed})
        if self.refused:
            words.append(ngettext("%(n)d refused", "%(n)d refused", len(self.refused)) % {"n": len(self.refused)})
        return " · ".join(words)


def selection(marks: Iterable[str]) -> dict[UUID, int]:
    """What was ticked: public id → version seen, in order, each once. Nonsense is left out."""
    chosen: dict[UUID, int] = {}
    for mark in marks:
        text, _dot, version = mark.partition(".")
        try:
            public_id = UUID(text)
        except ValueError:
            continue
        if version.isdigit() and len(version) < 10:
            chosen.setdefault(public_id, int(version))
        if len(chosen) == MOST:
            break
    return chosen


def perform_each(move_id: str, *, kind: str, chosen: Mapping[UUID, int], actor: Actor, reason: str = "") -> Outcome:
    """Carry the move out on each record in a transaction of its own."""
    outcome = Outcome()
    for public_id, version in chosen.items():
        label = str(public_id)
        try:
            result = proposals.perform(move_id, actor=actor, public_id=public_id, version=version, inputs={}, reason=reason)
        except DomainError as refusal:
            outcome.refused.append(Refused(_label(kind, actor, public_id) or label, refusal.message))
            continue
        _count(outcome, result)
    return outcome


def _count(outcome: Outcome, result: Any) -> None:
    if isinstance(result, Proposal):
        outcome.proposed += 1
    else:
        outcome.done += 1


def _label(kind: str, actor: Actor, public_id: UUID) -> str:
    try:
        return str(records.fetch(kind, actor, public_id).journal_label())
    except DomainError:
        return ""


@dataclass(frozen=True)
class Planned:
    """One silence that a selection would make, and what it would cover."""

    part: Any
    matchers: dict[str, str]
    chosen: int
    covers: int
    worst: str

    @property
    def labels(self) -> list[tuple[str, str]]:
        """By name."""
        return sorted(self.matchers.items())

    @property
    def is_wide(self) -> bool:
        """Whether it keeps a whole part quiet."""
        return not self.matchers

    @property
    def reaches_further(self) -> bool:
        """Whether it would cover more than was ticked."""
        return self.covers > self.chosen


def silences_planned(actor: Actor, chosen: Iterable[UUID]) -> list[Planned]:
    """One silence for each part and cause among the ticked alerts: the labels that all of them have in common."""
    found = selectors.alert_list(actor).filter(public_id__in=list(chosen))
    by_cause: dict[tuple[int | None, str], list[Alert]] = {}
    for alert in found.order_by("id"):
        cause = alert.group_key or alert.labels.get("alertname", "") or alert.summary
        by_cause.setdefault((alert.part_id, cause), []).append(alert)
    planned = []
    for alerts in by_cause.values():
        matchers = dict(alerts[0].labels)
        for alert in alerts[1:]:
            matchers = {name: value for name, value in matchers.items() if alert.labels.get(name) == value}
        part = alerts[0].part
        covers = selectors.would_silence(part_id=part.pk if part else None, matchers=matchers, most=COUNTED)
        worst = min((alert.severity for alert in alerts), key=SEVERITIES.index)
        planned.append(Planned(part, matchers, len(alerts), covers, worst))
    return planned


def silence_each(planned: Iterable[Planned], *, actor: Actor, reason: str, ends_at: datetime) -> Outcome:
    """Make these silences, each by the move of the table."""
    outcome = Outcome()
    for plan in planned:
        inputs = {"matchers": plan.matchers, "ends_at": ends_at, **({"part": str(plan.part.public_id)} if plan.part else {})}
        try:
            result = proposals.perform("monitoring.silence_create", actor=actor, public_id=None, version=None, inputs=inputs, reason=reason)
        except DomainError as refusal:
            words = ", ".join(f"{name}={value}" for name, value in plan.matchers.items())
            outcome.refused.append(Refused(words or str(plan.part or _("unrouted")), refusal.message))
            continue
        _count(outcome, result)
    return outcome
