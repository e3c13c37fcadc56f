"""Finding incidents by number, title and part."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet

from contingency.catalog.models import Part
from kernel.actors import Actor
from monitoring.alerts import searching

# The expression of the index in the migration `response.0003_words`; another text would not use it.
_BY_WORDS = "array_to_tsvector(switchback_terms(response_incident.number || ' ' || response_incident.title)) @@ %s::tsquery"


def ways(actor: Actor, incidents: QuerySet[Any], text: str) -> list[QuerySet[Any]]:
    """The incidents that match, as queries that are quick one by one. One query for the parts.

    All words must be in number and title, or name the part. Who sees titles only does not find by what the titles say.
    """
    words = [word.zfill(4) if word.isdigit() else word for word in searching.words_of(text)]  # "42" means INC-2026-0042
    if not words:
        return [incidents] if not text.strip() else []
    sees_titles = "administrator" not in actor.roles
    found = [_with_words(incidents, words, sees_titles)]
    for rest, parts in searching.parts_by_rest(words, Part.objects.values_list("id", "slug", "name_en", "name_zh")).items():
        found.append(_with_words(incidents.filter(part_id__in=parts), rest, sees_titles))
    return found


def _with_words(incidents: QuerySet[Any], words: Sequence[str], sees_titles: bool) -> QuerySet[Any]:
    if not words:
        return incidents
    if not sees_titles:
        rule = Q()
        for word in words:
            rule &= Q(number__icontains=word)
        return incidents.filter(rule)
    return incidents.extra(where=[_BY_WORDS], params=[searching.query_of(words).text])
