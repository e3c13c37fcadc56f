"""The shape of the document. The order of fields here is the order in which they are written."""

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from contingency.catalog.models import FaultClass
from contingency.org.models import Layer
from contingency.org.roles import POSITION_ROLES
from contingency.plan.document.durations import Duration
from contingency.plan.models.choices import Audience, Clock, Grade, MessageKind, ResponseRole, RiskField, ScheduleKind, Track

FORMAT = "switchback-plan/1"

_UNPRINTABLE = re.compile("[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def _tidy(text: str) -> str:
    """Trailing spaces and outer blank lines carry no meaning; what cannot be printed is refused."""
    tidied = "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").split("\n")).strip()
    if not tidied:
        raise PydanticCustomError("empty_text", "empty")
    if _UNPRINTABLE.search(tidied):
        raise PydanticCustomError("unprintable", "a character that cannot be printed")
    return tidied


def _one_of(words: Any) -> AfterValidator:
    known = tuple(words)

    def check(word: str) -> str:
        if word not in known:
            raise PydanticCustomError("one_of", "one of {words}", {"words": ", ".join(known)})
        return word

    return AfterValidator(check)


def _one_line(text: str) -> str:
    if "\n" in text:
        raise PydanticCustomError("one_line", "one line")
    return text


def _whole_minutes(length: Any) -> Any:
    if not length or length.total_seconds() % 60 or length.total_seconds() > 32000 * 60:
        raise PydanticCustomError("whole_minutes", "whole minutes")
    return length


def _not_nothing(length: Any) -> Any:
    if not length:
        raise PydanticCustomError("not_nothing", "longer than nothing")
    return length


def _rising_to_100(thresholds: list[int]) -> list[int]:
    if thresholds != sorted(set(thresholds)) or not thresholds or thresholds[0] < 1 or thresholds[-1] != 100:
        raise PydanticCustomError("thresholds", "rising per cent, the last one 100")
    return thresholds


Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
MoveId = Annotated[str, StringConstraints(pattern=r"^[a-z_]+\.[a-z_]+$", max_length=60)]
Words = Annotated[str, AfterValidator(_tidy)]
Line = Annotated[str, AfterValidator(_tidy), AfterValidator(_one_line), StringConstraints(max_length=120)]
Title = Annotated[str, AfterValidator(_tidy), AfterValidator(_one_line), StringConstraints(max_length=200)]
Lasting = Annotated[Duration, AfterValidator(_not_nothing)]
Minutes = Annotated[Duration, AfterValidator(_whole_minutes)]
RoleWord = Annotated[str, _one_of(POSITION_ROLES)]
ResponseRoleWord = Annotated[str, _one_of(ResponseRole.values)]


class Section(BaseModel):
    """Base: nothing unknown is let through, nothing is converted silently."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True, frozen=True)


class Name(Section):
    """A short name in both languages."""

    en: Line
    zh: Line


class Heading(Section):
    """A title in both languages."""

    en: Title
    zh: Title


class Text(Section):
    """A text in both languages, of any length."""

    en: Words
    zh: Words


class ProcedureIn(Section):
    """How something is done here, in order, whatever the fault."""

    slug: Slug
    name: Heading
    steps: Annotated[list[Text], Field(min_length=1)]


class UnitIn(Section):
    """A unit of the org chart; without a parent it is the top."""

    slug: Slug
    parent: Slug | None = None
    layer: Annotated[str, _one_of(Layer.values)]
    name: Name


class PositionIn(Section):
    """A position; without a role it grants nothing in the console."""

    slug: Slug
    unit: Slug
    role: RoleWord | None = None
    name: Name
    duties: Annotated[list[Text], Field(min_length=1)]


class GroupIn(Section):
    """An emergency group; its first member leads it."""

    slug: Slug
    name: Name
    duties: Annotated[list[Text], Field(min_length=1)]
    members: Annotated[list[Slug], Field(min_length=1)]


class RosterIn(Section):
    """A duty roster that has to be kept, with this many people on duty at once."""

    slug: Slug
    unit: Slug
    ranks: Annotated[int, Field(ge=1, le=9)]
    name: Name


class FaultKindIn(Section):
    """A kind of fault, with kinds below it: how it shows, and what is done first."""

    slug: Slug
    name: Name
    signs: Text | None = None
    first_measure: Text | None = None
    kinds: "list[FaultKindIn]" = []


class FaultClassIn(Section):
    """One of the six classes."""

    fault_class: Annotated[str, _one_of(FaultClass.values), Field(alias="class")]
    name: Name
    description: Text
    kinds: Annotated[list[FaultKindIn], Field(min_length=1)]


class CauseIn(Section):
    """Why an upgrade fails, with causes below it. `signs`: by what the cause is told."""

    slug: Slug
    name: Name
    signs: Text | None = None
    causes: "list[CauseIn]" = []


class ImpactAreaIn(Section):
    """What a failed upgrade harms."""

    slug: Slug
    name: Name
    description: Text


class RiskIn(Section):
    """What may go wrong and what is done about it beforehand; likelihood and impact from 1 (low) to 5 (high)."""

    slug: Slug
    field: Annotated[str, _one_of(RiskField.values)]
    name: Heading
    likelihood: Annotated[int, Field(ge=1, le=5)]
    impact: Annotated[int, Field(ge=1, le=5)]
    owner: Slug
    measures: Annotated[list[Text], Field(min_length=1)]


class RecoveryTargetIn(Section):
    """How long a recovery clock may run; for one part, or for all that have none of their own."""

    clock: Annotated[str, _one_of(Clock.values)]
    part: Slug | None = None
    target: Lasting
    thresholds: Annotated[list[int], AfterValidator(_rising_to_100)]


class ChainStepIn(Section):
    """Whom to call: a rank of a roster, or a position; so long after the step before."""

    roster: Slug | None = None
    rank: Annotated[int, Field(ge=1, le=9)] | None = None
    position: Slug | None = None
    after: Duration


class ChainIn(Section):
    """Who is called one after the other until somebody answers."""

    slug: Slug
    name: Name
    steps: Annotated[list[ChainStepIn], Field(min_length=1)]
    gives_up_after: Lasting


class StepIn(Section):
    """A step of a playbook. `safe`: it can do no harm; `move`: the console carries it out."""

    slug: Slug
    track: Annotated[str, _one_of(Track.values)]
    role: ResponseRoleWord
    expected: Minutes
    safe: bool = False
    move: MoveId | None = None
    name: Heading
    instruction: Text
    where: Text
    success: Text
    otherwise: Text


class PlaybookIn(Section):
    """A playbook of a fault class or kind; without a class it serves every incident."""

    slug: Slug
    name: Heading
    fault_class: Annotated[str, _one_of(FaultClass.values)] | None = None
    fault_kind: Slug | None = None
    after_upgrade: bool = False
    recognise: Text
    steps: Annotated[list[StepIn], Field(min_length=1)]


class CallIn(Section):
    """Who is called by a level; without a role they are informed and take part without one."""

    role: ResponseRoleWord | None = None
    roster: Slug | None = None
    rank: Annotated[int, Field(ge=1, le=9)] | None = None
    position: Slug | None = None
    chain: Slug


class LevelIn(Section):
    """What a grade sets going."""

    grade: Annotated[str, _one_of(Grade.values)]
    name: Heading
    criteria: Annotated[list[Text], Field(min_length=1)]
    calls: Annotated[list[CallIn], Field(min_length=1)]
    groups: list[Slug] = []
    update_every: Lasting
    resources: list[Text] = []
    playbooks: list[Slug] = []
    texts: list[Slug] = []


class MessageTextIn(Section):
    """A message with placeholders in braces. Without an audience it is for those who respond, and the console sends it itself."""

    slug: Slug
    audience: Annotated[str, _one_of(Audience.values)] = Audience.RESPONDERS.value
    kind: Annotated[str, _one_of(MessageKind.values)] = MessageKind.NOTICE.value
    name: Heading
    subject: Heading
    body: Text


class MeetingKindIn(Section):
    """A meeting that belongs to the plan: regular (`every`) or called for by something (`occasion`)."""

    slug: Slug
    name: Name
    every: Lasting | None = None
    occasion: Text | None = None
    lasts: Minutes
    led_by: Slug
    groups: list[Slug] = []
    positions: list[Slug] = []
    agenda: Annotated[list[Text], Field(min_length=1)]
    outcome: Text


class ScheduleIn(Section):
    """What comes round again: after so long, or each time something has happened; `owner` sees to it."""

    slug: Slug
    kind: Annotated[str, _one_of(ScheduleKind.values)]
    name: Heading
    every: Lasting | None = None
    occasion: Text | None = None
    owner: Slug
    what: Annotated[list[Text], Field(min_length=1)]


class EvaluationIn(Section):
    """By what a drill or an incident is judged afterwards, and what is good enough (PLN-04)."""

    slug: Slug
    name: Name
    measure: Text
    standard: Text


class PlanDocument(Section):
    """The whole plan."""

    format: Literal["switchback-plan/1"]
    slug: Slug
    title: Heading
    purpose: Annotated[list[Text], Field(min_length=1)]
    scope: Annotated[list[Text], Field(min_length=1)]
    principles: Annotated[list[Text], Field(min_length=1)]
    procedures: list[ProcedureIn] = []
    units: Annotated[list[UnitIn], Field(min_length=1)]
    positions: Annotated[list[PositionIn], Field(min_length=1)]
    groups: list[GroupIn] = []
    rosters: Annotated[list[RosterIn], Field(min_length=1)]
    faults: Annotated[list[FaultClassIn], Field(min_length=1)]
    failure_causes: list[CauseIn] = []
    impact_areas: list[ImpactAreaIn] = []
    risks: list[RiskIn] = []
    recovery_targets: Annotated[list[RecoveryTargetIn], Field(min_length=1)]
    escalation_chains: Annotated[list[ChainIn], Field(min_length=1)]
    playbooks: list[PlaybookIn] = []
    response_levels: Annotated[list[LevelIn], Field(min_length=1)]
    message_texts: Annotated[list[MessageTextIn], Field(min_length=1)]
    meeting_kinds: list[MeetingKindIn] = []
    schedules: list[ScheduleIn] = []
    evaluation: list[EvaluationIn] = []
