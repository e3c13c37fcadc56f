"""The pages, the table of moves, the models and the database say the same of a plan version and of a round."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.db import DatabaseError, transaction

from contingency.plan.models import PlanVersion, Round
from contingency.plan.models import rounds as round_module
from contingency.plan.models import versions as version_module
from contingency.plan.selectors import version_in_force
from kernel import moves

PAGES = Path(__file__).parents[2] / "docs" / "developers" / "states"
MODELS = [PlanVersion, Round]
CHANGES = [(PlanVersion, version_module.CHANGES), (Round, round_module.CHANGES)]


def page(model: type) -> str:
    return (PAGES / f"{model.journal_kind}.md").read_text()


def methods(model: type) -> set[tuple[str, str, str]]:
    found = model._meta.get_field("state").get_all_transitions(model)
    return {(move.name, str(move.source), str(move.target)) for move in found if move.target is not None}


@pytest.mark.req("PLN-01", "PLN-02")
@pytest.mark.parametrize("model", MODELS)
def test_the_page_says_what_the_table_of_moves_says(model):
    drawn = {move: rest for move, *rest in re.findall(r"^\| `(plan\.\w+)` \| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$", page(model), re.MULTILINE)}
    assert drawn == {
        move.id: ["–" if move.creates else ", ".join(move.source), move.target, " ".join(move.rule), ", ".join(move.requirements)]
        for move in moves.for_record(model.journal_kind)
    }


@pytest.mark.parametrize("model", MODELS)
def test_the_page_says_what_the_model_allows(model):
    drawn = re.findall(r"^\| `(\w+)` \| ([\w, ]+) \| (\w+) \| .+ \|$", page(model), re.MULTILINE)
    assert set(drawn) == methods(model)


@pytest.mark.parametrize("model, changes", CHANGES)
def test_the_database_lets_exactly_the_models_moves_pass(model, changes):
    assert set(changes) == {(source, target) for _name, source, target in methods(model)}
    trigger = next(trigger for trigger in model._meta.triggers if trigger.name == "legal_changes")
    assert {(str(old), str(new)) for old, new in trigger.transitions} == set(changes)


@pytest.mark.parametrize("model", MODELS)
def test_each_move_starts_and_ends_where_its_method_does(model):
    for move in moves.for_record(model.journal_kind):
        if move.method:
            assert (move.method, *move.source, move.target) in methods(model), move.id


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["draft", "in_review"])
def test_a_state_set_past_the_methods_is_refused_by_the_database(company, state):
    version = version_in_force()
    with pytest.raises(DatabaseError, match="Invalid transition"), transaction.atomic():
        PlanVersion.objects.filter(pk=version.pk).update(state=state)
