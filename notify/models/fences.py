"""Fences: whom a drill may reach."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q


class Fence(models.Model):
    """A closed list of people and addresses. What is sent under it reaches nobody else; without a fence there is no limit."""

    journal_kind: ClassVar[str] = "fence"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    key = models.CharField(max_length=80, unique=True)
    label = models.CharField(max_length=200)
    people = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="fences")
    opened_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(key=""), name="fence_has_a_key")]

    def __str__(self) -> str:
        return self.key

    def journal_label(self) -> str:
        """What it is called."""
        return self.label


class FencedAddress(models.Model):
    """An address on the list beside the people's own ones (a drill's recorder)."""

    fence = models.ForeignKey(Fence, on_delete=models.CASCADE, related_name="addresses")
    address = models.CharField(max_length=500)

    class Meta:
        db_table = "notify_fenced_address"
        constraints = [models.UniqueConstraint(fields=["fence", "address"], name="fenced_address_once")]

    def __str__(self) -> str:
        return self.address
