"""What can be done to people, positions, rosters, contact points and tokens, and by whom."""

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from contingency.org import roles
from contingency.org.models import ContactPoint, Factor, Holding, PersonalToken, Position, Roster, Shift, User
from contingency.org.services import holdings
from kernel import moves
from kernel.actors import Actor
from kernel.i18n import pick
from kernel.inputs import Choice, Flag, Number, Person, Text, When
from kernel.moves import Move, of_anybody
from kernel.permissions import Grant

# Reliability's table of roles × actions: members of one's own team by the lead, everybody by the administrator.
TEAM = {roles.TEAM_LEAD: Grant.OWN, roles.ADMINISTRATOR: Grant.ALL}
TWO_ADMINISTRATORS = {roles.ADMINISTRATOR: Grant.SECOND}
ADMINISTRATORS = {roles.ADMINISTRATOR: Grant.ALL}
ONESELF = {**dict.fromkeys(roles.POSITION_ROLES, Grant.OWN), "self": Grant.OWN}
ONESELF_OR_ADMINISTRATOR = {**ONESELF, roles.ADMINISTRATOR: Grant.ALL}


def gives_more_than_own(actor: Actor) -> bool:
    """A lead gives positions of the own team; an administrator gives roles that administrators themselves may not hold."""
    return roles.ADMINISTRATOR in actor.roles


def position_choices(*, restricted: bool) -> Iterable[tuple[str, str | Promise]]:
    """Positions to choose from: the ones whose role needs two administrators, or the others."""
    wanted = Position.objects.filter(retired_at=None)
    wanted = wanted.filter(role__in=holdings.RESTRICTED) if restricted else wanted.exclude(role__in=holdings.RESTRICTED)
    return [(position.slug, pick(position, "name")) for position in wanted]


def ordinary_positions() -> Iterable[tuple[str, str | Promise]]:
    """Positions that a lead may give to members of the team."""
    return position_choices(restricted=False)


def restricted_positions() -> Iterable[tuple[str, str | Promise]]:
    """Positions of auditors, administrators and the project director."""
    return position_choices(restricted=True)


def rosters() -> Iterable[tuple[str, str | Promise]]:
    """Rosters to choose from."""
    return [(roster.slug, pick(roster, "name")) for roster in Roster.objects.filter(retired_at=None)]


_HOLDING_TIMES = (
    When(name="starts_at", label=_("From"), help=_("Empty: from now.")),
    When(name="ends_at", label=_("Until"), help=_("Empty: until it is ended.")),
    Flag(name="is_deputy", label=_("As deputy"), help=_("A deputy's time has an end.")),
)

moves.register(
    Move(
        id="org.user_create",
        record=User.journal_kind,
        title=_("Add a person"),
        effect=_("The person is known to the console; they may do nothing until they hold a position."),
        service="contingency.org.services.user_create",
        rule=ADMINISTRATORS,
        creates=True,
        inputs=(
            Text(name="username", label=_("User name"), required=True, max_length=60),
            Text(name="display_name", label=_("Name"), required=True, max_length=120),
            Text(name="display_name_zh", label=_("Name in Chinese"), max_length=60),
            Text(name="email", label=_("E-mail"), max_length=254),
            Choice(name="language", label=_("Language"), choices=User.Language.choices),
            Text(name="time_zone", label=_("Time zone"), max_length=60, help=_("Such as Asia/Shanghai.")),
        ),
        undo="org.user_deactivate",
        requirements=("ORG-01", "SEC-01"),
        scope="people:write",
    ),
    Move(
        id="org.password_set",
        record=User.journal_kind,
        title=_("Set a password"),
        effect=_("The old password no longer opens anything."),
        service="contingency.org.services.password_set",
        rule=ONESELF_OR_ADMINISTRATOR,
        inputs=(Text(name="password", label=_("New password"), required=True, max_length=200),),
        undo=_("Set another one."),
        requirements=("SEC-02",),
        scope="people:write",
        asks_proof=of_anybody,
        extra={"secret_inputs": ("password",)},
    ),
    Move(
        id="org.language_choose",
        record=User.journal_kind,
        title=_("Choose a language"),
        effect=_("Screens, mails and messages for this person are in that language from now on."),
        service="contingency.org.services.language_choose",
        rule=ONESELF_OR_ADMINISTRATOR,
        inputs=(Choice(name="language", label=_("Language"), required=True, choices=User.Language.choices),),
        undo="org.language_choose",
        requirements=("ORG-04",),
        scope="people:write",
    ),
    Move(
        id="org.user_deactivate",
        record=User.journal_kind,
        title=_("Record that a person has left"),
        effect=_("They can no longer log in, their tokens stop working, and they are no longer called. Records keep their name."),
        service="contingency.org.services.user_deactivate",
        rule=ADMINISTRATORS,
        dangerous=True,
        reason_required=True,
        undo=_("Add the person again."),
        requirements=("SEC-01",),
        scope="people:write",
    ),
    Move(
        id="org.holding_assign",
        record=Holding.journal_kind,
        title=_("Assign a position"),
        effect=_("The person has the position's duties and role from the given moment."),
        service="contingency.org.services.holding_assign",
        rule=TEAM,
        creates=True,
        inputs=(
            Person(name="user", label=_("Person"), required=True, kind="user"),
            Choice(name="position", label=_("Position"), required=True, choices=ordinary_positions),
            *_HOLDING_TIMES,
        ),
        undo="org.holding_end",
        requirements=("ORG-01", "SEC-01"),
        asks_proof=gives_more_than_own,
        scope="holdings:write",
    ),
    Move(
        id="org.holding_assign_restricted",
        record=Holding.journal_kind,
        title=_("Assign a position of control"),
        effect=_("Auditor, administrator or project director: the person has its role from the given moment. Two administrators agree."),
        service="contingency.org.services.holding_assign",
        rule=TWO_ADMINISTRATORS,
        creates=True,
        dangerous=True,
        inputs=(
            Person(name="user", label=_("Person"), required=True, kind="user"),
            Choice(name="position", label=_("Position"), required=True, choices=restricted_positions),
            *_HOLDING_TIMES,
        ),
        undo="org.holding_end_restricted",
        requirements=("SEC-01",),
        asks_proof=of_anybody,
        scope="holdings:write",
    ),
    Move(
        id="org.holding_end",
        record=Holding.journal_kind,
        title=_("End a holding"),
        effect=_("The person loses the position and what its role permits at the given moment."),
        service="contingency.org.services.holding_end",
        rule=TEAM,
        inputs=(When(name="ends_at", label=_("Until"), help=_("Empty: now.")),),
        undo="org.holding_assign",
        requirements=("ORG-01",),
        scope="holdings:write",
    ),
    Move(
        id="org.holding_end_restricted",
        record=Holding.journal_kind,
        title=_("End a holding of control"),
        effect=_("Auditor, administrator or project director: the role ends at the given moment. Two administrators agree."),
        service="contingency.org.services.holding_end",
        rule=TWO_ADMINISTRATORS,
        dangerous=True,
        inputs=(When(name="ends_at", label=_("Until"), help=_("Empty: now.")),),
        undo="org.holding_assign_restricted",
        requirements=("SEC-01",),
        scope="holdings:write",
    ),
    Move(
        id="org.shift_add",
        record=Shift.journal_kind,
        title=_("Add a shift"),
        effect=_("The person is on duty in that time and is called first at rank 1, second at rank 2."),
        service="contingency.org.services.shift_add",
        rule=TEAM,
        creates=True,
        inputs=(
            Choice(name="roster", label=_("Roster"), required=True, choices=rosters),
            Person(name="user", label=_("Person"), required=True, kind="user"),
            When(name="starts_at", label=_("From"), required=True),
            When(name="ends_at", label=_("Until"), required=True),
            Number(name="rank", label=_("Rank"), required=True, minimum=1, maximum=9),
        ),
        undo="org.shift_cancel",
        requirements=("ORG-03",),
        scope="shifts:write",
    ),
    Move(
        id="org.shift_cancel",
        record=Shift.journal_kind,
        title=_("Cancel a shift"),
        effect=_("The person is no longer on duty in that time; nobody is until another shift is added."),
        service="contingency.org.services.shift_cancel",
        rule=TEAM,
        undo="org.shift_add",
        requirements=("ORG-03",),
        scope="shifts:write",
    ),
    Move(
        id="org.contact_point_add",
        record=ContactPoint.journal_kind,
        title=_("Add a contact point"),
        effect=_("The person is also reached there."),
        service="contingency.org.services.contact_point_add",
        rule=ONESELF_OR_ADMINISTRATOR,
        creates=True,
        inputs=(
            Person(name="user", label=_("Person"), kind="user", help=_("Empty: yourself.")),
            Choice(name="kind", label=_("Kind"), required=True, choices=ContactPoint.Kind.choices),
            Text(name="address", label=_("Address"), required=True, max_length=500),
            Number(name="order", label=_("Tried as number"), minimum=1, maximum=99, help=_("Empty: last.")),
        ),
        undo="org.contact_point_remove",
        requirements=("ORG-04",),
        scope="contact-points:write",
    ),
    Move(
        id="org.contact_point_remove",
        record=ContactPoint.journal_kind,
        title=_("Remove a contact point"),
        effect=_("The person is no longer reached there."),
        service="contingency.org.services.contact_point_remove",
        rule=ONESELF_OR_ADMINISTRATOR,
        undo="org.contact_point_add",
        requirements=("ORG-04",),
        scope="contact-points:write",
    ),
    Move(
        id="org.token_issue",
        record=PersonalToken.journal_kind,
        title=_("Make a personal token"),
        effect=_("A script can act in your name within the scopes. The token is shown once."),
        service="contingency.org.services.token_issue",
        rule=ONESELF,
        creates=True,
        inputs=(
            Text(name="name", label=_("What for"), max_length=120),
            Text(name="scopes", label=_("Scopes"), required=True, help=_("Separated by spaces, such as “incidents:read incidents:write”.")),
            When(name="expires_at", label=_("Until"), help=_("Empty: 90 days; at most a year.")),
        ),
        undo="org.token_revoke",
        requirements=("SEC-02",),
        scope="tokens:write",
    ),
    Move(
        id="org.token_revoke",
        record=PersonalToken.journal_kind,
        title=_("Revoke a token"),
        effect=_("The token opens nothing any more, at once and for good."),
        service="contingency.org.services.token_revoke",
        rule=ONESELF_OR_ADMINISTRATOR,
        undo="org.token_issue",
        requirements=("SEC-02",),
        scope="tokens:write",
    ),
    Move(
        id="org.totp_enrol",
        record=Factor.journal_kind,
        title=_("Add an authenticator app"),
        effect=_("From the next log-in on, your password alone no longer opens the console: a code of this app is asked for too."),
        service="contingency.org.services.totp_enrol",
        rule=ONESELF,
        creates=True,
        inputs=(
            Text(name="name", label=_("What you call it"), required=True, max_length=60),
            Text(name="offer", label=_("Offer"), required=True, max_length=2000),
            Text(name="code", label=_("Code"), required=True, max_length=20),
        ),
        undo="org.factor_remove",
        requirements=("SEC-02",),
        scope="second-factors:write",
        asks_proof=of_anybody,
        extra={"secret_inputs": ("offer", "code"), "own_screen": "console:security-app"},
    ),
    Move(
        id="org.passkey_enrol",
        record=Factor.journal_kind,
        title=_("Add a passkey"),
        effect=_("From the next log-in on, your password alone no longer opens the console; this passkey opens it by itself."),
        service="contingency.org.services.passkey_enrol",
        rule=ONESELF,
        creates=True,
        inputs=(
            Text(name="name", label=_("What you call it"), required=True, max_length=60),
            Text(name="offer", label=_("Offer"), required=True, max_length=2000),
            Text(name="credential", label=_("Passkey"), required=True, max_length=20000),
        ),
        undo="org.factor_remove",
        requirements=("SEC-02",),
        scope="second-factors:write",
        asks_proof=of_anybody,
        extra={"secret_inputs": ("offer", "credential"), "own_screen": "console:security-passkey"},
    ),
    Move(
        id="org.recovery_codes_make",
        record=Factor.journal_kind,
        title=_("Make new recovery codes"),
        effect=_("Ten codes are shown once; each opens once in place of your second factor. Those made before open nothing any more."),
        service="contingency.org.services.recovery_codes_make",
        rule=ONESELF,
        creates=True,
        undo="org.factor_remove",
        requirements=("SEC-02",),
        scope="second-factors:write",
        asks_proof=of_anybody,
        extra={"own_screen": "console:security-codes"},
    ),
    Move(
        id="org.factor_remove",
        record=Factor.journal_kind,
        title=_("Remove a second factor"),
        effect=_("It opens nothing any more. With your last one the recovery codes go too, and your password alone opens the console."),
        service="contingency.org.services.factor_remove",
        rule={"self": Grant.OWN},
        dangerous=True,
        undo=_("Add it again."),
        requirements=("SEC-02",),
        scope="second-factors:write",
        asks_proof=of_anybody,
    ),
    Move(
        id="org.factor_take_away",
        record=Factor.journal_kind,
        title=_("Take away a lost second factor"),
        effect=_("It opens nothing any more; the person is told by mail and adds a new one after the next log-in."),
        service="contingency.org.services.factor_take_away",
        rule=ADMINISTRATORS,
        dangerous=True,
        reason_required=True,
        undo=_("The person adds it again."),
        requirements=("SEC-02",),
        scope="second-factors:write",
        asks_proof=of_anybody,
    ),
    Move(
        id="org.sessions_end",
        record=User.journal_kind,
        title=_("Log out everywhere"),
        effect=_("Every browser that is logged in as this person has to log in again at its next request. Tokens go on."),
        service="contingency.org.services.sessions_end",
        rule=ONESELF_OR_ADMINISTRATOR,
        dangerous=True,
        undo=_("Log in again."),
        requirements=("SEC-02",),
        scope="people:write",
    ),
)
