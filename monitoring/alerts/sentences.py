"""What this room's entries say."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from kernel.i18n import register_own_words
from kernel.models import Entry
from kernel.sentences import Words, register, register_words

TEST_WORDS = gettext_noop("Test alert from the console")
register_own_words(TEST_WORDS)
register_words({"critical": _("critical"), "error": _("error"), "warning": _("warning"), "info": _("info")})

_ENDS = {
    "sender": _("%(subject)s: its source says it is over."),
    "group": _("%(subject)s: over with its group."),
    "expired": _("%(subject)s: not repeated by its source in time, so it counts as over."),
    "superseded": _("%(subject)s: a newer episode of it began."),
    "person": _("%(actor)s ended the alert %(subject)s by hand: %(reason)s"),
}


def _resolved(entry: Entry) -> Words:
    return _ENDS.get(str(entry.payload.get("resolved_by")), _ENDS["sender"])


register("monitoring.alert_raised.v1", _("%(actor)s reports (%(severity)s): %(subject)s"))
register("monitoring.alert_acknowledged.v1", _("%(actor)s has seen the alert %(subject)s."))
register("monitoring.alert_resolved.v1", _resolved)
register("monitoring.alert_flapping.v1", _("%(subject)s comes and goes (%(turns)s times); its turns are no longer told one by one."))
register("monitoring.silence_created.v1", _("%(actor)s silenced %(subject)s until %(ends_at)s: %(reason)s"))
register("monitoring.silence_ended.v1", _("The silence of %(subject)s is over; %(announced)s alerts that still fire were announced."))
register("monitoring.source_created.v1", _("%(actor)s lets %(subject)s file alerts."))
register("monitoring.source_changed.v1", _("%(actor)s changed how alerts of %(subject)s are read and routed."))
register("monitoring.source_tested.v1", _("%(actor)s sent a test alert as %(subject)s."))
register("monitoring.source_key_issued.v1", _("%(actor)s issued a key (%(hint)s…) to %(subject)s."))
register("monitoring.source_key_revoked.v1", _("%(actor)s revoked a key (%(hint)s…) of %(subject)s."))
register("monitoring.intake_failed.v1", _("A body from %(subject)s could not be read; it waits in the inbox."))
register("monitoring.failed_intake_replayed.v1", _("%(actor)s replayed %(subject)s: %(alert_count)s alerts."))
register("monitoring.failed_intake_discarded.v1", _("%(actor)s discarded %(subject)s: %(reason)s"))
