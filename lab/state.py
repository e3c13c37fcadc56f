"""What shall be so: which side carries business, which version runs where, which faults are in. Kept in `state.json` across starts."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lab.home import PRIMARY, SIDES, Side, other, write_private_json

VERSION_1 = "1.0.0"
VERSION_2_BROKEN = "2.0.0"
VERSION_2_MENDED = "2.0.1"


@dataclass
class Fault:
    """A fault put in by `lab break` and not yet undone by `lab fix`."""

    kind: str
    side: Side
    at: float  # Unix time, seconds


@dataclass
class SideState:
    """The wanted state of one side. `isolated`: business moved away without it; it may only come back through a rebuild."""

    version: str = VERSION_1
    isolated: bool = False
    gate_open: bool = False
    applied_lsn: str | None = None  # up to where it had applied the other side's WAL when it stopped following
    service_wanted: bool = True
    database_wanted: bool = True


@dataclass
class LabState:
    """The wanted state of the whole, written to disk by every change."""

    path: Path
    active: Side = PRIMARY
    has_channel: bool = False  # the additive column of version 2 is on both sides
    gateway_moved_to: Side | None = None
    sides: dict[Side, SideState] = field(default_factory=lambda: {side: SideState() for side in SIDES})
    faults: list[Fault] = field(default_factory=list)

    @property
    def passive(self) -> Side:
        return other(self.active)

    def save(self) -> None:
        content = asdict(self)
        content.pop("path")
        write_private_json(self.path, content)

    def forget_process_faults(self) -> None:
        """A fresh start brings every process up again; only an upgrade outlives it, being in the schema."""
        self.faults = [fault for fault in self.faults if fault.kind == "upgrade" or self.sides[fault.side].isolated]
        for side in self.sides.values():
            side.service_wanted = side.database_wanted = not side.isolated

    def fault_add(self, kind: str, side: Side) -> None:
        self.fault_remove(kind, side)
        self.faults.append(Fault(kind, side, time.time()))
        self.save()

    def fault_remove(self, kind: str, side: Side) -> None:
        self.faults = [fault for fault in self.faults if (fault.kind, fault.side) != (kind, side)]
        self.save()


def load_state(path: Path) -> LabState:
    """The state of the last run; a new one when there was none."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return LabState(path)
    content["sides"] = {side: SideState(**content["sides"][side]) for side in SIDES}
    content["faults"] = [Fault(**fault) for fault in content["faults"]]
    return LabState(path, **content)
