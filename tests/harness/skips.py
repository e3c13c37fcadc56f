"""Skips are loud: what was not tested, why, and how to get what is missing, in the last lines of the run.

In CI (`CI=true`) a skip fails the run, except those of tests that need SWITCHBACK_TEST_DATA where that is unset.
"""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Tool:
    """A program of the machine that some tests need, and how a person gets it."""

    programs: tuple[str, ...]
    debian_package: str

    def path(self) -> str | None:
        return next((found for program in self.programs if (found := shutil.which(program))), None)


TOOLS = {
    "prometheus": Tool(("prometheus",), "prometheus"),
    "alertmanager": Tool(("prometheus-alertmanager", "alertmanager"), "prometheus-alertmanager"),
    "amtool": Tool(("amtool",), "prometheus-alertmanager"),
    "chromium": Tool(("chromium", "chromium-browser", "google-chrome"), "chromium fonts-noto-cjk"),
}
DATA_REASON = "needs the data outside the project: set SWITCHBACK_TEST_DATA to its folder"

_skipped: dict[str, list[str]] = defaultdict(list)


def tool_path(name: str) -> str:
    """Path of a tool a test declared with `@pytest.mark.needs_tool(name)`."""
    path = TOOLS[name].path()
    assert path is not None, f"mark the test with @pytest.mark.needs_tool({name!r})"
    return path


def test_data() -> Path | None:
    """The folder of test data outside the project, None when SWITCHBACK_TEST_DATA is unset."""
    value = os.environ.get("SWITCHBACK_TEST_DATA")
    return Path(value) if value else None


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what cannot run here, saying what would make it run."""
    for mark in item.iter_markers("needs_tool"):
        for name in mark.args:
            if TOOLS[name].path() is None:
                pytest.skip(f"needs {name}: apt-get install {TOOLS[name].debian_package}")
    if item.get_closest_marker("needs_data") is not None:
        folder = test_data()
        if folder is None:
            pytest.skip(DATA_REASON)
        if not folder.is_dir():
            pytest.fail(f"SWITCHBACK_TEST_DATA names {folder}, which is not a folder", pytrace=False)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note each skip with its reason (an expected failure is reported as skipped too, but is none)."""
    if report.skipped and not hasattr(report, "wasxfail") and isinstance(report.longrepr, tuple):
        _skipped[str(report.longrepr[2]).removeprefix("Skipped: ")].append(report.nodeid)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skip that CI could have avoided is a failure."""
    if _refused_in_ci() and session.exitstatus == pytest.ExitCode.OK and not _is_worker(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The last words of the run."""
    if not _skipped:
        return
    terminalreporter.section("NOT TESTED HERE", sep="!", red=True, bold=True)
    for reason, tests in sorted(_skipped.items()):
        terminalreporter.line(f"{len(tests)} skipped: {reason}", red=True, bold=True)
        for test in tests:
            terminalreporter.line(f"    {test}")
    if _refused_in_ci():
        terminalreporter.line("CI skips nothing but what needs SWITCHBACK_TEST_DATA: this run FAILED.", red=True, bold=True)


def _refused_in_ci() -> list[str]:
    if os.environ.get("CI", "").lower() not in {"1", "true"}:
        return []
    return [reason for reason in _skipped if reason != DATA_REASON]


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")
