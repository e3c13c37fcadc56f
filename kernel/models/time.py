"""The clock's offset and the counters of spoken numbers."""

from datetime import timedelta

from django.db import models


class Clock(models.Model):
    """One row: by how much the clock was wound, and whether that is allowed here (tests and lab only)."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    wound_by = models.DurationField(default=timedelta(0))
    windable = models.BooleanField(default=False)

    class Meta:
        db_table = "kernel_clock"
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="clock_is_one"),
            models.CheckConstraint(condition=models.Q(wound_by__gte=timedelta(0)), name="clock_never_wound_back"),
        ]


class Counter(models.Model):
    """The last spoken number given out per prefix and year."""

    prefix = models.CharField(max_length=8)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField()

    class Meta:
        db_table = "kernel_counter"
        constraints = [models.UniqueConstraint(fields=["prefix", "year"], name="counter_one_per_prefix_and_year")]
