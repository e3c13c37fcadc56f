"""Personal tokens: hashed, scoped, ending, and never more than their owner."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from contingency.org import selectors, services
from contingency.org.errors import UnknownScope
from contingency.org.models import Holding, PersonalToken
from kernel import clock, records
from kernel.actors import SYSTEM
from kernel.errors import Conflict, Invalid, NotFound, NotPermitted
from kernel.models import Entry

from .conftest import entries

pytestmark = [pytest.mark.django_db, pytest.mark.req("SEC-02")]


def make(user, *scopes, **fields):
    return services.token_create(actor=SYSTEM, user=user.public_id, scopes=scopes or ["people:read"], **fields)


def test_a_token_acts_with_its_owners_roles_within_its_scopes(person):
    user = person("yu", "engineer")
    _token, secret = make(user, "people:read", "shifts:write")
    actor = selectors.actor_of_token(secret)
    assert (actor.kind, actor.user_id, actor.scopes) == ("token", user.pk, {"people:read", "shifts:write"})
    assert actor.holdings == {("ops_engineer", "/leadership/technology/")}
    Holding.objects.all().delete()
    assert selectors.actor_of_token(secret).roles == frozenset()


def test_only_a_digest_is_kept_anywhere(person):
    token, secret = make(person("yu", "engineer"))
    assert secret.startswith("sbp_")
    assert len(secret) > 40
    kept = json.dumps(list(PersonalToken.objects.values()), default=str) + json.dumps(
        list(Entry.objects.values("payload", "before", "after")), default=str
    )
    assert secret not in kept
    assert token.digest not in json.dumps(list(Entry.objects.values("payload", "before", "after")), default=str)
    assert token.prefix in kept
    assert secret.startswith(token.prefix)


def test_two_queries_open_the_door(person, django_assert_num_queries):
    _token, secret = make(person("yu", "engineer"))
    with django_assert_num_queries(2):
        selectors.actor_of_token(secret)


@pytest.mark.parametrize("presented", ["", "sbp_", "sbp_nothing", "x" * 300, "Bearer sbp_x"])
def test_what_is_no_token_opens_nothing(db, presented):
    assert selectors.actor_of_token(presented) is None


def test_it_ends_by_the_houses_clock(person):
    _token, secret = make(person("yu", "engineer"), expires_at=clock.now() + timedelta(days=1))
    clock.wind(timedelta(days=1))
    assert selectors.actor_of_token(secret) is None


def test_revoked_it_opens_nothing_at_once(person):
    token, secret = make(person("yu", "engineer"))
    services.token_revoke(public_id=token.public_id, version=1, actor=SYSTEM)
    assert selectors.actor_of_token(secret) is None
    assert len(entries("org.token_revoked.v1")) == 1
    with pytest.raises(Conflict):
        services.token_revoke(public_id=token.public_id, version=2, actor=SYSTEM)


def test_when_its_owner_leaves_it_opens_nothing(person):
    user = person("yu", "engineer")
    _token, secret = make(user)
    services.user_deactivate(public_id=user.public_id, version=None, actor=SYSTEM, reason="left")
    assert selectors.actor_of_token(secret) is None


def test_nobody_makes_a_token_in_another_persons_name(acting, person):
    yu, lei = person("yu", "engineer"), person("lei", "lead")
    for position in ("engineer", "lead", "administrator", "director", "auditor"):
        with pytest.raises(NotPermitted):
            services.token_create(actor=acting(f"a-{position}", position), user=lei.public_id, scopes=["people:read"])
    own, _secret = services.token_create(actor=selectors.actor_of_user(yu), scopes=["people:read"])
    assert own.user == yu


def test_a_token_makes_no_token_that_may_do_more(person):
    _token, secret = make(person("yu", "engineer"), "tokens:write", "people:read")
    actor = selectors.actor_of_token(secret)
    services.token_create(actor=actor, scopes=["people:read"])
    with pytest.raises(NotPermitted):
        services.token_create(actor=actor, scopes=["people:read", "shifts:write"])
    _token, narrow = make(person("lei", "engineer"), "people:read")
    with pytest.raises(NotPermitted):
        services.token_create(actor=selectors.actor_of_token(narrow), scopes=["people:read"])


def test_scopes_are_ones_that_exist(person):
    with pytest.raises(UnknownScope):
        make(person("yu"), "everything:write")
    with pytest.raises(Invalid):
        services.token_create(actor=SYSTEM, user=person("lei").public_id, scopes=[])


def test_a_life_has_bounds(person):
    now, user = clock.now(), person("yu")
    for wrong in (now, now - timedelta(days=1), now + timedelta(days=367)):
        with pytest.raises(Invalid):
            make(user, expires_at=wrong)
    token, _secret = make(user)
    assert timedelta(days=89) < token.expires_at - now < timedelta(days=91)


def test_only_the_owner_and_the_administrator_revoke(acting, person):
    token, secret = make(person("yu", "engineer"))
    with pytest.raises(NotPermitted):
        services.token_revoke(public_id=token.public_id, version=1, actor=acting("lei", "lead"))
    services.token_revoke(public_id=token.public_id, version=1, actor=acting("gao", "administrator"))
    assert selectors.actor_of_token(secret) is None


def test_people_see_their_own_tokens_only(acting, person):
    token, _secret = make(person("yu", "engineer"))
    lead, auditor = acting("min", "lead"), acting("xu", "auditor")
    kind = records.get("personal_token")
    assert list(kind.list_for(lead)) == []
    with pytest.raises(NotFound):
        records.fetch("personal_token", lead, token.public_id)
    assert list(kind.list_for(auditor)) == [token]
    assert "secret" not in kind.output(token)


def test_the_secret_is_shown_once_by_the_move(acting):
    yu = acting("yu", "engineer")
    token = services.token_issue(actor=yu, scopes="people:read, shifts:read", name="cron")
    shown = records.get("personal_token").output(token)
    assert selectors.actor_of_token(shown["secret"]).user_id == yu.user_id
    assert shown["scopes"] == ["people:read", "shifts:read"]
    assert "secret" not in records.get("personal_token").output(PersonalToken.objects.get())


def test_the_command_prints_it_once(person, capsys):
    user = person("yu", "engineer")
    call_command("token_create", "--user", "yu", "--scope", "people:read", "--scope", "shifts:write", "--json")
    told = json.loads(capsys.readouterr().out)
    assert selectors.actor_of_token(told["token"]).user_id == user.pk
    assert (told["user"], told["scopes"]) == ("yu", ["people:read", "shifts:write"])
    call_command("token_create", "--user", "YU", "--scope", "people:read")
    assert selectors.actor_of_token(capsys.readouterr().out.strip()).user_id == user.pk
    for wrong in (["--user", "nobody", "--scope", "people:read"], ["--user", "yu", "--scope", "nonsense"]):
        with pytest.raises(CommandError) as caught:
            call_command("token_create", *wrong)
        assert caught.value.returncode == 3
