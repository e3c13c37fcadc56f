"""Alerts become incidents: joined to the open one of their part and class, or opening one. A storm is a few statements."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from contingency.catalog.models import Part
from incidents.response.events import AlertsCleared, AlertsFlapping, AlertsJoined
from incidents.response.models import Incident, IncidentAlert
from incidents.response.models.states import NOT_OVER, State
from incidents.response.selectors.proposing import Facts, grade_rank, propose_grade, propose_stops_business, worst_severity
from incidents.response.services.opening import NAMED_ALERTS, FirstSign, hold_key, home_of, open_for
from kernel import clock, journal
from kernel.actors import SYSTEM
from kernel.journal import Record
from kernel.models import Entry
from monitoring.alerts.models import Alert

Key = tuple[UUID, str]


@dataclass(frozen=True, kw_only=True)
class Heard:
    """One `monitoring.alert_raised.v1` as this room needs it, with the alert's row."""

    alert: Alert
    severity: str
    started_at: datetime
    opens: bool
    is_flapping: bool
    entry: Entry


@transaction.atomic
def alerts_heard(entries: Sequence[Entry]) -> list[Incident]:
    """Join these alerts to incidents, opening those that are missing. Called twice for the same entries it changes nothing.

    One entry and one statement of links per incident, however many alerts. Keys are taken in order, so two relays never wait
    for each other crosswise. Returns the incidents touched.
    """
    now = clock.now()
    groups = _groups(entries)
    parts = Part.objects.select_related("unit", "roster").in_bulk([part_id for part_id, _class in groups], field_name="public_id")
    touched = []
    for part_id, fault_class in sorted(groups, key=lambda key: (parts[key[0]].pk if key[0] in parts else 0, key[1])):
        if part_id in parts:
            incident = _take(parts[part_id], fault_class, groups[part_id, fault_class], now=now)
            if incident is not None:
                touched.append(incident)
    return touched


@transaction.atomic
def alerts_cleared(entries: Sequence[Entry]) -> None:
    """Their senders say that these alerts are over. Recorded where it was the last of an incident; nothing is resolved by it."""
    now = clock.now()
    ids = [UUID(entry.payload["alert_id"]) for entry in entries]
    links = (
        IncidentAlert.objects.select_for_update(of=("self",)).filter(alert__public_id__in=ids, cleared_at=None).select_related("alert").order_by("id")
    )
    cleared: dict[int, list[IncidentAlert]] = defaultdict(list)
    for link in links:
        if not link.alert.is_open:  # a newer word of the sender may already be that it fires again
            cleared[link.incident_id].append(link)
    IncidentAlert.objects.filter(pk__in=[link.pk for group in cleared.values() for link in group]).update(cleared_at=now)
    firing = set(IncidentAlert.objects.filter(incident_id__in=cleared, cleared_at=None).values_list("incident_id", flat=True))
    quiet = [pk for pk, group in cleared.items() if pk not in firing and not all(link.alert.is_flapping for link in group)]
    incidents = Incident.objects.filter(pk__in=quiet, state__in=NOT_OVER).order_by("id")
    counts = {pk: IncidentAlert.objects.filter(incident_id=pk).count() for pk in quiet}
    records = [
        Record(
            event=AlertsCleared(incident_id=incident.public_id, alert_count=counts[incident.pk]),
            subject=incident,
            under=[incident.part],
            cause=entries[-1],
        )
        for incident in incidents
    ]
    journal.record_many(records, actor=SYSTEM)


@transaction.atomic
def alerts_flapping(entries: Sequence[Entry]) -> None:
    """Alerts of these incidents come and go again and again: said once per batch and incident."""
    turns = {UUID(entry.payload["alert_id"]): int(entry.payload["turns"]) for entry in entries}
    identities = {(alert.source_id, alert.dedup_key): turns[alert.public_id] for alert in Alert.objects.filter(public_id__in=turns)}
    links = IncidentAlert.objects.filter(alert__source__in={key[0] for key in identities}, alert__dedup_key__in={key[1] for key in identities})
    grouped: dict[Incident, dict[tuple[int, str], int]] = defaultdict(dict)
    for link in links.filter(incident__state__in=NOT_OVER).select_related("alert", "incident__part__unit").order_by("incident_id"):
        identity = (link.alert.source_id, link.alert.dedup_key)
        if identity in identities:  # the turn that is told of may itself never have been joined: the intake holds most of them back
            grouped[link.incident][identity] = identities[identity]
    records = [
        Record(
            event=AlertsFlapping(incident_id=incident.public_id, alert_count=len(theirs), turns=max(theirs.values())),
            subject=incident,
            under=[incident.part],
            cause=entries[-1],
        )
        for incident, theirs in grouped.items()
    ]
    journal.record_many(records, actor=SYSTEM)


def _groups(entries: Iterable[Entry]) -> dict[Key, list[Heard]]:
    """The alerts that belong to a part and class, by these; the rest is *unrouted* and nobody's incident."""
    wanted = {UUID(entry.payload["alert_id"]): entry for entry in entries if entry.payload.get("part_id") and entry.payload.get("fault_class")}
    alerts = Alert.objects.select_related("fault_kind").in_bulk(list(wanted), field_name="public_id")
    groups: dict[Key, list[Heard]] = defaultdict(list)
    for alert_id, entry in wanted.items():
        payload = entry.payload
        if alert_id in alerts:
            heard = Heard(
                alert=alerts[alert_id],
                severity=payload["severity"],
                started_at=datetime.fromisoformat(payload["started_at"]),
                opens=bool(payload["opens_incident"]),
                is_flapping=bool(payload.get("is_flapping", False)),
                entry=entry,
            )
            groups[UUID(payload["part_id"]), payload["fault_class"]].append(heard)
    return groups


def _take(part: Part, fault_class: str, heard: list[Heard], *, now: datetime) -> Incident | None:
    """Bring the alerts of one part and class into one incident; None when none is open and none of them opens one."""
    hold_key(part, fault_class)
    incident = home_of(part, fault_class)
    if incident is not None:
        _join(incident, heard, now=now)
        return incident
    if not any(item.opens for item in heard):
        return None
    had = set(IncidentAlert.objects.filter(alert__in=[item.alert for item in heard]).values_list("alert_id", flat=True))
    fresh = [item for item in heard if item.alert.pk not in had]  # an episode that had its incident does not open another
    if not any(item.opens for item in fresh):
        return None
    first = min((item for item in fresh if item.opens), key=lambda item: (item.started_at, item.alert.pk))
    since = min(min(item.started_at for item in fresh), now)
    sign = FirstSign(
        detected_by=Incident.DetectedBy.ALERT,
        title=first.alert.summary,
        failing_since=since,
        facts=_facts(part, fresh, since=since, now=now),
        alert_ids=[item.alert.public_id for item in fresh],
        fault_kind=first.alert.fault_kind,
    )
    incident = open_for(part, fault_class, sign, now=now, actor=SYSTEM, cause=first.entry)
    _link(incident, fresh, now=now)
    return incident


def _join(incident: Incident, heard: list[Heard], *, now: datetime) -> None:
    """Link those that are new here; one entry for all of them, none for turns of a flapping alert."""
    there = set(IncidentAlert.objects.filter(incident=incident, alert__in=[item.alert for item in heard]).values_list("alert_id", flat=True))
    again = [item.alert.pk for item in heard if item.alert.pk in there and item.alert.is_open]
    IncidentAlert.objects.filter(incident=incident, alert_id__in=again, cleared_at__isnull=False).update(cleared_at=None)
    fresh = [item for item in heard if item.alert.pk not in there]
    if not fresh:
        return
    _link(incident, fresh, now=now)
    _propose_again(incident, fresh, now=now)
    news = [item for item in fresh if not item.is_flapping]
    if not news:
        return
    event = AlertsJoined(
        incident_id=incident.public_id,
        alert_count=len(news),
        alert_ids=[item.alert.public_id for item in news[:NAMED_ALERTS]],
        worst_severity=worst_severity(item.severity for item in news),
    )
    journal.record(event, subject=incident, under=[incident.part], actor=SYSTEM, cause=news[0].entry)


def _link(incident: Incident, heard: Iterable[Heard], *, now: datetime) -> None:
    """One multi-row insert. An alert that is over already joins as that."""
    IncidentAlert.objects.bulk_create(
        [
            IncidentAlert(incident=incident, alert=item.alert, joined_at=now, cleared_at=None if item.alert.is_open else item.alert.resolved_at)
            for item in heard
        ],
        ignore_conflicts=True,
    )


def _propose_again(incident: Incident, fresh: list[Heard], *, now: datetime) -> None:
    """More facts before anybody confirmed: an earlier start, and perhaps a higher grade to propose (never a lower one)."""
    if incident.state != State.DISCOVERED:
        return
    incident.failing_since = min([incident.failing_since, *(item.started_at for item in fresh)])
    joined = IncidentAlert.objects.filter(incident=incident)
    facts = Facts(
        worst_severity=worst_severity([incident.proposal.get("worst_severity", ""), *(item.severity for item in fresh)]),
        alert_count=joined.values("alert__source", "alert__dedup_key").distinct().count(),
        part_kind=incident.part.kind,
        part_stops_business=incident.part.stops_business,
        failing_for=now - incident.failing_since,
    )
    proposal = propose_grade(facts)
    incident.proposal = {**incident.proposal, "alert_count": facts.alert_count, "worst_severity": facts.worst_severity}
    if grade_rank(proposal.grade) > grade_rank(incident.proposed_grade):
        incident.proposed_grade = proposal.grade
        incident.proposal |= {"reasons": list(proposal.reasons), "stops_business": propose_stops_business(incident.part, proposal.grade)}
    incident.save(update_fields=["failing_since", "proposal", "proposed_grade"])


def _facts(part: Part, heard: Sequence[Heard], *, since: datetime, now: datetime) -> Facts:
    identities: set[Any] = {(item.alert.source_id, item.alert.dedup_key) for item in heard}
    return Facts(
        worst_severity=worst_severity(item.severity for item in heard),
        alert_count=len(identities),
        part_kind=part.kind,
        part_stops_business=part.stops_business,
        failing_for=now - since,
    )
