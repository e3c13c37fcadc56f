"""The incident room: one incident with everything that belongs to it, each part asked for only when shown."""

from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.db.models import F, Q
from django.utils.translation import gettext as _

from console.selectors import ahead, buttons, clocks, parts, probes, room_context, room_marks, room_series
from console.selectors.buttons import Button
from console.selectors.clocks import Ring
from console.selectors.room_shapes import (
    ADD_WORK,
    ALERTS,
    BESIDE,
    FILTERED_FROM,
    FORWARD,
    ORDERS,
    PROMINENT,
    QUICK,
    REACHED,
    RECENT,
    SECTIONS,
    TIMELINE,
    WAY,
    WRITING,
    Role,
    Step,
    TaskRow,
)
from console.selectors.timeline import FILTERS, Line, lines
from incidents.response import selectors as response
from incidents.response.models import EndCondition, Incident, IncidentAlert, IncidentRole
from incidents.response.models.states import OPEN, State
from incidents.switchover.models import RecoveryClock, Switch
from incidents.switchover.selectors import second
from kernel import journal
from kernel.actors import Actor
from kernel.i18n import pick
from kernel.models import Entry, Proposal
from notify.models import Page
from work import selectors as work
from work.models import Task


class Room:
    """One incident for one person at one moment."""

    def __init__(self, actor: Actor, incident: Incident, now: datetime, show: str = "") -> None:
        self.actor = actor
        self.incident = incident
        self.now = now
        self.show = show if show in [name for name, _label, _test in FILTERS] else FILTERS[0][0]

    @cached_property
    def view(self) -> response.View:
        """How much of it this person sees (SEC-01)."""
        return response.view_of(self.actor, self.incident)

    @property
    def titles_only(self) -> bool:
        """Administrators see that it exists, not what is in it (SEC-01)."""
        return self.view == response.View.TITLES

    @property
    def is_full(self) -> bool:
        """Whether the technical inside is shown."""
        return self.view == response.View.FULL

    def shows(self, section: str) -> bool:
        """Whether a section is for this person."""
        sections = SECTIONS.get(self.view)
        return section != "impact" if sections is None else section in sections

    @property
    def steps(self) -> list[Step]:
        """The way from discovered to closed; a way out is added where it was taken."""
        state = State(self.incident.state)
        if state not in WAY:
            return [Step(str(State.DISCOVERED.label), self.incident.discovered_at, "done"), Step(str(state.label), None, "now")]
        here = WAY.index(state)
        return [self._step(step, index, here) for index, step in enumerate(WAY)]

    def _step(self, step: State, index: int, here: int) -> Step:
        reached = getattr(self.incident, REACHED[step])
        look = "now" if index == here else "done" if index < here and (reached or step != State.LOCATED) else ""
        return Step(str(step.label), reached if index <= here or reached else None, look)

    @cached_property
    def outage(self) -> Any:
        """The outage that this incident drives, if business stands still."""
        return self.incident.outage

    @cached_property
    def rings(self) -> list[Ring]:
        """The three clocks."""
        if self.outage is None:
            return []
        rows = list(RecoveryClock.objects.filter(outage=self.outage).select_related("outage__part__unit"))
        return clocks.rings(rows, self.now)

    @cached_property
    def all_buttons(self) -> list[Button]:
        """Every legal move of incident, outage, switch and part, the usual next ones first."""
        found = buttons.buttons(self.actor, self.incident, skip=(*WRITING, *BESIDE))
        if self.outage is not None:
            found += buttons.buttons(self.actor, self.outage)
        found += buttons.buttons(self.actor, self.incident.part, only=("incidents.switch_dry_run",))
        if self.view == response.View.IMPACT:
            return found
        switch = self.switch[0] if self.switch is not None else None
        if switch is not None and not switch.is_settled:
            found = [button for button in found if button.move.id not in ORDERS]
            found += buttons.buttons(self.actor, switch, only=("incidents.switch_approve",))
        for ring in self.rings:
            found += [button.of(ring.title) for button in buttons.buttons(self.actor, ring.clock)]
        if not any(role.who_id == self.actor.user_id and role.acknowledged_at is None for role in self.roles):
            found = [button for button in found if button.move.id != "incidents.role_acknowledge"]
        known = {move_id: place for place, move_id in enumerate(FORWARD)}
        return sorted(found, key=lambda button: known.get(button.move.id, len(known)))

    @cached_property
    def held_back(self) -> list[buttons.HeldBack]:
        """What comes once something else is done, and what that is."""
        under_way = self.switch is not None and not self.switch[0].is_settled
        return buttons.held_back(self.actor, self.outage) if self.outage is not None and not under_way and self.is_full else []

    @cached_property
    def waiting(self) -> second.Waiting | None:
        """Whom the ordered switch waits for."""
        return second.waiting(self.switch[0], self.actor, self.now) if self.switch is not None and self.view != response.View.IMPACT else None

    @cached_property
    def expected(self) -> ahead.Expected | None:
        """The clock that confirming would start; it runs out from the failure on."""
        return ahead.expected_clocks([self.incident], self.now).get(self.incident.pk)

    @cached_property
    def add_work(self) -> Button | None:
        """Adding one more playbook to the tasks, where the person may."""
        return next(iter(buttons.buttons(self.actor, self.incident, only=(ADD_WORK,))), None)

    @property
    def main_buttons(self) -> list[Button]:
        """The few that usually come next."""
        return [button for button in self.all_buttons if button.move.id in FORWARD][:PROMINENT]

    @property
    def more_buttons(self) -> list[Button]:
        """The rest."""
        main = {button.id for button in self.main_buttons}
        return [button for button in self.all_buttons if button.id not in main]

    @cached_property
    def writing(self) -> list[Button]:
        """As what the person may write into the record: note, decision, update."""
        return buttons.buttons(self.actor, self.incident, only=WRITING)

    @property
    def may_update(self) -> bool:
        """Whether an update is among it, which notifies people."""
        return any(button.move.id == "incidents.update" for button in self.writing)

    @cached_property
    def can_report(self) -> Button | None:
        """The report in three lines, where the person may give it."""
        return next(iter(buttons.buttons(self.actor, self.incident, only=("incidents.can_report",))), None)

    @cached_property
    def timeline(self) -> list[Line]:
        """What happened, newest first, as far as the chosen filter lets through."""
        limit = TIMELINE if self.show == "all" else FILTERED_FROM
        entries = journal.timeline(self.incident, limit=limit)
        return lines(self.actor, entries, record=self.incident, marks=self.marks, show=self.show)[:TIMELINE]

    @cached_property
    def marks(self) -> dict[str, response.Marked]:
        """Pins, remarks and better times of this incident's entries."""
        return response.marks_of(self.incident) if self.is_full else {}

    @property
    def filters(self) -> list[tuple[str, str, bool]]:
        """(name, words, is it chosen) of what the timeline can be narrowed to."""
        return [(name, str(label), name == self.show) for name, label, _test in FILTERS]

    @cached_property
    def pinned(self) -> list[Line]:
        """What somebody held up for everybody, whatever the filter."""
        wanted = {entry_id for entry_id, marked in self.marks.items() if marked.pinned is not None}
        found = Entry.objects.filter(public_id__in=wanted) if wanted else []
        return lines(self.actor, found, record=self.incident, marks=self.marks)

    @cached_property
    def marking(self) -> dict[str, tuple[str, str, str]]:
        """What this person may put to a line."""
        return room_marks.marks_permitted(self.actor, self.incident) if self.is_full else {}

    @cached_property
    def changes(self) -> list[room_context.Change]:
        """What changed on the part in the day before the failure."""
        return room_context.changes_before(self.actor, self.incident)

    @cached_property
    def earlier(self) -> list[room_context.Earlier]:
        """Earlier incidents of the same part and class."""
        return room_context.earlier_incidents(self.actor, self.incident)

    @cached_property
    def charts(self) -> list[room_series.Chart]:
        """Measures of the part with the incident's moments in them."""
        switch = self.switch[0] if self.switch is not None else None
        return room_series.charts_of(self.incident, switch, self.now)

    @property
    def recent(self) -> list[Line]:
        """The lines that stand open."""
        return self.timeline[:RECENT]

    @property
    def older(self) -> list[Line]:
        """The lines behind “earlier”."""
        return self.timeline[RECENT:]

    @cached_property
    def tracks(self) -> list[tuple[str, str, list[TaskRow]]]:
        """(track, label, tasks), technical first; only tracks with tasks. Business sees its own track, others their own tasks. One query."""
        found = [(track.track, track.label, [self._task(task) for task in track.tasks if self._sees(task)]) for track in work.tasks_of(self.incident)]
        return [row for row in found if row[2]]

    def _sees(self, task: Task) -> bool:
        if self.is_full:
            return True
        own = task.owner_id is not None and task.owner_id == self.actor.user_id
        return task.track == Task.Track.BUSINESS if self.view == response.View.BUSINESS else own

    def _task(self, task: Task) -> TaskRow:
        offered = next((button for button in self.all_buttons if button.move.id == task.move), None) if task.move and not task.is_finished else None
        found = buttons.buttons(self.actor, task)
        own = [button for button in found if button.move.verb in QUICK]
        return TaskRow(
            task, not task.is_finished and task.due_at <= self.now, [*([offered] if offered else []), *own], [b for b in found if b not in own]
        )

    @property
    def task_count(self) -> int:
        """How many tasks there are."""
        return sum(len(rows) for _track, _label, rows in self.tracks)

    @property
    def tasks_done(self) -> int:
        """How many need nothing more."""
        return sum(row.task.is_finished for _track, _label, rows in self.tracks for row in rows)

    @cached_property
    def roles(self) -> list[Role]:
        """Who does what, and whether they answered; what the person may take themselves."""
        rows = IncidentRole.objects.filter(incident=self.incident, ended_at=None).select_related("user").order_by("id")
        takeable = self.takeable
        return [
            Role(
                role.get_role_display(),
                pick(role.user, "display_name"),
                role.user_id,
                role.acknowledged_at,
                takeable.get(role.role, "") if role.acknowledged_at is None and role.user_id != self.actor.user_id else "",
            )
            for role in rows
        ]

    @cached_property
    def takeable(self) -> dict[str, str]:
        """Role → where this person takes it."""
        found = next(iter(buttons.buttons(self.actor, self.incident, only=("incidents.role_take",))), None)
        names = response.roles_takeable(self.incident, self.actor) if found is not None else []
        return {name: f"{found.address}?{urlencode({'role': name})}" for name in names if found is not None}

    @property
    def free_roles(self) -> list[Role]:
        """Roles that nobody has and that this person may take."""
        held = set(IncidentRole.objects.filter(incident=self.incident, ended_at=None).values_list("role", flat=True))
        labels = dict(IncidentRole.Role.choices)
        return [Role(str(labels[name]), "", 0, None, address) for name, address in self.takeable.items() if name not in held]

    @cached_property
    def pages(self) -> list[tuple[Page, list[Button]]]:
        """Calls that still matter, and answering them."""
        about = Page.objects.filter(subject_kind="incident", subject_id=str(self.incident.public_id)).order_by("-id")[:3]
        found = about.select_related("acknowledged_by").prefetch_related("calls__user")
        return [(page, buttons.buttons(self.actor, page)) for page in found]

    @property
    def answered(self) -> Page | None:
        """The call that somebody answered, as long as nobody has a role: until then they are who has it."""
        last = self.pages[0][0] if self.pages else None
        return last if last is not None and last.acknowledged_by is not None and not self.roles else None

    @cached_property
    def part(self) -> parts.PartView:
        """Where traffic of the part flows."""
        return parts.part_view(switchover_part(self.incident))

    @cached_property
    def probes(self) -> list[Any]:
        """Probes of the part with their last samples."""
        return probes.rows_of(self.incident.part, self.now)

    @cached_property
    def alerts(self) -> list[Any]:
        """The alerts that were joined, firing ones first."""
        rows = (
            IncidentAlert.objects.filter(incident=self.incident)
            .select_related("alert__source")
            .order_by(F("cleared_at").desc(nulls_first=True), "-id")
        )
        return [row.alert for row in rows[:ALERTS]]

    @cached_property
    def alert_count(self) -> int:
        """How many alerts were joined in all."""
        return IncidentAlert.objects.filter(incident=self.incident).count()

    @cached_property
    def switch(self) -> tuple[Switch, list[Button]] | None:
        """The incident's latest switch with its steps: one of its outage, or of its part while it went on."""
        query = Switch.objects.filter(part=self.incident.part, ordered_at__gte=self.incident.failing_since)
        query = query.filter(Q(outage=None) | Q(outage_id=self.incident.outage_id)) if self.incident.outage_id else query.filter(outage=None)
        if not self.incident.is_open:
            query = query.filter(ordered_at__lte=self.incident.resolved_at or self.incident.closed_at or self.now)
        switch = query.select_related("part__unit", "outage", "ordered_by", "approved_by").prefetch_related("steps").order_by("-id").first()
        return (switch, buttons.buttons(self.actor, switch)) if switch is not None else None

    @cached_property
    def proposals(self) -> list[tuple[Proposal, list[Button]]]:
        """What waits for a second person, on the incident, its outage, part and switch."""
        about = [self.incident, self.incident.part, *([self.outage] if self.outage else []), *([self.switch[0]] if self.switch else [])]
        clocks_here = [ring.clock for ring in self.rings]
        found = Proposal.objects.filter(
            record_id__in=[record.public_id for record in [*about, *clocks_here]], state=Proposal.State.PROPOSED
        ).order_by("proposed_at")
        return [(proposal, buttons.buttons(self.actor, proposal)) for proposal in found]

    @cached_property
    def end_conditions(self) -> list[tuple[str, EndCondition | None]]:
        """What must hold before it is resolved, and what was reported of it in this round."""
        reported = {row.kind: row for row in EndCondition.objects.filter(incident=self.incident, round=self.incident.round)}
        return [(str(kind.label), reported.get(kind.value)) for kind in EndCondition.Kind]

    @property
    def shows_end_conditions(self) -> bool:
        """From handling on."""
        return self.incident.state in (State.HANDLING, State.VERIFYING, State.RESOLVED)

    @property
    def is_open(self) -> bool:
        """Whether it still takes alerts."""
        return self.incident.state in OPEN

    @property
    def facts(self) -> list[tuple[str, Any]]:
        """Facts of the outage: where business is, and what has been proved."""
        outage = self.outage
        if outage is None:
            return []
        return [
            (_("Outage"), f"{outage.number} · {outage.get_state_display()}"),
            (_("Failing since"), outage.failing_since),
            (_("Business normal"), outage.business_normal_at or _("not yet")),
            (_("Repaired"), outage.repaired_at or _("not yet")),
        ]


def switchover_part(incident: Incident) -> Any:
    """The incident's part with what a gateway look needs."""
    from incidents.switchover import selectors as switchover

    return switchover.part_find(incident.part)
