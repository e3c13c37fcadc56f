"""The kernel's tables and the base of every record with a life cycle."""

from kernel.models.deadlines import Deadline
from kernel.models.journal import Delivery, Entry, EntryLink, RecordLink, Seal
from kernel.models.proposals import Proposal
from kernel.models.stateful import Stateful
from kernel.models.time import Clock, Counter

__all__ = ["Clock", "Counter", "Deadline", "Delivery", "Entry", "EntryLink", "Proposal", "RecordLink", "Seal", "Stateful"]
