"""Rounds of what comes round again: opened by the plan, closed by people, reminded of by time (PLN-02)."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Max, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from contingency.plan.events import RoundChanged, RoundDone, RoundDue, RoundOpened, RoundRetired, RoundSkipped
from contingency.plan.models import MeetingKind, Plan, Round, Schedule
from contingency.plan.selectors import has_rounds, rounds_differ_from_plan
from kernel import clock, deadlines, fsm, journal
from kernel.actors import SYSTEM, Actor
from kernel.errors import Invalid, ReasonRequired
from kernel.journal import Record
from kernel.models import Deadline
from kernel.permissions import require

DEADLINE: Final = "round_due"
AGAIN: Final = timedelta(days=7)  # as long as nobody closes it

Item = Schedule | MeetingKind
Key = tuple[int | None, int | None]


@transaction.atomic
def round_done(*, public_id: UUID, version: int | None, actor: Actor, note: str, reason: str = "") -> Round:
    """It was done, and this was found. The next one is due `every` after now: then no two lie further apart than the plan says,
    whether this one was early or late.

    Raises Invalid without a note, NotPermitted, InvalidTransition, Stale.
    """
    now = clock.now()
    closed = _lock(public_id, version)
    require(actor, "plan.round_done", closed)
    if not note.strip():
        raise Invalid(field=pgettext_lazy("a round of a schedule", "What was found"), problem=_("this is needed."))
    fsm.move(closed, closed.finish, note=note, by=actor.user_id, at=now)
    event = RoundDone(**_which(closed), note=note, late=now >= closed.due_at, at=now)
    entry = journal.record(event, subject=closed, under=[closed.item], actor=actor, reason=reason)
    _open_next(closed, since=closed.next_counts_from(now, is_done=True), at=now, actor=actor, cause=entry)
    return closed


@transaction.atomic
def round_skip(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> Round:
    """Leave it out this time, saying why. The rhythm stays: the next one is due `every` after this one was, or after now if that
    is later.

    Raises ReasonRequired, NotPermitted, InvalidTransition, Stale.
    """
    now = clock.now()
    closed = _lock(public_id, version)
    require(actor, "plan.round_skip", closed)
    if not reason.strip():
        raise ReasonRequired(action=_("Skip this time"))
    fsm.move(closed, closed.skip, note=reason, by=actor.user_id, at=now)
    entry = journal.record(RoundSkipped(**_which(closed), at=now), subject=closed, under=[closed.item], actor=actor, reason=reason)
    _open_next(closed, since=closed.next_counts_from(now, is_done=False), at=now, actor=actor, cause=entry)
    return closed


def rounds_follow(*, at: datetime, actor: Actor, cause: Any = None) -> None:
    """Make the open rounds those of the plan in force: one for everything that comes round once a week or more seldom, opened where
    there is none, following a changed time or owner, retired where the plan no longer has it. Doing it again changes nothing.

    Inside the transaction that holds the plan.
    """
    wanted = _coming_round()
    found = Round.objects.select_for_update(of=("self",)).filter(state=Round.State.DUE).order_by("pk")
    present = {_key_of(row): row for row in found.select_related("schedule", "meeting", "owner")}
    records: list[Record] = []
    missing: list[Item] = []
    for item in wanted:
        row = present.pop(_key(item), None)
        if row is None:
            missing.append(item)
        elif (row.every, row.owner_id) != (item.every, item.owner.pk):
            records.append(_follow(row, item, at=at, cause=cause))
    for left in present.values():
        fsm.move(left, left.retire, at=at)
        deadlines.cancel(kind=DEADLINE, subject=left, wait=False)
        records.append(Record(event=RoundRetired(**_which(left), at=at), subject=left, under=[left.item], cause=cause))
    journal.record_many(records, actor=actor)
    numbers = _last_numbers(missing)
    _open([_new(item, number=numbers.get(_key(item), 0) + 1, since=at, at=at) for item in missing], actor=actor, cause=cause)


def rounds_ensure() -> int:
    """Bring rounds in line with the plan in force where something else than this version of the console approved it: one that knew no
    rounds, before or during an upgrade. Returns whether it did."""
    if not rounds_differ_from_plan():
        return 0
    with transaction.atomic():
        _hold_the_plan()
        rounds_follow(at=clock.now(), actor=SYSTEM)
    return 1


def rounds_remind(due: list[Deadline], now: datetime) -> None:
    """Their day has come, or another week has passed: recorded, and the next reminder armed. Who is told hears it above.

    After a standstill of the console there is one reminder, not one for each week.
    """
    armed = {(item.subject_id, item.generation): item for item in due}
    rows = Round.objects.select_for_update(of=("self",)).filter(public_id__in=[item.subject_id for item in due], state=Round.State.DUE)
    still = [row for row in rows.select_related("schedule", "meeting").order_by("pk") if (row.public_id, row.generation) in armed]
    weeks = {row.pk: int((now - row.due_at) // AGAIN) for row in still}
    events = [RoundDue(**_which(row), due_at=row.due_at, reminder=weeks[row.pk]) for row in still]
    journal.record_many(
        [Record(event=event, subject=row, under=[row.item]) for event, row in zip(events, still, strict=True)],
        actor=SYSTEM,
    )
    deadlines.arm_many([_deadline(row, reminder=weeks[row.pk] + 1) for row in still])


def _lock(public_id: UUID, version: int | None) -> Round:
    _hold_the_plan()
    return Round.lock(public_id, version=version)


def _hold_the_plan() -> None:
    """No approval meanwhile: it locks positions and schedules that a new round points at, and might be retiring the very schedule."""
    list(Plan.objects.select_for_update().order_by("pk"))


def _coming_round() -> list[Item]:
    """Everything of the plan in force that has rounds."""
    fits = has_rounds()
    return [*MeetingKind.objects.filter(fits).select_related("led_by"), *Schedule.objects.filter(fits).select_related("owner")]


def _key(item: Item) -> Key:
    return (item.pk, None) if isinstance(item, Schedule) else (None, item.pk)


def _key_of(row: Round) -> Key:
    return (row.schedule_id, row.meeting_id)


def _last_numbers(items: Iterable[Item]) -> dict[Key, int]:
    """How often each has come round so far, where it has."""
    keys = [_key(item) for item in items]
    of_these = Q(schedule__in=[key[0] for key in keys if key[0]]) | Q(meeting__in=[key[1] for key in keys if key[1]])
    rows = Round.objects.filter(of_these).order_by().values_list("schedule", "meeting").annotate(last=Max("number"))
    return {(schedule, meeting): last for schedule, meeting, last in rows}


def _follow(row: Round, item: Item, *, at: datetime, cause: Any) -> Record:
    generation = row.generation
    fsm.move(row, row.follow, item=item, at=at)
    if row.generation != generation:
        deadlines.cancel(kind=DEADLINE, subject=row, wait=False)
        deadlines.arm_many([_deadline(row)])
    event = RoundChanged(**_which(row), owner=item.owner.slug, due_at=row.due_at)
    return Record(event=event, subject=row, under=[item], cause=cause)


def _open_next(closed: Round, *, since: datetime, at: datetime, actor: Actor, cause: Any) -> None:
    deadlines.cancel(kind=DEADLINE, subject=closed, wait=False)
    _open([_new(closed.item, number=closed.number + 1, since=since, at=at)], actor=actor, cause=cause)


def _new(item: Item, *, number: int, since: datetime, at: datetime) -> Round:
    every = item.every
    assert every is not None  # nothing else has rounds: one that loses its `every` has its round retired
    of = {"schedule": item} if isinstance(item, Schedule) else {"meeting": item}
    return Round(**of, number=number, owner=item.owner, every=every, counted_from=since, due_at=since + every, opened_at=at)


def _open(rows: Sequence[Round], *, actor: Actor, cause: Any) -> None:
    Round.objects.bulk_create(rows)
    deadlines.arm_many([_deadline(row) for row in rows])
    opened = [Record(event=RoundOpened(**_which(row), due_at=row.due_at), subject=row, under=[row.item], cause=cause) for row in rows]
    journal.record_many(opened, actor=actor)


def _deadline(row: Round, *, reminder: int = 0) -> Deadline:
    return Deadline(
        kind=DEADLINE,
        subject_kind=row.journal_kind,
        subject_id=row.public_id,
        key=str(reminder),
        due_at=row.due_at + reminder * AGAIN,
        generation=row.generation,
        payload={},
    )


def _which(row: Round) -> dict[str, Any]:
    return {"round_id": row.public_id, "slug": row.item.slug, "number": row.number}
