"""The post-incident report and its life (RPT-01). The moves change memory only."""

from datetime import datetime
from typing import ClassVar, Final

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_fsm import FSMField, transition

from contingency.plan.models import Grade
from kernel.actors import Actor
from kernel.models import Stateful


class Section(models.TextChoices):
    """What a report is made of, in the order in which it is read; the same in every language."""

    SUMMARY = "summary", pgettext_lazy("report section", "Summary")
    COURSE = "course", pgettext_lazy("report section", "Course of events")
    CAUSE = "cause", pgettext_lazy("report section", "Cause")
    IMPACT = "impact", pgettext_lazy("report section", "Impact")
    CLOCKS = "clocks", pgettext_lazy("report section", "Recovery clocks and their evidence")
    SWITCH = "switch", pgettext_lazy("report section", "Switch and switch back")
    PEOPLE = "people", pgettext_lazy("report section", "People and response times")
    LESSONS = "lessons", pgettext_lazy("report section", "What went well and what went badly")
    ACTIONS = "actions", pgettext_lazy("report section", "Improvement actions")


FULL: Final = tuple(Section)
SHORT: Final = (Section.SUMMARY, Section.COURSE, Section.CAUSE, Section.ACTIONS)  # enough for a general incident

# Every legal change, and nothing else: the trigger on the table refuses the rest; a test compares them with the methods.
CHANGES: Final = [("draft", "in_review"), ("in_review", "draft"), ("in_review", "approved"), ("approved", "superseded")]


class Report(Stateful):
    """One report of one incident: draft → in review → approved → superseded.

    `is_short`: the incident was general when it was drafted. `zone`: the time zone in which the text tells the time, that of
    most people who took part. `supersedes`: the approved report that this one rewrites.
    """

    journal_kind: ClassVar[str] = "report"

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        IN_REVIEW = "in_review", pgettext_lazy("a document", "In review")
        APPROVED = "approved", _("Approved")
        SUPERSEDED = "superseded", _("Superseded")

    number = models.CharField(max_length=20, unique=True, editable=False)
    incident = models.ForeignKey("response.Incident", on_delete=models.PROTECT, related_name="reports")
    state = FSMField(choices=State.choices, default=State.DRAFT, protected=True)
    is_short = models.BooleanField(default=False)
    zone = models.CharField(max_length=60)
    supersedes = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    drafted_at = models.DateTimeField()
    saved_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    submitted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(null=True)
    approver = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "reports_report"
        triggers: ClassVar = [pgtrigger.FSM(name="legal_changes", field="state", transitions=CHANGES)]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["draft", "in_review", "approved", "superseded"]), name="report_state_known"),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "in_review"]) | Q(approved_at__isnull=False, approver__isnull=False),
                name="report_approved_by_somebody",
            ),
            models.CheckConstraint(condition=~Q(state="in_review") | Q(submitted_at__isnull=False), name="report_submitted_has_time"),
            models.CheckConstraint(
                condition=Q(approver=None) | Q(submitted_by=None) | ~Q(approver=F("submitted_by")), name="report_submitter_does_not_approve"
            ),
            models.UniqueConstraint(fields=["incident"], name="report_one_in_work", condition=Q(state__in=["draft", "in_review"])),
            models.UniqueConstraint(fields=["incident"], name="report_one_in_force", condition=Q(state="approved")),
        ]
        indexes = [models.Index(fields=["state", "-id"], name="report_by_state")]

    def __str__(self) -> str:
        return f"{self.number} {self.state}"

    def journal_label(self) -> str:
        """The number that people say."""
        return self.number

    def permission_path(self) -> str:
        """A report belongs to the unit of its incident's part."""
        return self.incident.permission_path()

    def extra_roles(self, actor: Actor) -> frozenset[str]:
        """Rights held in the incident count for its report."""
        return self.incident.extra_roles(actor)

    @property
    def sections(self) -> tuple[Section, ...]:
        """The sections it has."""
        return SHORT if self.is_short else FULL

    @property
    def is_in_work(self) -> bool:
        """Whether it is still being written or judged."""
        return self.state in (self.State.DRAFT, self.State.IN_REVIEW)

    @transition(field=state, source=State.DRAFT, target=None)
    def redraft(self, *, grade: str, zone: str, at: datetime) -> None:
        """The console writes its sections anew from what is known now."""
        self.is_short = grade == Grade.GENERAL
        self.zone = zone
        self.drafted_at = at
        self.saved_at = at

    @transition(field=state, source=State.DRAFT, target=None)
    def save_section(self, *, at: datetime) -> None:
        """A person wrote a new version of a section."""
        self.saved_at = at

    @transition(field=state, source=State.DRAFT, target=State.IN_REVIEW)
    def submit(self, *, at: datetime, by_id: int | None) -> None:
        """Finished: somebody else is to judge it."""
        self.submitted_at = at
        self.submitted_by_id = by_id

    @transition(field=state, source=State.IN_REVIEW, target=State.DRAFT)
    def send_back(self) -> None:
        """The review found something, or the incident went on."""
        self.submitted_at = None
        self.submitted_by_id = None

    @transition(field=state, source=State.IN_REVIEW, target=State.APPROVED)
    def approve(self, *, at: datetime, by_id: int | None) -> None:
        """A second person stands for it."""
        self.approved_at = at
        self.approver_id = by_id

    @transition(field=state, source=State.APPROVED, target=None)
    def begin_revision(self) -> None:
        """It is being rewritten; it holds until the new one is approved."""

    @transition(field=state, source=State.APPROVED, target=State.SUPERSEDED)
    def supersede(self, *, at: datetime) -> None:
        """Another report of the incident was approved."""
        self.superseded_at = at
