"""How values of a plan document are written in the reader's language."""

from typing import Any

from django import template

from console.selectors.plan_words import Names
from console.selectors.plan_words import said as said_in_language

register = template.Library()


@register.filter
def said(text: Any) -> str:
    """The reader's half of a text in both languages."""
    return said_in_language(text)


@register.simple_tag
def value(names: Names, field: str, given: Any) -> str:
    """One value of a field, short names spelled out."""
    return names.value(field, given)


@register.simple_tag
def books_for(screen: Any, kind: Any) -> Any:
    """Which playbooks serve a kind of fault."""
    return screen.books_by_kind.get(kind.slug, [])


@register.simple_tag
def round_of(rounds: Any, chapter: str, item: Any) -> Any:
    """The open round of what comes round; nothing on paper, and in versions that are not in force."""
    return rounds.get((chapter, item.slug)) if rounds else None


@register.simple_tag
def whom(names: Names, call: Any) -> str:
    """Whom a step of a chain or a call of a level means."""
    return names.whom(call)
