"""Numbers over time."""

import uuid
from typing import ClassVar

from django.db import models

from contingency.catalog.models import Part, Side


class Series(models.Model):
    """One measure of a part, or of one of its sides: a probe's latency, the order rate. Higher rooms publish theirs here too."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    part = models.ForeignKey(Part, null=True, blank=True, on_delete=models.CASCADE, related_name="series")
    side = models.ForeignKey(Side, null=True, blank=True, on_delete=models.CASCADE, related_name="series", db_index=False)
    name = models.CharField(max_length=120)
    unit = models.CharField(max_length=20, blank=True)

    class Meta:
        db_table = "probes_series"
        ordering: ClassVar[list[str]] = ["id"]
        constraints = [models.UniqueConstraint(fields=["part", "side", "name"], name="series_once", nulls_distinct=False)]

    def __str__(self) -> str:
        return self.name


class Sample(models.Model):
    """One number at one moment. Only ever added; removed by age. `is_ok` False: the probe failed, and `value` is how long it took."""

    id = models.BigAutoField(primary_key=True)
    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="samples", db_index=False)
    at = models.DateTimeField()
    value = models.FloatField(null=True)
    is_ok = models.BooleanField(default=True)

    class Meta:
        db_table = "probes_sample"
        indexes = [models.Index(fields=["series", "at"], name="sample_of_series")]

    def __str__(self) -> str:
        return f"{self.at:%H:%M:%S} {self.value}"
