"""The pages, the table of moves, the models and the database say the same."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from incidents.switchover.models import Outage, RecoveryClock, Switch, SwitchStep, clock, outage, switch
from kernel import moves
from kernel.permissions import Grant

PAGES = Path(__file__).parents[3] / "docs" / "developers" / "states"
MARKS = {Grant.PROPOSE: "*", Grant.SECOND: "²"}
MODELS = [(Outage, outage.CHANGES), (RecoveryClock, clock.CHANGES), (Switch, switch.CHANGES)]


def methods_of(model: Any) -> dict[str, tuple[frozenset[str], str]]:
    """FSM method → (from, to)."""
    found: dict[str, tuple[frozenset[str], str]] = {}
    for transition in model._meta.get_field("state").get_all_transitions(model):
        sources, _target = found.get(transition.name, (frozenset(), ""))
        found[transition.name] = (sources | {str(transition.source)}, "same" if transition.target is None else str(transition.target))
    return found


@pytest.mark.parametrize("model", [Outage, RecoveryClock, Switch])
def test_the_page_says_what_the_table_of_moves_says(model: Any) -> None:
    text = (PAGES / f"{model.journal_kind}.md").read_text()
    drawn = {move: rest for move, *rest in re.findall(r"^\| `(incidents\.\w+)` \| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$", text, re.MULTILINE)}
    table = {
        move.id: [
            "–" if move.creates else ", ".join(move.source),
            move.target or "same",
            " ".join(role + MARKS.get(grant, "") for role, grant in move.rule.items()),
            ", ".join(move.requirements),
        ]
        for move in moves.for_record(model.journal_kind)
    }
    assert drawn == table


@pytest.mark.parametrize("page, models", [("outage", [Outage]), ("recovery_clock", [RecoveryClock]), ("switch", [Switch, SwitchStep])])
def test_the_page_says_what_the_models_allow(page: str, models: list[Any]) -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([\w, ]+) \| (\w+) \| .+ \|$", (PAGES / f"{page}.md").read_text(), re.MULTILINE)
    drawn = [(method, frozenset(sources.split(", ")), target) for method, sources, target in rows]
    allowed = [(method, *rest) for model in models for method, rest in methods_of(model).items()]
    assert set(drawn) == set(allowed)
    assert len(drawn) == len(allowed)


@pytest.mark.parametrize("model, changes", MODELS)
def test_the_database_lets_exactly_the_models_moves_pass(model: Any, changes: list[tuple[str, str]]) -> None:
    pairs = {(source, target) for sources, target in methods_of(model).values() for source in sources if target not in ("same", source)}
    assert pairs == set(changes)
    trigger = next(trigger for trigger in model._meta.triggers if trigger.name == "legal_changes")
    assert set(trigger.transitions) == set(changes)


@pytest.mark.parametrize("model, changes", MODELS)
def test_every_state_can_be_reached(model: Any, changes: list[tuple[str, str]]) -> None:
    first = model._meta.get_field("state").default
    assert {new for _old, new in changes} | {str(first)} == set(model.State.values)


@pytest.mark.parametrize("model", [Outage, RecoveryClock, Switch])
def test_each_move_starts_where_its_method_may(model: Any) -> None:
    methods = methods_of(model)
    for move in moves.for_record(model.journal_kind):
        if move.method and move.id != "incidents.switch_abort":  # stopping on the way is another method: `ask_abort`
            sources, target = methods[move.method]
            assert set(move.source) == set(sources), move.id
            assert (move.target or "same") == target, move.id
    if model is Switch:
        stopping = moves.get("incidents.switch_abort")
        assert set(stopping.source) == methods["withdraw"][0] | methods["ask_abort"][0]


def test_every_dangerous_move_says_how_it_is_brought_back() -> None:
    for model in (Outage, RecoveryClock, Switch):
        for move in moves.for_record(model.journal_kind):
            assert move.undo, move.id
            assert move.requirements, move.id
    dangerous = {move.id for move in moves.all_moves() if move.dangerous and move.id.startswith("incidents.switch")}
    assert dangerous == {
        "incidents.switch_over",
        "incidents.switch_back",
        "incidents.switch_order",
        "incidents.switch_approve",
        "incidents.switch_revert",
    }


@pytest.mark.django_db
def test_a_state_set_past_the_methods_is_refused_by_the_database(outage: Outage) -> None:
    from django.db import DatabaseError, transaction

    with pytest.raises(DatabaseError, match="Invalid transition"), transaction.atomic():
        Outage.objects.filter(pk=outage.pk).update(state="back_on_primary", ended_at=outage.opened_at)
