"""Pages: start, acknowledge, escalate, call off."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from contingency.org.models import User
from kernel import clock, fsm, journal, moves
from kernel.actors import SYSTEM, Actor
from kernel.errors import InvalidTransition, NotFound, NotPermitted
from kernel.journal import Ref, ref_of
from kernel.models import Deadline
from kernel.permissions import require
from notify import events, rendering, selectors
from notify.errors import NobodyLeft
from notify.models import Page
from notify.services import calling, deliveries
from notify.services.topics import Topic

DEFAULT_GIVES_UP_S = 300  # only where the plan does not have the chain that was asked for


@transaction.atomic
def page_start(
    *,
    subject: Any,
    chain: str,
    text: str,
    params: dict[str, Any],
    actor: Actor,
    fence: str = "",
    first: Sequence[User] = (),
    cause: Any = None,
    group: str = "",
    topic: Topic | None = None,
) -> Page:
    """Call somebody about a record: `first` at once, else the chain's first step; then along the chain until somebody answers.

    One page per record at a time: while one is calling, it is returned, and of `first` those are called whom it has not
    called yet. group: what several records have in common (the part): a person is called at most once in five minutes per
    group, the rest follows in a digest; empty: no such limit. topic: what of the record it is about, where it is not the
    record itself. Rows only; the sweep sends.
    """
    ref = ref_of(subject)
    now = clock.now()
    running = _running(ref)
    if running is None:
        params = {**params, **({"topic": topic.name, "topic_kind": topic.kind} if topic is not None else {})}
        page = _new_page(ref, subject, chain=chain, text=text, params=params, fence=fence, group=group, at=now)
        try:
            with transaction.atomic():
                page.save()
        except IntegrityError:  # another transaction began one at the same moment
            running = _running(ref)
            if running is None:
                raise
        else:
            return _begin(page, first, at=now, actor=actor, cause=cause)
    return _join(running, first, at=now, actor=actor, cause=cause)


@transaction.atomic
def page_acknowledge(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> Page:
    """Somebody has it: nobody further is called. Also for a page that nobody had answered in time.

    Raises NotPermitted (neither called nor entitled), InvalidTransition (already ended), Stale.
    """
    page = Page.lock(public_id, version=version)
    require(actor, "notify.page_acknowledge", page)
    if actor.user_id is None:
        raise NotPermitted(action="notify.page_acknowledge")
    now = clock.now()
    fsm.move(page, page.acknowledge, by_id=actor.user_id, at=now)
    person = User.objects.get(pk=actor.user_id)
    event = events.PageAcknowledged(
        **calling.about_fields(page),
        user_id=person.public_id,
        person=person.display_name,
        via="console" if actor.kind == "person" else actor.kind,
        after_s=int((now - page.started_at).total_seconds()),
        at=now,
    )
    journal.record(event, subject=page, under=[page.about], actor=actor, reason=reason)
    _end_sending(page, at=now, actor=actor)
    return page


@transaction.atomic
def page_escalate(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> Page:
    """Call the next of the chain now instead of waiting. Raises NobodyLeft, InvalidTransition, NotPermitted, Stale."""
    page = Page.lock(public_id, version=version)
    require(actor, "notify.page_escalate", page)
    if page.state != Page.State.CALLING:
        raise InvalidTransition(state=page.state_label(), action=moves.title_of("page", "advance"))
    if page.next_step >= len(page.steps):
        raise NobodyLeft
    calling.call_on(page, why="by_hand", at=clock.now(), actor=actor)
    return page


@transaction.atomic
def page_stop(*, public_id: UUID, version: int | None, actor: Actor, reason: str = "") -> Page:
    """Call a page off by hand, with a reason. Raises InvalidTransition, NotPermitted, Stale."""
    page = Page.lock(public_id, version=version)
    require(actor, "notify.page_cancel", page)
    _cancel(page, at=clock.now(), actor=actor, reason=reason)
    return page


@transaction.atomic
def page_cancel(*, subject: Any, actor: Actor, reason: str = "") -> int:
    """The record needs no answer any more (its room says so, which has checked who may): stop calling. Returns how many pages.

    Pages that nobody answered stay what they are, but what of them has not gone out is not sent any more.
    """
    ref = ref_of(subject)
    now = clock.now()
    cancelled = 0
    for page in Page.objects.select_for_update().filter(subject_kind=ref.kind, subject_id=ref.id, state__in=["calling", "exhausted"]).order_by("id"):
        if page.state == Page.State.CALLING:
            _cancel(page, at=now, actor=actor, reason=reason)
            cancelled += 1
        else:
            _end_sending(page, at=now, actor=actor)
    return cancelled


def page_step_due(due: Iterable[Deadline], now: datetime) -> None:
    """Nobody answered in time: call on, or end. Runs in the transaction that marks the deadlines fired.

    A timer of an earlier round, or of a page that has ended, changes nothing.
    """
    rounds = {deadline.subject_id: deadline.payload["round"] for deadline in sorted(due, key=lambda item: item.payload["round"])}
    for page in Page.objects.select_for_update().filter(public_id__in=rounds, state=Page.State.CALLING).order_by("id"):
        if page.round == rounds[page.public_id]:
            calling.call_on(page, why="unanswered", at=now, actor=SYSTEM)


def _running(ref: Ref) -> Page | None:
    return Page.objects.select_for_update().filter(subject_kind=ref.kind, subject_id=ref.id, state=Page.State.CALLING).first()


def _new_page(ref: Ref, subject: Any, *, chain: str, text: str, params: dict[str, Any], fence: str, group: str, at: datetime) -> Page:
    try:
        steps, gives_up_s = selectors.chain_steps(chain)
    except NotFound:  # a chain that the plan lacks must not stop the call to `first`
        steps, gives_up_s = [], DEFAULT_GIVES_UP_S
    return Page(
        subject_kind=ref.kind,
        subject_id=ref.id,
        subject_label=ref.label,
        unit_path=subject.permission_path() if hasattr(subject, "permission_path") else "",
        chain=chain,
        steps=steps,
        gives_up_s=gives_up_s,
        text=text,
        params=rendering.stored(params),
        fence=fence,
        group=group,
        started_at=at,
    )


def _begin(page: Page, first: Sequence[User], *, at: datetime, actor: Actor, cause: Any) -> Page:
    event = events.PageStarted(**calling.about_fields(page), chain=page.chain, fence=page.fence, at=at)
    entry = journal.record(event, subject=page, under=[page.about], actor=actor, cause=cause)
    people = _distinct(first)
    if people and page.steps and {user.pk for user in selectors.people_of_step(page.steps[0], at)} == {user.pk for user in people}:
        people = []  # the caller names whom the chain begins with
    if people:
        calling.call_named(page, people, at=at, actor=actor, cause=entry)
    else:
        calling.call_on(page, why="", at=at, actor=actor, cause=entry)
    return page


def _join(page: Page, first: Sequence[User], *, at: datetime, actor: Actor, cause: Any) -> Page:
    called = set(page.calls.values_list("user_id", flat=True))
    fresh = [user for user in _distinct(first) if user.pk not in called]
    if fresh:
        calling.call_named(page, fresh, at=at, actor=actor, cause=cause)
    return page


def _distinct(people: Sequence[User]) -> list[User]:
    return list({user.pk: user for user in people}.values())


def _cancel(page: Page, *, at: datetime, actor: Actor, reason: str) -> None:
    fsm.move(page, page.cancel, at=at)
    journal.record(events.PageCancelled(**calling.about_fields(page), at=at), subject=page, under=[page.about], actor=actor, reason=reason)
    _end_sending(page, at=at, actor=actor)


def _end_sending(page: Page, *, at: datetime, actor: Actor) -> None:
    deliveries.drop_unsent(calling.stop_sending(page), why="page_ended", at=at, actor=actor)
