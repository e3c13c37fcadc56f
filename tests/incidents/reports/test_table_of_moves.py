"""The pages of states, the table of moves, the models and the database say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from incidents.reports.models import Action, Report
from incidents.reports.models import action as action_module
from incidents.reports.models import report as report_module
from kernel import moves

PAGES = Path(__file__).parents[3] / "docs" / "developers" / "states"
KINDS = [(Report, report_module.CHANGES), (Action, action_module.CHANGES)]


@pytest.mark.parametrize("model", [Report, Action])
def test_the_page_says_what_the_table_of_moves_says(model: type) -> None:
    rows = re.findall(r"^\| `(reports\.\w+)` \| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$", (PAGES / f"{model.journal_kind}.md").read_text(), re.MULTILINE)
    told = {
        move.id: ("–" if move.creates else ", ".join(move.source) or "any", move.target or "same", " ".join(move.rule), ", ".join(move.requirements))
        for move in moves.for_record(model.journal_kind)
    }
    assert {move: (source, target, who, rule) for move, source, target, who, rule in rows} == told


@pytest.mark.parametrize("model, changes", KINDS)
def test_the_database_lets_exactly_the_models_moves_pass(model: type, changes: list[tuple[str, str]]) -> None:
    transitions = list(model._meta.get_field("state").get_all_transitions(model))
    assert {(str(item.source), str(item.target)) for item in transitions if item.target is not None} == set(changes)
    trigger = next(trigger for trigger in model._meta.triggers if trigger.name == "legal_changes")
    assert {(str(old), str(new)) for old, new in trigger.transitions} == set(changes)


@pytest.mark.parametrize("model", [Report, Action])
def test_each_move_starts_from_the_states_of_its_method(model: type) -> None:
    sources: dict[str, set[str]] = {}
    for item in model._meta.get_field("state").get_all_transitions(model):
        sources.setdefault(item.name, set()).add(str(item.source))
    for move in moves.for_record(model.journal_kind):
        if move.method:
            assert set(move.source) == sources[move.method], move.id
