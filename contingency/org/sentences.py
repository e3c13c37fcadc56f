"""What the organisation's entries say to people."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from contingency.org.models import User
from kernel import sentences
from kernel.i18n import register_names
from kernel.models import Entry
from kernel.names import ChineseNames

NAMES_ZH = ChineseNames(User, "display_name", "display_name_zh")
register_names(NAMES_ZH)


def row_changed(entry: Entry) -> str | Promise:
    """A row that the plan in force added, changed or retired."""
    words = {
        "added": _("The plan in force adds “%(subject)s”."),
        "changed": _("The plan in force changes “%(subject)s”."),
        "retired": _("The plan in force no longer has “%(subject)s”."),
    }
    return words[entry.payload["change"]]


def language_chosen(entry: Entry) -> str | Promise:
    """In which language a person is written to from now on."""
    if entry.payload["language"] == "zh-hans":
        return _("%(actor)s chose Simplified Chinese for %(subject)s.")
    return _("%(actor)s chose English for %(subject)s.")


sentences.register("org.user_created.v1", _("%(actor)s made %(subject)s known to the console."))
sentences.register("org.user_deactivated.v1", _("%(actor)s recorded that %(subject)s has left."))
sentences.register("org.language_chosen.v1", language_chosen)
sentences.register("org.password_set.v1", _("%(actor)s set the password of %(subject)s."))
sentences.register("org.holding_assigned.v1", _("%(actor)s assigned a position: %(subject)s."))
sentences.register("org.holding_ended.v1", _("%(actor)s ended a holding: %(subject)s."))
sentences.register("org.shift_added.v1", _("%(actor)s added a shift: %(subject)s."))
sentences.register("org.shift_cancelled.v1", _("%(actor)s cancelled a shift: %(subject)s."))
sentences.register("org.contact_point_added.v1", _("%(actor)s added a contact point: %(subject)s."))
sentences.register("org.contact_point_removed.v1", _("%(actor)s removed a contact point: %(subject)s."))
sentences.register("org.contact_point_lost.v1", _("%(subject)s no longer exists and is not tried any more: %(reason)s"))
sentences.register("org.token_created.v1", _("%(actor)s made the token %(subject)s."))
sentences.register("org.token_revoked.v1", _("%(actor)s revoked the token %(subject)s."))
sentences.register("org.sessions_ended.v1", _("%(actor)s ended all sessions of %(subject)s."))
sentences.register("org.factor_enrolled.v1", _("%(actor)s added a second factor: %(subject)s."))
sentences.register("org.factor_removed.v1", _("%(actor)s removed a second factor: %(subject)s."))
sentences.register("org.factor_taken_away.v1", _("%(actor)s took away a lost second factor: %(subject)s."))
sentences.register("org.recovery_codes_made.v1", _("%(actor)s made new recovery codes."))
sentences.register("org.recovery_code_used.v1", _("%(actor)s logged in with a recovery code."))
sentences.register("org.codes_guessed.v1", _("Somebody who knows the password of %(subject)s guessed second-factor codes."))
for name in ("org.unit_changed.v1", "org.position_changed.v1", "org.emergency_group_changed.v1", "org.roster_changed.v1"):
    sentences.register(name, row_changed)
