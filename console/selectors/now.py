"""The home screen: what is wrong, how long have we got, who has it, what waits. Each part asks only for what it shows."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Min
from django.urls import reverse
from django.utils.translation import gettext as _

from console.selectors import clocks, parts, people, rounds
from console.selectors.ahead import Expected, expected_clocks
from console.selectors.clocks import Ring
from console.selectors.mine import MyTasks
from console.selectors.room import Room
from console.selectors.rounds import NOW_SHOWN, RoundRow
from contingency.catalog.models import Part
from incidents.response.models import Incident, IncidentRole
from incidents.switchover.models import RecoveryClock
from incidents.switchover.selectors.second import Waiting, waiting_switches
from kernel import records
from kernel.actors import Actor
from kernel.i18n import listed, pick
from kernel.models import Proposal
from notify.models import Page

SHOWN = 8
RANK = {"major": 0, "severe": 1, "general": 2, "": 3}


@dataclass
class Card:
    """One open incident with its clocks, who commands, and whether anybody has answered."""

    incident: Incident
    address: str
    title: str
    rings: list[Ring] = field(default_factory=list)
    commander: str = ""
    page: Page | None = None
    called: list[str] = field(default_factory=list)  # whom the page has called so far
    expected: Expected | None = None  # the clock that confirming would start

    @property
    def who(self) -> str:
        """Who has it: the commander; before there is one, whom it calls."""
        if self.commander:
            return _("%(who)s commands") % {"who": self.commander}
        if self.called and self.page is not None and self.page.state == "calling":
            return _("calling %(who)s") % {"who": listed(self.called)}
        return ""

    @property
    def urgent(self) -> Ring | None:
        """The clock with the least time left."""
        return clocks.most_urgent(self.rings)


@dataclass(frozen=True)
class Headline:
    """The state of everything in one line."""

    tone: str
    words: str
    detail: str
    address: str
    ring: Ring | None = None
    proposed: str = ""  # the grade, as long as nobody has decided it
    expected: Expected | None = None
    next_step: str = ""  # what this person can do next in its room

    @property
    def mark(self) -> str:
        """What the sign before the line says: a grade only when somebody gave it."""
        return "" if self.proposed else self.tone


class NowScreen:
    """What the home screen shows, for one person, at one moment."""

    def __init__(self, actor: Actor, now: datetime) -> None:
        self.actor = actor
        self.now = now

    def may_read(self, kind: str) -> bool:
        """Whether this kind of record concerns the person at all."""
        return records.may_read(self.actor, records.get(kind), None)

    @cached_property
    def incidents(self) -> list[Card]:
        """Open incidents, the worst first. Four queries, however many."""
        if not self.may_read("incident"):
            return []
        found = list(records.get("incident").list_for(self.actor, state="open").select_related("outage")[:50])
        found.sort(key=lambda incident: (RANK.get(incident.response_grade, 3), incident.failing_since))
        cards = [Card(incident, incident_address(incident), title_of(incident)) for incident in found]
        self._add_clocks(cards)
        self._add_people(cards)
        expected = expected_clocks(found, self.now)
        for card in cards:
            card.expected = expected.get(card.incident.pk)
        return cards

    def _add_clocks(self, cards: list[Card]) -> None:
        outages = [card.incident.outage_id for card in cards if card.incident.outage_id]
        of_outage: dict[int, list[RecoveryClock]] = defaultdict(list)
        for clock in RecoveryClock.objects.filter(outage_id__in=outages).select_related("outage"):
            of_outage[clock.outage_id].append(clock)
        for card in cards:
            card.rings = clocks.rings(of_outage.get(card.incident.outage_id or 0, []), self.now)

    def _add_people(self, cards: list[Card]) -> None:
        ids = [card.incident.pk for card in cards]
        held = IncidentRole.objects.filter(incident_id__in=ids, role=IncidentRole.Role.COMMANDER, ended_at=None).select_related("user")
        commanders = {role.incident_id: pick(role.user, "display_name") for role in held}
        pages: dict[Any, Page] = {}
        about = [card.incident.public_id for card in cards]
        unanswered = Page.objects.filter(subject_kind="incident", subject_id__in=about, state__in=["calling", "exhausted"])
        for page in unanswered.prefetch_related("calls__user").order_by("id"):
            pages[str(page.subject_id)] = page
        for card in cards:
            card.commander = commanders.get(card.incident.pk, "")
            card.page = pages.get(str(card.incident.public_id))
            card.called = [pick(call.user, "display_name") for call in card.page.calls.all()] if card.page is not None else []

    @cached_property
    def headline(self) -> Headline:
        """One sentence for the director."""
        if self.incidents:
            worst = self.incidents[0]
            words = worst.title
            grade = worst.incident.response_grade
            detail = " · ".join(filter(None, [worst.incident.state_label(), worst.who]))
            return Headline(
                grade, words, detail, worst.address, worst.urgent, only_proposed(worst.incident), worst.expected, self._next_step(worst.incident)
            )
        down = [part for part in self.parts if part.is_bad]
        if down:
            return Headline("severe", _("%(part)s needs a look") % {"part": down[0].name}, down[0].words, "")
        if self.unacknowledged_count:
            return Headline("warn", _("No incident, but alerts nobody has seen"), "", reverse("console:alert-list"))
        if not self.parts and not Part.objects.exists():  # silence means nothing where nothing is watched
            return Headline("warn", _("Nothing is guarded yet"), _("No alert opens an incident before a guarded part is defined."), "")
        return Headline("quiet", _("All quiet"), _("No open incident, no alert waiting.") if self.sees_alerts else _("No open incident."), "")

    def _next_step(self, incident: Incident) -> str:
        """The first thing that this person can do in its room; nothing where they only look on."""
        first = Room(self.actor, incident, self.now).main_buttons[:1]
        return first[0].title if first else ""

    @cached_property
    def waiting(self) -> list[Waiting]:
        """Switches that wait for somebody else than the one who ordered them."""
        if not self.may_read("switch"):
            return []
        return waiting_switches(self.actor, [part.part.pk for part in self.parts], self.now)

    @property
    def waiting_count(self) -> int:
        """Everything that waits for a second person."""
        return len(self.proposals) + len(self.waiting)

    @cached_property
    def sees_alerts(self) -> bool:
        """Whether what monitoring tools tell is for this person; where not, nothing is said about it, not even that there is none."""
        return self.may_read("alert")

    @cached_property
    def _alerts(self) -> Any:
        return records.get("alert").list_for(self.actor, state="firing").select_related("part", "source")

    @cached_property
    def alerts(self) -> list[Any]:
        """Alerts that nobody has acknowledged, newest first."""
        return list(self._alerts[:SHOWN]) if self.sees_alerts else []

    @cached_property
    def _alert_numbers(self) -> dict[str, Any]:
        if not self.sees_alerts:
            return {"count": 0, "oldest": None}
        numbers = self._alerts.order_by().aggregate(oldest=Min("first_seen_at"))
        return {"count": self._alerts.order_by().count(), **numbers}

    @property
    def unacknowledged_count(self) -> int:
        """How many."""
        return int(self._alert_numbers["count"])

    @property
    def oldest_unacknowledged(self) -> datetime | None:
        """Since when the oldest waits."""
        oldest: datetime | None = self._alert_numbers["oldest"]
        return oldest

    @cached_property
    def unrouted(self) -> list[Any]:
        """Open alerts that no matcher and no default part claims."""
        if not self.sees_alerts:
            return []
        return list(
            records.get("alert").list_for(self.actor).filter(part=None, state__in=["firing", "acknowledged"]).select_related("source")[:SHOWN]
        )

    @cached_property
    def tasks(self) -> MyTasks:
        """What this person has to do."""
        return MyTasks(self.actor, self.now)

    @cached_property
    def duty(self) -> list[people.Duty]:
        """Who is on duty now, per roster."""
        return people.duty_now(self.now)

    @cached_property
    def parts(self) -> list[parts.PartView]:
        """Guarded parts with where traffic flows."""
        return parts.parts_for(self.actor)

    @cached_property
    def _rounds(self) -> list[RoundRow]:
        return rounds.ahead(self.actor, self.now)

    @property
    def rounds(self) -> list[RoundRow]:
        """What the plan wants done again and this person sees to, due or soon: the most urgent few."""
        return self._rounds[:NOW_SHOWN]

    @property
    def rounds_more(self) -> int:
        """How many besides."""
        return max(0, len(self._rounds) - NOW_SHOWN)

    @cached_property
    def exhausted(self) -> list[Card]:
        """Incidents whose page reached the end of its chain unanswered."""
        return [card for card in self.incidents if card.page is not None and card.page.state == "exhausted"]

    @cached_property
    def proposals(self) -> list[Proposal]:
        """What waits for somebody to agree."""
        return list(records.get("proposal").list_for(self.actor, state="proposed")[:SHOWN]) if self.may_read("proposal") else []


def incident_address(incident: Incident) -> str:
    """Where its room is."""
    return reverse("console:room", args=[incident.number])


def only_proposed(incident: Incident) -> str:
    """The grade that an open incident would be given, as long as nobody has decided; else nothing."""
    return "" if incident.grade or not incident.is_open else incident.proposed_grade


def title_of(incident: Incident) -> str:
    """Its title; those who may only know that it exists see the number."""
    return incident.number if getattr(incident, "titles_only", False) else incident.title
