"""A plain list: filters, search, a page by key, and what may be done with each row."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from console.selectors import buttons, incident_search
from kernel import records
from kernel.actors import Actor
from kernel.errors import Invalid

PAGE = 30
COUNTED = 1000  # no page waits for a count beyond this
DEFAULTS = {"alert": {"state": "firing"}, "incident": {}, "switch": {}, "proposal": {"state": "proposed"}}
RELATED = {"alert": ("source", "part__unit"), "incident": (), "switch": ("part__unit", "outage"), "proposal": ()}


def newest(queries: Sequence[QuerySet[Any]], *, before: int | None, size: int) -> list[Any]:
    """The newest rows that any of the queries gives, below a key. One short index walk each, which an OR of them would not be."""
    found: dict[int, Any] = {}
    for query in queries:
        below = query.filter(pk__lt=before) if before is not None else query
        found.update((row.pk, row) for row in below.order_by("-pk")[:size])
    return [found[key] for key in sorted(found, reverse=True)[:size]]


def place_of(visible: QuerySet[Any], after: str) -> int | None:
    """The key of the row that a page goes on after. Raises Invalid for one that is not there or not for this person."""
    if not after:
        return None
    try:
        place: int | None = visible.filter(public_id=UUID(after)).order_by().values_list("pk", flat=True).first()
    except ValueError:
        place = None
    if place is None:
        raise Invalid(field="after", problem=_("there is no such record."))
    return place


def counts_up_to(queries: Sequence[QuerySet[Any]], most: int = COUNTED) -> list[str]:
    """How many each query gives, exactly up to a bound, then “1000+”. One round trip."""
    texts: list[str] = []
    parameters: list[Any] = []
    for query in queries:
        text, values = query.select_related(None).order_by()[: most + 1].values("pk").query.sql_with_params()
        texts.append(f"(SELECT count(*) FROM ({text}) AS counted)")  # noqa: S608 - made by the ORM
        parameters += values
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(texts)}", parameters)
        return [f"{most}+" if count > most else str(count) for count in cursor.fetchone()]


class ListScreen:
    """One kind of record for one person."""

    def __init__(self, actor: Actor, kind: str, query: QueryDict) -> None:
        self.actor = actor
        self.kind = kind
        self.record_type = records.get(kind)
        self.query = query

    @property
    def title(self) -> str:
        """What the list is called."""
        return {"alert": _("Alerts"), "incident": _("Incidents"), "switch": _("Switches"), "proposal": _("Proposals")}[self.kind]

    @property
    def filters(self) -> dict[str, str]:
        """What was asked for, else the useful default; “all” takes a filter off."""
        chosen = {name: str(self.query[name]) for name in self.record_type.filters if self.query.get(name)}
        chosen = {**DEFAULTS[self.kind], **chosen}
        return {name: value for name, value in chosen.items() if value != "all"}

    @property
    def can_search(self) -> bool:
        """Whether there is a search field."""
        return self.kind == "incident"

    @property
    def search(self) -> str:
        """What was typed."""
        return str(self.query.get("q", ""))[:200] if self.can_search else ""

    @property
    def states(self) -> list[tuple[str, str, bool]]:
        """(query, words, is chosen) for the row of state filters."""
        field = self.record_type.model._meta.get_field("state")
        chosen = self.filters.get("state", "all")
        pairs = [("all", _("All")), *([("open", _("Open"))] if self.kind == "incident" else []), *field.choices]
        kept = {"q": self.search} if self.search else {}
        return [(urlencode({"state": value, **kept}), str(words), value == chosen) for value, words in pairs]

    @cached_property
    def _page(self) -> tuple[list[Any], str]:
        if not records.may_read(self.actor, self.record_type, None):
            return [], ""
        query = self.record_type.list_for(self.actor, **self.filters)
        if RELATED[self.kind]:
            query = query.select_related(*RELATED[self.kind])
        place = place_of(self.record_type.list_for(self.actor), self.query.get("after", ""))
        queries = incident_search.ways(self.actor, query, self.search) if self.search else [query]
        found = newest(queries, before=place, size=PAGE + 1)
        following = ""
        if len(found) > PAGE:
            kept = {"q": self.search} if self.search else {}
            following = urlencode({**self.filters, **kept, "after": str(found[PAGE - 1].public_id)})
        return found[:PAGE], following

    @property
    def rows(self) -> list[tuple[Any, list[buttons.Button]]]:
        """Each record with its legal moves."""
        acts = self.kind != "incident"  # an incident is acted on in its room, with everything in view
        return [(record, buttons.buttons(self.actor, record) if acts else []) for record in self._page[0]]

    @property
    def following(self) -> str:
        """The query of the next page; empty at the end."""
        return self._page[1]

    @property
    def makers(self) -> list[buttons.Button]:
        """Moves that make a new one."""
        return buttons.makers(self.actor, "silence" if self.kind == "alert" else self.kind)
