"""Who is on duty, who holds what, and how they are reached."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from contingency.org import selectors, services
from contingency.org.errors import ShiftOverlaps
from contingency.org.models import ContactPoint, Shift
from kernel import clock
from kernel.actors import SYSTEM
from kernel.errors import Conflict, Invalid, NotFound, NotPermitted

from .conftest import HOUR, entries

pytestmark = pytest.mark.django_db


def shift(user, starts_at, ends_at, **fields):
    return services.shift_add(actor=SYSTEM, roster="duty", user=user.public_id, starts_at=starts_at, ends_at=ends_at, **fields)


@pytest.mark.req("ORG-03")
def test_on_duty_is_by_rank_and_the_end_is_excluded(person, now):
    yu, lei, hao = person("yu"), person("lei"), person("hao")
    shift(lei, now - HOUR, now + HOUR, rank=2)
    shift(yu, now - HOUR, now + HOUR, rank=1)
    shift(hao, now + HOUR, now + 2 * HOUR, rank=1)
    assert selectors.on_duty("duty", now) == [yu, lei]
    assert selectors.on_duty("duty", now + HOUR) == [hao]
    assert selectors.on_duty_at_rank("duty", 2, now) == lei
    assert selectors.on_duty_at_rank("duty", 2, now + HOUR) is None


def test_on_duty_costs_one_query(person, now, house, django_assert_num_queries):
    shift(person("yu"), now, now + HOUR)
    with django_assert_num_queries(1):
        selectors.on_duty(house["roster"], now)
    with django_assert_num_queries(2):
        selectors.on_duty_everywhere(now)


@pytest.mark.req("ORG-03")
def test_nobody_is_on_duty_beside_somebody_of_the_same_rank(person, now):
    shift(person("yu"), now, now + 8 * HOUR)
    with pytest.raises(ShiftOverlaps):
        shift(person("lei"), now + 7 * HOUR, now + 9 * HOUR)
    shift(person("hao"), now + 8 * HOUR, now + 9 * HOUR)
    shift(person("tao"), now, now + 8 * HOUR, rank=2)


def test_the_database_itself_refuses_overlapping_shifts(person, house, now):
    shift(person("yu"), now, now + 8 * HOUR)
    with pytest.raises(IntegrityError, match="shift_one_person_per_roster_and_rank"), transaction.atomic():
        Shift.objects.create(roster=house["roster"], user=person("lei"), starts_at=now + HOUR, ends_at=now + 2 * HOUR, rank=1)


def test_a_cancelled_shift_makes_room(person, now):
    first = shift(person("yu"), now, now + 8 * HOUR)
    services.shift_cancel(public_id=first.public_id, version=1, actor=SYSTEM, reason="ill")
    assert selectors.on_duty("duty", now) == []
    lei = person("lei")
    shift(lei, now, now + 8 * HOUR)
    assert selectors.on_duty("duty", now) == [lei]
    with pytest.raises(Conflict):
        services.shift_cancel(public_id=first.public_id, version=2, actor=SYSTEM)


def test_whoever_left_is_not_on_duty(person, now):
    yu = person("yu")
    shift(yu, now, now + HOUR)
    services.user_deactivate(public_id=yu.public_id, version=None, actor=SYSTEM, reason="left")
    assert selectors.on_duty("duty", now) == []


@pytest.mark.parametrize("ends,rank", [(0, 1), (-1, 1), (24 * 40, 1), (1, 3), (1, 0)])
def test_a_shift_is_not_made_of_nonsense(person, now, ends, rank):
    with pytest.raises(Invalid):
        shift(person("yu"), now, now + ends * HOUR, rank=rank)


@pytest.mark.parametrize("position,allowed", [("lead", True), ("administrator", True), ("engineer", False), ("business", False), ("auditor", False)])
def test_who_may_keep_the_roster(acting, person, now, position, allowed):
    actor, user = acting("actor", position), person("yu")
    wanted = {"actor": actor, "roster": "duty", "user": user.public_id, "starts_at": now, "ends_at": now + HOUR}
    if allowed:
        services.shift_add(**wanted)
        assert len(entries("org.shift_added.v1")) == 1
    else:
        with pytest.raises(NotPermitted):
            services.shift_add(**wanted)
        assert entries("org.shift_added.v1") == []


def test_there_must_be_such_a_roster(person, now):
    with pytest.raises(NotFound):
        services.shift_add(actor=SYSTEM, roster="night", user=person("yu").public_id, starts_at=now, ends_at=now + HOUR)


def test_people_with_a_position_come_longest_first_and_deputies_last(person, now):
    lei, yu, hao = person("lei"), person("yu"), person("hao")
    services.holding_assign(actor=SYSTEM, user=yu.public_id, position="lead", starts_at=now - HOUR)
    services.holding_assign(actor=SYSTEM, user=lei.public_id, position="lead", starts_at=now - 2 * HOUR)
    services.holding_assign(actor=SYSTEM, user=hao.public_id, position="lead", starts_at=now - 3 * HOUR, ends_at=now + HOUR, is_deputy=True)
    assert selectors.people_with_position("lead", now) == [lei, yu, hao]
    assert selectors.people_with_position("lead", now + HOUR) == [lei, yu]


def test_people_with_a_role_are_found_by_team(person):
    lead, director = person("min", "lead"), person("hong", "director")
    now = clock.now()
    assert selectors.people_with_role("team_lead", now, path="/leadership/technology/operations/") == [lead]
    assert selectors.people_with_role("team_lead", now, path="/leadership/business/") == []
    assert selectors.people_with_role("director", now, path="/leadership/business/") == [director]
    assert selectors.people_with_role("team_lead", now) == [lead]


@pytest.mark.req("ORG-04")
def test_people_are_reached_in_their_own_order(person, acting):
    yu = person("yu", "engineer")
    services.contact_point_add(actor=SYSTEM, user=yu.public_id, kind="email", address="yu@demo.example")
    phone = services.contact_point_add(actor=SYSTEM, user=yu.public_id, kind="phone", address="+86 138 0000 0000")
    services.contact_point_add(actor=SYSTEM, user=yu.public_id, kind="webhook", address="http://127.0.0.1:9/x", order=1)
    assert [point.kind for point in selectors.contact_points(yu)] == ["email", "webhook", "phone"]
    services.contact_point_remove(public_id=phone.public_id, version=1, actor=SYSTEM)
    assert [point.kind for point in selectors.contact_points(yu)] == ["email", "webhook"]
    assert selectors.contact_points_of([yu])[yu.pk] == selectors.contact_points(yu)


@pytest.mark.req("ORG-04")
def test_contact_points_are_ones_own(acting, person):
    yu, other = acting("yu", "engineer"), person("lei", "engineer")
    own = services.contact_point_add(actor=yu, kind="email", address="yu@demo.example")
    assert own.user.username == "yu"
    with pytest.raises(NotPermitted):
        services.contact_point_add(actor=yu, user=other.public_id, kind="email", address="yu@demo.example")
    services.contact_point_add(actor=acting("gao", "administrator"), user=other.public_id, kind="email", address="lei@demo.example")
    with pytest.raises(Conflict):
        services.contact_point_add(actor=yu, kind="email", address="yu@demo.example")


@pytest.mark.parametrize(
    "kind,address", [("email", "nobody"), ("webhook", "file:///etc/passwd"), ("webhook", "gopher://x"), ("phone", "call me"), ("fax", "1")]
)
def test_an_address_is_one_of_its_kind(person, kind, address):
    with pytest.raises(Invalid):
        services.contact_point_add(actor=SYSTEM, user=person("yu").public_id, kind=kind, address=address)


def test_a_lost_address_is_no_longer_tried_and_can_come_back(person):
    yu = person("yu")
    point = services.contact_point_add(actor=SYSTEM, user=yu.public_id, kind="email", address="yu@demo.example")
    services.contact_point_lost(point=point, actor=SYSTEM, reason="550 no such user")
    services.contact_point_lost(point=point, actor=SYSTEM, reason="550 no such user")
    assert selectors.contact_points(yu) == []
    assert [entry.reason for entry in entries("org.contact_point_lost.v1")] == ["550 no such user"]
    services.contact_point_add(actor=SYSTEM, user=yu.public_id, kind="email", address="yu@demo.example")
    assert ContactPoint.objects.get().is_active
