"""Tests that share a console run one after another in one process."""

import os

import pytest


@pytest.mark.xdist_group("kept together")
def test_the_runner_keeps_tests_of_a_group_together(request):
    """A release of pytest once took the groups away without a word: consoles were started twice, walks began in the middle."""
    is_side_by_side = "PYTEST_XDIST_WORKER" in os.environ
    assert request.node.nodeid.endswith("@kept together") == is_side_by_side
