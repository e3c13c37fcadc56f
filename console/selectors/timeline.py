"""A timeline for one reader: only what concerns records they may know of, said in sentences."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.template.defaultfilters import date as format_date
from django.utils import timezone

from kernel import records
from kernel.actors import Actor
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
    ("accent", ("note", "decision", "confirmed", "graded", "proposal", "proposed", "ordered", "approved", "grade")),
)


@dataclass(frozen=True)
class Line:
    """One line of a timeline."""

    id: str
    at: datetime
    day: date
    words: str
    reason: str
    text: str
    tone: str
    by: str
    is_ours: bool


def visible(actor: Actor, entries: Iterable[Entry]) -> list[Entry]:
    """The entries whose subject is of a kind that the actor may read, or of no kind that people list."""
    known = {record_type.kind: records.may_read(actor, record_type, None) for record_type in records.all_types()}
    return [entry for entry in entries if known.get(entry.subject_kind, True)]


SILENT = frozenset({"kernel.linked.v1"})  # how records hang together: seen in what they show, not worth a line


def lines(actor: Actor, entries: Iterable[Entry]) -> list[Line]:
    """Newest first, as the room shows them."""
    shown = [_line(actor, entry) for entry in visible(actor, entries) if entry.name not in SILENT]
    return list(reversed(shown))


def _line(actor: Actor, entry: Entry) -> Line:
    text = entry.payload.get("text") or entry.payload.get("body") or ""
    words = readable(sentence(entry))
    return Line(
        id=str(entry.public_id),
        at=entry.at,
        day=timezone.localtime(entry.at).date(),
        words=words,
        reason=entry.reason if entry.reason and entry.reason not in words else "",
        text=text if isinstance(text, str) and text not in words else "",
        tone=_tone(entry.name),
        by=entry.actor_label,
        is_ours=entry.actor_id == actor.id,
    )


_ISO = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})")


def readable(words: str) -> str:
    """Moments that a sentence took from its entry as they are, in the reader's zone and form."""

    def local(match: re.Match[str]) -> str:
        return format_date(timezone.localtime(datetime.fromisoformat(match.group().replace("Z", "+00:00"))), "m-d H:i:s")

    return _ISO.sub(local, words)


def _tone(name: str) -> str:
    return next((tone for tone, words in TONES if any(word in name for word in words)), "")
