"""Reads of the response."""

from incidents.response.selectors.guards import blocker, conditions_missing
from incidents.response.selectors.moves import NextMove, next_moves
from incidents.response.selectors.room import IncidentRoom, incident_room
from incidents.response.selectors.visible import FILTERS, incident_get_by_number, incident_get_for, incident_list, incidents_visible

__all__ = [
    "FILTERS",
    "IncidentRoom",
    "NextMove",
    "blocker",
    "conditions_missing",
    "incident_get_by_number",
    "incident_get_for",
    "incident_list",
    "incident_room",
    "incidents_visible",
    "next_moves",
]
