"""How much of an incident a person sees: everything, what business needs, what customers may be told, or its title (SEC-01).

Business operations and customer service see every incident, but not its technical inside: a row's `view` says so, and the
output, the timeline and the room are cut by it. Whoever commands an incident sees all of it.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from django.db.models import Case, Exists, OuterRef, QuerySet, Value, When

from incidents.response import events
from incidents.response.models import Incident, IncidentRole
from kernel.actors import Actor
from kernel.models import Entry


class View(StrEnum):
    """From most to least."""

    FULL = "full"
    BUSINESS = "business"
    IMPACT = "impact"
    TITLES = "titles"


SEE_ALL = frozenset({"ops_engineer", "team_lead", "auditor", "director"})
# What customers may be told: how bad, since when, whether orders flow, and the texts that were posted for those who wait.
IMPACT_ENTRIES = frozenset(
    {
        events.IncidentOpened.name,
        events.IncidentConfirmed.name,
        events.GradeRaised.name,
        events.GradeLowered.name,
        events.BusinessStopped.name,
        events.UpdatePosted.name,
        events.IncidentResolved.name,
        events.IncidentClosed.name,
        "incidents.switched_over.v1",
        "incidents.switched_back.v1",
        "incidents.business_normal.v1",
    }
)
# Business leads its own track: who does what, what was decided, which clocks run, what is still open before the end.
BUSINESS_ENTRIES = IMPACT_ENTRIES | {
    events.DecisionRecorded.name,
    events.CanReported.name,
    events.RoleAssigned.name,
    events.RoleAcknowledged.name,
    events.UpdateOverdue.name,
    events.HandlingStarted.name,
    events.VerifyingStarted.name,
    events.EndConditionReported.name,
    events.EndConditionOverridden.name,
    events.PageUnanswered.name,
    events.LeadsCalled.name,
    "incidents.outage_opened.v1",
    "incidents.clock_started.v1",
    "incidents.clock_warned.v1",
    "incidents.clock_breached.v1",
    "incidents.clock_met.v1",
    "incidents.clock_cancelled.v1",
    "incidents.clock_waived.v1",
}
SEEN = {View.BUSINESS: BUSINESS_ENTRIES, View.IMPACT: IMPACT_ENTRIES}
# Entries of these kinds tell of an incident's inside, in whichever record's timeline they turn up.
INSIDE = frozenset(
    {
        "incident",
        "incident_role",
        "incident_call",
        "outage",
        "recovery_clock",
        "switch",
        "switch_step",
        "alert",
        "probe",
        "page",
        "message",
        "delivery",
    }
    | {"task", "task_list", "report", "proposal"}
)
TEXTS = frozenset({"text", "condition", "actions", "needs", "grade", "number", "title"})  # of a payload, what a cut view keeps


def standing_view(actor: Actor) -> View:
    """What the person's positions let them see of an incident in which they do not command."""
    if actor.kind == "system" or actor.roles & SEE_ALL:
        return View.FULL
    if "administrator" in actor.roles:
        return View.TITLES
    if "business_ops" in actor.roles:
        return View.BUSINESS
    return View.IMPACT if "customer_service" in actor.roles else View.FULL


def with_view(query: QuerySet[Incident], actor: Actor) -> QuerySet[Incident]:
    """Each incident with the actor's view of it; the commander's is full."""
    view = standing_view(actor)
    if view in (View.FULL, View.TITLES) or actor.user_id is None:
        return query.annotate(view=Value(view.value))
    commands = IncidentRole.objects.filter(incident=OuterRef("pk"), user_id=actor.user_id, role=IncidentRole.Role.COMMANDER, ended_at=None)
    return query.annotate(view=Case(When(Exists(commands), then=Value(View.FULL.value)), default=Value(view.value)))


def view_of(actor: Actor, incident: Incident) -> View:
    """The view of one incident, also of one that did not come from a list."""
    view = standing_view(actor)
    if view in (View.BUSINESS, View.IMPACT) and "commander" in incident.extra_roles(actor):
        return View.FULL
    return view


def entries_seen(actor: Actor, view: View, entries: Iterable[Entry]) -> list[Entry]:
    """The entries that this view shows; in a cut view, with nothing in them but what it may tell. One's own words stay."""
    if view == View.FULL:
        return list(entries)
    shown = []
    for entry in entries:
        is_own = entry.actor_id == actor.id and entry.actor_kind == actor.kind
        if entry.subject_kind not in INSIDE or (is_own and view != View.TITLES):
            shown.append(entry)
        elif entry.name in SEEN.get(view, ()):
            shown.append(_cut(entry))
    return shown


def _cut(entry: Entry) -> Entry:
    """In memory only: the words stay, numbers of alerts, ids and reasons go."""
    kept: dict[str, Any] = dict(entry.payload)
    for name in ("alert_ids", "alert_id", "evidence", "finding", "steps", "checks", "why", "what", "called", "task_lists", "fault_kind"):
        kept.pop(name, None)
    entry.payload = kept
    entry.reason, entry.before, entry.after = "", None, None
    return entry
