"""What the console itself must remember: who is logged in, tries to log in, what was already submitted, the filters that people keep."""

from typing import Any

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models.functions import Now


class BrowserSession(AbstractBaseSession):
    """A browser's session, with what its owner needs to recognise it. `user` is empty until the last step of the log-in."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    browser = models.CharField(max_length=200, blank=True)  # what it says of itself

    class Meta:
        indexes = [models.Index(fields=["user"], name="browser_session_of")]

    @classmethod
    def get_session_store_class(cls) -> Any:
        """The store that writes these rows."""
        from console.sessions import SessionStore

        return SessionStore


class LoginAttempt(models.Model):
    """One try to log in. Counted per account, never per address: addresses can be forged and shared."""

    account = models.CharField(max_length=150)  # as typed, lower case; it may not exist
    bucket = models.CharField(max_length=80)  # "stranger", or the known browser the try came from; "code …" for second factors
    succeeded = models.BooleanField(default=False)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["account", "bucket", "at"], name="login_attempt_recent")]

    def __str__(self) -> str:
        return f"{self.account} {self.at}"


class Submission(models.Model):
    """A form or request that was carried out, kept so that sending it twice has one effect.

    `key` is the form's own mark or the client's `Idempotency-Key`; the answer is given again as it was.
    """

    person = models.CharField(max_length=64)
    key = models.CharField(max_length=128)
    digest = models.CharField(max_length=64)  # SHA-256 of what was sent: the same key with another body is refused
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.JSONField(null=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "key"], name="submission_once")]
        indexes = [models.Index(fields=["at"], name="submission_age")]

    def __str__(self) -> str:
        return self.key


class SavedFilter(models.Model):
    """A question that a person asks a list again and again, under a name of their own. Its address can be given to others."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    screen = models.CharField(max_length=20)  # the kind of record that the list shows
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1500)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "screen", "name"], name="saved_filter_once_per_name")]

    def __str__(self) -> str:
        return self.name
