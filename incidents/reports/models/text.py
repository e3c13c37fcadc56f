"""The texts of reports: one row per saved version."""

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from incidents.reports.models.report import Report, Section


class SectionText(models.Model):
    """One saved text of one section in both languages. Written once: the database refuses to change or delete it.

    `author` is empty for what the console drafted by itself.
    """

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="texts")
    section = models.CharField(max_length=10, choices=Section.choices)
    revision = models.PositiveIntegerField()
    text_en = models.TextField(blank=True)
    text_zh = models.TextField(blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    author_label = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        db_table = "reports_section_text"
        ordering = ("report_id", "section", "revision")
        triggers: ClassVar = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]
        constraints = [
            models.UniqueConstraint(fields=["report", "section", "revision"], name="section_text_revision_once"),
            models.CheckConstraint(condition=Q(section__in=Section.values), name="section_text_section_known"),
        ]

    def __str__(self) -> str:
        return f"{self.report_id} {self.section} {self.revision}"

    @property
    def is_drafted(self) -> bool:
        """Whether the console wrote it."""
        return self.author_id is None
