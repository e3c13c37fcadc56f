"""The set-up: which of its screens a person may see, and what stands on them."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from console.selectors import buttons, probes
from console.selectors.buttons import Button
from contingency.catalog.models import Part
from contingency.org import selectors as org
from contingency.org.models import ContactPoint, Factor, Holding, PersonalToken, Roster, Shift, User
from contingency.org.services.tokens import known_scopes
from contingency.plan.models import EscalationChain
from kernel import records
from kernel.actors import Actor
from kernel.i18n import pick
from monitoring.alerts.models import Source
from monitoring.probes.models import AllowedTarget, Probe
from notify import channels
from notify.models import ChannelHealth

AHEAD = timedelta(weeks=4)
MOST = 200


@dataclass(frozen=True)
class Section:
    """One screen of the set-up."""

    name: str
    label: str | Promise
    icon: str
    kind: str
    says: str | Promise


SECTIONS = (
    Section("sources", _("Monitoring tools"), "bell-ringing", "source", _("Which tools file alerts here, with which keys, and how to connect them.")),
    Section("parts", _("Guarded parts"), "server", "part", _("What has a main and a spare, and which alerts belong to it.")),
    Section("probes", _("Probes"), "activity-heartbeat", "probe", _("What the console itself looks at, and how often.")),
    Section("people", _("People"), "user", "user", _("Who holds which position, and what that lets them do.")),
    Section("rosters", _("Duty rosters"), "clock", "roster", _("Who is on duty, now and in the weeks ahead.")),
    Section("contacts", _("How I am reached"), "phone", "contact_point", _("Your own addresses, each with a test.")),
    Section("security", _("My log-in"), "shield-check", "factor", _("Password, second factor, and where you are logged in.")),
    Section("tokens", _("My tokens"), "lock", "personal_token", _("Keys with which a script acts in your name.")),
)


def sections(actor: Actor) -> list[Section]:
    """Those that the person may see."""
    return [section for section in SECTIONS if records.may_read(actor, records.get(section.kind), None)]


class SetupScreen:
    """What all screens of the set-up share."""

    name = ""
    kind = ""

    def __init__(self, actor: Actor, now: datetime) -> None:
        self.actor = actor
        self.now = now

    @property
    def sections(self) -> list[Section]:
        """The row of tabs."""
        return sections(self.actor)

    @cached_property
    def makers(self) -> list[Button]:
        """Moves that make a new record of this screen."""
        return buttons.makers(self.actor, self.kind) if self.kind else []

    def acts(self, record: Any, **choice: Any) -> list[Button]:
        """Legal moves of a record."""
        return buttons.buttons(self.actor, record, **choice)


class PartsScreen(SetupScreen):
    """Guarded parts with their sides and routing rules."""

    name, kind = "parts", Part.journal_kind

    @cached_property
    def rows(self) -> list[tuple[Part, list[Button]]]:
        """Each part with what may be done with it; a fixed number of queries."""
        found = list(records.get(self.kind).list_for(self.actor)[:MOST])
        moves = ("catalog.matcher_add", "catalog.matcher_remove")
        chains = {chain.slug: chain for chain in EscalationChain.objects.filter(retired_at=None)}
        for part in found:
            part.chain_name = pick(chains[part.chain], "name") if part.chain in chains else part.chain
        return [(part, self.acts(part, only=moves)) for part in sorted(found, key=lambda part: part.pk)]


class ProbesScreen(SetupScreen):
    """Probes by part, with their last samples."""

    name, kind = "probes", Probe.journal_kind

    @cached_property
    def rows(self) -> list[tuple[Part, list[tuple[probes.Row, list[Button]]]]]:
        """Two queries per part."""
        parts: dict[int, Part] = {}
        seen: set[int] = set()
        for probe in records.get(self.kind).list_for(self.actor)[:MOST]:
            parts.setdefault(probe.part_id, probe.part)
            seen.add(probe.pk)
        found = []
        for key in sorted(parts):
            rows = [row for row in probes.rows_of(parts[key], self.now) if row.state.probe.pk in seen]
            for row in rows:
                row.state.probe.part = parts[key]
            found.append((parts[key], [(row, self.acts(row.state.probe)) for row in rows]))
        return found

    @property
    def may_see_targets(self) -> bool:
        """Whether the list of what probes may reach is shown."""
        return records.may_read(self.actor, records.get(AllowedTarget.journal_kind), None)

    @cached_property
    def targets(self) -> list[AllowedTarget]:
        """What probes may reach."""
        return list(records.get(AllowedTarget.journal_kind).list_for(self.actor)[:MOST]) if self.may_see_targets else []

    @cached_property
    def target_makers(self) -> list[Button]:
        """Allowing another network."""
        return buttons.makers(self.actor, AllowedTarget.journal_kind)


@dataclass(frozen=True)
class PersonRow:
    """One person with positions and duties."""

    user: User
    holdings: list[tuple[Holding, list[Button]]]
    is_on_duty: bool
    buttons: list[Button]
    factors: list[tuple[Factor, list[Button]]]


class PeopleScreen(SetupScreen):
    """People, their positions and roles."""

    name, kind = "people", User.journal_kind

    @cached_property
    def rows(self) -> list[PersonRow]:
        """Everybody who may log in, by name. Four queries at most."""
        held: dict[int, list[Holding]] = defaultdict(list)
        wanted = Holding.objects.filter(org.in_force(self.now), position__retired_at=None)
        for holding in wanted.select_related("user", "position__unit").order_by("is_deputy", "starts_at", "pk"):
            held[holding.user_id].append(holding)
        duty = set(Shift.objects.filter(cancelled_at=None, starts_at__lte=self.now, ends_at__gt=self.now).values_list("user_id", flat=True))
        factors = self._factors()
        return [
            PersonRow(user, [(holding, self._endings(holding)) for holding in held[user.pk]], user.pk in duty, self._moves(user), factors[user.pk])
            for user in org.user_list()[:MOST]
        ]

    def _factors(self) -> dict[int, list[tuple[Factor, list[Button]]]]:
        """Other people's second factors, for those who may know of them: which there are, and taking away a lost one."""
        found: dict[int, list[tuple[Factor, list[Button]]]] = defaultdict(list)
        if self.actor.roles & org.OVERSEERS:
            others = org.factors_visible_to(self.actor).exclude(user_id=self.actor.user_id or 0)
            for factor in others.exclude(kind=Factor.Kind.RECOVERY):  # these go with the last of the others
                found[factor.user_id].append((factor, self.acts(factor, only=("org.factor_take_away",))))
        return found

    def _moves(self, user: User) -> list[Button]:
        """Password and sessions are their owner's and an administrator's; the table's row cannot tell one person from another."""
        is_self, rules = user.pk == self.actor.user_id, "administrator" in self.actor.roles
        skip = [] if rules and not is_self else ["org.language_choose"]  # one's own stands on every screen
        return self.acts(user, skip=skip if is_self or rules else [*skip, "org.password_set", "org.sessions_end"])

    def _endings(self, holding: Holding) -> list[Button]:
        from contingency.org.services.holdings import RESTRICTED

        move = "org.holding_end_restricted" if holding.position.role in RESTRICTED else "org.holding_end"
        return self.acts(holding, only=(move,))

    @cached_property
    def holding_makers(self) -> list[Button]:
        """Assigning positions."""
        return buttons.makers(self.actor, Holding.journal_kind)


@dataclass(frozen=True)
class RosterRow:
    """One roster: who is on duty now, by rank, and the shifts to come."""

    roster: Roster
    now: list[Shift]
    missing: list[int]
    shifts: list[tuple[Shift, list[Button]]]


class RostersScreen(SetupScreen):
    """Who is on duty, now and for four weeks."""

    name, kind = "rosters", Shift.journal_kind

    @cached_property
    def rows(self) -> list[RosterRow]:
        """Every roster. Two queries."""
        by_roster: dict[int, list[Shift]] = defaultdict(list)
        wanted = Shift.objects.filter(cancelled_at=None, ends_at__gt=self.now, starts_at__lt=self.now + AHEAD, user__is_active=True)
        for shift in wanted.select_related("user", "roster__unit").order_by("starts_at", "rank"):
            by_roster[shift.roster_id].append(shift)
        return [self._row(roster, by_roster[roster.pk]) for roster in Roster.objects.filter(retired_at=None).select_related("unit")]

    def _row(self, roster: Roster, shifts: list[Shift]) -> RosterRow:
        running = [shift for shift in shifts if shift.starts_at <= self.now]
        missing = [rank for rank in range(1, roster.ranks + 1) if rank not in {shift.rank for shift in running}]
        return RosterRow(roster, running, missing, [(shift, self.acts(shift)) for shift in shifts])


class ContactsScreen(SetupScreen):
    """How the person is reached, and whether the ways there work."""

    name, kind = "contacts", ContactPoint.journal_kind

    @cached_property
    def rows(self) -> list[tuple[ContactPoint, list[Button], bool]]:
        """One's own, in the order in which they are tried; the last says whether anything can be sent there."""
        points = ContactPoint.objects.filter(user_id=self.actor.user_id or 0, is_active=True).select_related("user").order_by("order", "pk")
        kinds = channels.all_kinds()
        return [(point, self._moves(point, can_send=point.kind in kinds), point.kind in kinds) for point in points]

    def _moves(self, point: ContactPoint, *, can_send: bool) -> list[Button]:
        found = [button for button in self.acts(point) if can_send or button.move.id != "notify.contact_point_test"]
        return sorted(found, key=lambda button: button.move.id != "notify.contact_point_test")

    @cached_property
    def channels(self) -> list[tuple[ChannelHealth, bool]]:
        """The mail server and the hosts that take webhooks: does each work."""
        return [(row, row.is_open(self.now)) for row in ChannelHealth.objects.order_by("key")[:MOST]]

    @property
    def sees_channels(self) -> bool:
        """Whose business the channels are; hosts of others' webhooks are not everybody's."""
        return bool(self.actor.roles & {"ops_engineer", "team_lead", "administrator", "auditor"})


class TokensScreen(SetupScreen):
    """One's own tokens."""

    name, kind = "tokens", PersonalToken.journal_kind

    @cached_property
    def rows(self) -> list[tuple[PersonalToken, bool, list[Button]]]:
        """(token, is in force, moves), the newest first."""
        found = PersonalToken.objects.filter(user_id=self.actor.user_id or 0).select_related("user").order_by("-id")[:MOST]
        return [
            (token, token.is_in_force(self.now), self.acts(token, only=("org.token_revoke",)) if token.is_in_force(self.now) else [])
            for token in found
        ]

    @property
    def scopes(self) -> list[str]:
        """What may be asked for."""
        return sorted(known_scopes())


def counts(actor: Actor, now: datetime) -> dict[str, str]:
    """A number beside each section of the overview that has something to count, as far as the person may see it."""
    shown = {section.name for section in sections(actor)}
    found: dict[str, Any] = {
        "sources": lambda: Source.objects.exclude(kind=Source.Kind.PROBE).count(),
        "parts": lambda: Part.objects.filter(retired_at=None).count(),
        "probes": lambda: records.get("probe").list_for(actor).order_by().count(),
        "people": lambda: User.objects.filter(is_active=True).count(),
        "rosters": lambda: Roster.objects.filter(retired_at=None).count(),
        "contacts": lambda: ContactPoint.objects.filter(user_id=actor.user_id or 0, is_active=True).count(),
        "tokens": lambda: PersonalToken.objects.filter(user_id=actor.user_id or 0, revoked_at=None, expires_at__gt=now).count(),
    }
    return {name: str(count()) for name, count in found.items() if name in shown}


__all__ = ["SECTIONS", "SetupScreen", "counts", "pick", "sections"]
