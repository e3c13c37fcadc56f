"""The company of these tests; see world.py."""

from __future__ import annotations

import pytest

from tests.incidents.response.world import World, built


@pytest.fixture
def world(db: None) -> World:
    """Units, people on duty, a plan in force, an order system (its incidents belong to operations)."""
    return built()
