"""Rows of the organisation."""

from contingency.org.models.factors import Factor, RecoveryCode
from contingency.org.models.people import ContactPoint, PersonalToken, User
from contingency.org.models.rosters import Roster, Shift
from contingency.org.models.structure import EmergencyGroup, GroupMember, Holding, Layer, Position, Unit

__all__ = [
    "ContactPoint",
    "EmergencyGroup",
    "Factor",
    "GroupMember",
    "Holding",
    "Layer",
    "PersonalToken",
    "Position",
    "RecoveryCode",
    "Roster",
    "Shift",
    "Unit",
    "User",
]
