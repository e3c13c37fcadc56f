"""Playbooks: what to do, where, how to tell that it worked, what if not, how long (INC-04)."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from contingency.catalog.models import FaultClass, FaultKind
from contingency.plan.models.choices import ResponseRole, Track
from contingency.plan.models.rows import PlanRow


class Playbook(PlanRow):
    """Steps for one kind of fault. Without a kind it is the general one of its class; without a class, of every incident."""

    journal_kind: ClassVar[str] = "playbook"

    name_en = models.CharField(max_length=200)
    name_zh = models.CharField(max_length=200)
    fault_class = models.CharField(max_length=10, choices=FaultClass.choices, blank=True)
    fault_kind = models.ForeignKey(FaultKind, null=True, blank=True, on_delete=models.PROTECT, related_name="playbooks")
    after_upgrade = models.BooleanField(default=False)
    recognise_en = models.TextField(blank=True)
    recognise_zh = models.TextField(blank=True)

    class Meta(PlanRow.Meta):
        constraints = [
            models.CheckConstraint(condition=Q(fault_class__in=["", *FaultClass.values]), name="playbook_class_known"),
            models.CheckConstraint(condition=Q(fault_kind=None) | ~Q(fault_class=""), name="playbook_kind_has_class"),
        ]


class PlaybookStep(models.Model):
    """One step. `role` is who does it in the incident; `minutes` is how long it is expected to take; `is_safe`: can do no harm."""

    playbook = models.ForeignKey(Playbook, on_delete=models.CASCADE, related_name="steps")
    slug = models.SlugField(max_length=80)
    order = models.PositiveSmallIntegerField()
    track = models.CharField(max_length=10, choices=Track.choices)
    role = models.CharField(max_length=20, choices=ResponseRole.choices)
    expected_minutes = models.PositiveSmallIntegerField()
    is_safe = models.BooleanField(default=False)
    move = models.CharField(max_length=60, blank=True)
    name_en = models.CharField(max_length=200)
    name_zh = models.CharField(max_length=200)
    instruction_en = models.TextField()
    instruction_zh = models.TextField()
    where_en = models.TextField()
    where_zh = models.TextField()
    success_en = models.TextField()
    success_zh = models.TextField()
    otherwise_en = models.TextField()
    otherwise_zh = models.TextField()

    class Meta:
        ordering: ClassVar[list[str]] = ["order", "id"]
        constraints = [
            models.UniqueConstraint(fields=["playbook", "slug"], name="playbook_step_slug_once"),
            models.UniqueConstraint(fields=["playbook", "order"], name="playbook_step_order_once"),
            models.CheckConstraint(condition=Q(track__in=Track.values), name="playbook_step_track_known"),
            models.CheckConstraint(condition=Q(role__in=ResponseRole.values), name="playbook_step_role_known"),
            models.CheckConstraint(condition=Q(expected_minutes__gte=1), name="playbook_step_takes_time"),
        ]

    def __str__(self) -> str:
        return self.slug
