"""A person, how to reach them, and the tokens that act in their name."""

import hashlib
from datetime import datetime
from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from kernel.actors import Actor
from kernel.i18n import pick
from kernel.models import Stateful


class People(BaseUserManager["User"]):
    """Finds people by what they type at log-in: the user name in any case."""

    def get_by_natural_key(self, username: str | None) -> "User":
        """The person with this user name, upper or lower case."""
        return self.get(username__iexact=username)


class User(Stateful, AbstractBaseUser):
    """A person. What they may do comes from the positions they hold, never from flags on this row (SEC-01)."""

    journal_kind: ClassVar[str] = "user"
    journal_exclude: ClassVar[frozenset[str]] = frozenset({"password", "last_login", "sessions_ended"})

    class Language(models.TextChoices):
        ENGLISH = "en", _("English")
        CHINESE = "zh-hans", _("Simplified Chinese")

    username = models.CharField(_("user name"), max_length=60, unique=True, validators=[UnicodeUsernameValidator()])
    email = models.EmailField(_("e-mail"), blank=True)
    display_name = models.CharField(_("name"), max_length=120)
    display_name_zh = models.CharField(_("name in Chinese"), max_length=60, blank=True)
    language = models.CharField(_("language"), max_length=10, choices=Language.choices, default=Language.ENGLISH)
    time_zone = models.CharField(_("time zone"), max_length=60, default="Asia/Shanghai")
    is_active = models.BooleanField(_("may log in"), default=True)
    joined_at = models.DateTimeField(_("joined at"))
    sessions_ended = models.PositiveIntegerField(default=0, db_default=0)  # how often all sessions were ended; part of what a session must match

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["display_name"]

    objects: ClassVar[People] = People()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [
            models.UniqueConstraint(Lower("username"), name="user_name_unique_in_any_case"),
            models.CheckConstraint(condition=Q(language__in=["en", "zh-hans"]), name="user_language_known"),
        ]

    def __str__(self) -> str:
        return pick(self, "display_name")

    @property
    def display_name_en(self) -> str:
        """The name for English texts; with `display_name_zh` it lets `pick(user, "display_name")` choose."""
        return self.display_name

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session must hold to be this person's: changes with the password and when all sessions are ended."""
        return salted_hmac("org.User.session", f"{self.password}/{self.sessions_ended}", secret=secret, algorithm="sha256").hexdigest()

    def get_full_name(self) -> str:
        """The name."""
        return self.display_name

    def journal_label(self) -> str:
        """The name as it was at the time."""
        return self.display_name

    def extra_roles(self, actor: Actor) -> frozenset[str]:
        """People look after their own affairs."""
        return frozenset({"self"}) if actor.user_id == self.pk else frozenset()


class ContactPoint(Stateful):
    """One way to reach a person. Tried in `order`: the first active one first (ORG-04)."""

    journal_kind: ClassVar[str] = "contact_point"

    class Kind(models.TextChoices):
        EMAIL = "email", _("E-mail")
        WEBHOOK = "webhook", _("Webhook")
        PHONE = "phone", _("Telephone")

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="contact_points")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    address = models.CharField(max_length=500)
    order = models.PositiveSmallIntegerField(default=1)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["user_id", "order", "id"]
        constraints = [
            models.UniqueConstraint(fields=["user", "kind", "address"], name="contact_point_once_per_person"),
            models.CheckConstraint(condition=Q(kind__in=["email", "webhook", "phone"]), name="contact_point_kind_known"),
            models.CheckConstraint(condition=~Q(address=""), name="contact_point_has_address"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.address}"

    def journal_label(self) -> str:
        """Whose, and which way; the address stays in the row."""
        return f"{self.user.display_name}: {self.kind}"

    def extra_roles(self, actor: Actor) -> frozenset[str]:
        """People look after their own."""
        return frozenset({"self"}) if actor.user_id == self.user_id else frozenset()


class PersonalToken(Stateful):
    """Lets a script act in its owner's name: the owner's roles cut down to `scopes`. Only a digest is kept (SEC-02)."""

    journal_kind: ClassVar[str] = "personal_token"
    journal_exclude: ClassVar[frozenset[str]] = frozenset({"digest", "last_used_at"})

    PREFIX: ClassVar[str] = "sbp_"
    secret: str = ""  # set once, on the object that `token_issue` returns; never stored

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="tokens")
    name = models.CharField(max_length=120, blank=True)
    prefix = models.CharField(max_length=20)
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=60))
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="personal_token_lives_a_while"),
            models.CheckConstraint(condition=Q(scopes__len__gt=0), name="personal_token_has_scopes"),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}…"

    def journal_label(self) -> str:
        """The visible beginning and its name, never the secret."""
        return f"{self.prefix}… {self.name}".strip()

    @staticmethod
    def digest_of(secret: str) -> str:
        """What is kept of a secret. One round is enough: it has 256 random bits, so there is nothing to guess."""
        return hashlib.sha256(secret.encode()).hexdigest()

    def is_in_force(self, at: datetime) -> bool:
        """Whether it still opens anything."""
        return self.revoked_at is None and at < self.expires_at

    def extra_roles(self, actor: Actor) -> frozenset[str]:
        """Its owner may always take it back."""
        return frozenset({"self"}) if actor.user_id == self.user_id else frozenset()
