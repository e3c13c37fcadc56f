"""The journal: record once, be heard above, prove it was not touched."""

from kernel.journal.reading import StableCursor, children, tail, tail_visible, timeline
from kernel.journal.recording import Event, Record, Ref, link, record, record_many, ref_of
from kernel.journal.subscriptions import Handler, handlers_of, subscribe

__all__ = [
    "Event",
    "Handler",
    "Record",
    "Ref",
    "StableCursor",
    "children",
    "handlers_of",
    "link",
    "record",
    "record_many",
    "ref_of",
    "subscribe",
    "tail",
    "tail_visible",
    "timeline",
]
