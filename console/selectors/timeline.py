"""A timeline for one reader: only what concerns them, said in sentences, with what people put to it."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.template.defaultfilters import date as format_date
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from incidents.response import events
from incidents.response import selectors as response
from incidents.response.models import Incident
from incidents.response.selectors import Marked
from incidents.response.selectors.views import standing_view
from kernel import records
from kernel.actors import Actor
from kernel.i18n import in_readers_words
from kernel.models import Entry
from kernel.sentences import sentence

TONES = (
    ("major", ("breached", "exhausted", "failed", "failing", "dead")),
    ("severe", ("alert_raised", "alerts_joined", "outage_opened", "incident_opened", "escalated", "clock_warned", "reopened")),
    (
        "ok",
        (
            "clock_met",
            "resolved",
            "switched_over",
            "switched_back",
            "recovered",
            "business_normal",
            "closed",
            "acknowledged",
            "task_done",
            "repaired",
        ),
    ),
    ("accent", ("note", "decision", "can_reported", "confirmed", "graded", "proposal", "proposed", "ordered", "approved", "grade")),
)
SILENT = frozenset({"kernel.linked.v1"})  # how records hang together: seen in what they show, not worth a line
CLOCKS = ("incidents.clock_", "incidents.outage_", "incidents.switch", "incidents.business_", "incidents.repaired")
# Each mail and each step of a switch by itself. That somebody was called, answered or did not, and that business moved, is told all the same.
CHATTER = ("notify.message_", "notify.delivery_", "incidents.switch_step")
MESSAGES = ("notify.", "incidents.update_", "incidents.page_", "incidents.leads_called")
ALERTS = ("monitoring.", "incidents.alerts_", "incidents.incident_opened")

# What the reader may narrow the timeline to; the first is what stands there unasked.
FILTERS: tuple[tuple[str, Any, Callable[[Entry], bool]], ...] = (
    ("main", _("What happened"), lambda entry: not entry.name.startswith(CHATTER)),
    ("people", _("People"), lambda entry: entry.actor_kind in ("person", "link", "token")),
    ("messages", _("Messages"), lambda entry: entry.name.startswith(MESSAGES)),
    ("clocks", _("Clocks and switch"), lambda entry: entry.name.startswith(CLOCKS)),
    ("alerts", _("Alerts"), lambda entry: entry.name.startswith(ALERTS)),
    ("all", _("All"), lambda entry: True),
)


@dataclass(frozen=True)
class Remark:
    """Somebody's words beneath a line."""

    at: datetime
    by: str
    text: str


@dataclass(frozen=True)
class Line:
    """One line of a timeline. `recorded_at` and `placed_by` when somebody said that it happened at another time than it was recorded."""

    id: str
    at: datetime
    day: date
    words: str
    reason: str
    text: str
    tone: str
    by: str
    is_ours: bool
    kind: str = ""
    rows: list[tuple[str, str]] = field(default_factory=list)
    pinned_by: str = ""
    remarks: list[Remark] = field(default_factory=list)
    recorded_at: datetime | None = None
    placed_by: str = ""
    placed_why: str = ""


def visible(actor: Actor, entries: Iterable[Entry], record: Any = None) -> list[Entry]:
    """The entries whose subject is of a kind that the actor may read, or of no kind that people list; cut to the actor's view.

    Whoever may see an incident sees what hangs beneath it. A part or a person is everybody's to look at: of their entries one
    sees only those whose own subject one may see.
    """
    known = {record_type.kind: records.may_read(actor, record_type, None) for record_type in records.all_types()}
    of_known = [entry for entry in entries if known.get(entry.subject_kind, True)]
    if record is None or records.get(record.journal_kind).is_everybodys:
        of_known = records.entries_of_readable(actor, of_known)
    view = response.view_of(actor, record) if isinstance(record, Incident) else standing_view(actor)
    return response.entries_seen(actor, view, of_known)


def lines(actor: Actor, entries: Iterable[Entry], *, record: Any = None, marks: Mapping[str, Marked] | None = None, show: str = "main") -> list[Line]:
    """Newest first, as the room shows them: in the order in which things happened, as far as somebody knows it better."""
    wanted = next((test for name, _label, test in FILTERS if name == show), FILTERS[0][2])
    marks = marks or {}
    shown = [entry for entry in visible(actor, entries, record) if entry.name not in SILENT and wanted(entry)]
    there = {str(entry.public_id) for entry in shown}
    found = [_line(actor, entry, marks.get(str(entry.public_id))) for entry in shown if not _stands_beneath(entry, there)]
    return sorted(found, key=lambda line: line.at)[::-1]  # of one moment, too, the last one written stands first


def _stands_beneath(entry: Entry, there: set[str]) -> bool:
    """A mark whose entry is on the page is shown there."""
    return entry.name in response.MARKS and entry.payload.get("entry_id") in there


def _line(actor: Actor, entry: Entry, marked: Marked | None) -> Line:
    text = entry.payload.get("text") or entry.payload.get("body") or ""
    rows = _three_lines(entry)
    words = readable(sentence(entry)) if not rows else str(_("%(who)s reported")) % {"who": in_readers_words(entry.actor_label)}
    placed_at = marked.placed_at if marked is not None else None
    at = placed_at or entry.at
    return Line(
        id=str(entry.public_id),
        at=at,
        day=timezone.localtime(at).date(),
        words=words,
        reason=entry.reason if entry.reason and entry.reason not in words else "",
        text=text if isinstance(text, str) and text not in words and not entry.name.startswith(CHATTER) else "",
        tone=_tone(entry.name),
        by=entry.actor_label,
        is_ours=entry.actor_id == actor.id,
        kind=entry.name,
        rows=rows,
        pinned_by=marked.pinned.actor_label if marked is not None and marked.pinned is not None else "",
        remarks=[Remark(mark.at, mark.actor_label, mark.payload["text"]) for mark in marked.remarks] if marked is not None else [],
        recorded_at=entry.at if placed_at is not None else None,
        placed_by=marked.placed.actor_label if marked is not None and marked.placed is not None else "",
        placed_why=marked.placed.reason if marked is not None and marked.placed is not None else "",
    )


def _three_lines(entry: Entry) -> list[tuple[str, str]]:
    """The report in three lines reads as three lines."""
    if entry.name != events.CanReported.name:
        return []
    labels = (("condition", _("Condition")), ("actions", _("Actions")), ("needs", _("Needs")))
    return [(str(label), entry.payload.get(name) or str(_("nothing"))) for name, label in labels]


_ISO = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})")


def readable(words: str) -> str:
    """Moments that a sentence took from its entry as they are, in the reader's zone and form."""

    def local(match: re.Match[str]) -> str:
        return format_date(timezone.localtime(datetime.fromisoformat(match.group().replace("Z", "+00:00"))), "m-d H:i:s")

    return _ISO.sub(local, words)


def _tone(name: str) -> str:
    return next((tone for tone, words in TONES if any(word in name for word in words)), "")
