"""What this room's entries say."""

from django.utils.translation import gettext_lazy as _

from kernel.models import Entry
from kernel.sentences import Words, register
from monitoring.probes.problems import problem_words


def _recovered(entry: Entry) -> Words:
    if entry.payload.get("is_first"):
        return _("The probe %(subject)s answered for the first time.")
    return _("The probe %(subject)s answers again.")


def _failed(entry: Entry) -> Words:
    words = str(_("The probe %(subject)s fails (%(problem)s) since %(failing_since)s."))
    return words.replace("%(problem)s", problem_words(str(entry.payload.get("problem", ""))).replace("%", "%%"))


register("monitoring.probe_failed.v1", _failed)
register("monitoring.probe_recovered.v1", _recovered)
register("monitoring.probe_defined.v1", _("%(actor)s set the probe %(subject)s: %(target)s"))
register("monitoring.probe_paused.v1", _("%(actor)s paused the probe %(subject)s: %(reason)s"))
register("monitoring.probe_resumed.v1", _("%(actor)s resumed the probe %(subject)s."))
register("monitoring.target_allowed.v1", _("%(actor)s let probes reach %(network)s, ports %(ports)s."))
