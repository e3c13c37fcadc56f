"""Who may do what with an incident, move by move. The table of moves and the lists are made from these.

ALL: any incident; OWN: incidents of parts of one's own team; PROPOSE: asks, and somebody who may do it agrees.
`commander`, `responder` (any role) and the two leads are held per incident (Incident.extra_roles), so ALL means that one incident.
"""

from collections.abc import Mapping
from typing import Final

from kernel.permissions import Grant

Rule = Mapping[str, Grant]

ALL, OWN, PROPOSE = Grant.ALL, Grant.OWN, Grant.PROPOSE
SCOPE_READ: Final = "incidents:read"
SCOPE_WRITE: Final = "incidents:write"

READ: Final[Rule] = {
    "ops_engineer": OWN,
    "team_lead": OWN,
    "commander": ALL,
    "responder": ALL,
    "business_ops": ALL,
    "customer_service": ALL,
    "auditor": ALL,
    "administrator": ALL,  # titles only: see selectors.visible
    "director": ALL,
}

OPEN_BY_HAND: Final[Rule] = {"ops_engineer": OWN, "team_lead": OWN, "business_ops": ALL, "customer_service": ALL}
CONFIRM: Final[Rule] = {"ops_engineer": OWN, "team_lead": OWN, "commander": ALL, "business_ops": PROPOSE, "customer_service": PROPOSE}
RAISE: Final[Rule] = CONFIRM
MAJOR: Final[Rule] = {"ops_engineer": PROPOSE, "team_lead": OWN, "commander": ALL, "business_ops": PROPOSE}
LOWER: Final[Rule] = {"ops_engineer": PROPOSE, "team_lead": OWN, "commander": ALL}
STOP_BUSINESS: Final[Rule] = CONFIRM
ACT: Final[Rule] = {"ops_engineer": OWN, "team_lead": OWN, "commander": ALL}
FIND: Final[Rule] = {**ACT, "responder": ALL}
COMMENT: Final[Rule] = {**FIND, "business_ops": ALL, "customer_service": ALL}
STAFF: Final[Rule] = {"team_lead": OWN, "commander": ALL}
ADD_WORK: Final[Rule] = {**STAFF, "technical_lead": ALL, "business_lead": ALL}
SILENCE: Final[Rule] = STAFF  # an operations engineer silences under Alerts, for two hours at most
# Joining of one's own accord: operations every role but the commander's (that one is given), business its own.
TAKE_ROLE: Final[Rule] = {"ops_engineer": OWN, "team_lead": OWN, "commander": ALL, "business_ops": ALL}
ANSWER: Final[Rule] = {"responder": ALL}
END: Final[Rule] = {"ops_engineer": PROPOSE, "team_lead": OWN, "commander": ALL, "business_ops": PROPOSE}
CHECK: Final[Rule] = {**FIND, "business_ops": ALL}
OVERRIDE: Final[Rule] = {"team_lead": OWN, "commander": ALL}
