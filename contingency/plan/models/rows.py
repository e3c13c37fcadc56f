"""What all rows of the plan in force have in common."""

from typing import ClassVar

from django.db import models

from contingency.plan.models.versions import PlanVersion
from kernel.models import Stateful


class PlanRow(Stateful):
    """A row that approving a version made. Keyed by slug: a later version updates it, or retires it when it no longer has it.

    Retired rows stay, because incidents point at them.
    """

    slug = models.SlugField(max_length=80, unique=True)
    plan_version = models.ForeignKey(PlanVersion, on_delete=models.PROTECT, related_name="+")
    order = models.PositiveSmallIntegerField(default=0)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
        ordering: ClassVar[list[str]] = ["order", "id"]

    def __str__(self) -> str:
        return self.slug

    def journal_label(self) -> str:
        """Its name where it has one."""
        return str(getattr(self, "name_en", "") or self.slug)
