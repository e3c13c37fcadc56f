"""`make bench`: run all measurements, print them, and keep them as JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from bench import deadlines, intake, lists
from bench.servers import Bench

CASES = ("intake", "deadlines", "lists")


def main() -> int:
    """Measure what was asked for. Ends with 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m bench")
    parser.add_argument("cases", nargs="*", default=list(CASES), metavar="case", help="intake, deadlines, lists (default: all)")
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds per case; medians are printed")
    parser.add_argument("--seconds", type=float, default=4.0, help="length of one run")
    parser.add_argument("--output", type=Path, default=Path("var/bench.json"))
    options = parser.parse_args()
    kept = True
    report: dict[str, object] = {"at": datetime.now(UTC).isoformat(), "machine": f"{os.cpu_count()} cores, {platform.platform()}"}
    with Bench() as bench:
        if "intake" in options.cases:
            results = intake.measure(bench, rounds=options.rounds, seconds=options.seconds)
            report["intake"] = [asdict(result) for result in results]
            kept &= all(result.is_kept for result in results)
            _print_intake(results)
        if "deadlines" in options.cases:
            timing = deadlines.measure(bench)
            report["deadlines"] = asdict(timing)
            kept &= timing.is_kept
            _print_deadlines(timing)
        if "lists" in options.cases:
            timings, beside = lists.measure(bench)
            report["lists"] = {"pages": [asdict(item) for item in timings], "intake": asdict(beside)}
            kept &= all(item.is_kept for item in timings) and not beside.refused
            _print_lists(timings, beside)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(report, indent=2) + "\n")
    return 0 if kept else 1


def _print_intake(results: list[intake.Result]) -> None:
    print(f"{'case':38} {'console/s':>10} {'beside/s':>10} {'ratio':>7} {'wanted':>7} {'p99 ms':>8} {'lost':>5}  codes")
    for result in results:
        mark = "" if result.is_kept else "  MISSED"
        print(
            f"{result.case:38} {result.console:10.0f} {result.reference:10.0f} {result.ratio:7.2f} {result.wanted:7.2f}"
            f" {result.p99_ms:8.1f} {result.lost:5d}  {result.codes}{mark}"
        )


def _print_deadlines(timing: deadlines.Timing) -> None:
    print(
        f"{timing.due} deadlines due at once among {timing.armed} armed: late p50 {timing.p50_s:.2f} s, p99 {timing.p99_s:.2f} s,"
        f" worst {timing.worst_s:.2f} s; fired {timing.fired}, twice {timing.twice}, entries {timing.entries}{'' if timing.is_kept else '  MISSED'}"
    )


def _print_lists(timings: list[lists.Timing], beside: lists.Beside) -> None:
    print(f"intake alone {beside.alone:.0f} alerts/s, beside the lists {beside.rate:.0f}, refused {beside.refused}")
    print(f"{'page':36} {'p50 ms':>8} {'p95 ms':>8} {'busy p50':>9} {'busy p95':>9} {'KiB':>5} {'deep':>6}")
    for item in timings:
        deep = f"{item.deep:.2f}" if item.deep is not None else ""
        busy = f"{item.busy_p50_ms:9.1f} {item.busy_p95_ms:9.1f}"
        print(f"{item.page:36} {item.p50_ms:8.1f} {item.p95_ms:8.1f} {busy} {item.size_kib:5d} {deep:>6}{'' if item.is_kept else '  MISSED'}")


if __name__ == "__main__":
    sys.exit(main())
