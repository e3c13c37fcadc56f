"""What this room refuses, and why."""

from django.utils.translation import gettext_lazy as _

from kernel.errors import Conflict, DomainError, NotPermitted


class OwnReport(NotPermitted):
    """SEC-01: who wrote a part of the text, or submitted it, does not approve it."""

    code = "own_report_text"
    template = _("Part of this report was written or submitted by you: somebody else must approve it.")


class SectionsMissing(DomainError):
    """A report without all its sections in both languages is not finished. Params: missing."""

    code = "sections_missing"
    http_status = 409
    template = _("These sections have no text yet: %(missing)s.")


class IncidentNotOver(Conflict):
    """Reports are written about what is over. Params: number, state."""

    code = "incident_not_over"
    template = _("%(number)s is not over (%(state)s): its report can wait.")


class ReportIsOpen(Conflict):
    """One report at a time per incident. Params: number."""

    code = "report_is_open"
    template = _("%(number)s is being written for this incident already. Go on there.")


class NothingChanged(Conflict):
    """A version that is the same as the last one is none."""

    code = "nothing_changed"
    template = _("The text is the same as before: nothing was saved.")
