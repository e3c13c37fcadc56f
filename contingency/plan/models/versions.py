"""The plan and its versions: draft → in review → approved → superseded (PLN-01)."""

from datetime import datetime
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_fsm import FSMField, transition

from contingency.org.models import User
from kernel.actors import Actor
from kernel.models import Stateful

# The changes that the database lets pass; a test compares them with the methods below.
CHANGES = [("draft", "in_review"), ("in_review", "draft"), ("in_review", "approved"), ("approved", "superseded")]


class Plan(Stateful):
    """The contingency plan of the company. Its row is the lock under which versions are numbered and approved."""

    journal_kind: ClassVar[str] = "plan"

    slug = models.SlugField(max_length=60, unique=True)
    name_en = models.CharField(max_length=200)
    name_zh = models.CharField(max_length=200)

    def __str__(self) -> str:
        return self.name_en

    def journal_label(self) -> str:
        """Its name."""
        return self.name_en


class PlanVersion(Stateful):
    """One version of the plan's document, in the canonical form that `plan_export` writes.

    Only one is approved at a time: the one in force. The author never approves it (SEC-01).
    """

    journal_kind: ClassVar[str] = "plan_version"
    journal_exclude: ClassVar[frozenset[str]] = frozenset({"text"})  # bulk: the digest stands for it

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        IN_REVIEW = "in_review", pgettext_lazy("a document", "In review")
        APPROVED = "approved", _("Approved")
        SUPERSEDED = "superseded", _("Superseded")

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    state = FSMField(choices=State.choices, default=State.DRAFT, protected=True)
    text = models.TextField()
    digest = models.CharField(max_length=64)
    author = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="plan_versions")
    approver = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="approved_plan_versions")
    loaded_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    superseded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-number"]
        triggers: ClassVar = [pgtrigger.FSM(name="legal_changes", field="state", transitions=CHANGES)]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["draft", "in_review", "approved", "superseded"]), name="plan_version_state_known"),
            models.UniqueConstraint(fields=["plan", "number"], name="plan_version_number_once"),
            models.UniqueConstraint(fields=["plan"], name="plan_version_one_in_force", condition=Q(state="approved")),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "in_review"]) | Q(approved_at__isnull=False, approver__isnull=False),
                name="plan_version_approved_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(author=None) | Q(approver=None) | ~Q(author=models.F("approver")),
                name="plan_version_author_does_not_approve",
            ),
            models.CheckConstraint(condition=~Q(state="superseded") | Q(superseded_at__isnull=False), name="plan_version_superseded_at"),
        ]

    def __str__(self) -> str:
        return f"{self.plan} {self.number}"

    def journal_label(self) -> str:
        """The plan's name and the version's number."""
        return f"{self.plan.name_en}, version {self.number}"

    def extra_roles(self, actor: Actor) -> frozenset[str]:
        """Its author may submit it."""
        return frozenset({"author"}) if actor.user_id is not None and actor.user_id == self.author_id else frozenset()

    @transition(field=state, source=State.DRAFT, target=State.IN_REVIEW)
    def submit(self, *, at: datetime) -> None:
        """PLN-01: the draft is finished and goes to review."""
        self.submitted_at = at

    @transition(field=state, source=State.IN_REVIEW, target=State.DRAFT)
    def send_back(self) -> None:
        """PLN-01: the review found something; it is a draft again."""
        self.submitted_at = None

    @transition(field=state, source=State.IN_REVIEW, target=State.APPROVED)
    def approve(self, *, approver: User, at: datetime) -> None:
        """PLN-01: the project director puts it in force."""
        self.approver = approver
        self.approved_at = at

    @transition(field=state, source=State.APPROVED, target=State.SUPERSEDED)
    def supersede(self, *, at: datetime) -> None:
        """PLN-01: another version took its place."""
        self.superseded_at = at
