"""The states of an incident, which of them count as open, and the pairs that the database lets pass."""

from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    """INC-01, in the order in which an incident goes through them; the last two are ways out."""

    DISCOVERED = "discovered", _("Discovered")
    CONFIRMED = "confirmed", _("Confirmed")
    LOCATED = "located", _("Located")
    HANDLING = "handling", _("Handling")
    VERIFYING = "verifying", _("Verifying recovery")
    RESOLVED = "resolved", _("Resolved")
    IN_REVIEW = "in_review", _("In review")
    CLOSED = "closed", _("Closed")
    FALSE_ALARM = "false_alarm", _("False alarm")
    MERGED = "merged", _("Merged")


# One open incident per part and class. One in review must not swallow the next failure, so it is not among these.
OPEN: Final = (State.DISCOVERED, State.CONFIRMED, State.LOCATED, State.HANDLING, State.VERIFYING)
GRADED_OPEN: Final = (State.CONFIRMED, State.LOCATED, State.HANDLING, State.VERIFYING)
NOT_OVER: Final = (*OPEN, State.RESOLVED, State.IN_REVIEW)

# Every legal change, and nothing else: the trigger on the table refuses the rest, whoever writes.
CHANGES: Final = (
    (State.DISCOVERED, State.CONFIRMED),
    (State.CONFIRMED, State.LOCATED),
    (State.CONFIRMED, State.HANDLING),
    (State.LOCATED, State.HANDLING),
    (State.HANDLING, State.VERIFYING),
    (State.VERIFYING, State.HANDLING),
    (State.VERIFYING, State.RESOLVED),
    (State.RESOLVED, State.HANDLING),
    (State.RESOLVED, State.IN_REVIEW),
    (State.IN_REVIEW, State.CLOSED),
    (State.DISCOVERED, State.FALSE_ALARM),
    (State.CONFIRMED, State.FALSE_ALARM),
    *((state, State.MERGED) for state in OPEN),
    *((State.MERGED, state) for state in OPEN),
)
