"""`make test` and `make soak`: the quick tests side by side, then what takes long (whole consoles, browsers, matrices of rights).

Every part runs even when one before it failed; the exit status is that of the first failure.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NO_TESTS_COLLECTED = 5
SLOW = "story or browser or matrix"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2, help="processes for the quick tests")
    parser.add_argument("--soak", action="store_true", help="only the fault tests, at full length, three in a row")
    chosen = parser.parse_args()
    if chosen.soak:
        os.environ["SWITCHBACK_SOAK"] = "1"  # full lengths, see tests/faults
        runs = [(f"soak {number} of 3", ["-m", "soak", "-n", str(chosen.jobs), "--dist", "loadgroup", "--timeout", "7200"]) for number in (1, 2, 3)]
    else:
        side_by_side = ["-n", str(chosen.jobs), "--dist", "loadgroup", "--durations", "12"]
        runs = [
            ("quick tests", ["-m", f"not ({SLOW}) and not soak", *side_by_side]),
            ("stories, browser and matrices", ["-m", f"({SLOW}) and not soak", *side_by_side, "--timeout", "600"]),
        ]
    results = [(name, *run(name, arguments)) for name, arguments in runs]
    print()
    for name, status, seconds in results:
        print(f"{'passed' if status == 0 else f'FAILED ({status})'}  {name}  {seconds:.0f} s")
    return next((status for _, status, _ in results if status), 0)


def run(name: str, arguments: list[str]) -> tuple[int, float]:
    """One run of pytest: exit status (a run that found no test at all counts as failed, the guard against a mistyped mark) and seconds."""
    print(f"\n== {name}", flush=True)
    began = time.monotonic()
    status = subprocess.run([sys.executable, "-m", "pytest", "-q", *arguments], cwd=ROOT, check=False).returncode
    if status == NO_TESTS_COLLECTED:
        print(f"{name}: no test was found", flush=True)
    return status, time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
