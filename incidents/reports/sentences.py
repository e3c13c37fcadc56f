"""What this room's entries say to people."""

from datetime import datetime

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from incidents.reports.models import Section
from kernel.models import Entry
from kernel.sentences import register


def _saved(entry: Entry) -> str:
    section = entry.payload["section"]
    label = str(Section(section).label) if section in Section.values else section
    return str(_("%(actor)s wrote version %(revision)s of “{section}” in %(subject)s.")).format(section=label)


def _due(entry: Entry) -> str:
    return date_format(localtime(datetime.fromisoformat(entry.payload["due_at"])), "Y-m-d")


def _added(entry: Entry) -> str:
    return str(_("%(actor)s agreed on an action with %(person)s until {day}: %(title)s")).format(day=_due(entry))


def _changed(entry: Entry) -> str:
    return str(_("%(actor)s gave %(subject)s to %(person)s until {day}: %(reason)s")).format(day=_due(entry))


def _sent_back(entry: Entry) -> str:
    return str(_("%(actor)s sent %(subject)s back: %(reason)s") if entry.reason else _("%(actor)s made %(subject)s a draft again."))


register("incidents.report_drafted.v1", _("%(actor)s drafted the report %(subject)s from the timeline and the records."))
register("incidents.report_section_saved.v1", _saved)
register("incidents.report_submitted.v1", _("%(actor)s submitted the report %(subject)s for approval."))
register("incidents.report_sent_back.v1", _sent_back)
register("incidents.report_approved.v1", _("%(actor)s approved the report %(subject)s."))
register("incidents.report_superseded.v1", _("The report %(subject)s was replaced by %(by)s."))
register("incidents.report_revision_begun.v1", _("%(actor)s began to rewrite %(of)s as %(number)s."))
register("incidents.action_added.v1", _added)
register("incidents.action_changed.v1", _changed)
register("incidents.action_done.v1", _("%(actor)s finished %(subject)s: %(evidence)s"))
register("incidents.action_dropped.v1", _("%(actor)s dropped %(subject)s: %(reason)s"))
register("incidents.action_overdue.v1", _("%(subject)s is overdue."))
