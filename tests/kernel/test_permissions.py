"""Deny by default; own team; the second person is never the same; a token is cut to its scopes."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from kernel import moves, permissions
from kernel.actors import SYSTEM, Actor
from kernel.errors import Invalid, NeedsSecondPerson, NotPermitted
from kernel.inputs import Choice, Flag, Number, Text, When
from kernel.moves import Move
from kernel.permissions import Grant


@dataclass
class Thing:
    """A record of the unit /tech/ops/ with a helmsman of its own."""

    path: str = "/tech/ops/"
    helmsman: int = 0
    risky: bool = True

    def permission_path(self) -> str:
        return self.path

    def extra_roles(self, actor: Actor) -> frozenset[str]:
        return frozenset({"helmsman"}) if actor.user_id == self.helmsman else frozenset()


@pytest.fixture(autouse=True)
def table(monkeypatch: pytest.MonkeyPatch) -> None:
    """One move for these tests."""
    rule = {"engineer": Grant.OWN, "lead": Grant.SECOND, "clerk": Grant.PROPOSE, "chief": Grant.ALL, "helmsman": Grant.OWN}
    move = Move(
        id="tests.turn",
        record="thing",
        title="Turn",
        effect="It turns.",
        service="tests.none",
        rule=rule,
        scope="things:write",
        needs_second=lambda thing: thing.risky,
        inputs=(Text(name="why", label="Why", required=True), Flag(name="hard", label="Hard")),
    )
    monkeypatch.setitem(moves._moves, move.id, move)


def person(user_id: int, *holdings: tuple[str, str]) -> Actor:
    return Actor(kind="person", id=str(user_id), label=f"P{user_id}", user_id=user_id, holdings=frozenset(holdings))


@pytest.mark.req("SEC-01")
@pytest.mark.parametrize(
    "holdings, grant",
    [
        ([], None),
        ([("stranger", "/tech/ops/")], None),
        ([("engineer", "/tech/ops/")], Grant.OWN),
        ([("engineer", "/tech/")], Grant.OWN),
        ([("engineer", "/sales/")], None),
        ([("engineer", "/tech/ops/db/")], None),
        ([("chief", "/elsewhere/")], Grant.ALL),
        ([("clerk", "/tech/ops/")], Grant.PROPOSE),
        ([("clerk", "/tech/ops/"), ("lead", "/tech/")], Grant.SECOND),
    ],
)
def test_a_right_reaches_as_far_as_the_unit_in_which_the_role_is_held(holdings: list[tuple[str, str]], grant: Grant | None) -> None:
    assert permissions.can(person(1, *holdings), "tests.turn", Thing()) == grant


def test_a_role_held_for_this_record_only_counts_for_this_record_only() -> None:
    assert permissions.can(person(7), "tests.turn", Thing(helmsman=7)) == Grant.OWN
    assert permissions.can(person(7), "tests.turn", Thing(helmsman=8)) is None


def test_a_token_is_cut_to_its_scopes() -> None:
    chief = person(1, ("chief", "/"))
    assert permissions.can(replace(chief, scopes=frozenset({"things:write"})), "tests.turn", Thing()) == Grant.ALL
    assert permissions.can(replace(chief, scopes=frozenset({"things:read"})), "tests.turn", Thing()) is None


def test_the_second_person_is_never_the_same() -> None:
    lead, other = person(1, ("lead", "/tech/")), person(2, ("lead", "/tech/"))
    with pytest.raises(NeedsSecondPerson):
        permissions.require(lead, "tests.turn", Thing())
    with pytest.raises(NeedsSecondPerson):
        permissions.require(replace(lead, second=lead), "tests.turn", Thing())
    assert permissions.require(replace(lead, second=other), "tests.turn", Thing()) == Grant.SECOND
    assert permissions.require(lead, "tests.turn", Thing(risky=False)) == Grant.SECOND


def test_proposing_is_not_doing_and_the_system_may_all() -> None:
    with pytest.raises(NotPermitted):
        permissions.require(person(1, ("clerk", "/tech/")), "tests.turn", Thing())
    assert permissions.require(SYSTEM, "tests.turn", Thing()) == Grant.ALL


@pytest.mark.parametrize(
    "given", [{}, {"why": ""}, {"why": 3}, {"why": "x", "hard": "perhaps"}, {"why": "x", "state": "done"}, {"why": "x" * 10_001}]
)
def test_wrong_missing_and_unknown_inputs_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        moves.get("tests.turn").clean(given)


@pytest.mark.parametrize(
    "item, bad",
    [
        (When(name="at", label="At"), "2026-11-21T10:00:00"),
        (When(name="at", label="At"), "2026-02-30T10:00:00Z"),
        (When(name="at", label="At"), "soon"),
        (Number(name="n", label="N"), "NaN"),
        (Number(name="n", label="N"), "1e999999999999999999999999999999999999999"),
        (Number(name="n", label="N", minimum=0), "-1"),
        (Number(name="n", label="N"), True),
        (Choice(name="c", label="C", choices=[("a", "A")]), "b"),
        (Choice(name="c", label="C", choices=[("a", "A")]), ["a"]),
    ],
)
def test_inputs_refuse_what_they_cannot_mean(item: Any, bad: Any) -> None:
    with pytest.raises(Invalid):
        item.clean(bad)
