"""A move that one person asked for and another must agree to."""

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from kernel.models.stateful import Stateful


class Proposal(Stateful):
    """A proposed move with its inputs, waiting for somebody who may do it (or for the second person)."""

    journal_kind = "proposal"

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Proposed")
        ACCEPTED = "accepted", _("Accepted")
        DECLINED = "declined", _("Declined")

    move = models.CharField(max_length=60)
    record_kind = models.CharField(max_length=40)
    record_id = models.UUIDField(null=True)
    record_label = models.CharField(max_length=300)
    inputs = models.JSONField(default=dict)
    reason = models.TextField(blank=True)
    proposer = models.JSONField()  # id, label, user_id of the one who asked: the kernel has no table of people
    proposed_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    state = FSMField(choices=State.choices, default=State.PROPOSED, protected=True)

    class Meta:
        db_table = "kernel_proposal"
        constraints = [
            models.UniqueConstraint(fields=["move", "record_id"], name="proposal_one_open", condition=models.Q(state="proposed")),
        ]
        indexes = [models.Index(fields=["record_id"], name="proposal_record")]

    def journal_label(self) -> str:
        """The move it asks for."""
        return f"{self.move} {self.record_label}"

    @transition(field=state, source=State.PROPOSED, target=State.ACCEPTED)
    def accept(self, *, at: datetime) -> None:
        """A second person agreed; the move was carried out in the same transaction."""
        self.decided_at = at

    @transition(field=state, source=State.PROPOSED, target=State.DECLINED)
    def decline(self, *, at: datetime) -> None:
        """Refused, or taken back by the one who asked."""
        self.decided_at = at
