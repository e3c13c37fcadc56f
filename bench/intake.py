"""Intake: singles, batches of 50, repeats, and the same with 100 000 stored, each beside the reference, interleaved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

from bench import bodies, load
from bench.servers import Bench

BATCH = 50
STORED = 100_000
KEYS = 200


@dataclass
class Result:
    """One case: medians over the rounds."""

    case: str
    console: float
    reference: float
    ratio: float
    wanted: float
    p99_ms: float
    codes: dict[int, int]
    lost: int

    @property
    def is_kept(self) -> bool:
        """Whether the goal was reached, with nothing lost and no 5xx."""
        return self.ratio >= self.wanted and self.lost == 0 and not any(code >= 500 for code in self.codes)


class Numbers:
    """Gives each run its own range of alert numbers."""

    def __init__(self) -> None:
        self.next = 0

    def take(self) -> int:
        """A range of ten million."""
        self.next += 10_000_000
        return self.next


def measure(bench: Bench, *, rounds: int, seconds: float) -> list[Result]:
    """All cases. Prints nothing; the caller does."""
    numbers = Numbers()
    results = [
        _paired(bench, "singles", 1, 0.4, lambda: bodies.distinct(size=1, start=numbers.take()), rounds, seconds),
        _paired(bench, "batches of 50", BATCH, 0.3, lambda: bodies.distinct(size=BATCH, start=numbers.take()), rounds, seconds),
        _repeats(bench, numbers, rounds, seconds),
    ]
    results.append(_filled(bench, numbers, rounds, seconds))
    return results


def _stored(bench: Bench) -> int:
    return bench.count("SELECT count(*) FROM alerts_alert")


def _console(bench: Bench, given: Iterator[bytes], size: int, seconds: float) -> load.Outcome:
    return load.run(port=bench.console_port, path=bench.path, bodies=given, seconds=seconds, alerts_per_request=size)


def _reference(bench: Bench, given: Iterator[bytes], size: int, seconds: float) -> load.Outcome:
    return load.run(port=bench.reference_port, path="/alerts", bodies=given, seconds=seconds, alerts_per_request=size)


def _paired(bench: Bench, case: str, size: int, wanted: float, given: Callable[[], Iterator[bytes]], rounds: int, seconds: float) -> Result:
    ours, theirs, ratios, p99, lost, codes = [], [], [], [], 0, dict[int, int]()
    _console(bench, given(), size, 1)  # warm-up, not counted
    _reference(bench, given(), size, 1)
    for _ in range(rounds):
        bench.empty()
        reference = _reference(bench, given(), size, seconds)
        console = _console(bench, given(), size, seconds)
        lost += console.accepted - _stored(bench)
        ours.append(console.rate)
        theirs.append(reference.rate)
        ratios.append(console.rate / reference.rate)
        p99.append(console.percentile(0.99))
        for code, count in console.codes.items():
            codes[code] = codes.get(code, 0) + count
    return Result(case, median(ours), median(theirs), median(ratios), wanted, median(p99), codes, lost)


def _repeats(bench: Bench, numbers: Numbers, rounds: int, seconds: float) -> Result:
    result = _paired_repeats(bench, numbers, rounds, seconds)
    return Result("repeats over 200 keys (exact)", *result)


def _paired_repeats(bench: Bench, numbers: Numbers, rounds: int, seconds: float) -> tuple[float, float, float, float, float, dict[int, int], int]:
    ours, theirs, p99, lost, codes = [], [], [], 0, dict[int, int]()
    for _ in range(rounds):
        bench.empty()
        start = numbers.take()
        reference = _reference(bench, bodies.repeated(keys=KEYS, start=start), 1, seconds)
        console = _console(bench, bodies.repeated(keys=KEYS, start=start), 1, seconds)
        lost += abs(console.accepted - bench.count("SELECT sum(times_seen) FROM alerts_alert"))
        ours.append(console.rate)
        theirs.append(reference.rate)
        p99.append(console.percentile(0.99))
        for code, count in console.codes.items():
            codes[code] = codes.get(code, 0) + count
    return median(ours), median(theirs), median(a / b for a, b in zip(ours, theirs, strict=True)), 0.0, median(p99), codes, lost


def _filled(bench: Bench, numbers: Numbers, rounds: int, seconds: float) -> Result:
    """Our own rate on empty tables and with 100 000 stored, interleaved."""
    empty, full, p99, lost, codes = [], [], [], 0, dict[int, int]()
    for _ in range(rounds):
        bench.empty()
        empty.append(_console(bench, bodies.distinct(size=1, start=numbers.take()), 1, seconds).rate)
        fill = bodies.distinct(size=500, start=numbers.take())
        while _stored(bench) < STORED:
            _console(bench, fill, 500, 2)
        before = _stored(bench)
        outcome = _console(bench, bodies.distinct(size=1, start=numbers.take()), 1, seconds)
        lost += outcome.accepted - (_stored(bench) - before)
        full.append(outcome.rate)
        p99.append(outcome.percentile(0.99))
        for code, count in outcome.codes.items():
            codes[code] = codes.get(code, 0) + count
    return Result(
        "with 100 000 stored, against empty",
        median(full),
        median(empty),
        median(a / b for a, b in zip(full, empty, strict=True)),
        0.9,
        median(p99),
        codes,
        lost,
    )
