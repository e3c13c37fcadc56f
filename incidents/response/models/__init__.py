"""The tables of the response: incidents, who has which role, notes, joined alerts, end conditions."""

from incidents.response.models.conditions import EndCondition
from incidents.response.models.incident import Incident
from incidents.response.models.joined import IncidentAlert
from incidents.response.models.notes import Note
from incidents.response.models.roles import IncidentRole

__all__ = ["EndCondition", "Incident", "IncidentAlert", "IncidentRole", "Note"]
