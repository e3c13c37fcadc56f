"""What entries of the rooms below make us tell people: a change of their own log-in that they did not make is a warning; what the
plan wants done again is due."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from contingency.org.events import CodesGuessed, FactorEnrolled, FactorRemoved, FactorTakenAway, RecoveryCodeUsed
from contingency.org.models import User
from contingency.plan import selectors as plan
from contingency.plan.events import RoundDue
from contingency.plan.models import Round
from kernel import clock
from kernel.actors import SYSTEM
from kernel.i18n import in_both, pick
from kernel.journal import subscribe
from kernel.models import Entry
from notify.services import message_send

TEXT, ROUND_TEXT = "second-factor-changed", "round-due"


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


@subscribe(RoundDue)
def tell_round_due(entry: Entry) -> None:
    """Whoever sees to it is told on its day, and every week as long as it is open (PLN-02). Closed meanwhile: nobody is."""
    row = plan.round_with(UUID(entry.payload["round_id"]))
    to = plan.people_for(row, clock.now()) if row is not None and row.state == Round.State.DUE else []
    if row is None or not to:
        return
    is_still_open = bool(entry.payload["reminder"])
    params = {
        "title": {"en": row.item.name_en, "zh": row.item.name_zh},
        "what": {"en": " ".join(row.item.what_en), "zh": "".join(row.item.what_zh)},
        "position": {"en": row.owner.name_en, "zh": row.owner.name_zh},
        "due_at": row.due_at,
        "standing": pgettext_lazy("a round of a schedule", "still open") if is_still_open else pgettext_lazy("a round of a schedule", "due"),
        "why": in_both(lambda: _why(row)),
        "url": f"{settings.BASE_URL}/plan/rounds/#round-{row.public_id}",
    }
    says = in_both(lambda: f"{_why(row)} {gettext('Do it, then write down what was found.')}")
    message_send(to=to, text=ROUND_TEXT, params={**params, "says": says}, subject=row, actor=SYSTEM, cause=entry)


def _why(row: Round) -> str:
    position = {"position": pick(row.owner, "name")}
    if row.holder_ids:
        return gettext("You see to it as %(position)s.") % position
    return gettext("It belongs to the position “%(position)s”, which nobody holds: see to it, or fill the position.") % position
