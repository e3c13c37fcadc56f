"""One interruption of business on a guarded part; its state is where traffic is."""

from datetime import datetime
from typing import Any, ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import pgettext_lazy
from django_fsm import FSMField, transition

from kernel.actors import Actor
from kernel.models import Stateful

OPEN_STATES = ["failing", "switching", "on_standby", "switching_back"]
OVER_STATES = ["back_on_primary", "repaired_in_place", "called_off"]

# The changes that the database lets pass; a test compares them with the methods below.
CHANGES = [
    ("failing", "switching"),
    ("switching", "on_standby"),
    ("switching", "failing"),
    ("on_standby", "switching_back"),
    ("switching_back", "back_on_primary"),
    ("switching_back", "on_standby"),
    ("failing", "repaired_in_place"),
    ("failing", "called_off"),
]


class Outage(Stateful):
    """Business on a guarded part is interrupted (SWO-01, RTO-01).

    `origin` is the side that carried business when it failed; "the standby" of the states is the other one.
    `business_normal_at` and `repaired_at` are facts with evidence, in any order; switching back needs both.
    `grade`, `needs_second` and `commanders` are reported down by the room above, which grades and appoints.
    """

    journal_kind: ClassVar[str] = "outage"

    class State(models.TextChoices):
        FAILING = "failing", pgettext_lazy("outage", "Failing")
        SWITCHING = "switching", pgettext_lazy("outage", "Switching")
        ON_STANDBY = "on_standby", pgettext_lazy("outage", "On the standby")
        SWITCHING_BACK = "switching_back", pgettext_lazy("outage", "Switching back")
        BACK_ON_PRIMARY = "back_on_primary", pgettext_lazy("outage", "Back on the primary")
        REPAIRED_IN_PLACE = "repaired_in_place", pgettext_lazy("outage", "Repaired in place")
        CALLED_OFF = "called_off", pgettext_lazy("outage", "Called off")

    number = models.CharField(max_length=20, unique=True)
    part = models.ForeignKey("catalog.Part", on_delete=models.PROTECT, related_name="outages")
    origin = models.CharField(max_length=10, default="primary")
    state = FSMField(choices=State.choices, default=State.FAILING, protected=True)
    grade = models.CharField(max_length=10, blank=True, default="")
    needs_second = models.BooleanField(default=True)
    commanders = models.JSONField(default=list, blank=True)
    opened_at = models.DateTimeField()
    failing_since = models.DateTimeField()
    business_normal_at = models.DateTimeField(null=True, blank=True)
    business_normal_evidence = models.JSONField(default=dict, blank=True)
    repaired_at = models.DateTimeField(null=True, blank=True)
    repaired_evidence = models.JSONField(default=dict, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        triggers: ClassVar = [pgtrigger.FSM(name="legal_changes", field="state", transitions=CHANGES)]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, state__in=OPEN_STATES) | Q(ended_at__isnull=False, state__in=OVER_STATES),
                name="outage_state_known_and_ended_when_over",
            ),
            models.CheckConstraint(condition=Q(origin__in=["primary", "standby"]), name="outage_origin_known"),
            models.CheckConstraint(condition=Q(failing_since__lte=F("opened_at")), name="outage_opened_after_failure"),
            models.CheckConstraint(
                condition=~Q(state__in=["switching_back", "back_on_primary"]) | Q(business_normal_at__isnull=False, repaired_at__isnull=False),
                name="outage_back_needs_both_facts",
            ),
            models.UniqueConstraint(fields=["part"], condition=Q(state__in=OPEN_STATES), name="outage_one_open_per_part"),
        ]

    def __str__(self) -> str:
        return self.number

    def journal_label(self) -> str:
        return self.number

    def permission_path(self) -> str:
        return self.part.permission_path()

    def extra_roles(self, actor: Actor) -> frozenset[str]:
        """Commander of the incident that this outage belongs to. Business sells by every part, whose team runs it."""
        own = frozenset({"commander"}) if actor.is_person and actor.id in self.commanders else frozenset()
        return own | (actor.roles & {"business_ops"})

    @property
    def is_open(self) -> bool:
        """Whether business is not yet back where it belongs."""
        return self.state in OPEN_STATES

    @property
    def spare(self) -> str:
        """The side that takes over."""
        return "standby" if self.origin == "primary" else "primary"

    @property
    def serving(self) -> str:
        """The side that carries business in the last safe state."""
        return self.spare if self.state in {"on_standby", "switching_back"} else self.origin

    @transition(field=state, source=State.FAILING, target=State.SWITCHING)
    def start_switching(self) -> None:
        """A worker begins to carry out an approved switch over."""

    @transition(field=state, source=State.SWITCHING, target=State.ON_STANDBY)
    def reach_standby(self) -> None:
        """The switch over is verified."""

    @transition(field=state, source=State.SWITCHING, target=State.FAILING)
    def fall_back(self) -> None:
        """The switch over did not come about: the last safe state is the failing side."""

    @transition(field=state, source=State.ON_STANDBY, target=State.SWITCHING_BACK)
    def start_switching_back(self) -> None:
        """A worker begins to carry out an approved switch back."""

    @transition(field=state, source=State.SWITCHING_BACK, target=State.BACK_ON_PRIMARY)
    def reach_primary(self, *, at: datetime) -> None:
        """The switch back is verified: the outage is over."""
        self.ended_at = at

    @transition(field=state, source=State.SWITCHING_BACK, target=State.ON_STANDBY)
    def stay_on_standby(self) -> None:
        """The switch back did not come about: the last safe state is the standby."""

    @transition(field=state, source=State.FAILING, target=State.REPAIRED_IN_PLACE)
    def repair_in_place(self, *, at: datetime, normal_at: datetime, evidence: dict[str, Any]) -> None:
        """The failing side serves again, without a switch."""
        self.ended_at = at
        self.business_normal_at = normal_at
        self.business_normal_evidence = evidence
        self.repaired_at = self.repaired_at or at

    @transition(field=state, source=State.FAILING, target=State.CALLED_OFF)
    def call_off(self, *, at: datetime) -> None:
        """There was no outage (false alarm)."""
        self.ended_at = at

    @transition(field=state, source=State.FAILING, target=State.FAILING)
    def correct_start(self, *, failing_since: datetime) -> None:
        """The failure began at another time than first thought."""
        self.failing_since = failing_since

    @transition(field=state, source=OPEN_STATES, target=None)
    def take_grade(self, *, grade: str, needs_second: bool, commanders: list[str]) -> None:
        """The room above graded the incident or appointed somebody."""
        self.grade = grade
        self.needs_second = needs_second
        self.commanders = commanders

    @transition(field=state, source=State.ON_STANDBY, target=None)
    def become_normal(self, *, at: datetime, evidence: dict[str, Any]) -> None:
        """Fact: business is normal where it runs."""
        self.business_normal_at = at
        self.business_normal_evidence = evidence

    @transition(field=state, source=[State.FAILING, State.SWITCHING, State.ON_STANDBY], target=None)
    def become_repaired(self, *, at: datetime, evidence: dict[str, Any]) -> None:
        """Fact: the original side is repaired."""
        self.repaired_at = at
        self.repaired_evidence = evidence
