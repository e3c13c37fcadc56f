"""Lists, rights, the table of moves, and two things at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from pytest_django import DjangoAssertNumQueries

from contingency.org import selectors as org
from contingency.org.models import ContactPoint, User
from contingency.plan.models import EscalationChain
from kernel import clock, deadlines, journal, moves, permissions, proposals, records, sentences
from kernel.actors import SYSTEM, Actor
from kernel.errors import Conflict, NotFound, NotPermitted
from kernel.models import Entry
from notify import selectors, services, sweeps
from notify.models import Delivery, Message, Page, PageCall
from notify.services.calling import ESCALATION
from notify.services.links import actor_of
from tests.notify.conftest import incident
from tests.notify.mailserver import MailServer

Make = Callable[..., User]
Chain = Callable[..., EscalationChain]
Start = Callable[..., Page]


def holder(user: User, *roles: str, path: str = "/") -> Actor:
    return Actor(kind="person", id=str(user.public_id), label=user.display_name, user_id=user.pk, holdings=frozenset((role, path) for role in roles))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "role, path, may",
    [
        ("ops_engineer", "/technology/", {"notify.page_acknowledge", "notify.page_escalate"}),
        ("ops_engineer", "/business/", set()),
        ("team_lead", "/technology/", {"notify.page_acknowledge", "notify.page_escalate", "notify.page_cancel"}),
        ("team_lead", "/business/", set()),
        ("business_ops", "/technology/", set()),
        ("customer_service", "/technology/", set()),
        ("auditor", "/technology/", set()),
        ("administrator", "/technology/", set()),
        ("director", "/technology/", set()),
    ],
)
@pytest.mark.req("INC-03")
def test_who_may_what_with_a_page(person: Make, chain: Chain, page: Start, role: str, path: str, may: set[str]) -> None:
    chain([person("Lin")])
    started = page()
    Page.objects.update(unit_path="/technology/operations/")
    started.refresh_from_db()
    actor = holder(person("Other"), role, path=path)
    assert {move.id for move in moves.for_record("page") if permissions.can(actor, move.id, started)} == may
    called = actor_of(User.objects.get(username="lin"))
    assert {move.id for move in moves.for_record("page") if permissions.can(called, move.id, started)} == {
        "notify.page_acknowledge",
        "notify.page_escalate",
    }


@pytest.mark.django_db
def test_lists_are_cut_to_what_one_may_see_and_cost_the_same_however_long(
    person: Make, chain: Chain, page: Start, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    lin, chen, stranger = person("Lin"), person("Chen"), person("Stranger")
    chain([lin, chen])
    pages = [page(subject=incident(f"INC-{number}")) for number in range(4)]
    Page.objects.update(unit_path="/technology/operations/")
    for actor in (org.actor_of_user(lin), holder(stranger, "ops_engineer", path="/technology/"), holder(stranger, "auditor"), SYSTEM):
        with django_assert_num_queries(3):
            shown = [records.get("page").output(item) for item in records.get("page").list_for(actor)]
        assert [item["id"] for item in shown] == [str(item.public_id) for item in reversed(pages)]
    assert [call["user"]["name"] for call in shown[0]["calls"]] == ["Lin", "Chen"]
    for actor in (org.actor_of_user(stranger), holder(stranger, "ops_engineer", path="/business/"), holder(stranger, "administrator")):
        assert not records.get("page").list_for(actor).exists()
        with pytest.raises(NotFound):
            records.fetch("page", actor, pages[0].public_id)
    assert records.fetch("page", org.actor_of_user(lin), pages[0].public_id) == pages[0]
    herself = org.actor_of_user(lin)
    with django_assert_num_queries(1):
        mine = [records.get("delivery").output(item) for item in records.get("delivery").list_for(herself, state="queued")]
    assert {item["user"]["name"] for item in mine} == {"Lin"}
    assert {item["address"] for item in mine} == {"l…@example.com"}
    page_id = str(pages[0].public_id)
    assert records.get("delivery").list_for(holder(stranger, "auditor"), page=page_id, channel="email").count() == 2
    assert records.get("page").list_for(SYSTEM, state="calling", subject=str(pages[0].subject_id)).count() == 1
    assert not records.get("page").list_for(SYSTEM, subject="nonsense").exists()


@pytest.mark.django_db
def test_a_token_needs_the_scope(person: Make, chain: Chain, page: Start) -> None:
    lin = person("Lin")
    chain([lin])
    started = page()
    for scopes, allowed in ((frozenset({"pages:read"}), False), (frozenset({"pages:write"}), True)):
        actor = Actor(kind="token", id=str(lin.public_id), label="Lin", user_id=lin.pk, scopes=scopes)
        if not allowed:
            with pytest.raises(NotPermitted):
                proposals.perform("notify.page_acknowledge", actor=actor, public_id=started.public_id, version=started.version)
            continue
        done = proposals.perform("notify.page_acknowledge", actor=actor, public_id=started.public_id, version=started.version)
        assert done.state == "acknowledged"
    assert Entry.objects.get(name="notify.page_acknowledged.v1").payload["via"] == "token"


@pytest.mark.django_db
@pytest.mark.req("ORG-04")
def test_people_can_test_their_own_contact_points_and_nobody_elses(person: Make, mail: MailServer) -> None:
    lin, chen = person("Lin"), person("Chen")
    point = ContactPoint.objects.get(user=lin)
    phone = ContactPoint.objects.create(user=lin, kind="phone", address="+86 10 1", order=2)
    proposals.perform("notify.contact_point_test", actor=holder(lin, "ops_engineer"), public_id=point.public_id)
    services.send_due()
    assert mail.recipients == ["lin@example.com"]
    assert mail.mails[0]["Subject"] == "Switchback: test of your contact point"
    with pytest.raises(NotPermitted):
        services.contact_point_test(public_id=point.public_id, version=None, actor=holder(chen, "team_lead"))
    with pytest.raises(Conflict):
        services.contact_point_test(public_id=phone.public_id, version=None, actor=holder(lin, "ops_engineer"))


def test_every_move_of_the_table_is_one_of_the_life_cycle() -> None:
    methods = {move.name for move in Page._meta.get_field("state").get_all_transitions(Page)}  # type: ignore[union-attr]
    assert {move.method for move in moves.for_record("page")} == methods - {"exhaust"}  # that one nobody does: the chain ends
    for move in moves.for_record("page"):
        sources = {item.source for item in Page._meta.get_field("state").get_all_transitions(Page) if item.name == move.method}  # type: ignore[union-attr]
        assert set(move.source) == sources


@pytest.mark.django_db
def test_every_entry_of_the_room_reads_as_a_sentence(person: Make, chain: Chain, page: Start, mail: MailServer) -> None:
    lin = person("Lin")
    chain([lin], [], [person("Chen")])
    mail.refuse["chen@example.com"] = "550 no"
    subject = incident()
    started = page(subject=subject)
    services.send_due()
    services.page_escalate(public_id=started.public_id, version=None, actor=actor_of(lin))
    services.send_due()
    services.page_acknowledge(public_id=started.public_id, version=None, actor=actor_of(lin))
    for entry in journal.timeline(subject):
        assert sentences.is_known(entry.name), entry.name
        assert "%" not in sentences.sentence(entry)
        assert "{" not in sentences.sentence(entry)
        assert "—" not in sentences.sentence(entry)


@pytest.mark.django_db
def test_the_sweeps_know_how_late_they_are(person: Make, mail: MailServer) -> None:
    assert selectors.oldest_unsent() is None
    services.message_send(to=[person("Lin")], text="t", params={}, subject=incident(), actor=SYSTEM)
    queued = Delivery.objects.get()
    assert selectors.oldest_unsent() == queued.next_attempt_at
    assert sweeps.notify_send() == 1
    assert selectors.oldest_unsent() is None
    assert sweeps.oldest_expired() is None
    clock.allow_winding(True)
    clock.wind(timedelta(hours=3))
    services.message_send(to=[User.objects.get()], text="t", params={}, subject=incident(), actor=SYSTEM)
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE notify_delivery SET state = 'sending', lease_id = gen_random_uuid(), lease_until = clock_timestamp() - interval '7 s'
               WHERE state = 'queued'"""
        )
    oldest = sweeps.oldest_expired()
    assert oldest is not None
    assert timedelta(seconds=6) < clock.now() - oldest < timedelta(seconds=60)


@pytest.mark.django_db(transaction=True)
@pytest.mark.attack
def test_starting_escalating_and_answering_at_once_leaves_one_page_in_one_state(person: Make, chain: Chain, page: Start) -> None:
    """A page is started four times, its timer fires twice, and two people answer, all at the same moment; nobody waits for ever."""
    clock.allow_winding(True)
    for round_ in range(4):
        lin, chen = person(f"Lin{round_}"), person(f"Chen{round_}")
        chain([lin], [chen], [lin, chen], slug=f"c{round_}", after=timedelta(seconds=0))
        subject = incident(f"INC-{round_}")
        together([lambda s=subject, c=f"c{round_}": page(subject=s, chain=c)] * 4)
        started = Page.objects.get(subject_id=subject.id)
        assert started.calls.filter(round=1).count() == 1
        clock.wind(timedelta(minutes=1))
        answers = [
            lambda u=user, p=started: services.page_acknowledge(public_id=p.public_id, version=None, actor=actor_of(u)) for user in (lin, chen)
        ]
        failures = together([*answers, lambda: deadlines.sweep(ESCALATION), lambda: deadlines.sweep(ESCALATION)])
        started.refresh_from_db()
        assert started.state == "acknowledged"
        assert {type(error).__name__ for error in failures} <= {"InvalidTransition", "NotPermitted"}
        assert Entry.objects.filter(name="notify.page_acknowledged.v1", subject_id=started.public_id).count() == 1
        assert not deadlines.armed_of(started, ESCALATION)
    assert Message.objects.filter(kind="page").count() == PageCall.objects.values("page", "round").distinct().count()


@pytest.mark.django_db(transaction=True)
@pytest.mark.attack
def test_answered_in_the_moment_in_which_the_timer_fires(person: Make, chain: Chain, page: Start) -> None:
    """The sweep holds the timer and wants the page; the person holds the page and wants the timer: neither waits for ever."""
    lin = person("Lin")
    chain([lin], [person("Chen")])
    started = page()
    clock.allow_winding(True)
    clock.wind(timedelta(minutes=5))

    def sweep() -> None:
        deadlines.sweep(ESCALATION)
        connection.close()

    sweeping = threading.Thread(target=sweep)
    with transaction.atomic():
        Page.lock(started.public_id)
        sweeping.start()
        time.sleep(0.7)  # by now it has claimed the timer and waits for the page
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '200ms'")
        services.page_acknowledge(public_id=started.public_id, version=None, actor=actor_of(lin))
    sweeping.join(timeout=20)
    started.refresh_from_db()
    assert started.state == "acknowledged"
    assert started.calls.count() == 1


def together(works: list[Callable[[], Any]]) -> list[Exception]:
    """Run these at the same moment, each over its own connection; returns what they raised."""
    failures: list[Exception] = []
    barrier = threading.Barrier(len(works))

    def run(work: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            work()
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return failures
