"""What alerts are found by: their words, kept beside them, written a moment after them."""

from typing import ClassVar

import pgtrigger
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

# The intake adds one short row per new alert and nothing else: taking a text apart would cost it more than the alert itself.
_NOTE_NEW = "INSERT INTO alerts_search_due (alert_id, at) SELECT f.id, p.at FROM fresh f, (SELECT switchback_now() AS at) p; RETURN NULL;"
_NOTE_CHANGED = "INSERT INTO alerts_search_due (alert_id, at) VALUES (NEW.id, switchback_now()); RETURN NULL;"
NOTED_FOR_SEARCH = [
    pgtrigger.Trigger(
        name="search_new",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        referencing=pgtrigger.Referencing(new="fresh"),  # type: ignore[no-untyped-call]
        func=_NOTE_NEW,
    ),
    pgtrigger.Trigger(
        name="search_changed",
        when=pgtrigger.After,
        operation=pgtrigger.UpdateOf("summary"),  # type: ignore[no-untyped-call]
        condition=pgtrigger.Q(old__summary__df=pgtrigger.F("new__summary")),
        func=_NOTE_CHANGED,
    ),
]


class AlertWords(models.Model):
    """The words of an alert's summary and labels: whole Latin words, and every two neighbouring characters of other scripts.

    Chinese is written without spaces and its words have mostly two characters, which trigrams cannot find. A table of its own:
    an alert that is told again rewrites its row in every index of its table, and this one would be by far the dearest.
    """

    alert = models.OneToOneField("alerts.Alert", primary_key=True, on_delete=models.CASCADE, related_name="words", db_constraint=False)
    terms = SearchVectorField()

    class Meta:
        db_table = "alerts_search"
        indexes: ClassVar = [GinIndex(fields=["terms"], name="alert_words")]

    def __str__(self) -> str:
        return str(self.alert_id)


class AlertWordsDue(models.Model):
    """An alert whose words are still to be written; taken away by the sweep that writes them."""

    alert_id = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        db_table = "alerts_search_due"

    def __str__(self) -> str:
        return str(self.alert_id)
