"""Rows of the organisation."""

from contingency.org.models.people import ContactPoint, PersonalToken, User
from contingency.org.models.rosters import Roster, Shift
from contingency.org.models.structure import EmergencyGroup, GroupMember, Holding, Layer, Position, Unit

__all__ = [
    "ContactPoint",
    "EmergencyGroup",
    "GroupMember",
    "Holding",
    "Layer",
    "PersonalToken",
    "Position",
    "Roster",
    "Shift",
    "Unit",
    "User",
]
