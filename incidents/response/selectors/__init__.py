"""Reads of the response."""

from incidents.response.selectors.guards import blocker, conditions_missing
from incidents.response.selectors.marks import MARKS, Marked, entry_of, marks_of
from incidents.response.selectors.moves import NextMove, next_moves
from incidents.response.selectors.room import IncidentRoom, incident_room
from incidents.response.selectors.taking import roles_takeable
from incidents.response.selectors.views import View, entries_seen, view_of
from incidents.response.selectors.visible import FILTERS, incident_get_by_number, incident_get_for, incident_list, incidents_visible

__all__ = [
    "FILTERS",
    "MARKS",
    "IncidentRoom",
    "Marked",
    "NextMove",
    "View",
    "blocker",
    "conditions_missing",
    "entries_seen",
    "entry_of",
    "incident_get_by_number",
    "incident_get_for",
    "incident_list",
    "incident_room",
    "incidents_visible",
    "marks_of",
    "next_moves",
    "roles_takeable",
    "view_of",
]
