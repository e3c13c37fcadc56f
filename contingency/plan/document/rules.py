"""What a schema cannot say: references that lead somewhere, nothing twice, nothing missing that somebody will need at night."""

from collections.abc import Hashable, Iterable, Iterator, Sequence

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from contingency.catalog.models import FaultClass
from contingency.org.roles import ADMINISTRATOR, DIRECTOR
from contingency.plan.document.problems import Location
from contingency.plan.document.schema import (
    CallIn,
    CauseIn,
    ChainStepIn,
    FaultKindIn,
    LevelIn,
    MeetingKindIn,
    MessageTextIn,
    PlanDocument,
    PlaybookIn,
    ScheduleIn,
    Text,
)
from contingency.plan.models.choices import OUTSIDE, Clock, Grade, ResponseRole
from contingency.plan.models.texts import PLACEHOLDER
from contingency.plan.placeholders import ALL_PLACEHOLDERS, OPTIONAL_TEXTS, OUTWARD, REQUIRED_TEXTS

Broken = Iterator[tuple[Location, str | Promise]]


def broken_rules(document: PlanDocument) -> Broken:
    """Every broken rule with its place."""
    yield from _organisation(document)
    yield from _taxonomy(document)
    yield from _targets(document)
    yield from _chains(document)
    yield from _playbooks(document)
    yield from _levels(document)
    yield from _texts(document)
    yield from _prepared(document)


def _twice(items: Iterable[tuple[Location, Hashable]]) -> Broken:
    seen: set[Hashable] = set()
    for location, key in items:
        if key in seen:
            yield location, _("“%(key)s” is there already.") % {"key": key}
        seen.add(key)


def _slugs(section: str, items: Sequence[object]) -> list[tuple[Location, str]]:
    return [((section, index, "slug"), item.slug) for index, item in enumerate(items)]  # type: ignore[attr-defined]


def _unknown(location: Location, slug: str, known: Iterable[str], section: str) -> Broken:
    if slug not in known:
        yield location, _("There is no “%(slug)s” in “%(section)s”.") % {"slug": slug, "section": section}


def _missing(location: Location, wanted: Iterable[str], found: Iterable[str]) -> Broken:
    there = set(found)
    for word in wanted:
        if word not in there:
            yield location, _("“%(word)s” is missing here.") % {"word": word}


def _organisation(document: PlanDocument) -> Broken:
    units = {unit.slug for unit in document.units}
    positions = {position.slug for position in document.positions}
    for section in ("units", "positions", "groups", "rosters"):
        yield from _twice(_slugs(section, getattr(document, section)))
    above: set[str] = set()
    for index, unit in enumerate(document.units):
        if unit.parent is not None and unit.parent not in above:
            yield ("units", index, "parent"), _("There is no unit “%(slug)s” above this one.") % {"slug": unit.parent}
        above.add(unit.slug)
    for index, position in enumerate(document.positions):
        yield from _unknown(("positions", index, "unit"), position.unit, units, "units")
    yield from _missing(("positions",), (DIRECTOR, ADMINISTRATOR), (position.role or "" for position in document.positions))
    for index, group in enumerate(document.groups):
        yield from _twice(((("groups", index, "members", place)), slug) for place, slug in enumerate(group.members))
        for place, slug in enumerate(group.members):
            yield from _unknown(("groups", index, "members", place), slug, positions, "positions")
    for index, roster in enumerate(document.rosters):
        yield from _unknown(("rosters", index, "unit"), roster.unit, units, "units")


def _taxonomy(document: PlanDocument) -> Broken:
    classes = [fault.fault_class for fault in document.faults]
    yield from _twice((("faults", index, "class"), word) for index, word in enumerate(classes))
    yield from _missing(("faults",), FaultClass.values, classes)
    yield from _twice(place for index, fault in enumerate(document.faults) for place in _kinds(("faults", index, "kinds"), fault.kinds))
    yield from _twice(_causes(("failure_causes",), document.failure_causes))
    yield from _twice(_slugs("impact_areas", document.impact_areas))


def _kinds(location: Location, kinds: Sequence[FaultKindIn]) -> Iterator[tuple[Location, str]]:
    for index, kind in enumerate(kinds):
        yield (*location, index, "slug"), kind.slug
        yield from _kinds((*location, index, "kinds"), kind.kinds)


def _causes(location: Location, causes: Sequence[CauseIn]) -> Iterator[tuple[Location, str]]:
    for index, cause in enumerate(causes):
        yield (*location, index, "slug"), cause.slug
        yield from _causes((*location, index, "causes"), cause.causes)


def _targets(document: PlanDocument) -> Broken:
    targets = document.recovery_targets
    yield from _twice((("recovery_targets", index, "clock"), f"{target.clock} {target.part or ''}".strip()) for index, target in enumerate(targets))
    yield from _missing(("recovery_targets",), Clock.values, (target.clock for target in targets if target.part is None))


def _whom(location: Location, call: ChainStepIn | CallIn, document: PlanDocument) -> Broken:
    ranks = {roster.slug: roster.ranks for roster in document.rosters}
    by_roster, by_position = call.roster is not None and call.rank is not None, call.position is not None
    if by_roster == by_position or (by_position and (call.roster or call.rank)):
        yield location, _("Name either a roster and a rank, or a position.")
        return
    if call.position is not None:
        yield from _unknown((*location, "position"), call.position, {position.slug for position in document.positions}, "positions")
    if call.roster is not None and call.rank is not None:
        yield from _unknown((*location, "roster"), call.roster, ranks, "rosters")
        if call.rank > ranks.get(call.roster, call.rank):
            yield (*location, "rank"), _("The roster “%(slug)s” has only %(ranks)s ranks.") % {"slug": call.roster, "ranks": ranks[call.roster]}


def _chains(document: PlanDocument) -> Broken:
    yield from _twice(_slugs("escalation_chains", document.escalation_chains))
    for index, chain in enumerate(document.escalation_chains):
        for place, step in enumerate(chain.steps):
            yield from _whom(("escalation_chains", index, "steps", place), step, document)


def _playbooks(document: PlanDocument) -> Broken:
    yield from _twice(_slugs("playbooks", document.playbooks))
    kinds = {fault.fault_class: {slug for _place, slug in _kinds((), fault.kinds)} for fault in document.faults}
    for index, playbook in enumerate(document.playbooks):
        yield from _twice((("playbooks", index, "steps", place, "slug"), step.slug) for place, step in enumerate(playbook.steps))
        yield from _playbook_kind(("playbooks", index, "fault_kind"), playbook, kinds)


def _playbook_kind(location: Location, playbook: PlaybookIn, kinds: dict[str, set[str]]) -> Broken:
    if playbook.fault_kind is None:
        return
    if playbook.fault_class is None:
        yield location, _("A fault kind needs its fault class beside it.")
    elif playbook.fault_kind not in kinds.get(playbook.fault_class, set()):
        words = {"kind": playbook.fault_kind, "fault_class": playbook.fault_class}
        yield location, _("There is no fault kind “%(kind)s” in the class “%(fault_class)s”.") % words


def _levels(document: PlanDocument) -> Broken:
    grades = [level.grade for level in document.response_levels]
    yield from _twice((("response_levels", index, "grade"), grade) for index, grade in enumerate(grades))
    yield from _missing(("response_levels",), Grade.values, grades)
    for index, level in enumerate(document.response_levels):
        yield from _level(("response_levels", index), level, document)


def _level(location: Location, level: LevelIn, document: PlanDocument) -> Broken:
    chains = {chain.slug for chain in document.escalation_chains}
    for place, call in enumerate(level.calls):
        yield from _whom((*location, "calls", place), call, document)
        yield from _unknown((*location, "calls", place, "chain"), call.chain, chains, "escalation_chains")
    roles = [(place, call.role) for place, call in enumerate(level.calls) if call.role is not None]
    yield from _twice(((*location, "calls", place, "role"), role) for place, role in roles)
    yield from _missing((*location, "calls"), [ResponseRole.COMMANDER.value], (role for _place, role in roles))
    named = (("groups", level.groups, "groups"), ("playbooks", level.playbooks, "playbooks"), ("texts", level.texts, "message_texts"))
    for section, slugs, listed in named:
        known = {item.slug for item in getattr(document, listed)}
        yield from _twice(((*location, section, place), slug) for place, slug in enumerate(slugs))
        for place, slug in enumerate(slugs):
            yield from _unknown((*location, section, place), slug, known, listed)


def _prepared(document: PlanDocument) -> Broken:
    """What is done beforehand: procedures, risks, meetings, schedules, evaluation."""
    positions = {position.slug for position in document.positions}
    groups = {group.slug for group in document.groups}
    for section in ("procedures", "risks", "meeting_kinds", "schedules", "evaluation"):
        yield from _twice(_slugs(section, getattr(document, section)))
    for index, risk in enumerate(document.risks):
        yield from _unknown(("risks", index, "owner"), risk.owner, positions, "positions")
    for index, meeting in enumerate(document.meeting_kinds):
        location: Location = ("meeting_kinds", index)
        yield from _has_a_time(location, meeting)
        yield from _unknown((*location, "led_by"), meeting.led_by, positions, "positions")
        for key, slugs, known in (("groups", meeting.groups, groups), ("positions", meeting.positions, positions)):
            yield from _twice(((*location, key, place), slug) for place, slug in enumerate(slugs))
            for place, slug in enumerate(slugs):
                yield from _unknown((*location, key, place), slug, known, key)
    for index, schedule in enumerate(document.schedules):
        yield from _has_a_time(("schedules", index), schedule)
        yield from _unknown(("schedules", index, "owner"), schedule.owner, positions, "positions")


def _has_a_time(location: Location, item: MeetingKindIn | ScheduleIn) -> Broken:
    if item.every is None and item.occasion is None:
        yield location, _("Say how often (“every”) or on what occasion.")


def _texts(document: PlanDocument) -> Broken:
    yield from _twice(_slugs("message_texts", document.message_texts))
    yield from _missing(("message_texts",), REQUIRED_TEXTS, (text.slug for text in document.message_texts))
    for index, text in enumerate(document.message_texts):
        yield from _placeholders(("message_texts", index), text)


def _placeholders(location: Location, text: MessageTextIn) -> Broken:
    known = {**REQUIRED_TEXTS, **OPTIONAL_TEXTS}
    allowed = OUTWARD if text.audience in OUTSIDE else known.get(text.slug, ALL_PLACEHOLDERS)
    for part in ("subject", "body"):
        both: Text = getattr(text, part)
        for language in ("en", "zh"):
            words: str = getattr(both, language)
            used = PLACEHOLDER.findall(words)
            for name in sorted(set(used) - allowed):
                yield (*location, part, language), _("{%(name)s} is not known in this message.") % {"name": name}
            if words.count("{") != len(used) or words.count("}") != len(used):
                yield (*location, part, language), _("A brace belongs to no placeholder.")
        if set(PLACEHOLDER.findall(both.en)) != set(PLACEHOLDER.findall(both.zh)):
            yield (*location, part), _("The two languages do not use the same placeholders.")
