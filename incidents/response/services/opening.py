"""An incident begins: by alerts, by an outage, or because a person says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from contingency.catalog.models import FaultKind, Part
from contingency.catalog.selectors import part_get
from contingency.plan.selectors import playbooks_for
from incidents.response.errors import AnotherIsOpen
from incidents.response.events import IncidentOpened
from incidents.response.models import Incident
from incidents.response.models.states import OPEN, State
from incidents.response.selectors.proposing import Facts, propose_grade, propose_stops_business
from incidents.response.services.calling import duty_engineer_call
from incidents.response.services.outages import outage_adopt
from kernel import clock, journal
from kernel.actors import Actor
from kernel.ids import number_next
from kernel.permissions import require

NAMED_ALERTS = 50  # so many ids an entry names; the rows have them all


@dataclass(frozen=True, kw_only=True)
class FirstSign:
    """What made somebody think that something is wrong."""

    detected_by: str
    title: str
    failing_since: datetime
    facts: Facts
    alert_ids: Sequence[UUID] = ()
    fault_kind: FaultKind | None = None
    scope: str = ""


@transaction.atomic
def incident_open(
    *, actor: Actor, part: str, fault_class: str, title: str, reason: str = "", failing_since: datetime | None = None, scope: str = ""
) -> Incident:
    """A person reports a disturbance that no alert has told yet (INC-01 discovered by staff or users).

    The part (its slug) has a duty engineer, who is called at once. Raises NotFound, NotPermitted, AnotherIsOpen.
    """
    now = clock.now()
    found = part_get(part)
    require(actor, "incidents.open", found)
    hold_key(found, fault_class)
    other = Incident.objects.filter(part=found, fault_class=fault_class, state__in=OPEN).first()
    if other is not None:
        raise AnotherIsOpen(number=other.number, part=found.journal_label(), fault_class=other.get_fault_class_display())
    since = min(failing_since or now, now)
    facts = Facts(worst_severity="error", alert_count=0, part_kind=found.kind, part_stops_business=found.stops_business, failing_for=now - since)
    sign = FirstSign(detected_by=Incident.DetectedBy.PERSON, title=title, failing_since=since, facts=facts, scope=scope)
    return open_for(found, fault_class, sign, now=now, actor=actor, reason=reason)


def open_for(part: Part, fault_class: str, sign: FirstSign, *, now: datetime, actor: Actor, reason: str = "", cause: Any = None) -> Incident:
    """Write the incident, call the duty engineer, join an outage that is already open. The caller holds the key."""
    proposal = propose_grade(sign.facts)
    playbooks = playbooks_for(fault_class, sign.fault_kind)
    incident = Incident(
        number=number_next("INC"),
        part=part,
        fault_class=fault_class,
        fault_kind=sign.fault_kind,
        title=sign.title[:300],
        scope=sign.scope,
        fence=part.fence,
        detected_by=sign.detected_by,
        reported_by_id=actor.user_id,
        proposed_grade=proposal.grade,
        proposal={
            "reasons": list(proposal.reasons),
            "stops_business": propose_stops_business(part, proposal.grade),
            "playbooks": [playbook.slug for playbook in playbooks],
            "alert_count": sign.facts.alert_count,
            "worst_severity": sign.facts.worst_severity,
        },
        failing_since=sign.failing_since,
        discovered_at=now,
    )
    incident.save(force_insert=True)
    event = IncidentOpened(
        incident_id=incident.public_id,
        number=incident.number,
        part_id=part.public_id,
        part=part.slug,
        fault_class=fault_class,
        proposed_grade=proposal.grade,
        detected_by=sign.detected_by,
        title=incident.title,
        failing_since=sign.failing_since,
        alert_count=len(sign.alert_ids),
        alert_ids=list(sign.alert_ids[:NAMED_ALERTS]),
    )
    entry = journal.record(event, subject=incident, under=[part], actor=actor, reason=reason, cause=cause)
    outage_adopt(incident, actor=actor, cause=entry)
    duty_engineer_call(incident, at=now, actor=actor, cause=entry)
    return incident


def hold_key(part: Part, fault_class: str) -> None:
    """Let only one transaction at a time open an incident for this part and class; freed at its end.

    The constraint would refuse the second anyway; holding lets it join instead of fail.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"incident:{part.pk}:{fault_class}"])


def home_of(part: Part, fault_class: str) -> Incident | None:
    """The incident that takes further alerts of this part and class, locked: the open one, else where it was merged into."""
    candidates = Incident.objects.filter(part=part, fault_class=fault_class)
    found = candidates.filter(state__in=OPEN).select_for_update(of=("self",)).first()
    if found is not None:
        return found
    merged = candidates.filter(state=State.MERGED).order_by("-id").first()
    while merged is not None and merged.state == State.MERGED:
        merged = Incident.objects.select_for_update(of=("self",)).filter(merged_here=merged).first()
    return merged if merged is not None and merged.is_open else None
