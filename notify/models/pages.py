"""A page: calling people along a chain until one of them answers."""

import uuid
from datetime import datetime, timedelta
from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from kernel.actors import Actor
from kernel.i18n import language_suffix
from kernel.models import Stateful
from notify.models.about import About

# Every legal change, and nothing else: the trigger on the table refuses the rest.
CHANGES = [("calling", "acknowledged"), ("exhausted", "acknowledged"), ("calling", "exhausted"), ("calling", "cancelled")]
CALLED = "called"  # the role of everybody whom this page has called: they may acknowledge it
LINK_LIFE = timedelta(minutes=15)  # without log-in, for this one act


class Page(About, Stateful):
    """One call for one record: calling → acknowledged | exhausted | cancelled. Who answers late still may (exhausted → acknowledged).

    The chain's steps are copied at the start: changing the plan does not move a running page.
    """

    journal_kind: ClassVar[str] = "page"
    journal_exclude: ClassVar[frozenset[str]] = frozenset({"steps", "params"})

    class State(models.TextChoices):
        CALLING = "calling", _("Calling")
        ACKNOWLEDGED = "acknowledged", _("Acknowledged")
        EXHAUSTED = "exhausted", _("Nobody answered")
        CANCELLED = "cancelled", _("Cancelled")

    unit_path = models.CharField(max_length=500, blank=True)
    chain = models.CharField(max_length=80)
    steps = models.JSONField(default=list)
    gives_up_s = models.PositiveIntegerField(default=300)  # copied from the chain: how long after its last call
    next_step = models.PositiveSmallIntegerField(default=0)
    round = models.PositiveSmallIntegerField(default=0)
    text = models.CharField(max_length=80)
    params = models.JSONField(default=dict)
    fence = models.CharField(max_length=80, blank=True)
    group = models.CharField(max_length=80, blank=True)
    state = FSMField(choices=State.choices, default=State.CALLING, protected=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="acknowledged_pages")

    class Meta:
        triggers: ClassVar = [pgtrigger.FSM(name="legal_changes", field="state", transitions=CHANGES)]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["calling", "acknowledged", "exhausted", "cancelled"]), name="page_state_known"),
            models.CheckConstraint(condition=Q(state="calling") ^ Q(ended_at__isnull=False), name="page_ended_has_time"),
            models.CheckConstraint(condition=~Q(state="acknowledged") | Q(acknowledged_by__isnull=False), name="page_acknowledged_by_somebody"),
            models.UniqueConstraint(fields=["subject_kind", "subject_id"], name="page_one_calling_per_subject", condition=Q(state="calling")),
        ]
        indexes = [models.Index(fields=["subject_id", "id"], name="page_of_subject")]

    def __str__(self) -> str:
        return f"{self.subject_label}: {self.state}"

    def journal_label(self) -> str:
        """What it calls about."""
        return self.subject_label

    @property
    def topic(self) -> str:
        """What of the record it is about, in the reader's language; empty: the record itself."""
        return str(self.params.get("topic", {}).get(language_suffix(), ""))

    def permission_path(self) -> str:
        """The unit of the record it calls about."""
        return self.unit_path

    def extra_roles(self, actor: Actor) -> frozenset[str]:
        """Whoever it called may acknowledge it."""
        if actor.user_id is not None and self.pk and self.calls.filter(user_id=actor.user_id).exists():
            return frozenset({CALLED})
        return frozenset()

    @property
    def is_open(self) -> bool:
        """Whether an answer still matters."""
        return self.state in {self.State.CALLING, self.State.EXHAUSTED}

    @transition(field=state, source=State.CALLING, target=State.CALLING)
    def advance(self, *, next_step: int) -> None:
        """The next people of the chain are called."""
        self.next_step = next_step
        self.round += 1

    @transition(field=state, source=[State.CALLING, State.EXHAUSTED], target=State.ACKNOWLEDGED)
    def acknowledge(self, *, by_id: int, at: datetime) -> None:
        """Somebody has it."""
        self.acknowledged_by_id = by_id
        self.ended_at = at

    @transition(field=state, source=State.CALLING, target=State.EXHAUSTED)
    def exhaust(self, *, at: datetime) -> None:
        """The chain has ended and nobody answered."""
        self.ended_at = at

    @transition(field=state, source=State.CALLING, target=State.CANCELLED)
    def cancel(self, *, at: datetime) -> None:
        """No answer is needed any more."""
        self.ended_at = at


class PageCall(models.Model):
    """One person was called in one round of a page."""

    page = models.ForeignKey(Page, on_delete=models.PROTECT, related_name="calls")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="page_calls")
    round = models.PositiveSmallIntegerField()
    step = models.PositiveSmallIntegerField(null=True)  # null: named by the caller, not by the chain
    called_at = models.DateTimeField()
    is_coalesced = models.BooleanField(default=False)  # called about this group moments ago: follows in the digest
    unreachable_at = models.DateTimeField(null=True)  # no channel of theirs works

    class Meta:
        db_table = "notify_page_call"
        constraints = [models.UniqueConstraint(fields=["page", "user", "round"], name="page_call_once_per_round")]
        indexes = [models.Index(fields=["user", "-called_at"], name="page_call_of_person")]

    def __str__(self) -> str:
        return f"{self.page_id} {self.user_id} {self.round}"


class AckLink(models.Model):
    """Lets one person acknowledge one page without logging in: 15 minutes from each sending, once, by POST only.

    The address carries a signature over `public_id`; nothing that opens it is stored.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    page = models.ForeignKey(Page, on_delete=models.PROTECT, related_name="links")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="ack_links")
    expires_at = models.DateTimeField(null=True)  # null: not sent yet, opens nothing
    used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "notify_ack_link"
        constraints = [models.UniqueConstraint(fields=["page", "user"], name="ack_link_once_per_person")]

    def __str__(self) -> str:
        return f"{self.page_id} {self.user_id}"
