"""A message, and its way to each person over one channel after another."""

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
from kernel.models import Stateful
from notify.models.about import About

# Every legal change, and nothing else: the trigger on the table refuses the rest, the sender's own SQL too.
CHANGES = [
    ("queued", "sending"),
    ("maybe_sent", "sending"),
    ("sending", "sent"),
    ("maybe_sent", "sent"),
    ("sending", "maybe_sent"),
    ("sending", "queued"),
    ("queued", "failed"),
    ("sending", "failed"),
    ("queued", "dropped"),
    ("sending", "dropped"),
]
RECIPIENT = "recipient"  # the role of whom a delivery is for


class Message(About):
    """What is said, once, to one or more people. Each gets it rendered in their own language and time zone."""

    journal_kind: ClassVar[str] = "message"

    class Kind(models.TextChoices):
        PAGE = "page", _("Page")
        DIGEST = "digest", _("Digest of pages")
        NOTICE = "notice", _("Notice")
        TEST = "test", _("Test")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    page = models.ForeignKey("notify.Page", null=True, on_delete=models.PROTECT, related_name="messages")
    text = models.CharField(max_length=80)
    params = models.JSONField(default=dict)
    fence = models.CharField(max_length=80, blank=True)
    group = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(kind="page") | Q(page__isnull=False), name="message_page_has_a_page")]

    def __str__(self) -> str:
        return f"{self.kind} {self.text} {self.subject_label}"

    def journal_label(self) -> str:
        """Which text about what."""
        return f"{self.text}: {self.subject_label}"[:300]


class Delivery(Stateful):
    """One message on its way to one person at one address.

    queued → sending → sent | maybe_sent | failed; dropped when it is no longer needed before it went out. Sending is
    leased. A sender that dies before the hand-over leaves a delivery that surely did not go out (queued again); one that
    dies after it leaves `maybe_sent`, which is sent once more, marked, and never again after that.
    """

    journal_kind: ClassVar[str] = "delivery"
    journal_exclude: ClassVar[frozenset[str]] = frozenset(
        {"body", "address", "title", "lease_id", "lease_until", "next_attempt_at", "idempotency_key", "breaker_key"}
    )

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        SENDING = "sending", _("Sending")
        SENT = "sent", _("Sent")
        MAYBE_SENT = "maybe_sent", _("Maybe sent")
        FAILED = "failed", _("Failed")
        DROPPED = "dropped", _("No longer needed")

    CLAIMABLE: ClassVar[tuple[str, ...]] = (State.QUEUED, State.MAYBE_SENT)

    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="deliveries")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="deliveries")
    contact_point = models.ForeignKey("org.ContactPoint", null=True, on_delete=models.SET_NULL, related_name="+")
    fallback_of = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="fallbacks")
    channel = models.CharField(max_length=20)
    address = models.CharField(max_length=500)
    breaker_key = models.CharField(max_length=300)
    idempotency_key = models.CharField(max_length=80, unique=True)
    language = models.CharField(max_length=10)
    title = models.CharField(max_length=400)
    body = models.TextField()
    state = FSMField(choices=State.choices, default=State.QUEUED, protected=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    lease_id = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)  # the server's own clock, never the wound one: it is about a real process
    handed_over_at = models.DateTimeField(null=True)  # of this attempt: written before the step after which it may have arrived
    is_repeat = models.BooleanField(default=False)  # sent again after a send of which nobody knows how it ended
    fell_back_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    first_attempt_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)
    provider_id = models.CharField(max_length=200, blank=True)

    class Meta:
        triggers: ClassVar = [pgtrigger.FSM(name="legal_changes", field="state", transitions=CHANGES)]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["queued", "sending", "sent", "maybe_sent", "failed", "dropped"]), name="delivery_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state="sending") | Q(lease_until__isnull=False, lease_id__isnull=False), name="delivery_sending_has_lease"
            ),
            models.CheckConstraint(condition=~Q(state="queued") | Q(next_attempt_at__isnull=False), name="delivery_queued_has_a_time"),
            models.CheckConstraint(
                condition=~Q(state__in=["sent", "failed", "dropped"]) | Q(settled_at__isnull=False), name="delivery_settled_has_time"
            ),
            models.UniqueConstraint(fields=["message", "user", "channel", "address"], name="delivery_once_per_address"),
        ]
        indexes = [
            models.Index(
                fields=["channel", "next_attempt_at", "id"],
                name="delivery_claimable",
                condition=Q(state__in=["queued", "maybe_sent"], next_attempt_at__isnull=False),
            ),
            models.Index(fields=["lease_until"], name="delivery_leased", condition=Q(state="sending")),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.state} {self.idempotency_key}"

    def journal_label(self) -> str:
        """Whom it is for and how it goes."""
        return f"{self.user.display_name} ({self.channel})"

    def extra_roles(self, actor: Actor) -> frozenset[str]:
        """Everybody may see what was sent to them."""
        return frozenset({RECIPIENT}) if actor.user_id is not None and actor.user_id == self.user_id else frozenset()

    def permission_path(self) -> str:
        """That of the page it belongs to."""
        return self.message.page.unit_path if self.message.page is not None else ""

    def is_older_than(self, age: timedelta, *, at: datetime) -> bool:
        """Whether its first attempt lies further back than that."""
        return self.first_attempt_at is not None and at - self.first_attempt_at > age

    @transition(field=state, source=[State.QUEUED, State.MAYBE_SENT], target=State.SENDING)
    def claim(self, *, lease_id: uuid.UUID, lease_until: datetime, at: datetime) -> None:
        """A sender has it (the sweep does this for many rows in one statement; a test compares the two)."""
        self.is_repeat = self.is_repeat or self.state == self.State.MAYBE_SENT
        self.lease_id, self.lease_until = lease_id, lease_until
        self.attempts += 1
        self.first_attempt_at = self.first_attempt_at or at
        self.handed_over_at = None

    @transition(field=state, source=[State.SENDING, State.MAYBE_SENT], target=State.SENT)
    def succeed(self, *, at: datetime, provider_id: str = "") -> None:
        """The channel took it."""
        self.provider_id = provider_id[:200]
        self.error = ""
        self._settle(at)

    @transition(field=state, source=State.SENDING, target=State.MAYBE_SENT)
    def doubt(self, *, at: datetime, again_at: datetime | None, error: str) -> None:
        """Nobody knows whether it went out. `again_at`: when it is sent once more; None: never again."""
        self.error = error[:300]
        self._settle(at)
        self.next_attempt_at = again_at

    @transition(field=state, source=State.SENDING, target=State.QUEUED)
    def retry(self, *, again_at: datetime, error: str) -> None:
        """It surely did not go out; try again later."""
        self.lease_id = self.lease_until = None
        self.error = error[:300]
        self.next_attempt_at = again_at

    @transition(field=state, source=[State.QUEUED, State.SENDING], target=State.FAILED)
    def fail(self, *, at: datetime, error: str) -> None:
        """It did not go out and will not."""
        self.error = error[:300]
        self._settle(at)

    @transition(field=state, source=[State.QUEUED, State.SENDING], target=State.DROPPED)
    def drop(self, *, at: datetime, error: str) -> None:
        """It did not go out and need not: the page has ended, or the person was reached another way."""
        self.error = error[:300]
        self._settle(at)

    def _settle(self, at: datetime) -> None:
        self.lease_id = self.lease_until = self.next_attempt_at = None
        self.settled_at = at
