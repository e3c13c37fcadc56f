"""The messages that the console sends by itself, and what each may speak of.

The plan must hold a text for every one of them; more texts are welcome and may use any placeholder listed here.
"""

from typing import Final

_RECORD: Final = frozenset({"number", "title", "part", "grade", "fault_class", "failing_since", "url", "practice"})
_PAGE: Final = _RECORD | {"ack_url", "person"}
_SWITCH: Final = _RECORD | {"direction", "mode", "ordered_by"}
_CLOCK: Final = _RECORD | {"clock", "percent", "remaining", "due_at", "target"}

REQUIRED_TEXTS: Final[dict[str, frozenset[str]]] = {
    "page-incident-opened": _PAGE,
    "page-escalated": _PAGE | {"called_before", "minutes"},
    "page-exhausted": _PAGE | {"called_before", "minutes"},
    "page-level-called": _PAGE | {"role"},
    "role-assigned": _PAGE | {"role", "assigned_by"},
    "task-assigned": _PAGE | {"task", "due_at"},
    "update-due": _RECORD | {"due_at", "person"},
    "proposal-waiting": _RECORD | {"action", "proposed_by"},
    "switch-ordered": _SWITCH,
    "switch-approval-wanted": _SWITCH,
    "switch-failed": _SWITCH | {"problem"},
    "clock-warning": _CLOCK,
    "clock-breached": _CLOCK,
    "incident-resolved": _RECORD | {"resolved_at", "duration"},
}
"""Slug → placeholders. `practice` is “PRACTICE · ” inside a fence and empty outside; times come in the reader's zone."""

ALL_PLACEHOLDERS: Final = frozenset().union(*REQUIRED_TEXTS.values())
