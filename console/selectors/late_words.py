"""What people call the work that may be late; the codes are for `manage.py doctor`."""

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

_OF = {
    _("Calls along the escalation chain"): ("deadlines.page_escalation", "notify_lease"),
    _("Recovery clocks"): ("deadlines.recovery_clock",),
    _("Messages"): ("notify_send",),
    _("What follows from what happened"): ("relay",),
    _("Switches"): ("switch_run",),
    _("Probes and gateways"): ("probes", "gateway_watch", "business_checks"),
    _("Alerts"): ("alerts_expire", "alerts_announce", "alert_words", "heartbeats_overdue", "silences_expire", "spool_replay"),
    _("Seals of the journal"): ("seals",),
}
_WORDS = {code: words for words, codes in _OF.items() for code in codes}
_OTHER_DEADLINES = _("Due tasks and updates")


def late_words(codes: Iterable[str]) -> list[str]:
    """Each kind of work once, in the reader's language; what nobody gave a name stays a code."""
    named = (_WORDS.get(code) or (_OTHER_DEADLINES if code.startswith("deadlines.") else code) for code in codes)
    return list(dict.fromkeys(str(words) for words in named))
