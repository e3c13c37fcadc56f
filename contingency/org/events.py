"""What happens to people and their organisation."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class UserCreated:
    """A person can be given positions from now on."""

    name: ClassVar[str] = "org.user_created.v1"
    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class UserDeactivated:
    """A person may no longer log in; their tokens no longer work."""

    name: ClassVar[str] = "org.user_deactivated.v1"
    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class PasswordSet:
    """A person has a new password."""

    name: ClassVar[str] = "org.password_set.v1"
    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class SessionsEnded:
    """A person is logged out everywhere."""

    name: ClassVar[str] = "org.sessions_ended.v1"
    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class FactorEnrolled:
    """A person has one more second factor."""

    name: ClassVar[str] = "org.factor_enrolled.v1"
    user_id: UUID
    kind: str
    name_of_factor: str


@dataclass(frozen=True, kw_only=True)
class FactorRemoved:
    """A person gave up a second factor of their own."""

    name: ClassVar[str] = "org.factor_removed.v1"
    user_id: UUID
    kind: str
    name_of_factor: str


@dataclass(frozen=True, kw_only=True)
class FactorTakenAway:
    """An administrator took a lost second factor away."""

    name: ClassVar[str] = "org.factor_taken_away.v1"
    user_id: UUID
    kind: str
    name_of_factor: str
    by: str


@dataclass(frozen=True, kw_only=True)
class RecoveryCodesMade:
    """A person has a new set of recovery codes; the one before opens nothing."""

    name: ClassVar[str] = "org.recovery_codes_made.v1"
    user_id: UUID
    count: int


@dataclass(frozen=True, kw_only=True)
class RecoveryCodeUsed:
    """A recovery code stood in for a factor; it opens nothing any more."""

    name: ClassVar[str] = "org.recovery_code_used.v1"
    user_id: UUID
    left: int


@dataclass(frozen=True, kw_only=True)
class CodesGuessed:
    """Behind the right password, one wrong code after another."""

    name: ClassVar[str] = "org.codes_guessed.v1"
    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class HoldingAssigned:
    """A person holds a position: the grant of its role."""

    name: ClassVar[str] = "org.holding_assigned.v1"
    user_id: UUID
    position: str
    role: str
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class HoldingEnded:
    """A person's holding has an end, now or at a set time."""

    name: ClassVar[str] = "org.holding_ended.v1"
    user_id: UUID
    position: str
    role: str
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class LanguageChosen:
    """What is sent to a person is written in this language from now on."""

    name: ClassVar[str] = "org.language_chosen.v1"
    user_id: UUID
    language: str


@dataclass(frozen=True, kw_only=True)
class ShiftAdded:
    """A person is on duty from–to."""

    name: ClassVar[str] = "org.shift_added.v1"
    user_id: UUID
    roster: str
    rank: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class ShiftCancelled:
    """A duty is off."""

    name: ClassVar[str] = "org.shift_cancelled.v1"
    user_id: UUID
    roster: str
    rank: int


@dataclass(frozen=True, kw_only=True)
class ContactPointAdded:
    """A person can be reached in one more way."""

    name: ClassVar[str] = "org.contact_point_added.v1"
    user_id: UUID
    kind: str


@dataclass(frozen=True, kw_only=True)
class ContactPointRemoved:
    """A way to reach a person is no longer used."""

    name: ClassVar[str] = "org.contact_point_removed.v1"
    user_id: UUID
    kind: str


@dataclass(frozen=True, kw_only=True)
class ContactPointLost:
    """An address is gone for good, says whoever carries messages there; it is no longer tried."""

    name: ClassVar[str] = "org.contact_point_lost.v1"
    user_id: UUID
    kind: str


@dataclass(frozen=True, kw_only=True)
class TokenCreated:
    """A script may act in a person's name."""

    name: ClassVar[str] = "org.token_created.v1"
    user_id: UUID
    prefix: str
    scopes: list[str]
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class TokenRevoked:
    """A token no longer opens anything."""

    name: ClassVar[str] = "org.token_revoked.v1"
    user_id: UUID
    prefix: str


@dataclass(frozen=True, kw_only=True)
class RowChanged:
    """Base of what the plan in force does to the organisation. `change`: added, changed or retired."""

    slug: str
    change: str


@dataclass(frozen=True, kw_only=True)
class UnitChanged(RowChanged):
    """A unit of the org chart."""

    name: ClassVar[str] = "org.unit_changed.v1"


@dataclass(frozen=True, kw_only=True)
class PositionChanged(RowChanged):
    """A position; with its role what its holders may do."""

    name: ClassVar[str] = "org.position_changed.v1"


@dataclass(frozen=True, kw_only=True)
class EmergencyGroupChanged(RowChanged):
    """An emergency group or its members."""

    name: ClassVar[str] = "org.emergency_group_changed.v1"


@dataclass(frozen=True, kw_only=True)
class RosterChanged(RowChanged):
    """A roster that has to be kept."""

    name: ClassVar[str] = "org.roster_changed.v1"
