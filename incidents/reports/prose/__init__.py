"""Drafting: a report's sections as prose in one language, from what is known about the incident."""

from collections.abc import Callable, Mapping

from django.utils import translation

from incidents.reports.models import Section
from incidents.reports.prose import cause, clocks, course, impact, lessons, people, summary, switch
from incidents.reports.prose.telling import Teller
from incidents.reports.selectors.facts import Facts

Writer = Callable[[Facts, Teller], str]
WRITERS: Mapping[Section, Writer] = {
    Section.SUMMARY: summary.write,
    Section.COURSE: course.write,
    Section.CAUSE: cause.write,
    Section.IMPACT: impact.write,
    Section.CLOCKS: clocks.write,
    Section.SWITCH: switch.write,
    Section.PEOPLE: people.write,
    Section.LESSONS: lessons.write,
    Section.ACTIONS: lessons.write_actions,
}


def write(section: Section, facts: Facts, language: str) -> str:
    """The draft of one section in `en` or `zh-hans`: paragraphs with an empty line between, list items after “- ”."""
    with translation.override(language):
        return WRITERS[section](facts, Teller(facts, language))
