"""What can be done with reports and improvement actions, by whom, and what it will do."""

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

from incidents.reports import rules
from incidents.reports.models import Action, Report, Section
from incidents.reports.services.drafting import ALL_SECTIONS, OVER
from incidents.response.models import Incident
from kernel import moves
from kernel.inputs import Choice, Identifier, Person, Text, When, Words
from kernel.moves import Move

REPORT, ACTION = Report.journal_kind, Action.journal_kind
SERVICES = "incidents.reports.services"


def incidents_without_report() -> Iterable[tuple[str, Words]]:
    """What is over and has no report in work."""
    found = Incident.objects.filter(state__in=OVER).exclude(reports__state__in=["draft", "in_review"]).order_by("-id")[:50]
    return [(str(incident.public_id), incident.number) for incident in found]


SECTION = Choice(name="section", label=_("Section"), choices=Section.choices, required=True)
ENGLISH = Text(name="text_en", label=_("English text"), multiline=True, max_length=20_000, help=_("Left out: stays as it is."))
CHINESE = Text(name="text_zh", label=_("Chinese text"), multiline=True, max_length=20_000, help=_("Left out: stays as it is."))
WHICH = Choice(
    name="which",
    label=_("Which sections"),
    choices=(("unwritten", _("Only those that nobody wrote by hand")), (ALL_SECTIONS, _("All of them"))),
    help=_("Earlier texts stay as versions."),
)
INCIDENT = Identifier(name="incident", label=_("Incident"), kind="incident", options_for=incidents_without_report, required=True)
TITLE = Text(name="title", label=_("What will be done"), required=True, max_length=300)
OWNER, NEW_OWNER = Person(name="owner", label=_("Owner"), required=True), Person(name="owner", label=_("Owner"), help=_("Left out: stays."))
UNTIL, NEW_UNTIL = When(name="due_at", label=_("Until"), required=True), When(name="due_at", label=_("Until"), help=_("Left out: stays."))
EVIDENCE = Text(name="evidence", label=_("What shows it"), required=True, multiline=True)


def _report(**fields: object) -> Move:
    return Move(record=REPORT, scope=rules.SCOPE_WRITE, **fields)  # type: ignore[arg-type]


def _action(**fields: object) -> Move:
    return Move(record=ACTION, scope=rules.SCOPE_WRITE, **fields)  # type: ignore[arg-type]


moves.register(
    _report(
        id="reports.draft",
        title=_("Draft a report"),
        effect=_("The console writes a draft from the timeline and the records of an incident that is over."),
        service=f"{SERVICES}.report_draft",
        rule=rules.WRITE,
        creates=True,
        target="draft",
        inputs=(INCIDENT,),
        undo=_("Not needed: a draft counts for nothing until it is approved."),
        requirements=("RPT-01",),
    ),
    _report(
        id="reports.section_put",
        title=_("Write a section"),
        effect=_("A new version of the section is saved under your name; earlier versions stay. Somebody else must approve the report."),
        service=f"{SERVICES}.section_put",
        rule=rules.WRITE,
        source=("draft",),
        method="save_section",
        inputs=(SECTION, ENGLISH, CHINESE),
        undo=_("Save the earlier text as a new version."),
        requirements=("RPT-01",),
    ),
    _report(
        id="reports.submit",
        title=_("Submit for approval"),
        effect=_("The text is closed to changes; a team lead who wrote nothing of it may approve it or send it back."),
        service=f"{SERVICES}.report_submit",
        rule=rules.WRITE,
        source=("draft",),
        target="in_review",
        method="submit",
        evidence=_("Every section has a text in both languages"),
        undo="reports.send_back",
        requirements=("RPT-01",),
    ),
    _report(
        id="reports.approve",
        title=_("Approve the report"),
        effect=_("You stand for the report that others wrote: the incident may be closed, and an earlier report is replaced."),
        service=f"{SERVICES}.report_approve",
        rule=rules.APPROVE,
        source=("in_review",),
        target="approved",
        method="approve",
        apart_from="authors and submitter",
        evidence=_("Nothing of it was written or submitted by the one who approves"),
        undo="reports.revise",
        requirements=("RPT-01", "SEC-01", "INC-01"),
    ),
    _report(
        id="reports.send_back",
        title=_("Send back"),
        effect=_("It is a draft again; the reason says what is to be mended."),
        service=f"{SERVICES}.report_send_back",
        rule=rules.WRITE,
        source=("in_review",),
        target="draft",
        method="send_back",
        reason_required=True,
        undo="reports.submit",
        requirements=("RPT-01",),
    ),
    _report(
        id="reports.revise",
        title=_("Rewrite"),
        effect=_("A new draft with these texts; the approved report holds until the new one is approved."),
        service=f"{SERVICES}.report_revise",
        rule=rules.WRITE,
        source=("approved",),
        method="begin_revision",
        reason_required=True,
        undo=_("Not needed: the approved report holds."),
        requirements=("RPT-01",),
    ),
    _report(
        id="reports.action_add",
        title=_("Agree on an action"),
        effect=_("The action stands in the report with owner and day; the owner is reminded when it is overdue."),
        service=f"{SERVICES}.action_add",
        rule=rules.WRITE,
        inputs=(TITLE, OWNER, UNTIL),
        undo="reports.action_drop",
        requirements=("RPT-02",),
        extra={"available": lambda report: report.state != Report.State.SUPERSEDED},
    ),
    _report(
        id="reports.redraft",
        title=_("Draft anew"),
        effect=_("The console writes the sections again from what is known now; what was there before stays as an earlier version."),
        service=f"{SERVICES}.report_redraft",
        rule=rules.WRITE,
        source=("draft",),
        method="redraft",
        inputs=(WHICH,),
        undo=_("Save the earlier text of a section as a new version."),
        requirements=("RPT-01",),
    ),
    _action(
        id="reports.action_done",
        title=_("Done"),
        effect=_("The action is finished; what shows it stands in the report."),
        service=f"{SERVICES}.action_done",
        rule=rules.FINISH,
        source=("open",),
        target="done",
        method="finish",
        inputs=(EVIDENCE,),
        evidence=_("What shows that it is done"),
        undo=_("Agree on a new action."),
        requirements=("RPT-02",),
    ),
    _action(
        id="reports.action_change",
        title=_("Change owner or day"),
        effect=_("Somebody else has it, or it is due on another day; the change and its reason stay visible."),
        service=f"{SERVICES}.action_change",
        rule=rules.LEAD,
        source=("open",),
        method="change",
        inputs=(NEW_OWNER, NEW_UNTIL),
        reason_required=True,
        undo=_("Change it back."),
        requirements=("RPT-02",),
    ),
    _action(
        id="reports.action_drop",
        title=_("Drop the action"),
        effect=_("It will not be done; the reason stands in the report."),
        service=f"{SERVICES}.action_drop",
        rule=rules.LEAD,
        source=("open",),
        target="dropped",
        method="drop",
        reason_required=True,
        undo=_("Agree on a new action."),
        requirements=("RPT-02",),
    ),
)
