"""Outages, clocks, switches and checks as lists and outputs."""

from typing import Any

from django.db.models import DateTimeField, Func, QuerySet
from django.utils.translation import gettext_lazy as _

from incidents.switchover import selectors
from incidents.switchover.models import Outage, PartCheck, RecoveryClock, Switch, SwitchStep
from incidents.switchover.problems import problem_words
from incidents.switchover.selectors.outages import READ
from incidents.switchover.texts import failure_words, instruction_words
from kernel import records
from kernel.actors import Actor
from kernel.errors import NotFound
from kernel.records import RecordType

SCOPE = "incidents:read"
_NOW = Func(function="switchback_now", output_field=DateTimeField())


def _moment(value: Any) -> str | None:
    return value.isoformat() if value is not None else None


def clock_output(row: RecoveryClock) -> dict[str, Any]:
    """A clock with the seconds until its breach (negative: since) at the moment of reading; None when it does not run."""
    read_at = getattr(row, "read_at", None)
    return {
        "id": str(row.public_id),
        "version": row.version,
        "outage": row.outage.number,
        "outage_id": str(row.outage.public_id),
        "part": row.outage.part.slug,
        "kind": row.kind,
        "state": row.state,
        "target_s": row.target.total_seconds(),
        "thresholds": row.thresholds,
        "started_at": _moment(row.started_at),
        "due_at": _moment(row.due_at),
        "breached_at": _moment(row.breached_at),
        "stopped_at": _moment(row.stopped_at),
        "read_at": _moment(read_at),
        "seconds_left": row.seconds_left(read_at) if read_at is not None else None,
        "evidence": row.evidence,
    }


def outage_output(row: Outage) -> dict[str, Any]:
    """An outage with its facts."""
    return {
        "id": str(row.public_id),
        "version": row.version,
        "number": row.number,
        "part": row.part.slug,
        "state": row.state,
        "serving": row.serving,
        "grade": row.grade,
        "needs_second": row.needs_second,
        "failing_since": _moment(row.failing_since),
        "opened_at": _moment(row.opened_at),
        "business_normal_at": _moment(row.business_normal_at),
        "business_normal_evidence": row.business_normal_evidence,
        "repaired_at": _moment(row.repaired_at),
        "repaired_evidence": row.repaired_evidence,
        "ended_at": _moment(row.ended_at),
    }


def step_output(row: SwitchStep) -> dict[str, Any]:
    """One step with its exact effect in both languages."""
    return {
        "order": row.order,
        "name": row.name,
        "title": {"en": row.title_en, "zh": row.title_zh},
        "effect": {"en": row.effect_en, "zh": row.effect_zh},
        "undo": row.undo,
        "point_of_no_return": row.point_of_no_return,
        "verification": row.is_verification,
        "state": row.state,
        "attempts": row.attempts,
        "took_ms": row.took_ms,
        "evidence": row.evidence,
        "error": problem_words(row.error),
    }


def switch_output(row: Switch) -> dict[str, Any]:
    """A switch with its steps."""
    return {
        "id": str(row.public_id),
        "version": row.version,
        "number": row.number,
        "part": row.part.slug,
        "outage": row.outage.number if row.outage is not None else None,
        "direction": row.direction,
        "mode": row.mode,
        "from": row.from_side,
        "to": row.to_side,
        "state": row.state,
        "undoing": row.is_undoing,
        "needs_second": row.needs_second,
        "ordered_by": row.ordered_by.display_name if row.ordered_by is not None else None,
        "ordered_at": _moment(row.ordered_at),
        "approved_by": row.approved_by.display_name if row.approved_by is not None else None,
        "approved_at": _moment(row.approved_at),
        "started_at": _moment(row.started_at),
        "moved_at": _moment(row.moved_at),
        "done_at": _moment(row.done_at),
        "settled_at": _moment(row.settled_at),
        "failure": {"code": row.failure, "text": failure_words(row.failure), "detail": problem_words(row.failure_detail)} if row.failure else None,
        "instruction": {"code": row.instruction, "text": instruction_words(row.instruction)} if row.instruction else None,
        "evidence": row.evidence,
        "steps": [step_output(step) for step in sorted(row.steps.all(), key=lambda step: step.order)],
    }


def check_output(row: PartCheck) -> dict[str, Any]:
    """A check of a part."""
    return {
        "id": str(row.public_id),
        "part": row.part.slug,
        "kind": row.kind,
        "at": _moment(row.at),
        "ok": row.is_ok,
        "took_ms": row.took_ms,
        "evidence": row.evidence,
    }


def clocks_for(actor: Actor, **filters: Any) -> QuerySet[RecoveryClock]:
    """Clocks with the moment of reading, for the seconds left."""
    return selectors.clock_list(actor, **filters).annotate(read_at=_NOW)


def _clock(actor: Actor, public_id: Any) -> RecoveryClock:
    row = clocks_for(actor).filter(public_id=public_id).first()
    if row is None or not records.may_read(actor, records.get(RecoveryClock.journal_kind), row):
        raise NotFound(kind=_("recovery clock"))
    return row


def _checks(actor: Actor, **filters: Any) -> QuerySet[PartCheck]:
    return selectors.check_list(actor, **filters)


records.register(
    RecordType(
        kind=Outage.journal_kind,
        collection="outages",
        title=_("outage"),
        model=Outage,
        list_for=selectors.outage_list,
        output=outage_output,
        read=READ,
        filters=("state", "part", "open"),
        scope=SCOPE,
    )
)
records.register(
    RecordType(
        kind=RecoveryClock.journal_kind,
        collection="clocks",
        title=_("recovery clock"),
        model=RecoveryClock,
        list_for=clocks_for,
        get_for=_clock,
        output=clock_output,
        read=READ,
        filters=("state", "kind", "outage"),
        scope=SCOPE,
    )
)
records.register(
    RecordType(
        kind=Switch.journal_kind,
        collection="switches",
        title=_("switch"),
        model=Switch,
        list_for=selectors.switch_list,
        output=switch_output,
        read=READ,
        filters=("state", "part", "direction", "outage"),
        scope=SCOPE,
    )
)
records.register(
    RecordType(
        kind=PartCheck.journal_kind,
        collection="part-checks",
        title=_("check of a part"),
        model=PartCheck,
        list_for=_checks,
        output=check_output,
        read=READ,
        filters=("kind", "part"),
        scope=SCOPE,
    )
)
