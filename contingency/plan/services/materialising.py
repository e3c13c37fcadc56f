"""Approving a version makes its document rows, keyed by slug: added, updated, or retired when no longer there."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Model

from contingency.catalog import services as catalog
from contingency.catalog.models import FaultKind
from contingency.org import services as org
from contingency.org.models import EmergencyGroup, Position, Roster
from contingency.org.services import Put, Row, rows_put
from contingency.plan.document import PlanDocument
from contingency.plan.document.schema import CallIn, CauseIn, ChainStepIn, FaultKindIn, StepIn, Text
from contingency.plan.events import PlanRowChanged
from contingency.plan.models import (
    ChainStep,
    EscalationChain,
    LevelCall,
    MeetingKind,
    MessageText,
    PlanVersion,
    Playbook,
    PlaybookStep,
    RecoveryTarget,
    ResponseLevel,
    Schedule,
)
from contingency.plan.models.rows import PlanRow
from kernel import journal
from kernel.actors import Actor


def rows_make(document: PlanDocument, *, version: PlanVersion, at: datetime, actor: Actor, cause: Any) -> None:
    """Make organisation, taxonomy and the plan's own rows what the document says. Inside the approval's transaction."""
    organisation_make(document, at=at, actor=actor, cause=cause)
    kinds = _taxonomy_make(document, at=at, actor=actor, cause=cause)
    making = _Making(version=version, at=at)
    making.targets(document)
    making.chains(document)
    making.playbooks(document, kinds)
    making.texts(document)
    making.levels(document)
    making.meetings(document)
    making.schedules(document)
    journal.record_many([record for put in making.puts for record in put.records(PlanRowChanged, under=[version], cause=cause)], actor=actor)


def organisation_make(document: PlanDocument, *, at: datetime, actor: Actor, cause: Any) -> None:
    """The org chart, emergency groups and rosters of the document."""
    org.organisation_put(
        units=[org.UnitSpec(slug=unit.slug, parent=unit.parent, layer=unit.layer, **_both("name", unit.name)) for unit in document.units],
        positions=[
            org.PositionSpec(slug=item.slug, unit=item.unit, role=item.role or "", **_both("name", item.name), **_each("duties", item.duties))
            for item in document.positions
        ],
        groups=[
            org.GroupSpec(slug=group.slug, members=list(group.members), **_both("name", group.name), **_each("duties", group.duties))
            for group in document.groups
        ],
        rosters=[org.RosterSpec(slug=item.slug, unit=item.unit, ranks=item.ranks, **_both("name", item.name)) for item in document.rosters],
        at=at,
        actor=actor,
        cause=cause,
    )


def _taxonomy_make(document: PlanDocument, *, at: datetime, actor: Actor, cause: Any) -> dict[str, FaultKind]:
    kinds = [spec for fault in document.faults for spec in _kind_specs(fault.kinds, fault.fault_class, None)]
    areas = [catalog.ImpactAreaSpec(slug=area.slug, **_both("name", area.name)) for area in document.impact_areas]
    causes = list(_cause_specs(document.failure_causes, None))
    return catalog.taxonomy_put(kinds=kinds, causes=causes, areas=areas, at=at, actor=actor, cause=cause).by_slug


def _kind_specs(kinds: Sequence[FaultKindIn], fault_class: str, parent: str | None) -> Iterator[catalog.FaultKindSpec]:
    for kind in kinds:
        yield catalog.FaultKindSpec(slug=kind.slug, fault_class=fault_class, parent=parent, **_both("name", kind.name))
        yield from _kind_specs(kind.kinds, fault_class, kind.slug)


def _cause_specs(causes: Sequence[CauseIn], parent: str | None) -> Iterator[catalog.CauseSpec]:
    for cause in causes:
        yield catalog.CauseSpec(slug=cause.slug, parent=parent, **_both("name", cause.name))
        yield from _cause_specs(cause.causes, cause.slug)


class _Making:
    """Makes the plan's own rows and remembers what became of them."""

    def __init__(self, *, version: PlanVersion, at: datetime) -> None:
        self.version = version
        self.at = at
        self.puts: list[Put[Any]] = []
        self.rosters = {roster.slug: roster for roster in Roster.objects.filter(retired_at=None)}
        self.positions = {position.slug: position for position in Position.objects.filter(retired_at=None)}
        self.groups = {group.slug: group for group in EmergencyGroup.objects.filter(retired_at=None)}
        self.chain_rows: dict[str, EscalationChain] = {}
        self.playbook_rows: dict[str, Playbook] = {}
        self.text_rows: dict[str, MessageText] = {}

    def _put(self, model: type[PlanRow], rows: Sequence[Row]) -> Put[Any]:
        put = rows_put(model, rows, at=self.at, carried={"plan_version": self.version})
        self.puts.append(put)
        return put

    def targets(self, document: PlanDocument) -> None:
        """Recovery targets."""
        rows = []
        for target in document.recovery_targets:
            slug = f"{target.clock}-{target.part}" if target.part else target.clock
            values = {"clock": target.clock, "part": target.part or "", "target": target.target, "thresholds": target.thresholds}
            rows.append(Row(slug=slug, values=values))
        self._put(RecoveryTarget, rows)

    def chains(self, document: PlanDocument) -> None:
        """Escalation chains with their steps."""
        rows = [
            Row(slug=chain.slug, values={"gives_up_after": chain.gives_up_after, **_both("name", chain.name)}) for chain in document.escalation_chains
        ]
        put = self._put(EscalationChain, rows)
        self.chain_rows = put.by_slug
        for chain in document.escalation_chains:
            steps = [{"order": order, "after": step.after, **self._whom(step)} for order, step in enumerate(chain.steps, start=1)]
            self._below(put, ChainStep, "chain", chain.slug, steps)

    def playbooks(self, document: PlanDocument, kinds: dict[str, FaultKind]) -> None:
        """Playbooks with their steps."""
        rows = []
        for book in document.playbooks:
            of_kind = {"fault_class": book.fault_class or "", "fault_kind": kinds[book.fault_kind] if book.fault_kind else None}
            texts = {**_both("name", book.name), **_both("recognise", book.recognise)}
            rows.append(Row(slug=book.slug, values={**of_kind, **texts, "after_upgrade": book.after_upgrade}))
        put = self._put(Playbook, rows)
        self.playbook_rows = put.by_slug
        for book in document.playbooks:
            self._below(put, PlaybookStep, "playbook", book.slug, [_step(order, step) for order, step in enumerate(book.steps, start=1)])

    def levels(self, document: PlanDocument) -> None:
        """Response levels with their calls, groups and playbooks."""
        rows = []
        for level in document.response_levels:
            lists = {**_each("criteria", level.criteria), **_each("resources", level.resources)}
            values = {"grade": level.grade, "update_every": level.update_every, **_both("name", level.name), **lists}
            rows.append(Row(slug=level.grade, values=values))
        put = self._put(ResponseLevel, rows)
        for level in document.response_levels:
            calls = [
                {"order": order, "role": call.role or "", "chain": self.chain_rows[call.chain], **self._whom(call)}
                for order, call in enumerate(level.calls, start=1)
            ]
            self._below(put, LevelCall, "level", level.grade, calls)
            self._beside(put, level.grade, "groups", (self.groups[slug] for slug in level.groups))
            self._beside(put, level.grade, "playbooks", (self.playbook_rows[slug] for slug in level.playbooks))
            self._beside(put, level.grade, "texts", (self.text_rows[slug] for slug in level.texts))

    def texts(self, document: PlanDocument) -> None:
        """Message texts."""
        rows = []
        for text in document.message_texts:
            words = {**_both("name", text.name), **_both("subject", text.subject), **_both("body", text.body)}
            rows.append(Row(slug=text.slug, values={"audience": text.audience, "kind": text.kind, **words}))
        self.text_rows = self._put(MessageText, rows).by_slug

    def meetings(self, document: PlanDocument) -> None:
        """Kinds of meetings with who takes part."""
        rows = []
        for meeting in document.meeting_kinds:
            when = {"every": meeting.every, **_perhaps("occasion", meeting.occasion), "minutes": _minutes(meeting.lasts)}
            words = {**_both("name", meeting.name), **_each("agenda", meeting.agenda), **_both("outcome", meeting.outcome)}
            rows.append(Row(slug=meeting.slug, values={**when, **words, "led_by": self.positions[meeting.led_by]}))
        put = self._put(MeetingKind, rows)
        for meeting in document.meeting_kinds:
            self._beside(put, meeting.slug, "groups", (self.groups[slug] for slug in meeting.groups))
            self._beside(put, meeting.slug, "positions", (self.positions[slug] for slug in meeting.positions))

    def schedules(self, document: PlanDocument) -> None:
        """What comes round again."""
        rows = []
        for item in document.schedules:
            when = {"kind": item.kind, "every": item.every, **_perhaps("occasion", item.occasion), "owner": self.positions[item.owner]}
            rows.append(Row(slug=item.slug, values={**when, **_both("name", item.name), **_each("what", item.what)}))
        self._put(Schedule, rows)

    def _beside(self, put: Put[Any], slug: str, relation: str, wanted: Iterable[Model]) -> None:
        """The rows that one row is tied to."""
        row, keys = put.by_slug[slug], {item.pk for item in wanted}
        if set(getattr(row, relation).values_list("pk", flat=True)) != keys:
            getattr(row, relation).set(keys)
            put.touch(row)

    def _whom(self, call: ChainStepIn | CallIn) -> dict[str, Any]:
        return {
            "roster": self.rosters[call.roster] if call.roster else None,
            "rank": call.rank,
            "position": self.positions[call.position] if call.position else None,
        }

    def _below(self, put: Put[Any], model: type[Model], parent: str, slug: str, wanted: list[dict[str, Any]]) -> None:
        """The rows below one row are written anew when they differ: nothing points at them, running work has copies."""
        row = put.by_slug[slug]
        below = [model(**{parent: row}, **values) for values in wanted]
        columns = [field.attname for field in model._meta.concrete_fields if not field.primary_key]
        present = list(model._default_manager.filter(**{parent: row}).order_by("order").values_list(*columns))
        if present == [tuple(getattr(item, column) for column in columns) for item in below]:
            return
        model._default_manager.filter(**{parent: row}).delete()
        model._default_manager.bulk_create(below)
        put.touch(row)


def _step(order: int, step: StepIn) -> dict[str, Any]:
    texts = {**_both("name", step.name), **_both("instruction", step.instruction), **_both("where", step.where)}
    return {
        "slug": step.slug,
        "order": order,
        "track": step.track,
        "role": step.role,
        "expected_minutes": _minutes(step.expected),
        "is_safe": step.safe,
        "move": step.move or "",
        **texts,
        **_both("success", step.success),
        **_both("otherwise", step.otherwise),
    }


def _both(column: str, text: Any) -> dict[str, Any]:
    return {f"{column}_en": text.en, f"{column}_zh": text.zh}


def _perhaps(column: str, text: Text | None) -> dict[str, Any]:
    return _both(column, text) if text is not None else {f"{column}_en": "", f"{column}_zh": ""}


def _minutes(length: timedelta) -> int:
    return int(length.total_seconds() // 60)


def _each(column: str, texts: Sequence[Text]) -> dict[str, Any]:
    return {f"{column}_en": [text.en for text in texts], f"{column}_zh": [text.zh for text in texts]}
