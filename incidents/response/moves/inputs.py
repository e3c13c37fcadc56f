"""What people say with the moves of an incident."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _

from contingency.catalog.models import FaultClass
from contingency.catalog.selectors import fault_kinds, part_list
from contingency.plan.models import Grade
from contingency.plan.selectors import playbooks_in_force
from incidents.response.models import EndCondition, Incident, IncidentRole
from incidents.response.models.states import OPEN
from kernel.i18n import pick
from kernel.inputs import Choice, Identifier, Number, Person, Text, When, Words

YES, NO = "yes", "no"


class YesNo(Choice):
    """Yes, no, or left open; a tool may also send true and false."""

    def read(self, value: Any) -> str:
        """`yes` or `no`. Raises Invalid."""
        if isinstance(value, bool) or value in ("true", "false"):
            value = YES if value in (True, "true") else NO
        return super().read(value)


def parts() -> Iterable[tuple[str, Words]]:
    """The guarded parts, by slug."""
    return [(part.slug, pick(part, "name")) for part in part_list()]


def kinds() -> Iterable[tuple[str, Words]]:
    """The kinds of faults of the plan in force, with their class."""
    return [(kind.slug, f"{FaultClass(kind.fault_class).label} · {pick(kind, 'name')}") for kind in fault_kinds()]


def playbooks() -> Iterable[tuple[str, Words]]:
    """The playbooks of the plan in force, by slug; those of no class of fault first."""
    classes = dict(FaultClass.choices)
    return [(book.slug, " · ".join(filter(None, (str(classes.get(book.fault_class, "")), pick(book, "name"))))) for book in playbooks_in_force()]


def open_incidents() -> Iterable[tuple[str, Words]]:
    """The incidents that could go on for another one."""
    found = Incident.objects.filter(state__in=OPEN).order_by("-id")[:50]
    return [(str(incident.public_id), incident.number) for incident in found]


YES_OR_NO = ((YES, _("Yes")), (NO, _("No")))
PART = Choice(name="part", label=_("Guarded part"), choices=parts, required=True)
FAULT_CLASS = Choice(name="fault_class", label=_("Fault class"), choices=FaultClass.choices, help=_("As proposed, unless you choose another."))
FAULT_CLASS_GIVEN = Choice(name="fault_class", label=_("Fault class"), choices=FaultClass.choices, required=True)
FAULT_KIND = Choice(name="fault_kind", label=_("Kind of fault"), choices=kinds, help=_("Starts the playbook for this kind."))
PLAYBOOK = Choice(name="playbook", label=_("Playbook"), choices=playbooks, required=True)
TITLE = Text(name="title", label=_("What is wrong"), required=True, max_length=300)
SCOPE = Text(name="scope", label=_("Scope"), multiline=True, help=_("Which functions, whom it hurts."))
FAILING_SINCE = When(name="failing_since", label=_("Failing since"), help=_("Left out: now."))
GRADE = Choice(name="grade", label=_("Grade"), choices=Grade.choices, required=True)
GRADE_HIGHER = Choice(name="grade", label=_("Grade"), choices=((Grade.SEVERE.value, Grade.SEVERE.label),), required=True)
GRADE_LOWER = Choice(name="grade", label=_("Grade"), choices=[(grade.value, grade.label) for grade in (Grade.GENERAL, Grade.SEVERE)], required=True)
STOPS_BUSINESS = YesNo(
    name="stops_business",
    label=_("Business stands still"),
    choices=YES_OR_NO,
    help=_("Yes opens the outage: its clocks run from the failure."),
)
FINDING = Text(name="finding", label=_("What was found"), required=True, multiline=True)
ROLE = Choice(name="role", label=_("Role"), choices=IncidentRole.Role.choices, required=True)
PERSON = Person(name="user", label=_("Person"), required=True)
HAND_OVER = Text(name="note", label=_("Note"), multiline=True, help=_("Needed when somebody hands over: what the next one must know."))
BODY = Text(name="body", label=_("Text"), required=True, multiline=True)
CONDITION = Choice(name="condition", label=_("End condition"), choices=EndCondition.Kind.choices, required=True)
PASSED = YesNo(name="passed", label=_("It holds"), choices=YES_OR_NO, required=True)
EVIDENCE = Text(name="evidence", label=_("What shows it"), required=True, multiline=True)
INTO = Identifier(name="into", label=_("Into"), kind="incident", options_for=open_incidents, required=True)
SUMMARY_OF_GENERAL = Text(
    name="report_summary", label=_("Short report"), multiline=True, help=_("For a general incident: what happened, why, what will be done.")
)
HOURS = Number(name="hours", label=_("For how many hours"), minimum=1, maximum=24, required=True)
