"""Positions and the rights that come with them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from threading import Thread

import pytest
from django.db import IntegrityError, connection, transaction

from contingency.org import roles, services
from contingency.org.errors import HoldingOverlaps, LastOfItsKind, RolesExclude
from contingency.org.models import Holding, User
from contingency.org.selectors import actor_of_user
from kernel import clock, proposals
from kernel.actors import SYSTEM
from kernel.errors import Invalid, NeedsSecondPerson, NotFound, NotPermitted, ProofNeeded, Stale
from kernel.models import Proposal

from .conftest import HOUR, entries

pytestmark = pytest.mark.django_db


@pytest.mark.req("ORG-01", "SEC-01")
def test_a_position_gives_its_role_from_to(person, now):
    user = person("yu")
    holding = services.holding_assign(actor=SYSTEM, user=user.public_id, position="engineer", starts_at=now - HOUR, ends_at=now + HOUR)
    assert actor_of_user(user).holdings == {("ops_engineer", "/leadership/technology/")}
    clock.wind(2 * HOUR)
    assert actor_of_user(user).holdings == frozenset()
    [entry] = entries("org.holding_assigned.v1", subject_id=str(holding.public_id))
    assert (entry.payload["role"], entry.payload["position"], entry.actor_kind) == ("ops_engineer", "engineer", "system")


def test_a_holding_still_to_come_gives_nothing_yet(person, now):
    user = person("yu")
    services.holding_assign(actor=SYSTEM, user=user.public_id, position="engineer", starts_at=now + HOUR)
    assert actor_of_user(user).roles == frozenset()


def test_a_position_without_a_role_gives_nothing(person):
    assert actor_of_user(person("fang", "finance")).roles == frozenset()


def test_a_retired_position_gives_nothing(person, house):
    user = person("yu", "engineer")
    position = house["positions"]["engineer"]
    position.retired_at = clock.now()
    position.save()
    assert actor_of_user(user).roles == frozenset()


def test_a_person_who_left_has_no_rights_and_no_tokens_left(person):
    user = person("yu", "engineer")
    services.user_deactivate(public_id=user.public_id, version=None, actor=SYSTEM, reason="moved on")
    user.refresh_from_db()
    assert actor_of_user(user).roles == frozenset()
    with pytest.raises(Invalid):
        services.holding_assign(actor=SYSTEM, user=user.public_id, position="lead")


def test_the_rights_of_a_person_cost_one_query(person, django_assert_num_queries):
    user = person("yu", "engineer")
    with django_assert_num_queries(1):
        actor_of_user(user)


PAIRS = [(one, other) for one in roles.POSITION_ROLES for other in roles.POSITION_ROLES if one != other]
SLUG = {
    "ops_engineer": "engineer",
    "team_lead": "lead",
    "business_ops": "business",
    "customer_service": "service",
    "auditor": "auditor",
    "administrator": "administrator",
    "director": "director",
}


@pytest.mark.req("SEC-01")
@pytest.mark.parametrize("one,other", PAIRS)
def test_auditor_and_administrator_exclude_every_other_role(person, one, other):
    user = person("yu", SLUG[one])
    if {one, other} & roles.EXCLUSIVE:
        with pytest.raises(RolesExclude):
            services.holding_assign(actor=SYSTEM, user=user.public_id, position=SLUG[other])
        assert actor_of_user(user).roles == {one}
    else:
        services.holding_assign(actor=SYSTEM, user=user.public_id, position=SLUG[other])
        assert actor_of_user(user).roles == {one, other}


@pytest.mark.req("SEC-01")
def test_roles_that_exclude_each_other_may_follow_each_other_but_not_overlap(person, now):
    user = person("yu")
    services.holding_assign(actor=SYSTEM, user=user.public_id, position="engineer", starts_at=now, ends_at=now + 10 * HOUR)
    with pytest.raises(RolesExclude):
        services.holding_assign(actor=SYSTEM, user=user.public_id, position="auditor", starts_at=now + 9 * HOUR)
    with pytest.raises(RolesExclude):
        services.holding_assign(actor=SYSTEM, user=user.public_id, position="auditor", starts_at=now - 9 * HOUR, ends_at=now + HOUR)
    services.holding_assign(actor=SYSTEM, user=user.public_id, position="auditor", starts_at=now + 10 * HOUR)


def test_the_same_position_is_not_held_twice_at_once(person, now):
    user = person("yu", "engineer")
    with pytest.raises(HoldingOverlaps):
        services.holding_assign(actor=SYSTEM, user=user.public_id, position="engineer", starts_at=now + HOUR)


def test_the_database_itself_refuses_overlapping_holdings(person, house, now):
    user = person("yu", "engineer")
    with pytest.raises(IntegrityError, match="holding_once_at_a_time"), transaction.atomic():
        Holding.objects.create(user=user, position=house["positions"]["engineer"], starts_at=now + HOUR)


def test_a_deputy_has_an_end(person, now, house):
    user = person("yu")
    with pytest.raises(Invalid):
        services.holding_assign(actor=SYSTEM, user=user.public_id, position="lead", is_deputy=True)
    services.holding_assign(actor=SYSTEM, user=user.public_id, position="lead", is_deputy=True, ends_at=now + HOUR)
    with pytest.raises(IntegrityError, match="holding_deputy_has_end"), transaction.atomic():
        Holding.objects.create(user=user, position=house["positions"]["engineer"], starts_at=now, is_deputy=True)


@pytest.mark.req("SEC-01")
@pytest.mark.parametrize(
    "position,target,allowed",
    [
        ("lead", "engineer", True),
        ("lead", "business", False),  # another team
        ("lead", "auditor", False),
        ("lead", "administrator", False),
        ("lead", "director", False),
        ("administrator", "engineer", True),
        ("administrator", "business", True),
        ("engineer", "engineer", False),
        ("business", "business", False),
        ("service", "service", False),
        ("auditor", "engineer", False),
        ("director", "engineer", False),
    ],
)
def test_who_may_assign_what(acting, person, position, target, allowed):
    actor, user = replace(acting("actor", position), proved=True), person("yu")
    if allowed:
        services.holding_assign(actor=actor, user=user.public_id, position=target)
        assert Holding.objects.filter(user=user).count() == 1
    else:
        with pytest.raises(NotPermitted):
            services.holding_assign(actor=actor, user=user.public_id, position=target)
        assert not Holding.objects.filter(user=user).exists()


@pytest.mark.req("SEC-01")
@pytest.mark.parametrize("target", ["auditor", "administrator", "director"])
def test_positions_of_control_need_two_administrators(acting, person, target):
    first, second = (replace(acting(name, "administrator"), proved=True) for name in ("gao", "deng"))
    user = person("yu")
    with pytest.raises(NeedsSecondPerson):
        services.holding_assign(actor=first, user=user.public_id, position=target)
    wanted = {"user": str(user.public_id), "position": target}
    proposal = proposals.perform("org.holding_assign_restricted", actor=first, inputs=wanted)
    assert isinstance(proposal, Proposal)
    with pytest.raises(NotPermitted):
        proposals.proposal_accept(public_id=proposal.public_id, version=None, actor=first)
    holding = proposals.proposal_accept(public_id=proposal.public_id, version=None, actor=second)
    assert (holding.user_id, holding.position.slug) == (user.pk, target)


def test_an_ordinary_assignment_cannot_slip_a_position_of_control_through(acting, person):
    """The move for leads offers no such position, and the service asks for the other move whatever door was used."""
    lead, user = acting("min", "lead"), person("yu")
    with pytest.raises(Invalid):
        proposals.perform("org.holding_assign", actor=lead, inputs={"user": str(user.public_id), "position": "administrator"})


def test_ending_takes_the_right_away_at_once_and_is_recorded(person, now):
    user = person("yu", "engineer")
    holding = Holding.objects.get(user=user)
    services.holding_end(public_id=holding.public_id, version=1, actor=SYSTEM, reason="moved on")
    assert actor_of_user(user).roles == frozenset()
    [entry] = entries("org.holding_ended.v1")
    assert (entry.reason, entry.before["ends_at"], entry.after["ends_at"] is not None) == ("moved on", None, True)
    with pytest.raises(Stale):
        services.holding_end(public_id=holding.public_id, version=1, actor=SYSTEM)
    with pytest.raises(Invalid):
        services.holding_end(public_id=holding.public_id, version=2, actor=SYSTEM)


@pytest.mark.parametrize("position", ["administrator", "director"])
def test_the_house_never_loses_its_last_administrator_or_director(person, position):
    first = person("gao", position)
    holding = Holding.objects.get(user=first)
    with pytest.raises(LastOfItsKind):
        services.holding_end(public_id=holding.public_id, version=1, actor=SYSTEM)
    with pytest.raises(LastOfItsKind):
        services.user_deactivate(public_id=first.public_id, version=None, actor=SYSTEM, reason="left")
    person("deng", position)
    services.holding_end(public_id=holding.public_id, version=1, actor=SYSTEM)


def test_nothing_is_assigned_that_does_not_exist(person):
    with pytest.raises(NotFound):
        services.holding_assign(actor=SYSTEM, user=person("yu").public_id, position="king")


@pytest.mark.attack
@pytest.mark.django_db(transaction=True)
def test_two_grants_at_once_cannot_pass_each_other(person):
    """While one transaction makes somebody auditor, another must wait with making them engineer, and is then refused."""
    user = person("yu")
    refused: list[str] = []

    def grant() -> None:
        try:
            services.holding_assign(actor=SYSTEM, user=user.public_id, position="engineer")
        except RolesExclude as error:
            refused.append(error.code)
        finally:
            connection.close()

    other = Thread(target=grant)
    with transaction.atomic():
        services.holding_assign(actor=SYSTEM, user=user.public_id, position="auditor")
        other.start()
        other.join(timeout=1)
        assert other.is_alive(), "the other one did not wait"
    other.join()
    assert refused == ["roles_exclude"]
    assert actor_of_user(user).roles == {"auditor"}


def test_user_names_are_one_whatever_their_case(person):
    from contingency.org.errors import NameTaken

    person("Chen.Yu")
    with pytest.raises(NameTaken):
        person("chen.yu")
    assert User.objects.get_by_natural_key("CHEN.YU").username == "Chen.Yu"


@pytest.mark.parametrize(
    "fields,field",
    [
        ({"email": "nobody"}, "email"),
        ({"language": "fr"}, "language"),
        ({"time_zone": "Moon/Sea"}, "time_zone"),
    ],
)
def test_a_person_is_not_made_of_nonsense(person, fields, field):
    with pytest.raises(Invalid) as caught:
        person("yu", **fields)
    assert caught.value.params["field"] == field


@pytest.mark.req("SEC-02")
def test_passwords_are_ones_own_and_strong(person, acting):
    from contingency.org.errors import PasswordTooWeak

    yu, lei = acting("yu", "engineer"), acting("lei", "engineer")
    user = User.objects.get(username="yu")
    with pytest.raises(ProofNeeded):
        services.password_set(public_id=user.public_id, version=None, actor=yu, password="correct horse battery")
    yu = replace(yu, proved=True)
    services.password_set(public_id=user.public_id, version=None, actor=yu, password="correct horse battery")
    user.refresh_from_db()
    assert user.check_password("correct horse battery")
    with pytest.raises(NotPermitted):
        services.password_set(public_id=user.public_id, version=None, actor=replace(lei, proved=True), password="another horse battery")
    with pytest.raises(PasswordTooWeak):
        services.password_set(public_id=user.public_id, version=None, actor=yu, password="password")
    [entry] = entries("org.password_set.v1")
    assert "horse" not in str((entry.payload, entry.before, entry.after))


def test_a_holding_that_was_is_not_rewritten(person, now):
    user = person("yu", "engineer")
    holding = Holding.objects.get(user=user)
    with pytest.raises(Invalid):
        services.holding_end(public_id=holding.public_id, version=1, actor=SYSTEM, ends_at=now - timedelta(days=1))
