"""Who has read and understood which version (PLN-02)."""

import uuid
from typing import ClassVar

import pgtrigger
from django.db import models

from contingency.org.models import User
from contingency.plan.models.versions import PlanVersion


class PlanReceipt(models.Model):
    """A person says that they have read and understood a version. Once per person and version, and never taken back."""

    journal_kind: ClassVar[str] = "plan_receipt"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    plan_version = models.ForeignKey(PlanVersion, on_delete=models.PROTECT, related_name="receipts")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="plan_receipts")
    read_at = models.DateTimeField()

    class Meta:
        triggers: ClassVar = [pgtrigger.Protect(name="receipt_stays", operation=pgtrigger.Update | pgtrigger.Delete)]
        ordering: ClassVar[list[str]] = ["-id"]
        constraints = [models.UniqueConstraint(fields=["plan_version", "user"], name="plan_receipt_once_per_person_and_version")]

    def __str__(self) -> str:
        return f"{self.user} – {self.plan_version}"

    def journal_label(self) -> str:
        """Who, and which version."""
        return str(self)
