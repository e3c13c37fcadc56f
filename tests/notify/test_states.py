"""The pages of the documentation, the table of moves, the models and the database say the same (notify and work)."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from kernel import clock, moves
from kernel.permissions import Grant
from notify.models import Delivery, Page, messages, pages
from tests.notify.conftest import incident
from work import models as work
from work.models import Task

PAGES = Path(__file__).parents[2] / "docs" / "developers" / "states"
MODELS = [(Page, pages.CHANGES), (Delivery, messages.CHANGES), (Task, work.CHANGES)]


def methods_of(model: Any) -> dict[str, tuple[frozenset[str], str]]:
    """FSM method → (from, to)."""
    sources: dict[str, set[str]] = defaultdict(set)
    targets: dict[str, str] = {}
    for transition in model._meta.get_field("state").get_all_transitions(model):
        sources[transition.name].add(str(transition.source))
        targets[transition.name] = str(transition.target)
    return {name: (frozenset(found), targets[name]) for name, found in sources.items()}


@pytest.mark.parametrize("model", [Page, Delivery, Task])
def test_the_page_says_what_the_table_of_moves_says(model: Any) -> None:
    text = (PAGES / f"{model.journal_kind}.md").read_text()
    drawn = {move: rest for move, *rest in re.findall(r"^\| `(\w+\.\w+)` \| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$", text, re.MULTILINE)}
    table = {
        move.id: [", ".join(move.source), move.target, " ".join(move.rule), ", ".join(move.requirements)]
        for move in moves.for_record(model.journal_kind)
    }
    assert drawn == table
    assert all(grant in (Grant.ALL, Grant.OWN) for move in moves.for_record(model.journal_kind) for grant in move.rule.values())


@pytest.mark.parametrize("model", [Page, Delivery, Task])
def test_the_page_says_what_the_model_allows(model: Any) -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([\w, ]+) \| (\w+) \| .+ \|$", (PAGES / f"{model.journal_kind}.md").read_text(), re.MULTILINE)
    assert {method: (frozenset(sources.split(", ")), target) for method, sources, target in rows} == methods_of(model)


@pytest.mark.parametrize("model, changes", MODELS)
def test_the_database_lets_exactly_the_models_moves_pass(model: Any, changes: list[tuple[str, str]]) -> None:
    pairs = {(source, target) for sources, target in methods_of(model).values() for source in sources if source != target}
    assert pairs == set(changes)
    trigger = next(trigger for trigger in model._meta.triggers if trigger.name == "legal_changes")
    assert set(trigger.transitions) == pairs
    assert {target for _source, target in pairs} | {str(model._meta.get_field("state").default)} == set(model.State.values)


@pytest.mark.parametrize("model", [Page, Task])
def test_each_move_starts_where_its_method_may(model: Any) -> None:
    for move in moves.for_record(model.journal_kind):
        assert (frozenset(move.source), move.target) == methods_of(model)[move.method], move.id
        assert move.undo, move.id


@pytest.mark.django_db
def test_a_state_set_past_the_methods_is_refused_by_the_database() -> None:
    about = incident()
    page = Page.objects.create(subject_kind=about.kind, subject_id=about.id, subject_label=about.label, chain="c", text="t", started_at=clock.now())
    Page.objects.filter(pk=page.pk).update(state="exhausted", ended_at=clock.now())
    with pytest.raises(DatabaseError, match="Invalid transition"), transaction.atomic():
        Page.objects.filter(pk=page.pk).update(state="calling", ended_at=None)
