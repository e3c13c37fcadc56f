"""The messages that the console sends by itself, and what each may speak of.

The plan must hold a text for every one of them; more texts are welcome and may use any placeholder listed here.
"""

from typing import Final

_ALWAYS: Final = frozenset({"person", "practice", "subject", "title", "url"})
_INCIDENT: Final = _ALWAYS | {"number", "part", "grade", "graded", "fault_class", "failing_since"}
_PAGE: Final = _INCIDENT | {"ack_url", "called_before", "minutes", "deadlines"}
_TOPIC: Final = _PAGE | {"topic", "commander"}
_SWITCH: Final = _INCIDENT | {"direction", "mode", "ordered_by"}
_CLOCK: Final = {"clock", "percent", "remaining", "due_at", "target"}
_TASK: Final = _ALWAYS | {"number", "task", "due_at"}

REQUIRED_TEXTS: Final[dict[str, frozenset[str]]] = {
    "page-incident-opened": _PAGE,
    "page-escalated": _PAGE,
    "page-exhausted": _PAGE,
    "page-digest": _ALWAYS | {"ack_url"},
    "page-level-called": _PAGE | {"role"},
    "role-assigned": _PAGE | {"role", "assigned_by"},
    "task-assigned": _TASK,
    "task-overdue": _TASK,
    "update-due": _INCIDENT | {"due_at"},
    "proposal-waiting": _INCIDENT | {"action", "proposed_by"},
    "switch-ordered": _SWITCH,
    "switch-approval-wanted": _SWITCH,
    "switch-failed": _SWITCH | {"problem"},
    "clock-warning": _INCIDENT | _CLOCK,
    "clock-breached": _PAGE | _CLOCK,
    "incident-resolved": _INCIDENT | {"resolved_at", "duration"},
    "contact-test": _ALWAYS,
}
"""Slug → placeholders. `subject` is what the message is about; `practice` says “PRACTICE · ” inside a fence and nothing
outside; `ack_url` is where one tap acknowledges; times come in the reader's zone. A text that an escalation may follow
speaks of `called_before` (whom it was called before) and `minutes` (since when). `graded` is the grade with its name, as long as
nobody has graded it “Proposed grade: …”; `deadlines` until when to answer, who is called then, and by when the standby must carry
business: sentences of the console, added at the end where a text does not speak of them."""

OPTIONAL_TEXTS: Final[dict[str, frozenset[str]]] = {
    "role-escalated": _TOPIC,
    "role-exhausted": _TOPIC,
    "topic-escalated": _TOPIC,
    "topic-exhausted": _TOPIC,
    "update-posted": _INCIDENT | {"update", "posted_by", "due_at"},
    "round-due": _ALWAYS | {"what", "position", "due_at", "standing", "why"},
}
"""Those that a plan may hold: without one the console says it in words of its own, so that documents written before still load.
`role-…` and `topic-…` go out instead of `page-escalated` and `page-exhausted` where a call is about a role of the incident or
another single matter (`topic`), not about the incident itself. `update` is what was written,
`due_at` there until when the next one is promised. `standing` says whether it is due now or still open; `why` why the reader is told."""

OUTWARD: Final = frozenset(
    {
        *("practice", "company", "contact", "reference", "part", "failing_since", "resolved_at"),
        *("affected", "meanwhile", "expected", "next_update", "request"),
        *("customer", "order", "amount", "compensation", "deadline"),
    }
)
"""What a text that leaves the company may speak of: `affected` is what does not work, `meanwhile` what people can do instead,
`expected` when it should work again, `request` what the reader is asked to do. Nothing of the inside of an incident: no title,
no cause, no person."""

BY_HAND: Final = OUTWARD - {"practice", "part", "failing_since", "resolved_at", "reference", "affected", "next_update"}
"""Those which no record knows: whoever sends the text writes them."""

ALL_PLACEHOLDERS: Final = OUTWARD.union(*REQUIRED_TEXTS.values(), *OPTIONAL_TEXTS.values())
