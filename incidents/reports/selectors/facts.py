"""Everything that a report is drafted from, read once: the records of an incident and the entries of its timeline."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from contingency.catalog.models import Side
from contingency.org.models import User
from incidents.response.models import EndCondition, Incident, IncidentAlert, IncidentRole
from incidents.switchover.models import ClockKind, Outage, RecoveryClock, Switch
from kernel import clock, journal
from kernel.models import Entry, RecordLink
from notify.models import Page
from work.models import Task
from work.selectors import tasks_of

MOST = 5000  # entries of one timeline that are read; a report speaks of what people and machines did, not of each alert
SPOKEN_OF = tuple(
    f"{name}.v1"
    for name in (
        "incidents.incident_opened",
        "incidents.alerts_joined",
        "incidents.incident_confirmed",
        "incidents.response_started",
        "incidents.grade_raised",
        "incidents.grade_lowered",
        "incidents.role_assigned",
        "incidents.incident_located",
        "incidents.handling_started",
        "incidents.business_stopped",
        "incidents.decision_recorded",
        "incidents.update_posted",
        "incidents.update_overdue",
        "incidents.end_condition_overridden",
        "incidents.incident_resolved",
        "incidents.incident_reopened",
        "incidents.incident_merged",
        "incidents.outage_start_corrected",
        "incidents.clock_warned",
        "incidents.clock_breached",
        "incidents.clock_waived",
        "incidents.clock_corrected",
        "incidents.business_normal",
        "incidents.repaired",
        "incidents.repaired_in_place",
        "incidents.switch_approved",
        "incidents.switch_step_failed",
        "incidents.switch_abort_asked",
        "incidents.switch_turned_emergency",
        "work.task_overdue",
        "notify.page_escalated",
        "notify.page_exhausted",
        "notify.page_acknowledged",
        "notify.page_person_unreachable",
        "notify.delivery_failed",
    )
)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known about one incident at one moment."""

    now: datetime
    incident: Incident
    outage: Outage | None
    sides: Mapping[str, str]
    clocks: Sequence[RecoveryClock]
    switches: Sequence[Switch]
    roles: Sequence[IncidentRole]
    pages: Sequence[Page]
    tasks: Sequence[Task]
    alerts: Sequence[IncidentAlert]
    alert_count: int
    conditions: Sequence[EndCondition]
    merged: Sequence[str]
    entries: Mapping[str, Sequence[Entry]]
    names_zh: Mapping[str, str]
    zone: ZoneInfo

    def of(self, name: str) -> Sequence[Entry]:
        """Entries of one name without room and version ("clock_warned"), oldest first."""
        return self.entries.get(name, ())

    def first(self, name: str) -> Entry | None:
        """The first of them."""
        return next(iter(self.of(name)), None)

    def clock(self, kind: str) -> RecoveryClock | None:
        """One of the three clocks."""
        return next((row for row in self.clocks if row.kind == kind), None)

    @cached_property
    def duty_page(self) -> Page | None:
        """The call about the incident itself: the first thing that anybody heard."""
        own = [page for page in self.pages if page.subject_kind == Incident.journal_kind]
        return own[0] if own else None

    @cached_property
    def over(self) -> Switch | None:
        """The switch over that came about."""
        return next((row for row in self.switches if row.direction == "over" and row.done_at is not None), None)

    @cached_property
    def back(self) -> Switch | None:
        """The switch back that came about."""
        return next((row for row in reversed(self.switches) if row.direction == "back" and row.done_at is not None), None)

    @cached_property
    def failed_switches(self) -> list[Switch]:
        """Switches that did not come about."""
        return [row for row in self.switches if row.failure]

    @cached_property
    def late_tasks(self) -> list[Task]:
        """Tasks that were not finished when they were due."""
        return [task for task in self.tasks if task.overdue_at is not None or (task.ended_at is not None and task.ended_at > task.due_at)]

    @cached_property
    def breached(self) -> list[RecoveryClock]:
        """Clocks whose target was used up."""
        return [row for row in self.clocks if row.state in ("breached", "met_late")]

    @cached_property
    def clock_states(self) -> Counter[str]:
        """How many clocks ended how."""
        return Counter(row.state for row in self.clocks)

    @property
    def lasted(self) -> timedelta | None:
        """From the first sign to the end."""
        end = self.incident.resolved_at
        return end - self.incident.failing_since if end is not None else None


def facts_of(incident: Incident) -> Facts:
    """Read everything about an incident. About twenty queries."""
    entries = defaultdict(list)
    for entry in journal.timeline(incident, limit=MOST, names=SPOKEN_OF):
        entries[entry.name.rpartition(".v")[0].partition(".")[2]].append(entry)
    outage = incident.outage
    roles = list(incident.roles.select_related("user").order_by("id"))
    pages = _pages(incident, roles)
    tasks = [task for track in tasks_of(incident) for task in track.tasks]
    joined = IncidentAlert.objects.filter(incident=incident)
    switches = _switches(outage)
    people = {*(role.user for role in roles), *(call.user for page in pages for call in page.calls.all())}
    return Facts(
        now=clock.now(),
        incident=incident,
        outage=outage,
        sides=dict(Side.objects.filter(part=incident.part).values_list("role", "name")),
        clocks=_clocks(outage),
        switches=switches,
        roles=roles,
        pages=pages,
        tasks=tasks,
        alerts=list(joined.select_related("alert__source").order_by("alert__episode_start", "id")[:3]),
        alert_count=joined.count(),
        conditions=list(incident.end_conditions.filter(round=incident.round)),
        merged=list(incident.merged_here.order_by("id").values_list("number", flat=True)),
        entries=entries,
        names_zh=_names_zh(people, [entry for found in entries.values() for entry in found], switches),
        zone=ZoneInfo(zone_of(people)),
    )


def zone_of(people: Iterable[User]) -> str:
    """The time zone of most of those who took part; the installation's where nobody did."""
    zones = Counter(user.time_zone for user in people if user.time_zone)
    return min(zones, key=lambda zone: (-zones[zone], zone)) if zones else str(settings.TIME_ZONE)


def _clocks(outage: Outage | None) -> list[RecoveryClock]:
    if outage is None:
        return []
    order = list(ClockKind.values)
    return sorted(RecoveryClock.objects.filter(outage=outage), key=lambda row: order.index(row.kind))


def _switches(outage: Outage | None) -> list[Switch]:
    if outage is None:
        return []
    return list(Switch.objects.filter(outage=outage).select_related("ordered_by", "approved_by").prefetch_related("steps").order_by("id"))


def _pages(incident: Incident, roles: Sequence[IncidentRole]) -> list[Page]:
    """The calls about the incident, its roles, and what else people were called about in it."""
    linked = RecordLink.objects.filter(parent_kind=Incident.journal_kind, parent_id=str(incident.public_id), child_kind="incident_call")
    subjects = [incident.public_id, *(role.public_id for role in roles), *linked.values_list("child_id", flat=True)]
    return list(
        Page.objects.filter(subject_id__in=list(map(str, subjects))).select_related("acknowledged_by").prefetch_related("calls__user").order_by("id")
    )


def _names_zh(people: Iterable[User], entries: Iterable[Entry], switches: Iterable[Switch]) -> dict[str, str]:
    """English name → Chinese name of everybody whom the report may name."""
    ids: set[Any] = {entry.actor_id for entry in entries if entry.actor_kind in ("person", "token", "link")}
    ids |= {entry.payload[key] for entry in entries for key in ("user_id", "owner_id") if entry.payload.get(key)}
    known = {user.public_id: user for user in people}
    known |= {user.public_id: user for switch in switches for user in (switch.ordered_by, switch.approved_by) if user is not None}
    missing = [public_id for public_id in ids if _is_uuid(public_id) and public_id not in {str(key) for key in known}]
    found = [*known.values(), *User.objects.filter(public_id__in=missing)]
    return {user.display_name: user.display_name_zh for user in found if user.display_name_zh}


def _is_uuid(text: Any) -> bool:
    return len(str(text)) == 36
