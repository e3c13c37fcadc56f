"""What was observed: the gateway, checks of a part, and how long things took."""

import uuid
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class PartCheck(models.Model):
    """One check of a part by the console, kept as evidence (SWO-04).

    business: a marked order was placed and read back through the gateway; dry_run: everything a switch needs was looked
    at and nothing was changed.
    """

    class Kind(models.TextChoices):
        BUSINESS = "business", _("Business check")
        DRY_RUN = "dry_run", _("Dry run of a switch")

    journal_kind: ClassVar[str] = "part_check"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    part = models.ForeignKey("catalog.Part", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    at = models.DateTimeField()
    is_ok = models.BooleanField()
    took_ms = models.PositiveIntegerField()
    evidence = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["part", "kind", "-at"], name="part_check_latest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M:%S}"

    def journal_label(self) -> str:
        return str(self.part)

    def permission_path(self) -> str:
        return self.part.permission_path()


class Duration(models.Model):
    """How long something of a part took once: what previews and forecasts are made of.

    `what` is a path of names ("step/planned/fence", "switch/over/planned"; rooms above add theirs, such as "restore/full").
    """

    part = models.ForeignKey("catalog.Part", on_delete=models.CASCADE, related_name="+")
    what = models.CharField(max_length=80)
    took_ms = models.PositiveIntegerField()
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["part", "what", "-at"], name="duration_latest")]

    def __str__(self) -> str:
        return f"{self.what} {self.took_ms} ms"


class GatewaySample(models.Model):
    """The gateway of a part as it was last seen: services read this, because nothing may use the network in a transaction.

    Both times are the machine's own, not the windable clock: they say how old the picture is, not when something was due.
    """

    part = models.OneToOneField("catalog.Part", on_delete=models.CASCADE, related_name="+")
    claimed_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    view = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.part_id} {self.seen_at}"
