"""The plan's texts to send to staff and to people outside: filled with what an incident knows, the rest left open."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from django.utils import timezone
from django.utils.dateformat import format as dated
from django.utils.translation import gettext as _
from django.utils.translation import override

from contingency.plan.models import Audience, MessageText, ResponseLevel
from contingency.plan.models.texts import PLACEHOLDER
from incidents.response import selectors as response
from incidents.response.models import Incident
from incidents.response.models.states import State
from kernel.actors import Actor

LANGUAGES = (("en", "English"), ("zh-hans", "简体中文"))
OPEN = "______"  # to be written by hand
SHOWN = 20
CHINESE = re.compile("[\u4e00-\u9fff]")


@dataclass(frozen=True)
class Filled:
    """One text in one language."""

    language: str
    label: str
    subject: str
    body: str

    @property
    def rows(self) -> int:
        """How tall a box shows all of it."""
        return sum(1 + len(line) // 70 for line in self.body.split("\n")) + 1


@dataclass(frozen=True)
class ToSend:
    """One text of the plan in both languages. `is_at_hand`: the level of the chosen incident names it."""

    text: MessageText
    both: list[Filled]
    is_at_hand: bool

    @property
    def open_count(self) -> int:
        """How many gaps are left to write by hand."""
        return max(filled.subject.count(OPEN) + filled.body.count(OPEN) for filled in self.both)


class TextsScreen:
    """Texts by audience. An incident is offered when the reader may see more of it than its title."""

    def __init__(self, actor: Actor, number: str = "") -> None:
        self.actor = actor
        self.number = number

    @cached_property
    def incidents(self) -> list[Incident]:
        """Those that texts can be filled from: the newest, closed ones left out."""
        rows = response.incident_list(self.actor).exclude(state__in=(State.CLOSED, State.FALSE_ALARM, State.MERGED)).select_related("part")
        newest = rows.order_by("-id")[:SHOWN]
        return [incident for incident in newest if response.view_of(self.actor, incident) != response.View.TITLES]

    @cached_property
    def incident(self) -> Incident | None:
        """The chosen one."""
        return next((incident for incident in self.incidents if incident.number == self.number), None)

    @cached_property
    def at_hand(self) -> set[str]:
        """Texts that the level of its grade names. One query."""
        grade = self.incident.grade if self.incident is not None else ""
        levels = ResponseLevel.objects.filter(grade=grade, retired_at=None)
        return set(levels.values_list("texts__slug", flat=True)) - {None} if grade else set()

    @cached_property
    def audiences(self) -> list[tuple[str, str, list[ToSend]]]:
        """(short name, title, texts), those at hand first. One query."""
        rows = MessageText.objects.filter(retired_at=None).exclude(audience=Audience.RESPONDERS)
        found = [self._filled(text) for text in rows]
        groups = [(audience, [item for item in found if item.text.audience == audience]) for audience in Audience]
        return [(audience.value, str(audience.label), sorted(items, key=lambda item: not item.is_at_hand)) for audience, items in groups if items]

    def _filled(self, text: MessageText) -> ToSend:
        both = []
        for language, label in LANGUAGES:
            with override(language):
                names = PLACEHOLDER.findall(text.subject_en + text.body_en)
                known = {name: words for name, words in {**self._known(language), **self._inside(text, names, language)}.items() if words}
                subject, body = text.render(language, {**dict.fromkeys(names, OPEN), "practice": "", **known})
            both.append(Filled(language, label, subject, body))
        return ToSend(text, both, text.slug in self.at_hand)

    def _known(self, language: str) -> Mapping[str, str]:
        """What the incident says, in that language and the reader's time zone."""
        incident = self.incident
        if incident is None:
            return {}
        return {
            "practice": _("PRACTICE · ") if incident.fence else "",
            "part": incident.part.name_zh if language.startswith("zh") else incident.part.name_en,
            "number": incident.number,
            "reference": incident.number,
            "failing_since": _moment(incident.failing_since),
            "resolved_at": _moment(incident.resolved_at),
            "next_update": _moment(incident.update_due_at),
        }

    def _inside(self, text: MessageText, names: list[str], language: str) -> Mapping[str, str]:
        """What engineers wrote for each other: only for staff, of a failure, and in the language that it was written in."""
        if self.incident is None or text.goes_outside or "failing_since" not in names:
            return {}
        is_chinese = bool(CHINESE.search(self.incident.scope))
        return {"affected": self.incident.scope} if is_chinese == language.startswith("zh") else {}


def _moment(moment: object) -> str:
    return dated(timezone.localtime(moment), "Y-m-d H:i T") if moment else ""  # type: ignore[arg-type]
