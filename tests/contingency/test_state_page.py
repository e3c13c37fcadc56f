"""The page, the table of moves, the model and the database say the same of a plan version."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.db import DatabaseError, transaction

from contingency.plan.models import PlanVersion
from contingency.plan.models.versions import CHANGES
from contingency.plan.selectors import version_in_force
from kernel import moves

PAGE = (Path(__file__).parents[2] / "docs" / "developers" / "states" / "plan_version.md").read_text()


def methods() -> set[tuple[str, str, str]]:
    return {(move.name, str(move.source), str(move.target)) for move in PlanVersion._meta.get_field("state").get_all_transitions(PlanVersion)}


@pytest.mark.req("PLN-01")
def test_the_page_says_what_the_table_of_moves_says():
    drawn = {move: rest for move, *rest in re.findall(r"^\| `(plan\.\w+)` \| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$", PAGE, re.MULTILINE)}
    assert drawn == {
        move.id: ["–" if move.creates else ", ".join(move.source), move.target, " ".join(move.rule), ", ".join(move.requirements)]
        for move in moves.for_record("plan_version")
    }


def test_the_page_says_what_the_model_allows():
    drawn = re.findall(r"^\| `(\w+)` \| ([\w, ]+) \| (\w+) \| .+ \|$", PAGE, re.MULTILINE)
    assert set(drawn) == methods()


def test_the_database_lets_exactly_the_models_moves_pass():
    assert set(CHANGES) == {(source, target) for _name, source, target in methods()}


def test_each_move_starts_and_ends_where_its_method_does():
    for move in moves.for_record("plan_version"):
        if move.method:
            assert (move.method, *move.source, move.target) in methods(), move.id


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["draft", "in_review"])
def test_a_state_set_past_the_methods_is_refused_by_the_database(company, state):
    version = version_in_force()
    with pytest.raises(DatabaseError, match="Invalid transition"), transaction.atomic():
        PlanVersion.objects.filter(pk=version.pk).update(state=state)
