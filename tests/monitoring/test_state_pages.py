"""The pages, the table of moves, the models and the database say the same of each life cycle."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from contingency.catalog.models import Part
from kernel import moves
from monitoring.alerts.models import Alert, FailedIntake, Silence
from monitoring.alerts.models.alerts import CHANGES as ALERT_CHANGES
from monitoring.probes.models import Probe
from monitoring.probes.models.probes import CHANGES as PROBE_CHANGES
from tests.monitoring.conftest import Tool, alert, group

PAGES = Path(__file__).parents[2] / "docs" / "developers" / "states"
LIFE_CYCLES = {
    "alert": (Alert, ALERT_CHANGES),
    "silence": (Silence, [("in_force", "ended")]),
    "failed_intake": (FailedIntake, [("waiting", "replayed"), ("waiting", "discarded")]),
    "probe": (Probe, PROBE_CHANGES),
}


def methods(model: Any) -> set[tuple[str, str, str]]:
    """What the model's methods allow: (method, from, to)."""
    return {(move.name, str(move.source), str(move.target)) for move in model._meta.get_field("state").get_all_transitions(model)}


@pytest.mark.parametrize("kind", LIFE_CYCLES)
def test_the_page_says_what_the_table_of_moves_says(kind: str) -> None:
    page = (PAGES / f"{kind}.md").read_text()
    drawn = {move: rest for move, *rest in re.findall(r"^\| `(monitoring\.\w+)` \| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$", page, re.MULTILINE)}
    assert drawn == {
        move.id: ["–" if move.creates else ", ".join(move.source), move.target, " ".join(move.rule), ", ".join(move.requirements)]
        for move in moves.for_record(kind)
    }


@pytest.mark.parametrize("kind", LIFE_CYCLES)
def test_the_page_the_model_and_the_database_agree(kind: str) -> None:
    page = (PAGES / f"{kind}.md").read_text()
    model, changes = LIFE_CYCLES[kind]
    drawn = {
        (method, source, target)
        for method, sources, target in re.findall(r"^\| `(\w+)` \| ([\w, ]+) \| (\w+) \| .+ \|$", page, re.MULTILINE)
        for source in sources.split(", ")
    }
    assert drawn == methods(model)
    assert set(changes) == {(source, target) for _name, source, target in drawn}
    for move in moves.for_record(kind):
        assert not move.method or {(move.method, source, move.target) for source in move.source} <= drawn, move.id


@pytest.mark.django_db
def test_a_state_set_past_the_rules_is_refused_by_the_database(tool: Callable[..., Tool], part: Part) -> None:
    tool("alertmanager").post(group(alert()))
    states = ("firing", "acknowledged", "resolved")
    change = """UPDATE alerts_alert SET state = %s, resolved_at = CASE WHEN %s = 'resolved' THEN now() END,
                resolved_by = CASE WHEN %s = 'resolved' THEN 'person' ELSE '' END"""
    for source, target in product(states, states):
        if source == target:
            continue
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(change, [source] * 3)
            cursor.execute("SET LOCAL session_replication_role = origin")
            if (source, target) in ALERT_CHANGES:
                cursor.execute(change, [target] * 3)
            else:
                with pytest.raises(DatabaseError, match="Invalid transition"), transaction.atomic():
                    cursor.execute(change, [target] * 3)
