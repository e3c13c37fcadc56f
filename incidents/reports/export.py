"""The figures as CSV, one incident a line, for a spreadsheet that must not be talked into running anything."""

import csv
import io
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from incidents.reports.selectors.statistics import Row
from incidents.switchover.models import ClockKind

COLUMNS: Final = (
    "number", "title", "part", "fault_class", "grade", "state", "failing_since", "discovered_at", "confirmed_at", "resolved_at",
    "seconds_to_acknowledge", "seconds_to_confirm", "seconds_to_switch", "seconds_to_business_normal", "seconds_to_back",
    *(f"clock_{kind.value}" for kind in ClockKind),
)  # fmt: skip
# What makes a spreadsheet read a cell as a formula; also the full-width signs, which some of them fold.
RISKY: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")


def safe_cell(value: Any) -> str:
    """A cell that stays text: what could begin a formula gets an apostrophe before it (CWE-1236)."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.lstrip(" \u00a0\u3000\ufeff").startswith(RISKY) or text.startswith(RISKY) else text


def statistics_csv(rows: Iterable[Row]) -> str:
    """The whole file: a byte order mark so that spreadsheets read it as UTF-8, a heading, a line per incident."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow(_line(row))
    return "\ufeff" + out.getvalue()


def _line(row: Row) -> list[str]:
    incident = row.incident
    texts = [incident.number, incident.title, incident.part.slug, incident.fault_class, incident.grade, incident.state]
    moments = [incident.failing_since, incident.discovered_at, incident.confirmed_at, incident.resolved_at]
    lengths = [row.answered, row.confirmed, row.switched, row.normal, row.back]
    return [
        *map(safe_cell, texts),
        *map(_moment, moments),
        *map(_seconds, lengths),
        *(safe_cell(row.clocks.get(kind.value, "")) for kind in ClockKind),
    ]


def _moment(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment is not None else ""


def _seconds(length: timedelta | None) -> str:
    return str(round(length.total_seconds())) if length is not None else ""
