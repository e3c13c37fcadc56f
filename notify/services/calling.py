"""Going along a chain: whom a page calls next, when, and what if nobody can be called. Works on locked pages."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from contingency.org.models import User
from kernel import deadlines, fsm, journal
from kernel.actors import SYSTEM, Actor
from kernel.i18n import both
from notify import events, rendering, selectors
from notify.models import AckLink, Delivery, Message, Page, PageCall
from notify.services.deliveries import queue_for, unsent_of
from notify.services.topics import standing_of

ESCALATION = "page_escalation"
DIGEST_TEXT = "page-digest"


def call_named(page: Page, people: Sequence[User], *, at: datetime, actor: Actor, cause: Any) -> None:
    """Call people whom the caller named; if none of them can be reached, go on along the chain at once."""
    fsm.move(page, page.advance, next_step=page.next_step)
    people = [user for user in people if user.is_active and _is_inside(page, user)]
    if people and _call(page, people, step=None, at=at, actor=actor, cause=cause):
        _arm(page, at=at)
    else:
        call_on(page, why="unreachable", at=at, actor=actor, cause=cause)


def call_on(page: Page, *, why: str, at: datetime, actor: Actor, cause: Any = None) -> None:
    """Call the next of the chain. Steps with nobody to reach are passed over at once; at the end the page waits out its last answer.

    `why` is empty for the first call of a page. With nobody called at all the page is exhausted here and now.
    """
    while page.next_step < len(page.steps):
        step = page.next_step
        called = _names_of_round(page) if why else ""
        fsm.move(page, page.advance, next_step=step + 1)
        if why:
            event = _event(page, events.PageEscalated, to_step=step, why=why, called=called, at=at)
            journal.record(event, subject=page, under=[page.about], actor=actor, cause=cause)
        people = _people(page, step, at=at, actor=actor)
        if people and _call(page, people, step=step, at=at, actor=actor, cause=cause):
            _arm(page, at=at)
            return
        why = "unreachable" if people else "nobody"
    if why == "unanswered" or not _may_still_answer(page):
        exhaust(page, at=at)
    else:
        _arm(page, at=at)


def person_unreachable(page: Page, user: User, *, at: datetime) -> None:
    """No channel of theirs works now: once that holds for everybody of this round, the next of the chain is called at once."""
    call = PageCall.objects.filter(page=page, user=user, unreachable_at=None).order_by("-round").first()
    if call is None or not page.is_open:
        return
    _mark_unreachable(page, call, at=at)
    if page.state == Page.State.CALLING and call.round == page.round and not _round_reaches_somebody(page):
        call_on(page, why="unreachable", at=at, actor=SYSTEM)


def exhaust(page: Page, *, at: datetime) -> None:
    """The chain has ended: say so, and tell everybody who was called once more. Whoever answers late still may."""
    fsm.move(page, page.exhaust, at=at)
    _call_off_timer(page)
    called = [call.user for call in page.calls.select_related("user").distinct("user_id").order_by("user_id")]
    journal.record(_event(page, events.PageExhausted, called=len(called), at=at), subject=page, under=[page.about], actor=SYSTEM)
    if called:
        message = _message(page, text=_later_text(page, "exhausted"), at=at, before_round=page.round + 1)
        for user in called:
            queue_for(message, user, at=at, acks=[ack_link(page, user)])


def stop_sending(page: Page) -> list[Delivery]:
    """What of an ended page has not gone out (locked); its timer is called off."""
    _call_off_timer(page)
    return unsent_of(page)


def ack_link(page: Page, user: User) -> AckLink:
    """The person's link for this page, made when first needed."""
    link, _created = AckLink.objects.get_or_create(page=page, user=user)
    return link


def about_fields(page: Page) -> dict[str, Any]:
    """What every entry about a page says of it."""
    topic = page.params.get("topic", {})
    return {
        "page_id": page.public_id,
        "about_kind": page.subject_kind,
        "about_id": page.subject_id,
        "topic": both(topic.get("en", ""), topic.get("zh", "")),
    }


def _event(page: Page, kind: Any, **fields: Any) -> Any:
    return kind(**about_fields(page), **fields)


def _people(page: Page, step: int, *, at: datetime, actor: Actor) -> list[User]:
    """Whom the step calls, inside the fence; nobody is an entry of its own."""
    wanted = selectors.people_of_step(page.steps[step], at)
    allowed = [user for user in wanted if _is_inside(page, user)]
    if not allowed:
        who = page.steps[step].get("name") or page.steps[step]["roster"] or page.steps[step]["position"]
        event = _event(page, events.PageStepSkipped, step=step, who=who, why="fence" if wanted else "nobody", at=at)
        journal.record(event, subject=page, under=[page.about], actor=actor)
    return allowed


def _is_inside(page: Page, user: User) -> bool:
    """Whether the page's fence, if it has one, lets anything through to this person."""
    return not page.fence or bool(selectors.points_of(user, fence=page.fence))


def _call(page: Page, people: Sequence[User], *, step: int | None, at: datetime, actor: Actor, cause: Any) -> bool:
    """Call these people; False when no channel of any of them works now (they are queued all the same, for when it does)."""
    text = _later_text(page, "escalated") if page.calls.exists() else page.text
    message = _message(page, text=text, at=at, before_round=page.round, times=_times(page, people, at=at))
    called: list[str] = []
    held: list[str] = []
    unreachable: list[PageCall] = []
    for user in people:
        earlier = selectors.last_call_in_group(user, page.group, since=at - selectors.COALESCE_FOR, but=page)
        call = PageCall.objects.create(page=page, user=user, round=page.round, step=step, called_at=at, is_coalesced=earlier is not None)
        (held if earlier else called).append(user.display_name)
        if earlier is not None:
            _digest(page, user, at=at, due_at=earlier.called_at + selectors.COALESCE_FOR)
        elif not queue_for(message, user, at=at, acks=[ack_link(page, user)]).works:
            unreachable.append(call)
    event = _event(
        page, events.PageCalled, step=step, user_ids=[user.public_id for user in people], names=", ".join(called), coalesced=", ".join(held), at=at
    )
    journal.record(event, subject=page, under=[page.about], actor=actor, cause=cause)
    for call in unreachable:
        _mark_unreachable(page, call, at=at)
    return len(unreachable) < len(people)


def _later_text(page: Page, which: str) -> str:
    """The text of a page that goes on: page-escalated, role-exhausted … A role's says that the role is wanted, not that nobody came."""
    return f"{page.params.get('topic_kind', 'page')}-{which}"


def _times(page: Page, people: Sequence[User], *, at: datetime) -> dict[str, Any]:
    """Until when to answer, and who is called then: not those who are called just now."""
    is_last = page.next_step >= len(page.steps)
    then = [] if is_last else selectors.people_of_step(page.steps[page.next_step], at)
    now = {user.pk for user in people}
    names = [user.display_name for user in then if user.pk not in now]
    return {"answer_until": at + _patience(page), "called_next": names, "is_last": is_last}


def _names_of_round(page: Page) -> str:
    """Whom the page called last."""
    return ", ".join(page.calls.filter(round=page.round).order_by("id").values_list("user__display_name", flat=True))


def _message(page: Page, *, text: str, at: datetime, before_round: int, times: dict[str, Any] | None = None) -> Message:
    """One message per round. The escalated ones also say for how long, who was called before, and how things stand now."""
    before = page.calls.filter(round__lt=before_round).select_related("user").order_by("round", "id")
    names = list(dict.fromkeys(call.user.display_name for call in before))
    minutes = int((at - page.started_at).total_seconds() // 60)
    standing = standing_of(page.subject_kind, page.subject_id) if text != page.text else {}
    fresh = rendering.stored({**standing, **(times or {})})
    return Message.objects.create(
        subject_kind=page.subject_kind,
        subject_id=page.subject_id,
        subject_label=page.subject_label,
        kind=Message.Kind.PAGE,
        page=page,
        text=text,
        params={**page.params, **fresh, "called_before": names, "minutes": minutes},
        fence=page.fence,
        group=page.group,
        created_at=at,
    )


def _digest(page: Page, user: User, *, at: datetime, due_at: datetime) -> None:
    """Add the page to the person's digest for this group, or begin one that goes out when the five minutes are over."""
    waiting = Delivery.objects.filter(
        user=user, message__kind=Message.Kind.DIGEST, message__group=page.group, message__fence=page.fence, state=Delivery.State.QUEUED, attempts=0
    )
    delivery = waiting.select_for_update(of=("self",)).select_related("message").first()
    acks = [ack_link(page, user)]
    if delivery is not None:
        message = delivery.message
        acks = [*AckLink.objects.filter(public_id__in=rendering.marked(delivery.body)).select_related("page").order_by("id"), *acks]
    else:
        message = Message(
            subject_kind=page.subject_kind,
            subject_id=page.subject_id,
            subject_label=page.subject_label,
            kind=Message.Kind.DIGEST,
            text=DIGEST_TEXT,
            fence=page.fence,
            group=page.group,
            created_at=at,
        )
    message.params = {"subject": list(dict.fromkeys(ack.page.subject_label for ack in acks))}
    message.save()
    if delivery is None:
        queue_for(message, user, at=at, due_at=due_at, acks=acks)
    else:
        rendered = rendering.render(message, user, acks)
        delivery.title, delivery.body = rendered.title, rendered.body
        delivery.save(update_fields=["title", "body"])


def _mark_unreachable(page: Page, call: PageCall, *, at: datetime) -> None:
    call.unreachable_at = at
    call.save(update_fields=["unreachable_at"])
    event = _event(page, events.PagePersonUnreachable, user_id=call.user.public_id, person=call.user.display_name, at=at)
    journal.record(event, subject=page, under=[page.about], actor=SYSTEM)


def _round_reaches_somebody(page: Page) -> bool:
    return page.calls.filter(round=page.round, unreachable_at=None).exists()


def _may_still_answer(page: Page) -> bool:
    """Whether anybody was called at all (also over a channel that is down now: it may come back before the chain gives up)."""
    return page.calls.exists()


def _patience(page: Page) -> timedelta:
    """How long an answer is waited for: as long as the next step says, or after the last as long as the chain does."""
    waits = [step["after_s"] for step in page.steps[page.next_step :]]
    if page.next_step == 0:  # people were named: the chain's first step has no waiting time of its own
        waits = [wait for wait in waits if wait]
    return timedelta(seconds=waits[0] if waits else page.gives_up_s)


def _arm(page: Page, *, at: datetime) -> None:
    """Wait for an answer."""
    due_at = at + _patience(page)
    _call_off_timer(page)
    deadlines.arm(kind=ESCALATION, subject=page, key=str(page.round), due_at=due_at, payload={"round": page.round})


def _call_off_timer(page: Page) -> None:
    """Never wait for a timer that is just firing: its sweep waits for our lock on the page, and then finds it ended or in another round."""
    deadlines.cancel(kind=ESCALATION, subject=page, wait=False)
