"""The plan's records as lists and outputs."""

from typing import Any

from django.conf import settings
from django.db.models import Prefetch, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from contingency.org.records import EVERYBODY
from contingency.plan.document.durations import spell
from contingency.plan.models import (
    ChainStep,
    EscalationChain,
    LevelCall,
    MeetingKind,
    MessageText,
    Plan,
    PlanReceipt,
    PlanVersion,
    Playbook,
    PlaybookStep,
    RecoveryTarget,
    ResponseLevel,
    Round,
    Schedule,
)
from contingency.plan.selectors import rounds
from kernel import clock, records
from kernel.actors import Actor
from kernel.permissions import Grant
from kernel.records import RecordType, readable_paths


def _head(record: Any) -> dict[str, Any]:
    return {"id": str(record.public_id), "version": record.version, "slug": record.slug}


def _both(record: Any, column: str) -> dict[str, Any]:
    return {"en": getattr(record, f"{column}_en"), "zh": getattr(record, f"{column}_zh")}


def _when(moment: Any) -> str | None:
    return moment.isoformat() if moment else None


def plan_output(plan: Plan) -> dict[str, Any]:
    """The plan itself."""
    return {**_head(plan), "name": _both(plan, "name")}


def version_output(version: PlanVersion) -> dict[str, Any]:
    """A version without its text, which `plan_export` gives."""
    return {
        "id": str(version.public_id),
        "version": version.version,
        "plan": version.plan.slug,
        "number": version.number,
        "state": version.state,
        "digest": version.digest,
        "author": version.author.display_name if version.author else None,
        "approver": version.approver.display_name if version.approver else None,
        "loaded_at": _when(version.loaded_at),
        "submitted_at": _when(version.submitted_at),
        "approved_at": _when(version.approved_at),
        "superseded_at": _when(version.superseded_at),
    }


def round_output(row: Round) -> dict[str, Any]:
    """One round of a schedule or of a regular meeting."""
    of = {"schedule": row.schedule.slug if row.schedule else None, "meeting": row.meeting.slug if row.meeting else None}
    when = {"due_at": _when(row.due_at), "opened_at": _when(row.opened_at), "closed_at": _when(row.closed_at)}
    return {
        "id": str(row.public_id),
        "version": row.version,
        "state": row.state,
        "number": row.number,
        **of,
        "name": _both(row.item, "name"),
        "owner": row.owner.slug,
        "every": spell(row.every),
        **when,
        "closed_by": row.closed_by.display_name if row.closed_by else None,
        "note": row.note,
    }


def _whom(call: ChainStep | LevelCall) -> dict[str, Any]:
    return {"roster": call.roster.slug if call.roster else None, "rank": call.rank, "position": call.position.slug if call.position else None}


def chain_output(chain: EscalationChain) -> dict[str, Any]:
    """Who is called one after the other; times in seconds."""
    steps = [{**_whom(step), "after_s": step.after_seconds} for step in chain.steps.all()]
    return {**_head(chain), "name": _both(chain, "name"), "steps": steps, "gives_up_after_s": int(chain.gives_up_after.total_seconds())}


def level_output(level: ResponseLevel) -> dict[str, Any]:
    """What a grade sets going."""
    return {
        **_head(level),
        "grade": level.grade,
        "name": _both(level, "name"),
        "criteria": _both(level, "criteria"),
        "calls": [{"role": call.role or None, **_whom(call), "chain": call.chain.slug} for call in level.calls.all()],
        "groups": [group.slug for group in level.groups.all()],
        "update_every": spell(level.update_every),
        "resources": _both(level, "resources"),
        "playbooks": [playbook.slug for playbook in level.playbooks.all()],
        "texts": [text.slug for text in level.texts.all()],
    }


def target_output(target: RecoveryTarget) -> dict[str, Any]:
    """How long a recovery clock may run."""
    return {
        **_head(target),
        "clock": target.clock,
        "part": target.part or None,
        "target_s": int(target.target.total_seconds()),
        "thresholds": target.thresholds,
    }


def step_output(step: PlaybookStep) -> dict[str, Any]:
    """One step of a playbook."""
    texts = {column: _both(step, column) for column in ("name", "instruction", "where", "success", "otherwise")}
    kind = {"track": step.track, "role": step.role, "expected_minutes": step.expected_minutes, "is_safe": step.is_safe, "move": step.move or None}
    return {"slug": step.slug, **kind, **texts}


def playbook_output(playbook: Playbook) -> dict[str, Any]:
    """A playbook with its steps."""
    return {
        **_head(playbook),
        "name": _both(playbook, "name"),
        "fault_class": playbook.fault_class or None,
        "fault_kind": playbook.fault_kind.slug if playbook.fault_kind else None,
        "after_upgrade": playbook.after_upgrade,
        "recognise": _both(playbook, "recognise"),
        "steps": [step_output(step) for step in playbook.steps.all()],
    }


def text_output(text: MessageText) -> dict[str, Any]:
    """A message with its placeholders."""
    return {**_head(text), "audience": text.audience, "kind": text.kind, **{column: _both(text, column) for column in ("name", "subject", "body")}}


def meeting_output(meeting: MeetingKind) -> dict[str, Any]:
    """A kind of meeting."""
    when = {"every": spell(meeting.every) if meeting.every else None, "occasion": _both(meeting, "occasion"), "minutes": meeting.minutes}
    who = {"groups": [group.slug for group in meeting.groups.all()], "positions": [position.slug for position in meeting.positions.all()]}
    texts = {column: _both(meeting, column) for column in ("name", "agenda", "outcome")}
    return {**_head(meeting), **when, "led_by": meeting.led_by.slug, **who, **texts}


def schedule_output(schedule: Schedule) -> dict[str, Any]:
    """Something that comes round again."""
    when = {"every": spell(schedule.every) if schedule.every else None, "occasion": _both(schedule, "occasion")}
    return {
        **_head(schedule),
        "kind": schedule.kind,
        **when,
        "owner": schedule.owner.slug,
        "name": _both(schedule, "name"),
        "what": _both(schedule, "what"),
    }


def receipt_output(receipt: PlanReceipt) -> dict[str, Any]:
    """Who has read which version, and when."""
    user = receipt.user
    person = {"id": str(user.public_id), "name": user.display_name}
    return {"id": str(receipt.public_id), "number": receipt.plan_version.number, "user": person, "read_at": _when(receipt.read_at)}


def _receipts(_actor: Actor, **filters: Any) -> QuerySet[PlanReceipt]:
    rows = PlanReceipt.objects.select_related("user", "plan_version")
    return rows.filter(plan_version__number=filters["number"]).order_by("-id") if filters.get("number") else rows.order_by("-id")


def _plans(_actor: Actor, **_filters: Any) -> QuerySet[Plan]:
    return Plan.objects.order_by("-id")


def _versions(_actor: Actor, **filters: Any) -> QuerySet[PlanVersion]:
    rows = PlanVersion.objects.select_related("plan", "author", "approver").defer("text")
    return _filtered(rows, filters, "state", "number")


def _chains(_actor: Actor, **filters: Any) -> QuerySet[EscalationChain]:
    steps = Prefetch("steps", ChainStep.objects.select_related("roster", "position"))
    return _filtered(EscalationChain.objects.filter(retired_at=None).prefetch_related(steps), filters, "slug")


def _levels(_actor: Actor, **filters: Any) -> QuerySet[ResponseLevel]:
    calls = Prefetch("calls", LevelCall.objects.select_related("roster", "position", "chain"))
    return _filtered(ResponseLevel.objects.filter(retired_at=None).prefetch_related(calls, "groups", "playbooks", "texts"), filters, "grade")


def _targets(_actor: Actor, **filters: Any) -> QuerySet[RecoveryTarget]:
    return _filtered(RecoveryTarget.objects.filter(retired_at=None), filters, "clock", "part")


def _playbooks(_actor: Actor, **filters: Any) -> QuerySet[Playbook]:
    rows = Playbook.objects.filter(retired_at=None).select_related("fault_kind").prefetch_related("steps")
    return _filtered(rows, filters, "slug", "fault_class")


def _texts(_actor: Actor, **filters: Any) -> QuerySet[MessageText]:
    return _filtered(MessageText.objects.filter(retired_at=None), filters, "slug", "audience", "kind")


def _meetings(_actor: Actor, **filters: Any) -> QuerySet[MeetingKind]:
    rows = MeetingKind.objects.filter(retired_at=None).select_related("led_by").prefetch_related("groups", "positions")
    return _filtered(rows, filters, "slug")


def _schedules(_actor: Actor, **filters: Any) -> QuerySet[Schedule]:
    return _filtered(Schedule.objects.filter(retired_at=None).select_related("owner"), filters, "slug", "kind")


def _rounds(actor: Actor, **filters: Any) -> QuerySet[Round]:
    """Filters: state (or `overdue`), slug of what comes round. Whoever has no role at all sees those they see to."""
    found = rounds() if readable_paths(actor, EVERYBODY) != [] else rounds(of=actor.user_id or 0)
    if filters.get("state") == "overdue":
        found = found.filter(due_at__lte=clock.now())
        filters = {**filters, "state": Round.State.DUE.value}
    if slug := filters.get("slug"):
        found = found.filter(Q(schedule__slug=slug) | Q(meeting__slug=slug))
    return _filtered(found, filters, "state")


def _filtered(rows: QuerySet[Any], filters: dict[str, Any], *wanted: str) -> QuerySet[Any]:
    return rows.filter(**{name: value for name, value in filters.items() if name in wanted and value not in (None, "")}).order_by("-id")


_TYPES: tuple[tuple[Any, str, Any, Any, Any, tuple[str, ...]], ...] = (
    (Plan, "plans", _("plan"), _plans, plan_output, ()),
    (PlanVersion, "plan-versions", _("plan version"), _versions, version_output, ("state", "number")),
    (PlanReceipt, "plan-receipts", _("reading receipt"), _receipts, receipt_output, ("number",)),
    (EscalationChain, "escalation-chains", _("escalation chain"), _chains, chain_output, ("slug",)),
    (ResponseLevel, "response-levels", _("response level"), _levels, level_output, ("grade",)),
    (RecoveryTarget, "recovery-targets", _("recovery target"), _targets, target_output, ("clock", "part")),
    (Playbook, "playbooks", _("playbook"), _playbooks, playbook_output, ("slug", "fault_class")),
    (MessageText, "message-texts", _("message text"), _texts, text_output, ("slug", "audience", "kind")),
    (MeetingKind, "meeting-kinds", _("kind of meeting"), _meetings, meeting_output, ("slug",)),
    (Schedule, "schedules", _("schedule"), _schedules, schedule_output, ("slug", "kind")),
)
for _model, _collection, _title, _list_for, _output, _filters in _TYPES:
    records.register(
        RecordType(
            kind=_model.journal_kind,
            collection=_collection,
            title=_title,
            model=_model,
            list_for=_list_for,
            output=_output,
            read=EVERYBODY,
            filters=_filters,
        )
    )
records.register(
    RecordType(
        kind=Round.journal_kind,
        collection="plan-rounds",
        title=_("round of a schedule"),
        model=Round,
        list_for=_rounds,
        output=round_output,
        read={**EVERYBODY, "owner": Grant.ALL},
        filters=("state", "slug"),
        address=lambda row: f"{settings.BASE_URL}/plan/rounds/#round-{row.public_id}",
    )
)
