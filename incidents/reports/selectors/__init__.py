"""Reads of this room."""

from incidents.reports.selectors.facts import facts_of
from incidents.reports.selectors.texts import difference, present_texts, texts_of
from incidents.reports.selectors.visible import (
    action_get_for,
    action_list,
    report_get_by_number,
    report_get_for,
    report_list,
    report_of,
)

__all__ = [
    "action_get_for",
    "action_list",
    "difference",
    "facts_of",
    "present_texts",
    "report_get_by_number",
    "report_get_for",
    "report_list",
    "report_of",
    "texts_of",
]
