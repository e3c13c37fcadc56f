"""What can be done to guarded parts, and by whom."""

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from contingency.catalog.models import FaultClass, FaultKind, Part
from contingency.org import roles
from contingency.org.models import Roster, Unit
from kernel import moves
from kernel.i18n import pick
from kernel.inputs import Choice, Flag, Text
from kernel.moves import Move
from kernel.permissions import Grant

# Reliability's table: alert sources with intake keys, parts, matchers.
LEADS = {roles.TEAM_LEAD: Grant.OWN, roles.ADMINISTRATOR: Grant.ALL}

Choices = Iterable[tuple[str, str | Promise]]


def units() -> Choices:
    """Units to choose from."""
    return [(unit.slug, pick(unit, "name")) for unit in Unit.objects.filter(retired_at=None)]


def rosters() -> Choices:
    """Rosters to choose from."""
    return [(roster.slug, pick(roster, "name")) for roster in Roster.objects.filter(retired_at=None)]


def fault_kinds() -> Choices:
    """Kinds of faults to choose from."""
    return [(kind.slug, f"{kind.get_fault_class_display()} › {pick(kind, 'name')}") for kind in FaultKind.objects.filter(retired_at=None)]


moves.register(
    Move(
        id="catalog.part_register",
        record=Part.journal_kind,
        title=_("Define a guarded part"),
        effect=_("The part with this short name is what is said here; alerts can be routed to it and it can be switched once it has a gateway."),
        service="contingency.catalog.services.part_register",
        rule=LEADS,
        creates=True,
        inputs=(
            Text(name="slug", label=_("Short name"), required=True, max_length=60),
            Text(name="name_en", label=_("Name in English"), required=True, max_length=120),
            Text(name="name_zh", label=_("Name in Chinese"), required=True, max_length=120),
            Choice(name="kind", label=_("Kind"), required=True, choices=Part.Kind.choices),
            Choice(name="unit", label=_("Unit that runs it"), required=True, choices=units),
            Choice(name="roster", label=_("Roster on duty for it"), required=True, choices=rosters),
            Text(name="chain", label=_("Escalation chain"), required=True, max_length=60, help=_("Its short name in the plan.")),
            Flag(name="stops_business", label=_("Its failure stops business")),
            Text(name="base_url", label=_("Address of its users"), max_length=500),
            Text(name="fence", label=_("Practice ground"), max_length=60, help=_("Empty: the real world.")),
            Text(name="primary_name", label=_("Name of the primary"), required=True, max_length=120),
            Text(name="primary_url", label=_("Address of the primary"), required=True, max_length=500),
            Text(name="primary_ready_url", label=_("Readiness address of the primary"), max_length=500),
            Text(name="standby_name", label=_("Name of the standby"), required=True, max_length=120),
            Text(name="standby_url", label=_("Address of the standby"), required=True, max_length=500),
            Text(name="standby_ready_url", label=_("Readiness address of the standby"), max_length=500),
        ),
        undo=_("Define it again as it was."),
        requirements=("SWO-01",),
        scope="parts:write",
    ),
    Move(
        id="catalog.matcher_add",
        record=Part.journal_kind,
        title=_("Add a routing rule"),
        effect=_("Alerts with this label and value belong to the part from now on; those of the given severities open an incident."),
        service="contingency.catalog.services.matcher_add",
        rule=LEADS,
        inputs=(
            Text(name="label", label=_("Label"), required=True, max_length=200),
            Text(name="value", label=_("Value"), required=True, max_length=500),
            Choice(name="fault_class", label=_("Fault class"), required=True, choices=FaultClass.choices),
            Choice(name="fault_kind", label=_("Fault kind"), choices=fault_kinds),
            Text(name="severities", label=_("Severities that open an incident"), max_length=200, help=_("Empty: critical and error.")),
        ),
        undo="catalog.matcher_remove",
        requirements=("MON-06",),
        scope="parts:write",
    ),
    Move(
        id="catalog.matcher_remove",
        record=Part.journal_kind,
        title=_("Remove a routing rule"),
        effect=_("Alerts with this label and value no longer belong to the part."),
        service="contingency.catalog.services.matcher_remove",
        rule=LEADS,
        inputs=(
            Text(name="label", label=_("Label"), required=True, max_length=200),
            Text(name="value", label=_("Value"), required=True, max_length=500),
        ),
        undo="catalog.matcher_add",
        requirements=("MON-06",),
        scope="parts:write",
    ),
)
