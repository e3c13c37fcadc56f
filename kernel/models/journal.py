"""The append-only journal: entries, the records they belong to, deliveries, seals."""

import uuid
from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models

# Links and deliveries are written by the statement that writes their entry, and no entry can be deleted: a foreign-key check
# per row would prove nothing and cost a storm of alerts a tenth of its rate.

# Rows written once: the trigger refuses what would change them; TRUNCATE is refused by a statement trigger (migration).
APPEND_ONLY = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]


class Entry(models.Model):
    """One fact: who did what, when, why, and what it changed. Never updated, never deleted.

    `txid` is the writing transaction's 64-bit id: readers with a cursor go by (txid, id) below the oldest running
    transaction, so that a late commit is never skipped.
    """

    id = models.BigAutoField(primary_key=True)
    public_id = models.UUIDField(default=uuid.uuid4, unique=True)
    txid = models.BigIntegerField()
    name = models.CharField(max_length=80)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    actor_kind = models.CharField(max_length=20)
    actor_id = models.CharField(max_length=64)
    actor_label = models.CharField(max_length=200)
    subject_kind = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=64)
    subject_label = models.CharField(max_length=300)
    payload = models.JSONField()
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    reason = models.TextField(blank=True)
    cause_id = models.BigIntegerField(null=True)

    class Meta:
        db_table = "kernel_entry"
        triggers: ClassVar = APPEND_ONLY
        indexes = [
            models.Index(fields=["txid", "id"], name="entry_cursor"),
            models.Index(fields=["name", "id"], name="entry_name"),
        ]

    @property
    def cursor(self) -> str:
        """Where a reader that has seen this entry goes on."""
        return f"{self.txid}.{self.id}"


class EntryLink(models.Model):
    """Which records an entry is about: its subject, and those whose timelines it also belongs to (`under`)."""

    id = models.BigAutoField(primary_key=True)
    entry = models.ForeignKey(Entry, on_delete=models.DO_NOTHING, related_name="links", db_constraint=False)
    kind = models.CharField(max_length=40)
    record_id = models.CharField(max_length=64)
    label = models.CharField(max_length=300)
    role = models.CharField(max_length=10, choices=[("subject", "subject"), ("under", "under"), ("actor", "actor")])

    class Meta:
        db_table = "kernel_entry_link"
        triggers: ClassVar = APPEND_ONLY
        indexes = [models.Index(fields=["kind", "record_id", "entry"], name="entry_link_record")]


class RecordLink(models.Model):
    """`child`'s entries since `since` are part of `parent`'s timeline (an outage's in its incident's)."""

    parent_kind = models.CharField(max_length=40)
    parent_id = models.CharField(max_length=64)
    child_kind = models.CharField(max_length=40)
    child_id = models.CharField(max_length=64)
    since = models.DateTimeField(null=True)

    class Meta:
        db_table = "kernel_record_link"
        constraints = [
            models.UniqueConstraint(fields=["parent_kind", "parent_id", "child_kind", "child_id"], name="record_link_once"),
        ]


class Delivery(models.Model):
    """One entry on its way to one subscribed handler. Done in the transaction of what the handler wrote."""

    class State(models.TextChoices):
        PENDING = "pending"
        DONE = "done"
        DEAD = "dead"

    id = models.BigAutoField(primary_key=True)
    entry = models.ForeignKey(Entry, on_delete=models.DO_NOTHING, related_name="deliveries", db_constraint=False, db_index=False)
    handler = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        db_table = "kernel_delivery"
        indexes = [models.Index(fields=["due_at", "id"], name="delivery_due", condition=models.Q(state="pending"))]


class Seal(models.Model):
    """A batch of entries bound into the chain: their digests, the previous seal's hash, and a signature."""

    number = models.BigIntegerField(primary_key=True)
    entry_ids = ArrayField(models.BigIntegerField())
    digests = models.BinaryField()  # 32 bytes (SHA-256) per entry, in the order of entry_ids
    last_txid = models.BigIntegerField()
    last_id = models.BigIntegerField()
    previous_hash = models.BinaryField()
    hash = models.BinaryField()
    key_id = models.CharField(max_length=32)
    signature = models.BinaryField()
    sealed_at = models.DateTimeField()

    class Meta:
        db_table = "kernel_seal"
        triggers: ClassVar = APPEND_ONLY
