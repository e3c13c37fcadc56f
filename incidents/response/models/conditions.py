"""What must be true before an incident may be called resolved."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class EndCondition(models.Model):
    """INC-07: the system functions, the data is correct, business is unaffected; each with evidence.

    One row per incident, round and kind: a reopened incident begins a new round, and what was reported before counts no
    more. An override is its own outcome, so it can never be read as passed. History stands in the journal.
    """

    class Kind(models.TextChoices):
        FUNCTIONS = "functions", _("System functions work")
        DATA = "data", _("Data is correct")
        BUSINESS = "business", _("Business is unaffected")

    class Outcome(models.TextChoices):
        PASSED = "passed", _("Passed")
        FAILED = "failed", _("Failed")
        OVERRIDDEN = "overridden", _("Overridden")

    incident = models.ForeignKey("response.Incident", on_delete=models.PROTECT, related_name="end_conditions")
    round = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    evidence = models.TextField()
    reported_by = models.CharField(max_length=200)
    reported_at = models.DateTimeField()

    class Meta:
        db_table = "response_end_condition"
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(fields=["incident", "round", "kind"], name="end_condition_once_per_round"),
            models.CheckConstraint(condition=Q(kind__in=["functions", "data", "business"]), name="end_condition_kind_known"),
            models.CheckConstraint(condition=Q(outcome__in=["passed", "failed", "overridden"]), name="end_condition_outcome_known"),
            models.CheckConstraint(condition=~Q(evidence=""), name="end_condition_has_evidence"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.outcome}"
