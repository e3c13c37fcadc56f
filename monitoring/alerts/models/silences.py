"""Silences: for a while certain alerts open no incident."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from contingency.catalog.models import Part
from kernel.models import Stateful
from monitoring.alerts.models.sources import RAISES_THE_STAMP


class Silence(Stateful):
    """Alerts of a part, or with certain labels (all of them must be equal), open no incident until `ends_at`.

    They are stored and counted all the same. What still fires when the silence ends is announced then.
    """

    journal_kind: ClassVar[str] = "silence"

    class State(models.TextChoices):
        IN_FORCE = "in_force", _("In force")
        ENDED = "ended", _("Ended")

    part = models.ForeignKey(Part, null=True, blank=True, on_delete=models.PROTECT, related_name="silences")
    matchers = models.JSONField(default=dict)
    reason = models.TextField()
    state = FSMField(choices=State.choices, default=State.IN_FORCE, protected=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    created_by = models.CharField(max_length=200)

    class Meta:
        db_table = "alerts_silence"
        triggers: ClassVar = [*RAISES_THE_STAMP, pgtrigger.FSM(name="legal_changes", field="state", transitions=[("in_force", "ended")])]
        ordering: ClassVar[list[str]] = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["in_force", "ended"]), name="silence_state_known"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="silence_ends_after_it_starts"),
            models.CheckConstraint(condition=Q(part__isnull=False) | ~Q(matchers={}), name="silence_says_what"),
            models.CheckConstraint(condition=~Q(reason=""), name="silence_says_why"),
            models.CheckConstraint(
                condition=Q(state="in_force", ended_at=None) | Q(state="ended", ended_at__isnull=False), name="silence_ended_says_when"
            ),
        ]
        indexes = [models.Index(fields=["ends_at"], name="silence_in_force", condition=Q(state="in_force"))]

    def __str__(self) -> str:
        return self.journal_label()

    def journal_label(self) -> str:
        """What it silences."""
        words = ", ".join(f"{name}={value}" for name, value in sorted(self.matchers.items()))
        return f"{self.part.name_en} {words}".strip() if self.part else words

    def permission_path(self) -> str:
        """The unit of its part; one without a part is everybody's."""
        return self.part.unit.path if self.part else ""

    def covers(self, *, part_id: int | None, labels: Mapping[str, str]) -> bool:
        """Whether an alert with these labels, routed there, is silenced by this one."""
        if self.part_id is not None and self.part_id != part_id:
            return False
        return all(labels.get(name) == value for name, value in self.matchers.items())

    @transition(field=state, source=State.IN_FORCE, target=State.ENDED)
    def end(self, *, at: datetime) -> None:
        """Its time is over, or somebody ended it."""
        self.ended_at = at
