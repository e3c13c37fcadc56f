"""A plain list: filters, a page by key, and what may be done with each row."""

from functools import cached_property
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import QueryDict
from django.utils.translation import gettext as _

from console.selectors import buttons
from kernel import records
from kernel.actors import Actor
from kernel.errors import Invalid

PAGE = 50
DEFAULTS = {"alert": {"state": "firing"}, "incident": {}, "switch": {}, "proposal": {"state": "proposed"}}
RELATED = {"alert": ("source", "part__unit"), "incident": (), "switch": ("part__unit", "outage"), "proposal": ()}


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
    def states(self) -> list[tuple[str, str, bool]]:
        """(value, words, is chosen) for the row of state filters."""
        field = self.record_type.model._meta.get_field("state")
        chosen = self.filters.get("state", "all")
        pairs = [("all", _("All")), *([("open", _("Open"))] if self.kind == "incident" else []), *field.choices]
        return [(value, str(words), value == chosen) for value, words in pairs]

    @cached_property
    def _page(self) -> tuple[list[Any], str]:
        if not records.may_read(self.actor, self.record_type, None):
            return [], ""
        query = self.record_type.list_for(self.actor, **self.filters)
        if RELATED[self.kind]:
            query = query.select_related(*RELATED[self.kind])
        if after := self.query.get("after"):
            try:
                place = self.record_type.list_for(self.actor).filter(public_id=UUID(after)).values_list("pk", flat=True).first()
            except ValueError:
                place = None
            if place is None:
                raise Invalid(field="after", problem=_("there is no such record."))
            query = query.filter(pk__lt=place)
        found = list(query[: PAGE + 1])
        following = ""
        if len(found) > PAGE:
            following = urlencode({**self.filters, "after": str(found[PAGE - 1].public_id)})
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
