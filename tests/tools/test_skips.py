"""A skip is loud, and in CI it is a failure."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = """
import pytest
@pytest.mark.needs_data
def test_with_data(): pass
def test_plain(): pass
"""
WITH_A_SKIP = TESTS + "def test_left_out(): pytest.skip('no such program: apt-get install it')\n"


def run(folder: Path, source: str, **environ: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_some.py").write_text(source)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n    needs_data: x\n    needs_tool(*names): x\n")
    dropped = {"CI", "SWITCHBACK_TEST_DATA", "PYTEST_XDIST_WORKER", "PYTEST_ADDOPTS"}
    environment = {key: value for key, value in os.environ.items() if key not in dropped}
    environment |= {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **environ}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tests.harness.skips", str(folder)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_last_words_name_what_was_not_tested_and_how_to_change_that(tmp_path):
    done = run(tmp_path, WITH_A_SKIP)
    assert done.returncode == 0
    assert "NOT TESTED HERE" in done.stdout
    assert "1 skipped: no such program: apt-get install it" in done.stdout
    assert "1 skipped: needs the data outside the project: set SWITCHBACK_TEST_DATA to its folder" in done.stdout
    assert "test_some.py::test_left_out" in done.stdout


def test_in_ci_a_skip_fails_the_run(tmp_path):
    done = run(tmp_path, WITH_A_SKIP, CI="true")
    assert done.returncode == 1
    assert "CI skips nothing but what needs SWITCHBACK_TEST_DATA" in done.stdout


@pytest.mark.parametrize("given", [False, True])
def test_in_ci_the_missing_data_alone_is_no_failure(tmp_path, given):
    done = run(tmp_path, TESTS, CI="true", **({"SWITCHBACK_TEST_DATA": str(tmp_path)} if given else {}))
    assert done.returncode == 0
    assert ("NOT TESTED HERE" in done.stdout) is not given


def test_a_data_folder_that_is_not_there_fails_the_tests_that_need_it(tmp_path):
    done = run(tmp_path, TESTS, SWITCHBACK_TEST_DATA=str(tmp_path / "nowhere"))
    assert done.returncode == 1
    assert "which is not a folder" in done.stdout
