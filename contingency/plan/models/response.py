"""Whom to call and how fast: response levels, escalation chains, recovery targets."""

from datetime import timedelta
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from contingency.org.models import EmergencyGroup, Position, Roster
from contingency.plan.models.choices import Clock, Grade, ResponseRole
from contingency.plan.models.playbooks import Playbook
from contingency.plan.models.rows import PlanRow
from contingency.plan.models.texts import MessageText

_A_ROSTER_RANK_OR_A_POSITION = Q(roster__isnull=False, rank__isnull=False, position=None) | Q(roster=None, rank=None, position__isnull=False)


class EscalationChain(PlanRow):
    """Who is called in which order. When the last does not answer within `gives_up_after`, the page is exhausted."""

    journal_kind: ClassVar[str] = "escalation_chain"

    name_en = models.CharField(max_length=200)
    name_zh = models.CharField(max_length=200)
    gives_up_after = models.DurationField()

    class Meta(PlanRow.Meta):
        constraints = [models.CheckConstraint(condition=Q(gives_up_after__gt=timedelta(0)), name="escalation_chain_waits")]


class ChainStep(models.Model):
    """One step: the person on duty at `rank` of a roster, or the holders of a position; `after` the step before it was called."""

    chain = models.ForeignKey(EscalationChain, on_delete=models.CASCADE, related_name="steps")
    order = models.PositiveSmallIntegerField()
    roster = models.ForeignKey(Roster, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    rank = models.PositiveSmallIntegerField(null=True, blank=True)
    position = models.ForeignKey(Position, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    after = models.DurationField()

    class Meta:
        ordering: ClassVar[list[str]] = ["order", "id"]
        constraints = [
            models.UniqueConstraint(fields=["chain", "order"], name="chain_step_order_once"),
            models.CheckConstraint(condition=_A_ROSTER_RANK_OR_A_POSITION, name="chain_step_calls_roster_or_position"),
            models.CheckConstraint(condition=Q(after__gte=timedelta(0)), name="chain_step_not_before"),
        ]

    def __str__(self) -> str:
        return f"{self.chain_id}.{self.order}"

    @property
    def after_seconds(self) -> int:
        """Seconds after the step before it was called."""
        return int(self.after.total_seconds())


class ResponseLevel(PlanRow):
    """What a grade sets going: who is called, which groups, how often people are told, which playbooks and texts (INC-02). Slug = grade."""

    journal_kind: ClassVar[str] = "response_level"

    grade = models.CharField(max_length=10, choices=Grade.choices, unique=True)
    name_en = models.CharField(max_length=200)
    name_zh = models.CharField(max_length=200)
    criteria_en = ArrayField(models.TextField(), default=list)
    criteria_zh = ArrayField(models.TextField(), default=list)
    update_every = models.DurationField()
    resources_en = ArrayField(models.TextField(), default=list)
    resources_zh = ArrayField(models.TextField(), default=list)
    groups = models.ManyToManyField(EmergencyGroup, related_name="+")
    playbooks = models.ManyToManyField(Playbook, related_name="+")
    texts = models.ManyToManyField(MessageText, related_name="+")

    class Meta(PlanRow.Meta):
        constraints = [
            models.CheckConstraint(condition=Q(grade__in=Grade.values), name="response_level_grade_known"),
            models.CheckConstraint(condition=Q(update_every__gt=timedelta(0)), name="response_level_updates"),
        ]


class LevelCall(models.Model):
    """One call of a level: whom, as what (empty: informed, without a role in the incident), and who is called when they do not answer."""

    level = models.ForeignKey(ResponseLevel, on_delete=models.CASCADE, related_name="calls")
    order = models.PositiveSmallIntegerField()
    role = models.CharField(max_length=20, choices=ResponseRole.choices, blank=True)
    roster = models.ForeignKey(Roster, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    rank = models.PositiveSmallIntegerField(null=True, blank=True)
    position = models.ForeignKey(Position, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    chain = models.ForeignKey(EscalationChain, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering: ClassVar[list[str]] = ["order", "id"]
        constraints = [
            models.UniqueConstraint(fields=["level", "order"], name="level_call_order_once"),
            models.UniqueConstraint(fields=["level", "role"], name="level_call_role_once", condition=~Q(role="")),
            models.CheckConstraint(condition=_A_ROSTER_RANK_OR_A_POSITION, name="level_call_calls_roster_or_position"),
            models.CheckConstraint(condition=Q(role__in=["", *ResponseRole.values]), name="level_call_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.level_id}.{self.order}"


class RecoveryTarget(PlanRow):
    """How long a recovery clock may run, and at how many per cent it warns. `part`: slug of the part it is for; empty: all."""

    journal_kind: ClassVar[str] = "recovery_target"

    clock = models.CharField(max_length=12, choices=Clock.choices)
    part = models.SlugField(max_length=60, blank=True)
    target = models.DurationField()
    thresholds = ArrayField(models.PositiveSmallIntegerField())

    class Meta(PlanRow.Meta):
        constraints = [
            models.UniqueConstraint(fields=["clock", "part"], name="recovery_target_once_per_clock_and_part"),
            models.CheckConstraint(condition=Q(clock__in=Clock.values), name="recovery_target_clock_known"),
            models.CheckConstraint(condition=Q(target__gt=timedelta(0)), name="recovery_target_positive"),
            models.CheckConstraint(condition=Q(thresholds__contains=[100]), name="recovery_target_breaches_at_100"),
        ]
