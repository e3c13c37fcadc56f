"""The standing roles: what a position entitles its holder to. Who may do what with them is in the table of moves.

Roles add up, with one exception: auditor and administrator exclude every operating role and each other, so that nobody
audits or administers what they themselves run.
"""

from collections.abc import Iterable
from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """Standing roles. `COMMANDER` is held per incident only, never through a position."""

    OPS_ENGINEER = "ops_engineer", _("Operations engineer")
    TEAM_LEAD = "team_lead", _("Team lead")
    COMMANDER = "commander", _("Incident commander")
    BUSINESS_OPS = "business_ops", _("Business operations")
    CUSTOMER_SERVICE = "customer_service", _("Customer service")
    AUDITOR = "auditor", _("Auditor")
    ADMINISTRATOR = "administrator", _("Administrator")
    DIRECTOR = "director", _("Project director")


OPS_ENGINEER: Final = Role.OPS_ENGINEER.value
TEAM_LEAD: Final = Role.TEAM_LEAD.value
COMMANDER: Final = Role.COMMANDER.value
BUSINESS_OPS: Final = Role.BUSINESS_OPS.value
CUSTOMER_SERVICE: Final = Role.CUSTOMER_SERVICE.value
AUDITOR: Final = Role.AUDITOR.value
ADMINISTRATOR: Final = Role.ADMINISTRATOR.value
DIRECTOR: Final = Role.DIRECTOR.value

ALL_ROLES: Final = tuple(Role.values)
PER_INCIDENT: Final = frozenset({COMMANDER})
EXCLUSIVE: Final = frozenset({AUDITOR, ADMINISTRATOR})
OPERATING: Final = frozenset({OPS_ENGINEER, TEAM_LEAD, COMMANDER, BUSINESS_OPS, CUSTOMER_SERVICE, DIRECTOR})
POSITION_ROLES: Final = tuple(role for role in ALL_ROLES if role not in PER_INCIDENT)


def clash(roles: Iterable[str]) -> tuple[str, str] | None:
    """The first two of these roles that one person may not hold together, or None. Positions without a role clash with nothing."""
    held = sorted(set(roles) - {""}, key=ALL_ROLES.index)
    for exclusive in held:
        if exclusive in EXCLUSIVE:
            for other in held:
                if other != exclusive:
                    return exclusive, other
    return None


def names(role: str) -> dict[str, str]:
    """The role's name in both languages, keyed `en` and `zh` (for documents that show both at once)."""
    from django.utils.translation import override

    label = Role(role).label
    with override("en"):
        english = str(label)
    with override("zh-hans"):
        chinese = str(label)
    return {"en": english, "zh": chinese}
