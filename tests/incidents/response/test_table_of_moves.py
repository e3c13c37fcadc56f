"""The drawing, the table of moves, the model and the database say the same."""

from __future__ import annotations

import re
from pathlib import Path

from django_fsm import RETURN_VALUE

from incidents.response import errors
from incidents.response.models import Incident
from incidents.response.models.states import CHANGES, OPEN, State
from kernel import moves
from kernel.permissions import Grant

DRAWING = Path(__file__).parents[3] / "docs" / "developers" / "states" / "incident.md"


def drawn() -> dict[str, tuple[str, str, str, str]]:
    """move → (from, to, who, rule) as the page says."""
    rows = re.findall(r"^\| `(incidents\.\w+)` \| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$", DRAWING.read_text(), re.MULTILINE)
    return {move: (source, target, who, rule) for move, source, target, who, rule in rows}


def words(move: moves.Move) -> tuple[str, str, str, str]:
    """The same of the table."""
    source = "–" if move.creates else ", ".join(move.source) or "any"
    target = move.target or (", ".join(state.value for state in OPEN) if move.verb == "unmerge" else "same")
    who = " ".join(f"{role}*" if grant == Grant.PROPOSE else role for role, grant in move.rule.items() if grant != Grant.READ)
    return source, target, who, ", ".join(move.requirements)


def test_the_page_says_what_the_table_of_moves_says() -> None:
    assert drawn() == {move.id: words(move) for move in moves.for_record("incident")}


def transitions() -> dict[str, set[tuple[str, str]]]:
    """FSM method → (from, to) pairs that the model allows; a move that stays counts as none."""
    found: dict[str, set[tuple[str, str]]] = {}
    for transition in Incident._meta.get_field("state").get_all_transitions(Incident):
        targets = transition.target.allowed_states if isinstance(transition.target, RETURN_VALUE) else [transition.target]
        pairs = found.setdefault(transition.name, set())
        pairs |= {(str(transition.source), str(target)) for target in targets if target is not None}
    return found


def test_the_database_lets_exactly_the_models_moves_pass() -> None:
    assert set().union(*transitions().values()) == {(old.value, new.value) for old, new in CHANGES}
    trigger = next(trigger for trigger in Incident._meta.triggers if trigger.name == "legal_changes")
    assert set(trigger.transitions) == {(old.value, new.value) for old, new in CHANGES}


def test_each_move_starts_from_the_states_of_its_method() -> None:
    sources: dict[str, set[str]] = {}
    for transition in Incident._meta.get_field("state").get_all_transitions(Incident):
        sources.setdefault(transition.name, set()).add(str(transition.source))
    by_method: dict[str, set[str]] = {}
    for move in moves.for_record("incident"):
        if move.method:
            by_method.setdefault(move.method, set()).update(move.source)
    del sources["accept_report"]  # no person's move: the room of reports tells it
    assert by_method == sources


def test_no_state_is_a_trap_and_none_is_out_of_reach() -> None:
    assert {new for _old, new in CHANGES} | {State.DISCOVERED} == set(State)
    assert set(State) - {old for old, _new in CHANGES} == {State.CLOSED, State.FALSE_ALARM}


def test_every_refusal_on_the_page_is_one_of_ours_and_none_is_left_out() -> None:
    guards = DRAWING.read_text().partition("Guards beyond")[2]
    codes = set(re.findall(r"`(\w+)`", guards)) - {"reason_required", "invalid"}
    ours = {error.code for error in vars(errors).values() if isinstance(error, type) and error.__module__ == errors.__name__}
    assert codes == ours - {"no_role_to_acknowledge"}
