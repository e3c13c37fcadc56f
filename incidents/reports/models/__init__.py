"""Records of this room."""

from incidents.reports.models.action import Action
from incidents.reports.models.report import FULL, SHORT, Report, Section
from incidents.reports.models.text import SectionText

__all__ = ["FULL", "SHORT", "Action", "Report", "Section", "SectionText"]
