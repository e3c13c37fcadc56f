"""What the plan's entries say to people."""

from collections.abc import Callable
from datetime import datetime

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from contingency.org.sentences import row_changed
from kernel import sentences
from kernel.i18n import one_of
from kernel.models import Entry
from kernel.sentences import Words


def _round(template: Words) -> Callable[[Entry], str]:
    """The template with the round's name in the reader's language, and the day it is due."""

    def said(entry: Entry) -> str:
        words = str(template).replace("{day}", _day(entry)) if "due_at" in entry.payload else str(template)
        return words.replace("%(subject)s", one_of(entry.subject_label).replace("%", "%%"))

    return said


def _day(entry: Entry) -> str:
    return date_format(localtime(datetime.fromisoformat(entry.payload["due_at"])), "Y-m-d")


def _due(entry: Entry) -> str:
    if entry.payload["reminder"]:
        return _round(_("Still open, due since {day}: %(subject)s."))(entry)
    return _round(_("Due: %(subject)s."))(entry)


sentences.register("plan.plan_version_loaded.v1", _("%(actor)s loaded a document: %(subject)s."))
sentences.register("plan.plan_version_submitted.v1", _("%(actor)s submitted for review: %(subject)s."))
sentences.register("plan.plan_version_sent_back.v1", _("%(actor)s sent back: %(subject)s. %(reason)s"))
sentences.register("plan.plan_version_approved.v1", _("%(actor)s approved and put in force: %(subject)s."))
sentences.register("plan.plan_version_superseded.v1", _("Superseded by version %(by_number)s: %(subject)s."))
sentences.register("plan.plan_version_read.v1", _("%(actor)s has read and understood: %(subject)s."))
sentences.register("plan.organisation_founded.v1", _("The organisation was founded with %(positions)s positions, before the first approval."))
sentences.register("plan.row_changed.v1", row_changed)
sentences.register("plan.round_opened.v1", _round(_("Comes round on {day}: %(subject)s.")))
sentences.register("plan.round_changed.v1", _round(_("The plan in force changes when or by whom, now due on {day}: %(subject)s.")))
sentences.register("plan.round_due.v1", _due)
sentences.register("plan.round_done.v1", _round(_("%(actor)s did “%(subject)s”: %(note)s")))
sentences.register("plan.round_skipped.v1", _round(_("%(actor)s left out “%(subject)s” this time: %(reason)s")))
sentences.register("plan.round_retired.v1", _round(_("The plan in force no longer wants it at fixed times: %(subject)s.")))
