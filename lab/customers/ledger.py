"""What customers were promised, one JSON line each, on disk before it counts."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

STEPS = ("placed", "paid", "shipped")


class Ledger:
    """Append-only. The counts of all runs on the same folder come from here."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, event: str, **fields: Any) -> None:
        line = json.dumps({"t": round(time.time(), 3), "e": event, **fields}, separators=(",", ":"))
        os.write(self._file, f"{line}\n".encode())
        os.fdatasync(self._file)

    def close(self) -> None:
        os.close(self._file)


def read_ledger(path: Path) -> Iterator[dict[str, Any]]:
    """Every complete line. A last line cut off by a kill was never counted as a promise."""
    if not path.exists():
        return
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.endswith("\n"):
                yield json.loads(line)


def promises(path: Path) -> dict[str, str]:
    """Order id → the furthest step acknowledged for it."""
    furthest: dict[str, str] = {}
    for entry in read_ledger(path):
        if entry["e"] in STEPS:
            held = furthest.get(entry["id"])
            if held is None or STEPS.index(entry["e"]) > STEPS.index(held):
                furthest[entry["id"]] = entry["e"]
    return furthest
