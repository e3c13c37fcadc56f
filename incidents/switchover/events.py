"""What happened, for everybody above to hear. Past tense, versioned, ids and plain values only."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class OutageOpened:
    """Business of a part is interrupted; its three clocks were made in the same transaction."""

    name: ClassVar[str] = "incidents.outage_opened.v1"
    outage_id: UUID
    part_id: UUID
    failing_since: datetime
    needs_second: bool


@dataclass(frozen=True, kw_only=True)
class OutageStartCorrected:
    """The failure began at another time than first thought."""

    name: ClassVar[str] = "incidents.outage_start_corrected.v1"
    outage_id: UUID
    failing_since: datetime
    earlier_value: datetime


@dataclass(frozen=True, kw_only=True)
class OutageGraded:
    """The grade and the commanders were reported down."""

    name: ClassVar[str] = "incidents.outage_graded.v1"
    outage_id: UUID
    grade: str
    needs_second: bool


@dataclass(frozen=True, kw_only=True)
class OutageMoved:
    """Where traffic is has changed, or is about to."""

    name: ClassVar[str] = "incidents.outage_moved.v1"
    outage_id: UUID
    state: str


@dataclass(frozen=True, kw_only=True)
class BusinessNormal:
    """Evidence shows business normal; `overridden`: a person said so against or without evidence."""

    name: ClassVar[str] = "incidents.business_normal.v1"
    outage_id: UUID
    since: datetime
    overridden: bool
    evidence: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Repaired:
    """The original side is repaired."""

    name: ClassVar[str] = "incidents.repaired.v1"
    outage_id: UUID
    repaired_at: datetime
    evidence: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class RepairedInPlace:
    """The failing side serves again without a switch: the outage is over."""

    name: ClassVar[str] = "incidents.repaired_in_place.v1"
    outage_id: UUID
    overridden: bool
    evidence: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class OutageCalledOff:
    """There was no outage."""

    name: ClassVar[str] = "incidents.outage_called_off.v1"
    outage_id: UUID


@dataclass(frozen=True, kw_only=True)
class ClockStarted:
    """A recovery clock runs."""

    name: ClassVar[str] = "incidents.clock_started.v1"
    clock_id: UUID
    outage_id: UUID
    kind: str
    started_at: datetime
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class ClockCorrected:
    """A running clock counts from another moment."""

    name: ClassVar[str] = "incidents.clock_corrected.v1"
    clock_id: UUID
    outage_id: UUID
    kind: str
    started_at: datetime
    due_at: datetime
    generation: int


@dataclass(frozen=True, kw_only=True)
class ClockWarned:
    """This share of the target is used up."""

    name: ClassVar[str] = "incidents.clock_warned.v1"
    clock_id: UUID
    outage_id: UUID
    kind: str
    percent: int
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class ClockBreached:
    """The target is used up."""

    name: ClassVar[str] = "incidents.clock_breached.v1"
    clock_id: UUID
    outage_id: UUID
    kind: str
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class ClockMet:
    """Evidence stopped the clock; `late`: after its breach."""

    name: ClassVar[str] = "incidents.clock_met.v1"
    clock_id: UUID
    outage_id: UUID
    kind: str
    late: bool
    stopped_at: datetime
    overridden: bool
    evidence: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class ClockCancelled:
    """There is nothing to count any more."""

    name: ClassVar[str] = "incidents.clock_cancelled.v1"
    clock_id: UUID
    outage_id: UUID
    kind: str


@dataclass(frozen=True, kw_only=True)
class ClockWaived:
    """Two persons decided not to hold this objective."""

    name: ClassVar[str] = "incidents.clock_waived.v1"
    clock_id: UUID
    outage_id: UUID
    kind: str
    proposed_by: str
    agreed_by: str


@dataclass(frozen=True, kw_only=True)
class SwitchOrdered:
    """Somebody wants traffic moved."""

    name: ClassVar[str] = "incidents.switch_ordered.v1"
    switch_id: UUID
    part_id: UUID
    outage_id: UUID | None
    direction: str
    mode: str
    needs_second: bool


@dataclass(frozen=True, kw_only=True)
class SwitchApproved:
    """It may be carried out."""

    name: ClassVar[str] = "incidents.switch_approved.v1"
    switch_id: UUID
    at_once: bool
    outage_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class SwitchStarted:
    """A worker began with the steps."""

    name: ClassVar[str] = "incidents.switch_started.v1"
    switch_id: UUID


@dataclass(frozen=True, kw_only=True)
class SwitchStepDone:
    """One step worked."""

    name: ClassVar[str] = "incidents.switch_step_done.v1"
    switch_id: UUID
    step: str
    took_ms: int
    attempts: int
    evidence: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class SwitchStepFailed:
    """One step did not work."""

    name: ClassVar[str] = "incidents.switch_step_failed.v1"
    switch_id: UUID
    step: str
    error: str


@dataclass(frozen=True, kw_only=True)
class SwitchStepUndone:
    """One step was taken back."""

    name: ClassVar[str] = "incidents.switch_step_undone.v1"
    switch_id: UUID
    step: str


@dataclass(frozen=True, kw_only=True)
class SwitchTurnedEmergency:
    """The old side died on the way; the switch goes on without it."""

    name: ClassVar[str] = "incidents.switch_turned_emergency.v1"
    switch_id: UUID
    after_step: str


@dataclass(frozen=True, kw_only=True)
class SwitchAbortAsked:
    """A person stopped it; what was done is taken back."""

    name: ClassVar[str] = "incidents.switch_abort_asked.v1"
    switch_id: UUID


@dataclass(frozen=True, kw_only=True)
class SwitchVerifying:
    """Traffic moved; the proof is being gathered."""

    name: ClassVar[str] = "incidents.switch_verifying.v1"
    switch_id: UUID
    moved_at: datetime


@dataclass(frozen=True, kw_only=True)
class SwitchedOver:
    """Proved: business runs on the standby."""

    name: ClassVar[str] = "incidents.switched_over.v1"
    switch_id: UUID
    part_id: UUID
    outage_id: UUID | None
    mode: str
    moved_at: datetime
    evidence: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class SwitchedBack:
    """Proved: business runs where it belongs."""

    name: ClassVar[str] = "incidents.switched_back.v1"
    switch_id: UUID
    part_id: UUID
    outage_id: UUID | None
    mode: str
    moved_at: datetime
    evidence: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class SwitchFailed:
    """It did not come about. `undoing`: its steps are being taken back; else `instruction` says how people go on."""

    name: ClassVar[str] = "incidents.switch_failed.v1"
    switch_id: UUID
    outage_id: UUID | None
    failure: str
    detail: str
    instruction: str
    undoing: bool


@dataclass(frozen=True, kw_only=True)
class SwitchReverted:
    """Traffic is where it was before it."""

    name: ClassVar[str] = "incidents.switch_reverted.v1"
    switch_id: UUID
    outage_id: UUID | None
    by_switch_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class DryRunMade:
    """Everything a switch needs was looked at; nothing was changed."""

    name: ClassVar[str] = "incidents.switch_dry_run_made.v1"
    check_id: UUID
    part_id: UUID
    direction: str
    mode: str
    is_ok: bool
    checks: list[dict[str, Any]]
