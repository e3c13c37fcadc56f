"""What a person proves with, beside the password, that it is them."""

import hashlib
import unicodedata
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from contingency.org.models.people import User
from kernel.actors import Actor
from kernel.models import Stateful


class Factor(Stateful):
    """A second factor of one person: an authenticator app, a passkey, or a set of recovery codes (SEC-02).

    An app's secret is kept encrypted, of a passkey only the public key, of recovery codes digests. A factor that was
    removed keeps its row and loses what opens anything.
    """

    journal_kind: ClassVar[str] = "factor"
    journal_exclude: ClassVar[frozenset[str]] = frozenset(
        {"secret", "last_step", "credential_id", "credential", "uses", "last_used_at"}
    )  # fmt: skip

    class Kind(models.TextChoices):
        APP = "app", _("Authenticator app")
        PASSKEY = "passkey", _("Passkey")
        RECOVERY = "recovery", _("Recovery codes")

    codes: tuple[str, ...] = ()  # set once, on the object that `recovery_codes_make` returns; never stored

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="factors")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    name = models.CharField(max_length=60)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    secret = models.BinaryField(null=True)  # app: sealed by contingency.org.services.sealing
    last_step = models.BigIntegerField(null=True)  # app: the newest time step whose code was used; none before it counts again
    credential_id = models.BinaryField(null=True, max_length=1023)
    credential = models.BinaryField(null=True)  # passkey: its id and public key, as the browser attested them
    uses = models.BigIntegerField(default=0)  # passkey: its own counter; one that goes back means a copy

    class Meta:
        ordering: ClassVar[list[str]] = ["kind", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["app", "passkey", "recovery"]), name="factor_kind_known"),
            models.CheckConstraint(
                condition=Q(removed_at__isnull=False, secret=None, credential=None)
                | Q(removed_at=None, kind="app", secret__isnull=False)
                | Q(removed_at=None, kind="passkey", credential__isnull=False, credential_id__isnull=False)
                | Q(removed_at=None, kind="recovery"),
                name="factor_in_force_opens_something",
            ),
            models.UniqueConstraint(fields=["credential_id"], condition=Q(removed_at=None), name="factor_passkey_once"),
            models.UniqueConstraint(fields=["user"], condition=Q(removed_at=None, kind="recovery"), name="factor_one_set_of_recovery_codes"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

    def journal_label(self) -> str:
        """Which kind, and what its owner calls it."""
        return f"{self.user.display_name}: {self.name}"

    def state_label(self) -> str:
        """In force, or removed."""
        return gettext("in force") if self.removed_at is None else gettext("removed")

    def extra_roles(self, actor: Actor) -> frozenset[str]:
        """People look after their own."""
        return frozenset({"self"}) if actor.user_id == self.user_id else frozenset()


class RecoveryCode(models.Model):
    """One code of a set. Opens once."""

    factor = models.ForeignKey(Factor, on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["factor", "digest"], name="recovery_code_once_in_a_set")]

    def __str__(self) -> str:
        return f"{self.factor} {self.pk}"

    @staticmethod
    def digest_of(factor: Factor, code: str) -> str:
        """What is kept of a code. One round is enough: a code has 80 random bits, and the set's own id stands in for salt."""
        return hashlib.sha256(f"{factor.public_id}/{plain_code(code)}".encode()).hexdigest()


def plain_code(typed: str) -> str:
    """A code as it was given out, however it was typed: full-width digits, capitals, spaces and dashes make no difference."""
    text = unicodedata.normalize("NFKC", typed).lower()
    return "".join(letter for letter in text if letter.isascii() and letter.isalnum())
