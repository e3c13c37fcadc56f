"""What the organisation's entries make us tell people about their own log-in: a change they did not make is a warning."""

from typing import Any
from uuid import UUID

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from contingency.org.events import CodesGuessed, FactorEnrolled, FactorRemoved, FactorTakenAway, RecoveryCodeUsed
from contingency.org.models import User
from kernel.actors import SYSTEM
from kernel.journal import subscribe
from kernel.models import Entry
from notify.services import message_send

TEXT = "second-factor-changed"


def _tell(entry: Entry, title: str | Promise, says: Any) -> None:
    user = User.objects.get(public_id=UUID(entry.payload["user_id"]))
    message_send(to=[user], text=TEXT, params={"title": title, "says": says}, subject=user, actor=SYSTEM, cause=entry)


@subscribe(FactorEnrolled)
def tell_enrolled(entry: Entry) -> None:
    """Somebody who got in with the password only must not go on unnoticed."""
    words = _("The second factor “{name}” was added to your log-in. If that was not you, tell an administrator at once.")
    _tell(entry, _("A second factor was added"), format_lazy(words, name=entry.payload["name_of_factor"]))


@subscribe(FactorRemoved)
def tell_removed(entry: Entry) -> None:
    """The same for one that is gone."""
    words = _("The second factor “{name}” was removed from your log-in. If that was not you, tell an administrator at once.")
    _tell(entry, _("A second factor was removed"), format_lazy(words, name=entry.payload["name_of_factor"]))


@subscribe(FactorTakenAway)
def tell_taken_away(entry: Entry) -> None:
    """What an administrator did, why, and what to do now."""
    words = _(
        "{by} took the second factor “{name}” away from your log-in. Reason: {reason} Add a new one after your next log-in, under Set-up, "
        "My log-in. If you asked for nothing of this, tell the project director."
    )
    shown = format_lazy(words, by=entry.payload["by"], name=entry.payload["name_of_factor"], reason=entry.reason)
    _tell(entry, _("An administrator took a second factor away"), shown)


@subscribe(RecoveryCodeUsed)
def tell_recovery_code_used(entry: Entry) -> None:
    """A code that somebody found in a drawer opens once; its owner should know."""
    words = _("Somebody logged in as you with a recovery code; {left} are left. If that was not you, tell an administrator at once.")
    _tell(entry, _("A recovery code was used"), format_lazy(words, left=entry.payload["left"]))


@subscribe(CodesGuessed)
def tell_codes_guessed(entry: Entry) -> None:
    """Whoever guesses codes knows the password already."""
    words = _("Somebody gave your password and then ten wrong codes. Nobody got in. If that was not you, set another password now.")
    _tell(entry, _("Somebody knows your password"), words)
