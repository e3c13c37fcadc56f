"""What the stories measured, in the last lines of the run, also when they ran in another process: lines like `  main job: …`."""

from __future__ import annotations

import re

import pytest

_TOLD = re.compile(r"^  (main job|faults|scaled clocks|at once|T\d+): ")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Times and counts, in the order in which the tests ended."""
    reports = [*terminalreporter.stats.get("passed", []), *terminalreporter.stats.get("failed", [])]
    lines = [line for report in reports if report.when == "call" for line in report.capstdout.splitlines() if _TOLD.match(line)]
    if lines:
        terminalreporter.section("MEASURED", sep="-")
        for line in lines:
            terminalreporter.line(line)
