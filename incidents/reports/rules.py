"""Who may do what with reports and improvement actions. As for incidents: ALL any, OWN those of one's own team's parts.

`commander` and `responder` are held in the report's incident, `owner` on an action. Administrators see no report: it holds
what business lost (SEC-01).
"""

from collections.abc import Mapping
from typing import Final

from kernel.permissions import Grant

Rule = Mapping[str, Grant]
ALL, OWN = Grant.ALL, Grant.OWN
SCOPE_READ: Final = "reports:read"
SCOPE_WRITE: Final = "reports:write"

READ: Final[Rule] = {
    "ops_engineer": OWN,
    "team_lead": OWN,
    "commander": ALL,
    "responder": ALL,
    "business_ops": ALL,
    "auditor": ALL,
    "director": ALL,
}
# Whoever writes only asks: the text counts when a team lead who did not write it approves.
WRITE: Final[Rule] = {"ops_engineer": OWN, "team_lead": OWN, "commander": ALL, "business_ops": ALL}
APPROVE: Final[Rule] = {"team_lead": OWN}  # the commander writes it; whoever led the response does not judge it
LEAD: Final[Rule] = {"team_lead": OWN, "commander": ALL}
FINISH: Final[Rule] = {**LEAD, "owner": ALL}
